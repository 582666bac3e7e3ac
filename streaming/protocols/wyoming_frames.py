r"""The frames of Wyoming, the protocol between Home Assistant and its voice services.

An event is one line of JSON, then as many bytes of JSON and of raw audio as the line
says:

    {"type": "audio-chunk", "data_length": 41, "payload_length": 640}\n{...}<pcm>

Clients of the current library put the data behind the line, older ones into it; both
are read, what stands behind wins. Everything has a limit: the protocol knows neither
passwords nor encryption, so that whoever reaches the port may send anything.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from voice.errors import ClientError

__all__ = ["Decoder", "WyomingEvent", "encode"]

MAX_LINE = 16_384
"""Bytes of the line."""

MAX_DATA = 65_536
"""Bytes of the JSON behind it."""

MAX_PAYLOAD = 1_048_576
"""Bytes of audio in one event: half a minute at 16 kHz."""


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """One event, of either side."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def encode(event: WyomingEvent) -> bytes:
    """The bytes of an event; its data go behind the line, as the current library does."""
    head: dict[str, object] = {"type": event.type}
    # In ASCII: half of a character, which JSON allows, could not be written otherwise.
    body = json.dumps(event.data).encode() if event.data else b""
    if body:
        head["data_length"] = len(body)
    if event.payload:
        head["payload_length"] = len(event.payload)
    return b"".join((json.dumps(head).encode(), b"\n", body, event.payload))


class Decoder:
    """Cuts what arrives into events; keeps no more than one event's limit of bytes."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._head: dict[str, Any] | None = None

    def feed(self, data: bytes) -> Iterator[WyomingEvent]:
        """The events that `data` completes.

        Raises:
            ClientError: ``invalid_event``; nothing after it can be understood.
        """
        self._bytes += data
        while (event := self._next()) is not None:
            yield event

    def _next(self) -> WyomingEvent | None:
        if self._head is None:
            end = self._bytes.find(b"\n", 0, MAX_LINE)
            if end < 0:
                if len(self._bytes) >= MAX_LINE:
                    raise _invalid(f"a line may have {MAX_LINE} bytes")
                return None
            self._head = _object(bytes(self._bytes[:end]))
            del self._bytes[: end + 1]
        head = self._head
        kind = head.get("type")
        if not isinstance(kind, str):
            raise _invalid("an event has a type")
        data_length = _length(head, "data_length", MAX_DATA)
        payload_length = _length(head, "payload_length", MAX_PAYLOAD)
        if len(self._bytes) < data_length + payload_length:
            return None
        data = head.get("data") or {}
        if not isinstance(data, dict):
            raise _invalid("data is an object")
        if data_length:
            data = {**data, **_object(bytes(self._bytes[:data_length]))}
        payload = bytes(self._bytes[data_length : data_length + payload_length])
        del self._bytes[: data_length + payload_length]
        self._head = None
        return WyomingEvent(kind, data, payload)


def _object(text: bytes) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise _invalid("neither JSON in UTF-8 nor the line of an event") from error
    if not isinstance(value, dict):
        raise _invalid("the line of an event is a JSON object")
    return value


def _length(head: Mapping[str, Any], key: str, most: int) -> int:
    value = head.get(key)
    if value is None:
        return 0
    if type(value) is not int or not 0 <= value <= most:
        raise _invalid(f"{key} is a number of bytes up to {most}")
    return value


def _invalid(message: str) -> ClientError:
    return ClientError("invalid_event", message)
