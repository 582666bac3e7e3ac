"""NeMo models (Parakeet and its kin) and ONNX Whispers as recognisers, by onnx-asr.

The package is an extra and is used for local folders only: given a path that exists it
asks no model hub. It gives a text and, for NeMo, how likely each token was. It does not
say in which language the text is: where a session allows several, the words tell.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import onnxruntime

from voice.audio import Pcm
from voice.errors import ConfigError, Stage, StageError
from voice.recognizers.bounds import check, holds_nothing, nothing
from voice.recognizers.families import named_languages, read_json
from voice.recognizers.plain_text import language_codes, transcript
from voice.stages import Transcript

__all__ = ["OnnxAsrRecognizer"]

_NETWORK = {
    "nemo-conformer-ctc": "model",
    "nemo-conformer-rnnt": "encoder-model",
    "nemo-conformer-tdt": "encoder-model",
    "whisper": "**/encoder_model",
    "whisper-ort": "whisper-*_beamsearch",
}
"""How the file of the largest network is called, by the type of the model."""


class OnnxAsrRecognizer:
    """Speech to text by one model; build it with `load`.

    Args:
        model: as onnx-asr loaded it, with the probabilities of tokens.
        codes: what the model calls each language that is used, by tag.
        takes_language: whether it writes better once it is told the language.
    """

    def __init__(
        self, model: Any, codes: Mapping[str, str], *, takes_language: bool
    ) -> None:
        self._model = model
        self._codes = codes
        self._takes_language = takes_language

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        compute_type: str = "default",
        threads: int = 1,
        languages: Sequence[str] = (),
    ) -> "OnnxAsrRecognizer":
        """Load a folder; nothing is ever fetched from elsewhere.

        Args:
            directory: with config.json, the networks, the vocabulary, parley.json.
            device: "auto" takes CUDA where onnxruntime has it.
            compute_type: one that begins with "int8" prefers the int8 networks where
                there are both kinds.
            threads: for one transcription on a CPU.
            languages: the ones to use; all of the model's if empty.

        Raises:
            ConfigError: a file is missing or damaged, or the device is not there.
        """
        try:
            import onnx_asr
        except ImportError as error:
            raise ConfigError(
                f"{directory}: needs the package onnx-asr; install"
                " parley-voice[onnx-asr]"
            ) from error
        codes = language_codes(named_languages(directory), languages)
        kind = str(read_json(directory / "config.json").get("model_type"))
        providers = _providers(device)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            model = onnx_asr.load_model(
                kind,
                directory,
                quantization=_quantization(directory, kind, compute_type),
                sess_options=options,
                providers=providers,
            )
        except Exception as error:  # onnxruntime has no base class for its errors
            raise ConfigError(
                f"{directory}: cannot be loaded as {kind} by onnx-asr ({error}); get"
                " all files of the model again"
            ) from error
        whisper = kind.startswith("whisper")
        return cls(model.with_timestamps(), codes, takes_language=whisper)

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of what it can write."""
        return tuple(self._codes)

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Put one utterance into words.

        Args:
            pcm: 16 kHz, up to 30 s.
            candidates: the languages it may be in, at least one, all supported.

        Raises:
            StageError: ``unsupported_language``, ``wrong_rate``, ``too_long`` or
                ``crashed``.
        """
        check(pcm, candidates, self.languages)
        if holds_nothing(pcm):
            return nothing(candidates)
        known = self._takes_language and len(candidates) == 1
        told = {"language": self._codes[candidates[0]]} if known else {}
        try:
            result = self._model.recognize(pcm.to_floats(), **told)
        except Exception as error:  # onnxruntime has no base class for its errors
            raise StageError(
                Stage.RECOGNITION, "crashed", f"onnx-asr: {type(error).__name__}"
            ) from error
        return transcript(result.text, result.logprobs or (), candidates)


def _providers(device: str) -> list[str]:
    """What onnxruntime is to compute on, the best first."""
    has_cuda = "CUDAExecutionProvider" in onnxruntime.get_available_providers()
    if device == "cuda" and not has_cuda:
        raise ConfigError(
            "device: onnxruntime has no CUDA here; install onnxruntime-gpu in place of"
            " onnxruntime, or choose cpu"
        )
    cuda = ["CUDAExecutionProvider"] if has_cuda and device != "cpu" else []
    return [*cuda, "CPUExecutionProvider"]


def _quantization(directory: Path, kind: str, compute_type: str) -> str | None:
    """Which networks to use where there are some of whole and some of real numbers."""
    name = _NETWORK[kind]
    real = any(directory.glob(f"{name}.onnx"))
    whole = any(directory.glob(f"{name}?int8.onnx"))
    return "int8" if whole and (compute_type.startswith("int8") or not real) else None
