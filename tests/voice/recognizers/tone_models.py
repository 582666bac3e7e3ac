"""Models that hear six tones, each a word: whole recognisers with weights set by hand.

A frame's logit of a word is how far the mel bands around its tone stand out of all
bands. So what a library does between a file and its text is all there: features,
chunks and states, greedy search, the text of the tokens.
"""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from voice.audio import HEARING_RATE, Pcm

TONES = {
    "turn": 300,
    "on": 600,
    "light": 1000,
    "mach": 1700,
    "das": 2800,
    "licht": 4600,
}
"""Hertz of each word."""

WORDS = tuple(TONES)
SIZE = len(WORDS) + 1
"""The words and the blank."""

BANDS = 80
FLOAT, INT64, INT32 = TensorProto.FLOAT, TensorProto.INT64, TensorProto.INT32
WINDOW = 112
"""Frames of 10 ms that a streaming model takes at a time, as large ones do."""

LANGUAGES = ["en", "de", "mt"]

_STANDS_OUT = {"normalized": 0.8, "raw": 4.0}
"""How far bands must stand out, in the unit of the features."""

_STEEP = 8.0
"""From how far bands stand out to a logit."""


def said(*words: str) -> Pcm:
    """Somebody says words, a third of a second each, with pauses."""
    seconds = np.arange(round(0.3 * HEARING_RATE)) / HEARING_RATE
    gap = np.zeros(round(0.2 * HEARING_RATE))
    parts = [gap]
    for word in words:
        parts += [0.3 * np.sin(2 * np.pi * TONES[word] * seconds), gap]
    hiss = np.random.default_rng(3).normal(0, 0.001, sum(map(len, parts)))
    return Pcm.of_floats(np.concatenate(parts) + hiss, HEARING_RATE)


# --- Folders ------------------------------------------------------------------


def write_onnx_asr(folder: Path, kind: str, *, ending: str = "") -> Path:
    """A folder for onnx-asr: `kind` is ``ctc``, ``rnnt`` or ``tdt``."""
    _common(folder)
    config = {"model_type": f"nemo-conformer-{kind}", "features_size": BANDS}
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "vocab.txt").write_text(_vocabulary(blank_first=False), "utf-8")
    if kind == "ctc":
        net = _Net().hear("normalized", step=8, blank=len(WORDS), likely=True)
        net.port("length", INT64, ["n"])
        net.save(
            folder / f"model{ending}.onnx", {"logprobs": (FLOAT, ["n", "t", SIZE])}
        )
        return folder
    _nemo_encoder("normalized").save(
        folder / f"encoder-model{ending}.onnx", _ENCODED, {}
    )
    durations = 5 if kind == "tdt" else 0
    _nemo_decoder_joint(durations=durations).save(
        folder / f"decoder_joint-model{ending}.onnx",
        {
            "outputs": (FLOAT, ["n", 1, 1, SIZE + durations]),
            "output_states_1": (FLOAT, [1, "n", 1]),
            "output_states_2": (FLOAT, [1, "n", 1]),
        },
    )
    return folder


def write_sherpa(folder: Path, kind: str, *, ending: str = "") -> Path:
    """A folder for sherpa-onnx.

    Args:
        folder: to write to.
        kind: ``nemo ctc``, ``nemo transducer``, ``streaming nemo ctc``,
            ``streaming nemo transducer`` or ``streaming lstm transducer``.
        ending: of the names of the networks, before ``.onnx``.
    """
    _common(folder)
    streams = kind.startswith("streaming")
    kaldi = "lstm" in kind
    (folder / "tokens.txt").write_text(_vocabulary(blank_first=kaldi), "utf-8")
    says = _NEMO_SAYS | (_STREAM_SAYS if streams else {})
    if kind.endswith("nemo ctc"):
        net = _Net().hear(
            "raw" if streams else "normalized", step=8, blank=len(WORDS), likely=True
        )
        net.port("length", INT64, ["n"])
        outputs: dict[str, Any] = {"logprobs": (FLOAT, ["n", "t", SIZE])}
        if streams:
            outputs |= net.lengths() | net.caches()
        net.save(folder / f"model{ending}.onnx", outputs, says)
    elif kaldi:
        _lstm_transducer(folder, ending)
    else:
        net = _nemo_encoder("raw" if streams else "normalized")
        outputs = dict(_ENCODED)
        if streams:
            outputs |= net.caches()
            says["normalize_type"] = ""
        net.save(folder / f"encoder{ending}.onnx", outputs, says)
        _nemo_decoder().save(
            folder / f"decoder{ending}.onnx",
            {
                "decoder_output": (FLOAT, ["n", SIZE, 1]),
                "decoder_length": (INT32, ["n"]),
                "output_states_1": (FLOAT, [1, "n", 1]),
                "output_states_2": (FLOAT, [1, "n", 1]),
            },
        )
        _nemo_joiner().save(
            folder / f"joiner{ending}.onnx", {"outputs": (FLOAT, ["n", 1, 1, SIZE])}
        )
    return folder


