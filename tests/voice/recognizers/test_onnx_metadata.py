"""The notes beside a network are read, whatever stands around them."""

import numpy as np
import onnx
import pytest

from voice.errors import ConfigError
from voice.recognizers.onnx_metadata import metadata


def save(path, says) -> bytes:
    weights = onnx.numpy_helper.from_array(np.ones((100, 100), np.float32), "w")
    node = onnx.helper.make_node("Identity", ["w"], ["y"])
    port = onnx.helper.make_tensor_value_info("y", 1, [100, 100])
    graph = onnx.helper.make_graph([node], "g", [], [port], [weights])
    model = onnx.helper.make_model(graph, producer_name="metadata_props")
    onnx.helper.set_model_props(model, says)
    onnx.save(model, path)
    return path.read_bytes()


SAYS = {"vocab_size": "1024", "comment": "ž 9" * 100, "empty": ""}


@pytest.mark.parametrize("says", [SAYS, {}], ids=["notes", "none"])
def test_what_a_file_says_is_read(tmp_path, says) -> None:
    save(tmp_path / "m.onnx", says)
    assert metadata(tmp_path / "m.onnx") == says


@pytest.mark.parametrize("kept", [1, 5, 5000])
def test_a_file_that_was_cut_off_is_refused(tmp_path, kept) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(save(path, SAYS)[:kept])
    with pytest.raises(ConfigError, match=r"m\.onnx: not a whole ONNX file"):
        metadata(path)


@pytest.mark.parametrize("content", [b"\xff" * 40, b"hello, world", b"<html>"])
def test_something_else_is_refused(tmp_path, content) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match="not a whole ONNX file"):
        metadata(path)
