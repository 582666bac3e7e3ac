"""Builds a voice in Piper's format that hums: real files, a few kilobytes.

Its network takes what a Piper voice takes and makes a tone that is as long as there
are phoneme ids, times the length scale.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from piper.phoneme_ids import DEFAULT_PHONEME_ID_MAP

SAMPLES_PER_ID = 256

RATE = 22_050
"""Hertz; that of most published voices."""


def write_voice(
    directory: Path,
    name: str,
    *,
    code: str | None = "en_GB",
    espeak_voice: str = "en",
    pitch: float = 440,
    rate: int = RATE,
    speakers: int = 1,
    **settings: Any,
) -> Path:
    """Write NAME.onnx and NAME.onnx.json; the path of the first.

    Args:
        directory: where to.
        name: of the voice.
        code: language of the voice as newer voices tell it; None for an old one.
        espeak_voice: what turns text into phonemes.
        pitch: of the tone, in Hertz.
        rate: of the samples, in Hertz.
        speakers: how many there are; more than one makes `sid` an input.
        settings: overwrite what is in the JSON file.
    """
    directory.mkdir(parents=True, exist_ok=True)
    model = directory / f"{name}.onnx"
    onnx.save(_network(pitch / rate, speakers), str(model))
    described: dict[str, Any] = {
        "audio": {"sample_rate": rate, "quality": "x_low"},
        "espeak": {"voice": espeak_voice},
        "inference": {"noise_scale": 0.667, "length_scale": 1, "noise_w": 0.8},
        "phoneme_type": "espeak",
        "phoneme_id_map": DEFAULT_PHONEME_ID_MAP,
        "num_symbols": 256,
        "num_speakers": speakers,
        "speaker_id_map": {},
        "piper_version": "1.0.0",
    }
    if code:
        described["language"] = {"code": code, "family": code.partition("_")[0]}
    model.with_name(f"{model.name}.json").write_text(
        json.dumps(described | settings, ensure_ascii=False), encoding="utf-8"
    )
    return model


def _network(cycles_per_sample: float, speakers: int) -> onnx.ModelProto:
    def constant(name: str, value: Any, kind: Any) -> TensorProto:
        return numpy_helper.from_array(np.array(value, dtype=kind), name)

    constants = [
        constant("length_index", 1, np.int64),
        constant("samples_per_id", SAMPLES_PER_ID, np.float32),
        constant("zero", 0, np.float32),
        constant("one", 1, np.float32),
        constant("first", 0, np.int64),
        constant("step", 2 * np.pi * cycles_per_sample, np.float32),
        constant("shape", [1, 1, 1, -1], np.int64),
    ]
    nodes = [
        helper.make_node("Gather", ["input_lengths", "first"], ["ids"]),
        helper.make_node("Cast", ["ids"], ["ids_float"], to=TensorProto.FLOAT),
        helper.make_node("Gather", ["scales", "length_index"], ["length_scale"]),
        helper.make_node("Mul", ["ids_float", "length_scale"], ["scaled"]),
        helper.make_node("Mul", ["scaled", "samples_per_id"], ["length"]),
        helper.make_node("Range", ["zero", "length", "one"], ["time"]),
        helper.make_node("Mul", ["time", "step"], ["phase"]),
        helper.make_node("Sin", ["phase"], ["tone"]),
        helper.make_node("Reshape", ["tone", "shape"], ["output"]),
    ]
    inputs = [
        helper.make_tensor_value_info("input", TensorProto.INT64, [1, "ids"]),
        helper.make_tensor_value_info("input_lengths", TensorProto.INT64, [1]),
        helper.make_tensor_value_info("scales", TensorProto.FLOAT, [3]),
    ]
    if speakers > 1:
        inputs.append(helper.make_tensor_value_info("sid", TensorProto.INT64, [1]))
    outputs = [
        helper.make_tensor_value_info("output", TensorProto.FLOAT, [1, 1, 1, "samples"])
    ]
    graph = helper.make_graph(nodes, "tone", inputs, outputs, constants)
    opsets = [helper.make_opsetid("", 15)]
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.checker.check_model(model)
    return model