def _common(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "parley.json").write_text(json.dumps({"languages": LANGUAGES}))


def _vocabulary(*, blank_first: bool) -> str:
    words = [f"▁{word}" for word in WORDS]
    tokens = ["<blk>", *words] if blank_first else [*words, "<blk>"]
    return "".join(f"{token} {number}\n" for number, token in enumerate(tokens))


# --- Networks -----------------------------------------------------------------

_NEMO_SAYS = {
    "model_type": "EncDecRNNTBPEModel",
    "vocab_size": str(len(WORDS)),
    "subsampling_factor": "8",
    "normalize_type": "per_feature",
    "pred_rnn_layers": "1",
    "pred_hidden": "1",
    "feat_dim": str(BANDS),
}
_STREAM_SAYS = {
    "window_size": str(WINDOW),
    "chunk_shift": str(WINDOW),
    "cache_last_channel_dim1": "1",
    "cache_last_channel_dim2": "1",
    "cache_last_channel_dim3": "1",
    "cache_last_time_dim1": "1",
    "cache_last_time_dim2": "1",
    "cache_last_time_dim3": "1",
}
_ENCODED = {"outputs": (FLOAT, ["n", SIZE, "t"]), "encoded_lengths": (INT64, ["n"])}


class _Net:
    """An ONNX graph in the making."""

    def __init__(self) -> None:
        self._nodes: list[Any] = []
        self._inputs: list[Any] = []
        self._weights: list[Any] = []

    def port(self, name: str, kind: int, shape: list[Any]) -> str:
        self._inputs.append(helper.make_tensor_value_info(name, kind, shape))
        return name

    def weight(self, value: Any, dtype: Any = np.float32) -> str:
        name = f"w{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(np.asarray(value, dtype), name))
        return name

    def add(
        self, kind: str, *inputs: str, to: str | None = None, **options: Any
    ) -> str:
        name = to or f"x{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, list(inputs), [name], **options))
        return name

    def save(
        self,
        path: Path,
        outputs: dict[str, tuple[int, list[Any]]],
        says: dict[str, str] | None = None,
    ) -> None:
        ports = [
            helper.make_tensor_value_info(name, kind, shape)
            for name, (kind, shape) in outputs.items()
        ]
        graph = helper.make_graph(
            self._nodes, "tones", self._inputs, ports, self._weights
        )
        opset = [helper.make_opsetid("", 17)]
        model = helper.make_model(graph, opset_imports=opset, ir_version=8)
        helper.set_model_props(model, says or {})
        onnx.save(model, str(path))

    def hear(
        self, features: str, *, step: int, blank: int, likely: bool = False
    ) -> "_Net":
        """Add ``audio_signal`` [n, band, frame] to ``logprobs`` [n, frame/step, v]."""
        audio = self.port("audio_signal", FLOAT, ["n", BANDS, "frames"])
        pooled = self.add(
            "AveragePool", audio, kernel_shape=[step], strides=[step], ceil_mode=1
        )
        turned = self.add("Transpose", pooled, perm=[0, 2, 1])
        self._logits(turned, features, blank, kaldi=False, likely=likely)
        return self

    def _logits(
        self, frames: str, features: str, blank: int, *, kaldi: bool, likely: bool
    ) -> None:
        weights = self.weight(_weights(blank, kaldi=kaldi))
        summed = self.add("MatMul", frames, weights)
        bias = np.zeros(SIZE)
        bias[blank] = _STEEP * _STANDS_OUT[features]
        last = None if likely else "logprobs"
        logits = self.add("Add", summed, self.weight(bias), to=last)
        if likely:
            self.add("LogSoftmax", logits, to="logprobs", axis=-1)

    def lengths(self) -> dict[str, Any]:
        self.add("Identity", "length", to="encoded_lengths")
        return {"encoded_lengths": (INT64, ["n"])}

    def caches(self) -> dict[str, Any]:
        outputs: dict[str, Any] = {}
        shapes: dict[str, tuple[int, list[Any]]] = {
            "cache_last_channel": (FLOAT, ["n", 1, 1, 1]),
            "cache_last_time": (FLOAT, ["n", 1, 1, 1]),
            "cache_last_channel_len": (INT64, ["n"]),
        }
        for name, (kind, shape) in shapes.items():
            self.port(name, kind, shape)
            self.add("Identity", name, to=f"{name}_next")
            outputs[f"{name}_next"] = (kind, shape)
        return outputs

    def states(self) -> None:
        for number in (1, 2):
            self.port(f"input_states_{number}", FLOAT, [1, "n", 1])
            self.add("Identity", f"input_states_{number}", to=f"output_states_{number}")

    def forbid(self, last: str, blank: int) -> str:
        """Add logits [..., v] that forbid the word written `last` to be written again."""
        table = -1000 * np.eye(SIZE)
        table[blank] = 0
        return self.add("Gather", self.weight(table), last)


