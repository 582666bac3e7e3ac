"""NeMo models (Parakeet and its kin) and ONNX Whispers as recognisers, by onnx-asr.

The package is an extra and is used for local folders only: given a path that exists it
asks no model hub. It gives a text and, for NeMo, how likely each token was. It does not
say in which language the text is: where a session allows several, the words tell.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import onnxruntime

from voice.errors import ConfigError
from voice.recognizers.families import named_languages, read_object
from voice.recognizers.plain_text import Audio, PlainTextRecognizer, language_codes

__all__ = ["load_onnx_asr"]

_NETWORK = {
    "nemo-conformer-ctc": "model",
    "nemo-conformer-rnnt": "encoder-model",
    "nemo-conformer-tdt": "encoder-model",
    "whisper": "**/encoder_model",
    "whisper-ort": "whisper-*_beamsearch",
}
"""How the file of the largest network is called, by the type of the model."""


def load_onnx_asr(
    directory: Path,
    *,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    compute_type: str = "default",
    threads: int = 1,
    languages: Sequence[str] = (),
) -> PlainTextRecognizer:
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
            f"{directory}: needs the package onnx-asr; install parley-voice[onnx-asr]"
        ) from error
    codes = language_codes(named_languages(directory), languages)
    kind = str(read_object(directory / "config.json").get("model_type"))
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
            f"{directory}: cannot be loaded as {kind} by onnx-asr ({error}); get all"
            " files of the model again"
        ) from error
    asked = kind.startswith("whisper")
    return PlainTextRecognizer(
        partial(_write, model.with_timestamps(), asks_language=asked), codes
    )


def _write(
    model: Any, audio: Audio, language: str | None, *, asks_language: bool
) -> tuple[str, Sequence[float]]:
    told = {"language": language} if asks_language and language else {}
    result = model.recognize(audio, **told)
    return result.text, result.logprobs or ()


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
