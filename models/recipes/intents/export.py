"""Write a trained network as a CTranslate2 model."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from ctranslate2.specs import common_spec, transformer_spec

from models.recipes.intents.examples import PADDING, Codec
from models.recipes.intents.network import EPSILON, ROTARY_BASE, Llama
from voice.responders.pointing import END
from voice.responders.pointing_model import Sureness

__all__ = ["describe", "export"]

UNSAID = -1e4
"""The score of tokens that are no answers."""


def export(
    model: Llama,
    codec: Codec,
    folder: Path,
    *,
    least: Sureness,
    quantization: str = "int8",
) -> None:
    """Write weights, vocabulary, tokenizer and `parley.json`.

    Args:
        model: trained.
        codec: of the same run.
        folder: must not exist, or be empty.
        least: how sure it must be for its answer to count.
        quantization: of the weights, as CTranslate2 names it.
    """
    spec = transformer_spec.TransformerDecoderModelSpec.from_config(
        model.shape.layers,
        model.shape.heads,
        activation=common_spec.Activation.SWISH,
        pre_norm=True,
        ffn_glu=True,
        rms_norm=True,
        rotary_dim=0,
        rotary_interleave=False,
        rotary_base=ROTARY_BASE,
    )
    _fill(spec.decoder, model)
    spec.register_vocabulary(list(codec.tokens))
    spec.config.bos_token = PADDING
    spec.config.unk_token = PADDING
    spec.config.eos_token = END
    spec.config.layer_norm_epsilon = EPSILON
    spec.validate()
    spec.optimize(quantization=quantization)
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    codec.tokenizer.save(str(folder / "tokenizer.json"), pretty=False)
    describe(codec, folder, least=least)


def describe(codec: Codec, folder: Path, *, least: Sureness) -> None:
    """Write `parley.json`, by which the model is known for what it is."""
    content = {
        "prompt": "pointing",
        "languages": codec.languages,
        "sure": asdict(least),
    }
    (folder / "parley.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")


def _fill(decoder: transformer_spec.TransformerDecoderSpec, model: Llama) -> None:
    weights = {name: value.detach().float() for name, value in model.named_parameters()}
    decoder.scale_embeddings = False
    decoder.embeddings.weight = _array(weights["embed.weight"])
    decoder.layer_norm.gamma = _array(weights["norm.weight"])
    head = weights["head.weight"]
    rest = model.shape.tokens - model.shape.answers
    decoder.projection.weight = _array(
        torch.cat((head, torch.zeros(rest, head.shape[1])))
    )
    decoder.projection.bias = np.concatenate(
        (np.zeros(len(head), np.float32), np.full(rest, UNSAID, np.float32))
    )
    for number, layer in enumerate(decoder.layer):
        own = {
            name.removeprefix(f"blocks.{number}."): _array(value)
            for name, value in weights.items()
            if name.startswith(f"blocks.{number}.")
        }
        layer.self_attention.layer_norm.gamma = own["norm_attention.weight"]
        layer.self_attention.linear[0].weight = own["query_key_value.weight"]
        layer.self_attention.linear[1].weight = own["out.weight"]
        layer.ffn.layer_norm.gamma = own["norm_gated.weight"]
        layer.ffn.linear_0.weight = own["gate.weight"]
        layer.ffn.linear_0_noact.weight = own["up.weight"]
        layer.ffn.linear_1.weight = own["down.weight"]


def _array(value: torch.Tensor) -> np.ndarray:
    return np.ascontiguousarray(value.numpy())