def _weights(blank: int, *, kaldi: bool) -> np.ndarray:
    """From mel bands [80] to logits [v]."""
    weights = np.zeros((BANDS, SIZE))
    numbers = [n for n in range(SIZE) if n != blank]
    for number, hertz in zip(numbers, TONES.values(), strict=True):
        weights[:, number] = -1 / BANDS
        center = _band(hertz, kaldi=kaldi)
        weights[center - 1 : center + 2, number] += 1 / 3
    return _STEEP * weights


def _band(hertz: float, *, kaldi: bool) -> int:
    """Which of 80 bands a tone falls into: on the scale of HTK or of Slaney."""

    def mel(f: float) -> float:
        if kaldi:
            return 1127 * math.log(1 + f / 700)
        return f / 200 * 3 if f < 1000 else 15 + 27 * math.log(f / 1000) / math.log(6.4)

    low, high = (20, 7600) if kaldi else (0, 8000)
    part = (mel(hertz) - mel(low)) / (mel(high) - mel(low))
    return round(part * (BANDS + 1)) - 1


def _nemo_encoder(features: str) -> _Net:
    net = _Net().hear(features, step=8, blank=len(WORDS))
    net.port("length", INT64, ["n"])
    net.add("Transpose", "logprobs", to="outputs", perm=[0, 2, 1])
    shape = net.add("Shape", "logprobs", start=1, end=2)
    size = net.add("Shape", "length")
    net.add("Expand", shape, size, to="encoded_lengths")
    return net


def _nemo_decoder() -> _Net:
    net = _Net()
    targets = net.port("targets", INT32, ["n", 1])
    net.port("target_length", INT32, ["n"])
    net.states()
    forbidden = net.forbid(targets, len(WORDS))
    net.add("Transpose", forbidden, to="decoder_output", perm=[0, 2, 1])
    net.add("Identity", "target_length", to="decoder_length")
    return net


def _nemo_joiner() -> _Net:
    net = _Net()
    encoded = net.port("encoder_outputs", FLOAT, ["n", SIZE, 1])
    decoded = net.port("decoder_outputs", FLOAT, ["n", SIZE, 1])
    both = net.add("Add", encoded, decoded)
    turned = net.add("Transpose", both, perm=[0, 2, 1])
    net.add("Unsqueeze", turned, net.weight([1], np.int64), to="outputs")
    return net


def _nemo_decoder_joint(*, durations: int) -> _Net:
    net = _Net()
    encoded = net.port("encoder_outputs", FLOAT, ["n", SIZE, 1])
    targets = net.port("targets", INT32, ["n", 1])
    net.port("target_length", INT32, ["n"])
    net.states()
    turned = net.add("Transpose", encoded, perm=[0, 2, 1])
    logits = net.add("Add", turned, net.forbid(targets, len(WORDS)))
    if durations:
        # Each frame is followed by the next one: the duration 1 is the likeliest.
        steps = net.weight([[np.eye(durations)[1]]])
        logits = net.add("Concat", logits, steps, axis=2)
    net.add("Unsqueeze", logits, net.weight([1], np.int64), to="outputs")
    return net


def _lstm_transducer(folder: Path, ending: str) -> None:
    encoder = _Net()
    frames = encoder.port("x", FLOAT, ["n", WINDOW, BANDS])
    turned = encoder.add("Transpose", frames, perm=[0, 2, 1])
    pooled = encoder.add("AveragePool", turned, kernel_shape=[4], strides=[4])
    back = encoder.add("Transpose", pooled, perm=[0, 2, 1])
    encoder._logits(back, "raw", 0, kaldi=True, likely=False)
    encoder.add("Identity", "logprobs", to="encoder_out")
    outputs: dict[str, Any] = {"encoder_out": (FLOAT, ["n", WINDOW // 4, SIZE])}
    for number in (0, 1):
        encoder.port(f"state{number}", FLOAT, [1, "n", 1])
        encoder.add("Identity", f"state{number}", to=f"new_state{number}")
        outputs[f"new_state{number}"] = (FLOAT, [1, "n", 1])
    says = {
        "model_type": "lstm",
        "num_encoder_layers": "1",
        "T": str(WINDOW),
        "decode_chunk_len": str(WINDOW),
        "rnn_hidden_size": "1",
        "d_model": "1",
    }
    encoder.save(folder / f"encoder{ending}.onnx", outputs, says)
    decoder = _Net()
    context = decoder.port("y", INT64, ["n", 2])
    last = decoder.add("Gather", context, decoder.weight(1, np.int64), axis=1)
    decoder.add("Identity", decoder.forbid(last, 0), to="decoder_out")
    decoder.save(
        folder / f"decoder{ending}.onnx",
        {"decoder_out": (FLOAT, ["n", SIZE])},
        {"vocab_size": str(SIZE), "context_size": "2"},
    )
    joiner = _Net()
    encoded = joiner.port("encoder_out", FLOAT, ["n", SIZE])
    decoded = joiner.port("decoder_out", FLOAT, ["n", SIZE])
    joiner.add("Add", encoded, decoded, to="logit")
    joiner.save(folder / f"joiner{ending}.onnx", {"logit": (FLOAT, ["n", SIZE])})
