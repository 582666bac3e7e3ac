"""Twilio Media Streams: a telephone call as JSON, mu-law at 8 kHz in base64.

https://www.twilio.com/docs/voice/media-streams/websocket-messages: what comes is one of
the values below, what goes is made by `media`, `mark` and `clear`. Who calls is known by
`is_signed`, as https://www.twilio.com/docs/usage/security says.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from streaming.protocols.g711 import G711_RATE
from streaming.protocols.json_text import read_object
from voice.errors import ClientError

__all__ = [
    "Mark",
    "Media",
    "Other",
    "Start",
    "Stop",
    "clear",
    "is_signed",
    "mark",
    "media",
    "parse",
    "signature",
]

MAX_TEXT = 65_536
"""Characters of a message; 20 ms of audio have 300."""

FORMAT = {"encoding": "audio/x-mulaw", "sampleRate": G711_RATE, "channels": 1}


@dataclass(frozen=True, slots=True)
class Start:
    """The call begins."""

    stream: str
    """Its name, which everything that is sent must carry."""
    parameters: Mapping[str, str]
    """What ``<Parameter>`` says in TwiML."""


@dataclass(frozen=True, slots=True)
class Media:
    """The caller is heard: mu-law, usually 20 ms."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Mark:
    """The caller has heard everything up to a mark of ours, or it was cleared."""

    name: str


@dataclass(frozen=True, slots=True)
class Stop:
    """The call is over."""


@dataclass(frozen=True, slots=True)
class Other:
    """Nothing to be done: ``connected``, ``dtmf``, what we send ourselves."""


def signature(url: str, token: str) -> str:
    """What Twilio sends as ``X-Twilio-Signature`` when it opens a websocket.

    Args:
        url: the whole address as TwiML has it, ``wss://…``.
        token: the auth token of the account.
    """
    digest = hmac.new(token.encode(), url.encode(), hashlib.sha1).digest()
    return base64.b64encode(digest).decode()


def is_signed(url: str, token: str, shown: Iterable[str]) -> bool:
    """Whether one of the signatures that were shown is that of an address."""
    # Twilio may add a slash to the address before it signs it.
    known = [signature(form, token).encode() for form in {url, f"{url.rstrip('/')}/"}]
    # Every pair is compared, so that the time tells nothing.
    found = [
        hmac.compare_digest(text.encode("utf-8", "surrogatepass"), right)
        for text in shown
        for right in known
    ]
    return any(found)


Event: TypeAlias = Start | Media | Mark | Stop | Other


def parse(text: str) -> Event:
    """What Twilio says.

    Raises:
        ClientError: ``invalid_json``, ``unknown_event`` or ``invalid_value``.
    """
    data = read_object(text, longest=MAX_TEXT)
    match data:
        case {"event": "start", "start": {"streamSid": str(stream)} as start}:
            return _start(stream, start)
        case {"event": "media", "media": {"payload": str(payload)} as sound}:
            return _media(payload, str(sound.get("track", "inbound")))
        case {"event": "mark", "mark": {"name": str(name)}}:
            return Mark(name)
        case {"event": "stop"}:
            return Stop()
        case {"event": "connected" | "dtmf"}:
            return Other()
        case {"event": "start" | "media" | "mark" as name}:
            raise ClientError("invalid_value", f"{name}: a field is missing")
        case _:
            name = str(data.get("event"))[:40]
            raise ClientError("unknown_event", f"unknown event {name!r}")


def _start(stream: str, start: Mapping[str, Any]) -> Start:
    format_ = start.get("mediaFormat", FORMAT)
    if format_ != FORMAT:
        raise ClientError(
            "invalid_value", "start.mediaFormat: expected mu-law, 8000 Hz, 1 channel"
        )
    given = start.get("customParameters")
    pairs = given.items() if isinstance(given, dict) else ()
    return Start(stream, {name: str(value) for name, value in pairs})


def _media(payload: str, track: str) -> Media | Other:
    if not track.startswith("inbound"):
        return Other()
    try:
        return Media(base64.b64decode(payload, validate=True))
    except ValueError:  # of which binascii.Error is one; other letters raise the former
        raise ClientError("invalid_value", "media.payload: is no base64") from None


def media(stream: str, data: bytes) -> str:
    """Play mu-law to the caller."""
    payload = base64.b64encode(data).decode()
    return _event("media", stream, media={"payload": payload})


def mark(stream: str, name: str) -> str:
    """Ask to be told when everything so far was played."""
    return _event("mark", stream, mark={"name": name})


def clear(stream: str) -> str:
    """Forget what was not played yet."""
    return _event("clear", stream)


def _event(name: str, stream: str, **values: object) -> str:
    return json.dumps({"event": name, "streamSid": stream, **values})
