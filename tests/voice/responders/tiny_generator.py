"""A CTranslate2 language model with random weights, which writes letters."""

import json
import string
from pathlib import Path

import numpy as np
from ctranslate2.specs import common_spec, transformer_spec
from tokenizers import Tokenizer, models, pre_tokenizers

__all__ = ["TEMPLATE", "write_tiny_generator"]

TEMPLATE = (
    "{% for message in messages %}<{{ message.role }}>{{ message.content }}<end>"
    "{% endfor %}{% if add_generation_prompt %}<assistant>{% endif %}"
)

WIDTH, HIDDEN, LAYERS, HEADS = 32, 48, 2, 2


def write_tiny_generator(folder: Path, *, seed: int = 1) -> Path:
    """Write the model with its tokenizer and chat template; returns the folder."""
    marks = ["<unk>", "<end>", "<system>", "<user>", "<assistant>"]
    tokens = [*marks, *string.ascii_letters, *string.digits, " ", ".", "-"]
    _write_tokenizer(folder, tokens, marks)
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        LAYERS,
        HEADS,
        activation=common_spec.Activation.SWISH,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=False,
    )
    rng = np.random.default_rng(seed)

    def weight(rows: int, columns: int) -> np.ndarray:
        return rng.normal(0, 0.3, (rows, columns)).astype(np.float32)

    ones = np.ones(WIDTH, np.float32)
    decoder = spec.decoder
    decoder.scale_embeddings = False
    decoder.embeddings.weight = weight(len(tokens), WIDTH)
    decoder.layer_norm.gamma = ones
    decoder.projection.weight = weight(len(tokens), WIDTH)
    # The marks are never written: the answer goes on as long as it may.
    decoder.projection.bias = np.zeros(len(tokens), np.float32)
    decoder.projection.bias[: len(marks)] = -1e4
    for layer in decoder.layer:
        layer.self_attention.layer_norm.gamma = ones
        layer.self_attention.linear[0].weight = weight(3 * WIDTH, WIDTH)
        layer.self_attention.linear[1].weight = weight(WIDTH, WIDTH)
        layer.ffn.layer_norm.gamma = ones
        layer.ffn.linear_0.weight = weight(HIDDEN, WIDTH)
        layer.ffn.linear_0_noact.weight = weight(HIDDEN, WIDTH)
        layer.ffn.linear_1.weight = weight(WIDTH, HIDDEN)
    spec.register_vocabulary(tokens)
    spec.config.bos_token = spec.config.unk_token = "<unk>"
    spec.config.eos_token = "<end>"
    spec.config.layer_norm_epsilon = 1e-6
    spec.validate()
    spec.save(str(folder))
    return folder


def _write_tokenizer(folder: Path, tokens: list[str], marks: list[str]) -> None:
    vocabulary = {token: number for number, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split("", "isolated")
    tokenizer.add_special_tokens(marks)
    tokenizer.save(str(folder / "tokenizer.json"))
    content = {"chat_template": TEMPLATE, "eos_token": {"content": "<end>"}}
    (folder / "tokenizer_config.json").write_text(json.dumps(content), "utf-8")
