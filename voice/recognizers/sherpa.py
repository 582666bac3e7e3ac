"""Transducers and CTC models as recognisers, by sherpa-onnx: streaming or not.

The package is an extra. It reads the files that it is given and asks nobody for others.
Where a file is not what it expects, it ends the process: so what it would look for is
looked for here before.

A streaming model is given the whole utterance, in the chunks that it was made for.
Between two calls nothing is kept, as in every recogniser: a partial transcript costs as
much as the audio so far is long.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from voice.audio import HEARING_RATE
from voice.errors import ConfigError
from voice.recognizers.families import named_languages
from voice.recognizers.onnx_metadata import metadata
from voice.recognizers.plain_text import (
    Audio,
    PlainTextRecognizer,
    Write,
    language_codes,
)

__all__ = ["load_sherpa"]

_FRAME_S = 0.01
_EDGE_FRAMES = 10
"""Frames that the features of the last sample may reach beyond it, and one more."""

_NEMO = ("vocab_size", "subsampling_factor")
_NEMO_TRANSDUCER = ("normalize_type", "pred_rnn_layers", "pred_hidden")
_NEMO_STREAM = (
    "window_size",
    "chunk_shift",
    *(f"cache_last_{of}_dim{n}" for of in ("channel", "time") for n in (1, 2, 3)),
)
_KALDI_DECODER = ("vocab_size", "context_size")
"""What a network says about itself where sherpa-onnx can read it."""

_WINDOWS = ("window_size", "T")
"""How a streaming network calls the frames that it takes at a time: NeMo's, icefall's.
No other says either of them."""


def load_sherpa(
    directory: Path,
    *,
    device: Literal["auto", "cpu", "cuda"] = "auto",
    compute_type: str = "default",
    threads: int = 1,
    languages: Sequence[str] = (),
) -> PlainTextRecognizer:
    """Load a folder; nothing is ever fetched from elsewhere.

    Args:
        directory: with tokens.txt, parley.json, and either the encoder, decoder and
            joiner of a transducer or the one network of a CTC model.
        device: "cuda" is refused: the package of the extra is made for CPUs.
        compute_type: one that begins with "int8" prefers the int8 networks where
            there are both kinds.
        threads: for one transcription.
        languages: the ones to use; all of the model's if empty.

    Raises:
        ConfigError: a file is missing or not what sherpa-onnx can read.
    """
    codes = language_codes(named_languages(directory), languages)
    if device == "cuda":
        raise ConfigError(
            f"{directory}: sherpa-onnx runs on the CPU here; choose auto or cpu"
        )
    files = _Files(directory, compute_type)
    try:
        write = files.load(threads)
    except (RuntimeError, ValueError, AssertionError) as error:
        raise ConfigError(
            f"{directory}: cannot be loaded by sherpa-onnx ({error}); get all files of"
            " the model again"
        ) from error
    return PlainTextRecognizer(write, codes)


class _Files:
    """The networks of a folder, and which of the package's loaders is theirs."""

    def __init__(self, directory: Path, compute_type: str) -> None:
        self._directory = directory
        self._whole_numbers = compute_type.startswith("int8")

    def load(self, threads: int) -> Write:
        """Load what lies there.

        Raises:
            ConfigError: sherpa-onnx could not read it.
        """
        transducer = any(self._directory.glob("joiner*.onnx"))
        parts = ("encoder", "decoder", "joiner") if transducer else ("model",)
        files = {part: self._network(part) for part in parts}
        says = {part: metadata(path) for part, path in files.items()}
        main = files[parts[0]]
        nemo = _is_nemo(says[parts[0]])
        window = _window(main, says[parts[0]])
        streams = window is not None
        _expect(main, says[parts[0]], _NEMO if nemo else ("model_type",))
        if nemo and streams:
            _expect(main, says[parts[0]], _NEMO_STREAM)
        if transducer:
            _expect(main, says["encoder"], _NEMO_TRANSDUCER if nemo else ())
            _expect(files["decoder"], says["decoder"], () if nemo else _KALDI_DECODER)
        loader = _loader(transducer=transducer, nemo=nemo, streams=streams)
        model = loader(
            tokens=str(self._directory / "tokens.txt"),
            num_threads=threads,
            **{part: str(path) for part, path in files.items()},
        )
        if window is None:
            return partial(_write_whole, model)
        tail = round((window + _EDGE_FRAMES) * _FRAME_S * HEARING_RATE)
        return partial(_write_stream, model, np.zeros(tail, np.float32))

    def _network(self, part: str) -> Path:
        """The file of a network; of two kinds of numbers, the one that is wanted."""
        found = sorted(self._directory.glob(f"{part}*.onnx"))
        whole = [path for path in found if path.stem.endswith("int8")]
        real = [path for path in found if path not in whole]
        chosen = (whole or real) if self._whole_numbers else (real or whole)
        if not chosen:
            raise ConfigError(
                f"{self._directory / part}.onnx: is missing; get all files of the"
                " model again"
            )
        if len(chosen) > 1:
            names = ", ".join(path.name for path in chosen)
            raise ConfigError(f"{self._directory}: leave one of {names}")
        return chosen[0]


def _is_nemo(says: Mapping[str, str]) -> bool:
    return "normalize_type" in says or "cache_last_channel_dim1" in says


def _window(path: Path, says: Mapping[str, str]) -> int | None:
    """Frames that a streaming network takes at a time; None for another one."""
    named = [says[key] for key in _WINDOWS if key in says]
    if not named:
        return None
    if not named[0].isdecimal():
        raise ConfigError(f"{path}: takes {named[0]!r} frames, which is no number")
    return int(named[0])


def _expect(path: Path, says: Mapping[str, str], keys: Sequence[str]) -> None:
    if missing := [key for key in keys if key not in says]:
        raise ConfigError(
            f"{path}: says nothing of {', '.join(missing)}, so it was not exported for"
            " sherpa-onnx; get one that was"
        )


def _loader(*, transducer: bool, nemo: bool, streams: bool) -> Callable[..., Any]:
    try:
        import sherpa_onnx
    except ImportError as error:
        raise ConfigError(
            "a model for sherpa-onnx needs that package; install parley-voice[sherpa]"
        ) from error
    online, offline = sherpa_onnx.OnlineRecognizer, sherpa_onnx.OfflineRecognizer
    loader: Callable[..., Any]
    match transducer, streams:
        case True, True:
            loader = online.from_transducer
        case True, False:
            kind = "nemo_transducer" if nemo else "transducer"
            loader = partial(offline.from_transducer, model_type=kind)
        case _, True:
            loader = online.from_nemo_ctc if nemo else online.from_zipformer2_ctc
        case _:
            loader = offline.from_nemo_ctc if nemo else offline.from_zipformer_ctc
    return loader


def _write_stream(
    model: Any, tail: Audio, audio: Audio, _language: str | None
) -> tuple[str, Sequence[float]]:
    stream = model.create_stream()
    stream.accept_waveform(HEARING_RATE, audio)
    # A window that is not full is not looked at: silence fills the last one.
    stream.accept_waveform(HEARING_RATE, tail)
    stream.input_finished()
    while model.is_ready(stream):
        model.decode_stream(stream)
    result = model.get_result_all(stream)
    return result.text, result.ys_probs


def _write_whole(
    model: Any, audio: Audio, _language: str | None
) -> tuple[str, Sequence[float]]:
    stream = model.create_stream()
    stream.accept_waveform(HEARING_RATE, audio)
    model.decode_stream(stream)
    return stream.result.text, stream.result.ys_log_probs
