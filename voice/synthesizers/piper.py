"""Piper voices: neural speech from any directory of them, sentence by sentence.

A voice is two files, ``NAME.onnx`` and ``NAME.onnx.json``, as Piper publishes them.
The package piper-tts (GPL-3.0-or-later) turns text into phonemes and drives the
network; the networks have licences of their own, which their model cards tell.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from piper import PiperVoice, SynthesisConfig
from piper.config import PhonemeType, PiperConfig

from voice.audio import Pcm
from voice.errors import ConfigError, Stage, StageError
from voice.languages import canonical
from voice.spoken_forms import in_words

__all__ = ["PiperSynthesizer"]

OFFLINE_PHONEMES = (PhonemeType.ESPEAK, PhonemeType.TEXT)
"""Piper fetches models from the network for all other kinds."""

NETWORK_INPUTS = frozenset({"input", "input_lengths", "scales"})

VOLUME = 0.7
"""Piper scales the loudest sample of each sentence to this part of full scale; the
rest is room for the overshoot of resampling."""

HOW_TO = (
    "a Piper voice is a pair of files, NAME.onnx and NAME.onnx.json, as the Piper"
    " project publishes them"
)


class PiperSynthesizer:
    """Speaks each language with one voice. Implements `voice.stages.Synthesizer`."""

    def __init__(self, voices: Mapping[str, PiperVoice]) -> None:
        self._voices = dict(voices)
        self._settings = SynthesisConfig(volume=VOLUME)

    @classmethod
    def load(cls, directory: Path) -> "PiperSynthesizer":
        """Load every voice in a directory.

        Of several voices for a language, regions included, the first by file name
        speaks; keep in the directory what is to be heard.

        Raises:
            ConfigError: no voices there, or one that cannot be used.
        """
        if not directory.is_dir():
            raise ConfigError(f"{directory}: there is no such directory; {HOW_TO}")
        models = sorted(directory.glob("*.onnx"))
        if not models:
            raise ConfigError(f"{directory}: no voices (*.onnx) in it; {HOW_TO}")
        # At DEBUG piper logs what is said, and phonemes that it does not know at
        # WARNING: content, which has no place in a log.
        logging.getLogger("piper").setLevel(logging.ERROR)
        voices: dict[str, PiperVoice] = {}
        for model in models:
            settings = _read_settings(model)
            language = _language(model, settings)
            if language not in voices:
                voices[language] = _load_voice(model, settings)
        return cls(voices)

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags that there is a voice for, sorted."""
        return tuple(sorted(self._voices))

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """The speech, one piece per sentence, at the rate of the voice.

        Abandoning the iterator stops after the sentence that is being made.

        Raises:
            StageError: ``unsupported_language`` at once, or ``crashed``.
        """
        voice = self._voices.get(language)
        if voice is None:
            raise StageError(
                Stage.SYNTHESIS,
                "unsupported_language",
                f"no Piper voice for {language}",
            )
        return self._speak(voice, text, language)

    def _speak(self, voice: PiperVoice, text: str, language: str) -> Iterator[Pcm]:
        # Piper takes what is between [[ and ]] for phonemes and would speak it raw.
        spoken = text.replace("[[", "[").replace("]]", "]")
        if voice.config.phoneme_type is PhonemeType.TEXT:
            spoken = in_words(spoken, language)
        try:
            for chunk in voice.synthesize(spoken, self._settings):
                samples = np.atleast_1d(chunk.audio_float_array)
                if samples.size:
                    yield Pcm.of_floats(samples, chunk.sample_rate)
        except Exception as error:
            raise StageError(
                Stage.SYNTHESIS, "crashed", f"Piper: {type(error).__name__}"
            ) from error


def _read_settings(model: Path) -> dict[str, Any]:
    path = model.with_name(f"{model.name}.json")
    if not path.is_file():
        raise ConfigError(
            f"{path}: there is no such file beside {model.name}; {HOW_TO}"
        )
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not JSON in UTF-8 ({error})") from error
    if not isinstance(settings, dict):
        raise ConfigError(f"{path}: not the settings of a Piper voice; {HOW_TO}")
    return settings


def _language(model: Path, settings: dict[str, Any]) -> str:
    """The language of a voice; voices of before 2023 name only eSpeak's voice."""
    named = _entry(settings, "language", "code") or _entry(settings, "espeak", "voice")
    if not isinstance(named, str) or not named:
        raise ConfigError(
            f"{model}.json: neither language.code nor espeak.voice says which language"
            ' it speaks; add "language": {"code": "en_GB"}'
        )
    return canonical(named) or named.replace("_", "-").partition("-")[0].lower()


def _entry(settings: dict[str, Any], section: str, key: str) -> object:
    inner = settings.get(section)
    return inner.get(key) if isinstance(inner, dict) else None


def _load_voice(model: Path, settings: dict[str, Any]) -> PiperVoice:
    try:
        config = PiperConfig.from_dict(settings)
    except (KeyError, TypeError, ValueError) as error:
        raise ConfigError(
            f"{model}.json: not the settings of a Piper voice: {error!r}; {HOW_TO}"
        ) from error
    if config.phoneme_type not in OFFLINE_PHONEMES:
        raise ConfigError(
            f"{model}.json: phonemes of the type {config.phoneme_type.value!r} need a"
            " download while speaking; use a voice with the type espeak or text"
        )
    options = onnxruntime.SessionOptions()
    # Threads that spin between two sentences take the processor from recognition.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        network = onnxruntime.InferenceSession(
            str(model), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime has no base class for its errors
        raise ConfigError(f"{model}: not an ONNX network ({error})") from error
    missing = NETWORK_INPUTS - {port.name for port in network.get_inputs()}
    if missing:
        raise ConfigError(
            f"{model}: takes no {', '.join(sorted(missing))}: not a Piper voice;"
            f" {HOW_TO}"
        )
    return PiperVoice(session=network, config=config)
