"""A Whisper of random numbers: the real code path of a recogniser, without a model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
from ctranslate2.specs import whisper_spec

from models.recipes.recognizer.vocabulary import special_tokens, train_tokenizer

WIDTH, HEADS, LAYERS, MELS = 32, 2, 1, 80
LINES = ("turn on the light", "mach das licht an", "what time is it", "wie spät ist es")


def build(
    folder: Path,
    *,
    languages: tuple[str, ...] = ("en", "de"),
    hearing: dict[str, Any] | None = None,
    mels: int = MELS,
    seed: int = 0,
) -> Path:
    """Write a whole model directory and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    tokenizer = train_tokenizer(LINES, languages, 300)
    by_number = {n: token for token, n in tokenizer.get_vocab().items()}
    tokens = [by_number[number] for number in range(len(by_number))]
    assert tokens[-len(special_tokens(languages)) :] == special_tokens(languages)
    spec = whisper_spec.WhisperSpec(LAYERS, HEADS, LAYERS, HEADS)
    _fill(spec, len(tokens), mels, np.random.default_rng(seed))
    spec.register_vocabulary(tokens)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [tokens.index(f"<|{tag}|>") for tag in languages]
    spec.config.alignment_heads = [[0, 0]]
    spec.validate()
    spec.optimize(quantization=None)
    spec.save(str(folder))
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": mels}))
    if hearing is not None:
        (folder / "parley.json").write_text(json.dumps(hearing))
    return folder


def _fill(
    spec: whisper_spec.WhisperSpec, words: int, mels: int, rng: np.random.Generator
) -> None:
    def random(*shape: int) -> np.ndarray:
        return rng.normal(0, 0.3, shape).astype(np.float32)

    def linear(target: Any, outputs: int, inputs: int = WIDTH) -> None:
        target.weight, target.bias = random(outputs, inputs), random(outputs)

    def norm(target: Any) -> None:
        target.gamma, target.beta = np.ones(WIDTH, np.float32), random(WIDTH)

    def layer(target: Any, *, cross: bool) -> None:
        norm(target.self_attention.layer_norm)
        linear(target.self_attention.linear[0], 3 * WIDTH)
        linear(target.self_attention.linear[1], WIDTH)
        if cross:
            norm(target.attention.layer_norm)
            for part, outputs in zip(target.attention.linear, (1, 2, 1), strict=True):
                linear(part, outputs * WIDTH)
        norm(target.ffn.layer_norm)
        linear(target.ffn.linear_0, 4 * WIDTH)
        linear(target.ffn.linear_1, WIDTH, 4 * WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    for convolution, inputs in ((encoder.conv1, mels), (encoder.conv2, WIDTH)):
        convolution.weight = random(WIDTH, inputs, 3)
        convolution.bias = random(WIDTH)
    encoder.position_encodings.encodings = random(1500, WIDTH)
    decoder.position_encodings.encodings = random(448, WIDTH)
    decoder.embeddings.weight = random(words, WIDTH)
    decoder.projection.weight = decoder.embeddings.weight
    norm(encoder.layer_norm)
    norm(decoder.layer_norm)
    for target in encoder.layer:
        layer(target, cross=False)
    for target in decoder.layer:
        layer(target, cross=True)
