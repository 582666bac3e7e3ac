"""Write a trained network as a CTranslate2 Whisper directory that faster-whisper loads as it stands.

python -m models.recipes.recognizer.export --run FOLDER --out DIRECTORY
"""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
import torch
from ctranslate2.specs import common_spec, whisper_spec
from torch import Tensor, nn

from models.recipes.recognizer.features import HOP, MELS, RATE
from models.recipes.recognizer.network import (
    Attention,
    DecoderLayer,
    EncoderLayer,
    FeedForward,
    Recognizer,
    Shape,
)
from models.recipes.recognizer.vocabulary import Vocabulary

WINDOWS = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0)
"""Seconds of audio that the model is given; shorter audio is followed by zeros."""

BEAMS = 5
"""Whisper's own default. A decoder of two layers pays for it with milliseconds."""

GATES = {"no_speech": 0.0005, "no_speech_alone": 0.01, "doubtful": 0.45}
"""When the recogniser drops a text; low, because on speech the probability of none stays
below 0.001. They are the strictest that lost no text with fewer than a third of its
words wrong, on held-out voices of every kind."""


def load_run(folder: Path) -> tuple[Recognizer, Vocabulary, dict[str, float]]:
    """The network of the last checkpoint, its vocabulary, and how long it was trained."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    model = Recognizer(Shape(**state["shape"]))
    model.load_state_dict(state["model"])
    training = {key: state[key] for key in ("step", "clips", "elapsed")}
    return model.eval(), Vocabulary.load(folder), training


def export(
    model: Recognizer,
    vocabulary: Vocabulary,
    folder: Path,
    *,
    quantization: str | None = "int8",
) -> None:
    """Write the directory; what it held under the same names is replaced."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = _specification(model)
    spec.register_vocabulary(vocabulary.tokens())
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [
        vocabulary.token(f"<|{language}|>") for language in vocabulary.languages
    ]
    layers, heads = model.shape.decoder_layers, model.shape.heads
    spec.config.alignment_heads = [
        list(pair)
        for pair in itertools.product(range(layers // 2, layers), range(heads))
    ]
    spec.validate()
    spec.optimize(quantization=quantization)
    spec.save(str(folder))
    vocabulary.tokenizer.save(str(folder / "tokenizer.json"))
    _write(
        folder / "preprocessor_config.json",
        {
            "feature_size": MELS,
            "sampling_rate": RATE,
            "hop_length": HOP,
            "chunk_length": 30,
            "n_fft": 400,
        },
    )
    _write(
        folder / "parley.json",
        {
            "windows_s": WINDOWS,
            "beams": BEAMS,
            "languages": vocabulary.languages,
            **GATES,
        },
    )


def _write(path: Path, content: dict[str, object]) -> None:
    path.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _specification(model: Recognizer) -> whisper_spec.WhisperSpec:
    shape = model.shape
    spec = whisper_spec.WhisperSpec(
        shape.encoder_layers, shape.heads, shape.decoder_layers, shape.heads
    )
    encoder, decoder = spec.encoder, spec.decoder
    for target, convolution in (
        (encoder.conv1, model.conv1),
        (encoder.conv2, model.conv2),
    ):
        target.weight, target.bias = (
            _array(convolution.weight),
            _array(convolution.bias),
        )
    encoder.position_encodings.encodings = _array(model.positions)
    _norm(encoder.layer_norm, model.encoder_norm)
    for target, layer in zip(encoder.layer, model.encoder, strict=True):
        assert isinstance(layer, EncoderLayer)
        _self_attention(target.self_attention, layer.attention, layer.attention_norm)
        _feed_forward(target.ffn, layer.forward_, layer.forward_norm)
    decoder.embeddings.weight = _array(model.embedding.weight)
    decoder.position_encodings.encodings = _array(model.text_positions)
    decoder.projection.weight = decoder.embeddings.weight
    _norm(decoder.layer_norm, model.decoder_norm)
    for target, layer in zip(decoder.layer, model.decoder, strict=True):
        assert isinstance(layer, DecoderLayer)
        _self_attention(target.self_attention, layer.attention, layer.attention_norm)
        _cross_attention(target.attention, layer.cross, layer.cross_norm)
        _feed_forward(target.ffn, layer.forward_, layer.forward_norm)
    return spec


def _array(tensor: Tensor) -> np.ndarray:
    # A copy: quantising works in place, and would otherwise change the network.
    return tensor.detach().numpy().copy()


def _norm(spec: common_spec.LayerNormSpec, norm: nn.Module) -> None:
    assert isinstance(norm, nn.LayerNorm)
    spec.gamma, spec.beta = _array(norm.weight), _array(norm.bias)


def _linear(spec: common_spec.LinearSpec, *parts: nn.Linear) -> None:
    """One matrix of several stacked ones; a part without a bias has one of zeros."""
    spec.weight = np.concatenate([_array(part.weight) for part in parts])
    spec.bias = np.concatenate(
        [
            np.zeros(part.out_features, np.float32)
            if part.bias is None
            else _array(part.bias)
            for part in parts
        ]
    )


def _self_attention(spec: object, attention: Attention, norm: nn.Module) -> None:
    _norm(spec.layer_norm, norm)  # type: ignore[attr-defined]
    joined, out = spec.linear  # type: ignore[attr-defined]
    _linear(joined, attention.query, attention.key, attention.value)
    _linear(out, attention.out)


def _cross_attention(spec: object, attention: Attention, norm: nn.Module) -> None:
    _norm(spec.layer_norm, norm)  # type: ignore[attr-defined]
    query, memory, out = spec.linear  # type: ignore[attr-defined]
    _linear(query, attention.query)
    _linear(memory, attention.key, attention.value)
    _linear(out, attention.out)


def _feed_forward(spec: object, feed_forward: FeedForward, norm: nn.Module) -> None:
    _norm(spec.layer_norm, norm)  # type: ignore[attr-defined]
    _linear(spec.linear_0, feed_forward.inner)  # type: ignore[attr-defined]
    _linear(spec.linear_1, feed_forward.outer)  # type: ignore[attr-defined]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of a training run"
    )
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model, vocabulary, training = load_run(arguments.run)
    export(model, vocabulary, arguments.out)
    print(f"{arguments.out}: {json.dumps(training)}")


if __name__ == "__main__":
    main()
