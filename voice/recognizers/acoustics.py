"""The acoustic model: which sounds each frame of the audio speaks for.

A directory holds `acoustic.onnx`, made by `models/recipes/acoustic`, and beside it
`acoustic.json`, which says what its outputs stand for and how to weigh them.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
from faster_whisper.feature_extractor import FeatureExtractor

from voice.errors import ConfigError
from voice.phones import SILENCE
from voice.recognizers.joint_graphs import Weights
from voice.recognizers.searching import Search
from voice.recognizers.trellis import Scores
from voice.recognizers.voiced_sounds import Voicing

__all__ = ["DESCRIPTION", "MODEL", "AcousticModel", "Acoustics", "Judgement", "Signs"]

MODEL = "acoustic.onnx"
DESCRIPTION = "acoustic.json"

MELS = 80
STEP_MS = 10
"""Between two mel frames."""

WORST_FIT = -2.0
WIDEST_MARGIN = 10.0
ENOUGH_S = 1.0

_REPAIR = "restore the file that came with the model"

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How much each sign speaks for the best sentence; fitted by the recipe.

    The sum is the logarithm of the odds that the sentence is what was said.
    """

    constant: float = 1.4
    fit: float = 3.7
    """For each unit of `Search.fit`, from `WORST_FIT` on."""
    margin: float = 0.31
    """For each unit of `Search.margin`, up to `WIDEST_MARGIN`."""
    clarity: float = 2.1
    """For each unit of the mean logarithm of the likeliest sounds."""
    speech: float = 0.5
    """For each second of speech, up to `ENOUGH_S`."""
    least: float = 0.26
    """Probability below which the sentence is not believed."""
    least_speech_s: float = 0.4
    """Less speech is none, unless a sentence is believed."""
    least_clarity: float = -0.95
    """What is less clear is none either."""
    least_clarity_of_words: float = -1.05
    """What is less clear is no sentence, however well one fits: music fits many. People
    in a quiet room reach -0.85, nine in ten of them amid noise 10 dB below them -1.05."""
    most_held: float = 0.35
    """What holds more of its tones is music. People reach 0.02 and with music 10 dB below
    them 0.15; melodies that fitted a sentence began at 0.4, a flat synthetic voice that
    does not even fall at the end is at 0.25, rarely at 0.5."""
    least_voiced: float = 0.1
    """What has fewer voiced sounds is whispered, or noise. People reach 0.2 aloud, with
    noise 10 dB below them too; murmur and hiss that fitted a sentence stay below 0.07."""
    least_clarity_unvoiced: float = -0.68
    """What is less clear and not voiced is noise: nine in ten whispers reach -0.66,
    murmur that fitted a sentence -0.71."""
    least_unvoiced_s: float = 0.6
    """Less of it may well be one sound of a word."""

    def probability(self, signs: "Signs") -> float:
        """How likely the sentence is what was said, 0 to 1."""
        # The odds were fitted on speech, where blurred sounds speak for no other wish.
        if signs.clarity < self.least_clarity_of_words:
            return 0.0
        odds = (
            self.constant
            + self.fit * signs.fit
            + self.margin * signs.margin
            + self.clarity * signs.clarity
            + self.speech * min(signs.speech_s, ENOUGH_S)
        )
        return 1 / (1 + math.exp(-max(-50.0, min(odds, 50.0))))

    def of_a_voice(self, voicing: Voicing, signs: "Signs") -> bool:
        """Whether a voice made the sounds, and neither instruments nor noise did."""
        murmur = (
            voicing.voiced < self.least_voiced
            and signs.clarity < self.least_clarity_unvoiced
            and signs.speech_s >= self.least_unvoiced_s
        )
        return voicing.held <= self.most_held and not murmur

    def heard_speech(self, signs: "Signs") -> bool:
        """Whether somebody spoke, whatever it was."""
        return (
            signs.speech_s >= self.least_speech_s
            and signs.clarity >= self.least_clarity
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Signs:
    """What there is to tell whether a sentence was said."""

    fit: float
    """Of the search, `WORST_FIT` at least."""
    margin: float
    """Of the search, `WIDEST_MARGIN` at most."""
    clarity: float
    """Mean logarithm of the likeliest sound of each frame of speech; 0 is certain."""
    speech_s: float
    """Seconds that hold sounds, by their probability."""

    @classmethod
    def of(cls, found: Search, posteriors: Scores, frame_s: float) -> "Signs":
        """Of what was found in an utterance.

        Args:
            found: by the search.
            posteriors: [frames, phones], logarithms, silence first.
            frame_s: seconds of a frame.
        """
        speech = 1 - np.exp(posteriors[:, SILENCE])
        sounds = posteriors[speech > 0.5]
        return cls(
            fit=max(found.fit, WORST_FIT),
            margin=min(found.margin, WIDEST_MARGIN),
            clarity=float(sounds.max(axis=1).mean()) if len(sounds) else 0.0,
            speech_s=float(speech.sum()) * frame_s,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Acoustics:
    """What `acoustic.json` says."""

    phones: tuple[str, ...]
    """By output: the sound, silence first."""
    priors: tuple[float, ...]
    """How often each is heard."""
    frame_ms: int
    languages: tuple[str, ...]
    """Canonical tags of those that it was trained on, in the order of their numbers,
    which begin at 1; 0 is any language."""
    prior_scale: float = 0.6
    """How far a sound that is always likely is distrusted; 0 to 1."""
    least_prior: float = 0.002
    """Rarer sounds count as if they were as frequent as that."""
    weights: Weights = field(default_factory=Weights)
    """Of the search."""
    judgement: Judgement = field(default_factory=Judgement)

    @classmethod
    def beside(cls, directory: Path) -> "Acoustics":
        """Read `acoustic.json`.

        Raises:
            ConfigError: it is missing or damaged, holds an unknown key or lacks one.
        """
        path = directory / DESCRIPTION
        try:
            document: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            values: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in document.items()
            }
            values["weights"] = Weights(**values.get("weights", {}))
            values["judgement"] = Judgement(**values.get("judgement", {}))
            acoustics = cls(**values)
            acoustics.check(path)
        except OSError as error:
            raise ConfigError(f"{path}: {error.strerror}; {_REPAIR}") from error
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigError(f"{path}: {error}; {_REPAIR}") from error
        return acoustics

    def check(self, path: Path) -> None:
        """Raise ConfigError where the values do not go together."""
        if len(self.priors) != len(self.phones) or not self.phones:
            raise ConfigError(
                f"{path}: {len(self.priors)} priors for {len(self.phones)} phones;"
                f" {_REPAIR}"
            )
        if self.frame_ms < STEP_MS or self.frame_ms % STEP_MS:
            raise ConfigError(f"{path}: frame_ms must be a multiple of {STEP_MS}")

    @property
    def frame_s(self) -> float:
        """Seconds of a frame."""
        return self.frame_ms / 1000

    @property
    def biases(self) -> Scores:
        """What is taken from the logarithms of the model, by sound."""
        priors = np.maximum(np.array(self.priors), self.least_prior)
        biases: Scores = (self.prior_scale * np.log(priors)).astype(np.float32)
        return biases


class AcousticModel:
    """Audio to scores of sounds; build it with `load`."""

    def __init__(
        self, session: onnxruntime.InferenceSession, acoustics: Acoustics
    ) -> None:
        self._session = session
        self._extract = FeatureExtractor(feature_size=MELS)
        self._stride = acoustics.frame_ms // STEP_MS
        self._biases = acoustics.biases
        self._numbers = {tag: n for n, tag in enumerate(acoustics.languages, 1)}
        self.acoustics = acoustics

    @classmethod
    def load(cls, directory: Path, *, threads: int = 1) -> "AcousticModel":
        """Load a directory.

        Raises:
            ConfigError: a file is missing or damaged, or they do not fit together.
        """
        acoustics = Acoustics.beside(directory)
        path = directory / MODEL
        if not path.is_file():
            raise ConfigError(f"{path}: is missing; {_REPAIR}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
            model = cls(session, acoustics)
            heard = model.posteriors(np.zeros(16_000, np.float32), [""])
        # onnxruntime has exceptions of its own, which share no other base.
        except Exception as error:
            raise ConfigError(
                f"{path}: cannot be loaded as an acoustic model ({error}); {_REPAIR}"
            ) from error
        if heard.shape[2] != len(acoustics.phones):
            raise ConfigError(
                f"{directory / DESCRIPTION}: {len(acoustics.phones)} phones, but"
                f" {MODEL} tells {heard.shape[2]} apart; {_REPAIR}"
            )
        return model

    def posteriors(self, audio: Audio, languages: Sequence[str]) -> Scores:
        """How likely each sound is in each frame, to a listener of each language.

        Args:
            audio: 16 kHz, -1 to 1.
            languages: tags; any other text stands for no language in particular.

        Returns:
            [languages, frames, phones], natural logarithms.
        """
        mel = colorless(self._extract(audio, padding=0))
        mel = np.pad(mel, ((0, 0), (0, -mel.shape[1] % self._stride)))
        numbers = [self._numbers.get(tag, 0) for tag in languages]
        (logarithms,) = self._session.run(
            None,
            {
                "mel": mel[None].astype(np.float32),
                "languages": np.array(numbers, np.int64),
            },
        )
        heard: Scores = logarithms
        return heard

    def scores(self, posteriors: Scores) -> Scores:
        """What a search adds up: `posteriors` less the scaled log priors."""
        return posteriors - self._biases


def colorless(mel: Scores) -> Scores:
    """Each band less its mean over the louder half: microphone and distance go.

    The recipe trains on the same.

    Args:
        mel: [bands, frames].
    """
    if not mel.shape[1]:
        return mel
    loudness = mel.mean(axis=0)
    loud = loudness >= loudness.mean()
    # Where all is equally loud, rounding may leave no frame above the mean.
    means = mel[:, loud].sum(axis=1) / max(1, int(loud.sum()))
    features: Scores = mel - means[:, None]
    return features
