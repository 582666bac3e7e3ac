"""The websocket dialect of the firmware xiaozhi-esp32: JSON, and Opus in binary frames.

https://github.com/78/xiaozhi-esp32/blob/main/docs/websocket.md. A binary frame is one
packet of Opus, in versions 2 and 3 of the protocol behind a header.
"""

import json
import struct
from dataclasses import dataclass
from typing import Any, TypeAlias

from streaming.protocols.json_text import read_object
from voice.errors import ClientError

__all__ = ["Abort", "Hello", "Listen", "Other", "pack", "parse", "unpack", "written"]

MAX_TEXT = 16_384
"""Characters of a message; the longest describe the tools of the device."""

OPUS = 0
"""What a binary frame holds; 1 is JSON, which no firmware sends so."""

HEADER_2 = struct.Struct(">HHIII")
"""Version, type, reserved, timestamp in ms, size."""

HEADER_3 = struct.Struct(">BBH")
"""Type, reserved, size."""

RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
MODES = ("auto", "manual", "realtime")


@dataclass(frozen=True, slots=True)
class Hello:
    """The device begins."""

    version: int
    """Of the binary frames: 1, 2 or 3."""
    rate: int
    """Hertz of what it records."""


@dataclass(frozen=True, slots=True)
class Listen:
    """The device begins or stops to record, or has heard its own wake word."""

    state: str
    """``start``, ``stop`` or ``detect``."""
    mode: str
    """``auto``: until the server answers; ``manual``: while a button is held;
    ``realtime``: all the time."""


@dataclass(frozen=True, slots=True)
class Abort:
    """The user wants no more of the reply."""


@dataclass(frozen=True, slots=True)
class Other:
    """What we have no use for: the tools of the device, its state."""


Event: TypeAlias = Hello | Listen | Abort | Other


def parse(text: str) -> Event:
    """What the device says.

    Raises:
        ClientError: ``invalid_json``, ``unknown_event`` or ``invalid_value``.
    """
    data = read_object(text, longest=MAX_TEXT)
    match data:
        case {"type": "hello"}:
            return _hello(data)
        case {"type": "listen", "state": "start" | "stop" | "detect" as state}:
            mode = str(data.get("mode", "auto"))
            return Listen(state, mode if mode in MODES else "auto")
        case {"type": "abort"}:
            return Abort()
        case {"type": "mcp" | "iot" | "listen" | "goodbye"}:
            return Other()
        case _:
            name = str(data.get("type"))[:40]
            raise ClientError("unknown_event", f"unknown type {name!r}")


def _hello(data: dict[str, Any]) -> Hello:
    audio = data.get("audio_params")
    audio = audio if isinstance(audio, dict) else {}
    if audio.get("format", "opus") != "opus" or audio.get("channels", 1) != 1:
        raise ClientError("invalid_value", "hello: audio must be Opus with one channel")
    version, rate = data.get("version", 1), audio.get("sample_rate", 16_000)
    if version not in (1, 2, 3) or rate not in RATES:
        raise ClientError(
            "invalid_value",
            f"hello: version must be 1 to 3, sample_rate one of {RATES}",
        )
    return Hello(int(version), int(rate))


def written(type_: str, session: str, **values: object) -> str:
    """A message for the device."""
    message = {"type": type_, "session_id": session, **values}
    return json.dumps(message, ensure_ascii=False)


def pack(packet: bytes, version: int, *, at: int) -> bytes:
    """A binary frame.

    Args:
        packet: of Opus.
        version: of the protocol.
        at: when it is to be played, in ms since the reply began.
    """
    if version == 2:
        return HEADER_2.pack(version, OPUS, 0, at, len(packet)) + packet
    if version == 3:
        return HEADER_3.pack(OPUS, 0, len(packet)) + packet
    return packet


def unpack(frame: bytes, version: int) -> bytes:
    """The packet in a binary frame.

    Raises:
        ClientError: ``invalid_audio``, the header does not fit.
    """
    if version == 1:
        return frame
    header = HEADER_2 if version == 2 else HEADER_3
    if len(frame) < header.size:
        raise ClientError("invalid_audio", "a binary frame is shorter than its header")
    fields = header.unpack_from(frame)
    kind, size = fields[1 if version == 2 else 0], fields[-1]
    packet = frame[header.size :]
    if kind != OPUS or size != len(packet):
        raise ClientError("invalid_audio", "the header of a binary frame is wrong")
    return packet
