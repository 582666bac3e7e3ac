"""What an ONNX file says about itself, without loading the network in it."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import BinaryIO

from voice.errors import ConfigError

__all__ = ["metadata"]

_METADATA_PROPS = 14
"""Number of the field of a `ModelProto` (onnx.proto) that holds pairs of texts."""

_MOST_BITS = 63


def metadata(path: Path) -> Mapping[str, str]:
    """The pairs of texts that the maker of a model has put beside its network.

    Only the outermost message is walked through: weights are skipped, not read.

    Raises:
        ConfigError: it is no ONNX file, or it was cut off.
    """
    try:
        with path.open("rb") as stream:
            blobs = _fields(stream, path.stat().st_size, _METADATA_PROPS)
        return dict(_pair(blob) for blob in blobs)
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{path}: not a whole ONNX file ({error}); get it again from where the"
            " model is from"
        ) from error


def _pair(blob: bytes) -> tuple[str, str]:
    """Key and value of a `StringStringEntryProto`: its fields 1 and 2."""
    key, value = (_fields(io.BytesIO(blob), len(blob), number) for number in (1, 2))
    return b"".join(key).decode(), b"".join(value).decode()


def _fields(stream: BinaryIO, end: int, wanted: int) -> list[bytes]:
    """The contents of every counted field that has the number `wanted`.

    The encoding: https://protobuf.dev/programming-guides/encoding/
    """
    found = []
    while stream.tell() < end:
        number, wire_type = divmod(_varint(stream), 8)
        size = _size(stream, wire_type)
        if stream.tell() + size > end:
            raise ValueError("it was cut off")
        if number == wanted:
            found.append(stream.read(size))
        else:
            stream.seek(size, io.SEEK_CUR)
    return found


def _size(stream: BinaryIO, wire_type: int) -> int:
    """Bytes that are left of a field whose wire type was read."""
    match wire_type:
        case 0:
            _varint(stream)
            return 0
        case 1:
            return 8
        case 2:
            return _varint(stream)
        case 5:
            return 4
        case _:
            raise ValueError(f"there is no wire type {wire_type}")


def _varint(stream: BinaryIO) -> int:
    value = 0
    for shift in range(0, _MOST_BITS + 1, 7):
        byte = stream.read(1)
        if not byte:
            raise ValueError("it was cut off")
        value |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return value
    raise ValueError("a number without an end")
