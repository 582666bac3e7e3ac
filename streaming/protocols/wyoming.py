r"""The wire of Wyoming, the protocol between Home Assistant and its voice services.

Without input or output: `Decoder` cuts a stream of bytes into events, `parse` reads
what a client may ask, `encode` writes what a server answers. An event is one line of
JSON, then as many bytes of JSON and of raw audio as the line says:

    {"type": "audio-chunk", "data_length": 41, "payload_length": 640}\n{...}<pcm>

Clients of the current library put the data behind the line, older ones into it; both
are read, what stands behind wins. Everything has a limit: the protocol knows neither
passwords nor encryption, so that whoever reaches the port may send anything.
"""

import html
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from voice.audio import Pcm
from voice.errors import ClientError

__all__ = [
    "AudioChunk",
    "AudioStart",
    "AudioStop",
    "Converse",
    "Decoder",
    "Describe",
    "Ignored",
    "Ping",
    "Request",
    "Synthesize",
    "SynthesizeChunk",
    "SynthesizeStart",
    "SynthesizeStop",
    "Transcribe",
    "Voice",
    "WyomingEvent",
    "audio_chunk",
    "audio_start",
    "audio_stop",
    "encode",
    "failure",
    "handled",
    "intent",
    "not_handled",
    "parse",
    "pong",
    "synthesize_stopped",
    "transcript",
]

MAX_LINE = 16_384
"""Bytes of the line."""

MAX_DATA = 65_536
"""Bytes of the JSON behind it."""

MAX_PAYLOAD = 1_048_576
"""Bytes of audio in one event: half a minute at 16 kHz."""

MAX_TEXT = 4_000
"""Characters of a text to speak or to answer."""

MAX_CONTEXT = 8_192
"""Characters of what the client wants back, as JSON."""

SAMPLE_BYTES = 2
RATES = (8_000, 48_000)
"""Hertz, from and to."""
MAX_CHANNELS = 2

SSML = "ssml"
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class WyomingEvent:
    """One event, of either side."""

    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    payload: bytes = b""


def encode(event: WyomingEvent) -> bytes:
    """The bytes of an event; its data go behind the line, as the current library does."""
    head: dict[str, object] = {"type": event.type}
    body = json.dumps(event.data, ensure_ascii=False).encode() if event.data else b""
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


# --- What clients ask ---------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Describe:
    """What is there?"""


@dataclass(frozen=True, slots=True)
class Ping:
    """Are you there?"""

    text: str | None


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Audio follows; put it into words."""

    language: str | None
    """As the client writes it, e.g. ``de`` or ``de-DE``."""


@dataclass(frozen=True, slots=True)
class AudioStart:
    """Audio begins."""

    rate: int
    """Hertz."""
    channels: int


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """A piece of it; several channels are averaged."""

    pcm: Pcm


@dataclass(frozen=True, slots=True)
class AudioStop:
    """There is no more of it."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Who is to speak: a name, else a language, else whoever fits the text."""

    name: str | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True)
class Synthesize:
    """Speak a text."""

    text: str
    voice: Voice


@dataclass(frozen=True, slots=True)
class SynthesizeStart:
    """A text follows in pieces; speak it while it comes."""

    voice: Voice


@dataclass(frozen=True, slots=True)
class SynthesizeChunk:
    """A piece of it."""

    text: str


@dataclass(frozen=True, slots=True)
class SynthesizeStop:
    """That was all of it."""


@dataclass(frozen=True, slots=True)
class Converse:
    """Answer a sentence. On the wire it is a ``transcript``."""

    text: str
    language: str | None
    context: Mapping[str, Any] | None
    """Goes back with the answer."""


@dataclass(frozen=True, slots=True)
class Ignored:
    """Something of other services, or of a later version of the protocol."""

    type: str


Request: TypeAlias = (
    Describe
    | Ping
    | Transcribe
    | AudioStart
    | AudioChunk
    | AudioStop
    | Synthesize
    | SynthesizeStart
    | SynthesizeChunk
    | SynthesizeStop
    | Converse
    | Ignored
)


def parse(event: WyomingEvent) -> Request:
    """What a client asks.

    Raises:
        ClientError: ``invalid_value``, ``unsupported_format`` or ``invalid_audio``.
    """
    data = event.data
    match event.type:
        case "describe":
            return Describe()
        case "ping":
            return Ping(_text(data, "text"))
        case "transcribe":
            return Transcribe(_text(data, "language"))
        case "audio-start":
            rate, channels = _format(data)
            return AudioStart(rate, channels)
        case "audio-chunk":
            return AudioChunk(_pcm(event))
        case "audio-stop":
            return AudioStop()
        case "synthesize":
            return Synthesize(_spoken(data), _voice(data))
        case "synthesize-start":
            return SynthesizeStart(_voice(data))
        case "synthesize-chunk":
            return SynthesizeChunk(_spoken(data))
        case "synthesize-stop":
            return SynthesizeStop()
        case "transcript":
            return Converse(_required(data), _text(data, "language"), _context(data))
        case _:
            return Ignored(event.type)


def _text(data: Mapping[str, Any], key: str) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ClientError("invalid_value", f"{key} is a text of up to {MAX_TEXT}")
    # "\ud800" is valid JSON, but half a character: no one could write it.
    return value.encode("utf-8", "replace").decode("utf-8")


def _required(data: Mapping[str, Any]) -> str:
    text = _text(data, "text")
    if text is None:
        raise ClientError("invalid_value", "text is missing")
    return text


def _spoken(data: Mapping[str, Any]) -> str:
    """The text; of SSML what is to be heard."""
    text = _required(data)
    if data.get("text_format") != SSML:
        return text
    return html.unescape(_TAG.sub(" ", text))


def _voice(data: Mapping[str, Any]) -> Voice:
    voice = data.get("voice") or {}
    if not isinstance(voice, dict):
        raise ClientError("invalid_value", "voice is an object")
    return Voice(_text(voice, "name"), _text(voice, "language"))


def _context(data: Mapping[str, Any]) -> Mapping[str, Any] | None:
    context = data.get("context")
    if context is None:
        return None
    if not isinstance(context, dict) or len(json.dumps(context)) > MAX_CONTEXT:
        raise ClientError("invalid_value", "context is a small object")
    return context


def _format(data: Mapping[str, Any]) -> tuple[int, int]:
    rate, width, channels = (data.get(key) for key in ("rate", "width", "channels"))
    if width != SAMPLE_BYTES:
        raise ClientError("unsupported_format", "width: 16-bit samples, please (2)")
    least, most = RATES
    if type(rate) is not int or not least <= rate <= most:
        raise ClientError("unsupported_format", f"rate: {least} to {most} Hz")
    if type(channels) is not int or not 1 <= channels <= MAX_CHANNELS:
        raise ClientError("unsupported_format", f"channels: 1 to {MAX_CHANNELS}")
    return rate, channels


def _pcm(event: WyomingEvent) -> Pcm:
    rate, channels = _format(event.data)
    pcm = Pcm.of_bytes(event.payload, rate)
    if channels == 1:
        return pcm
    if len(pcm) % channels:
        raise ClientError("invalid_audio", f"no whole number of {channels} channels")
    mixed = pcm.samples.reshape(-1, channels).astype("i4").sum(axis=1) // channels
    return Pcm(mixed.astype("i2"), rate)


# --- What the server answers --------------------------------------------------


def transcript(text: str, language: str) -> WyomingEvent:
    """What was said."""
    return WyomingEvent("transcript", {"text": text, "language": language})


def audio_start(rate: int) -> WyomingEvent:
    """Speech begins."""
    return WyomingEvent("audio-start", _pcm_format(rate))


def audio_chunk(pcm: Pcm) -> WyomingEvent:
    """A piece of speech."""
    return WyomingEvent("audio-chunk", _pcm_format(pcm.rate), pcm.to_bytes())


def audio_stop() -> WyomingEvent:
    """The speech is over."""
    return WyomingEvent("audio-stop")


def synthesize_stopped() -> WyomingEvent:
    """The text that came in pieces is spoken; stands after `audio_stop`."""
    return WyomingEvent("synthesize-stopped")


def handled(text: str, context: Mapping[str, Any] | None) -> WyomingEvent:
    """The sentence is answered, and what it asked for is done."""
    return _answer("handled", text, context)


def not_handled(text: str, context: Mapping[str, Any] | None) -> WyomingEvent:
    """The sentence was not understood; `text` says so to the user."""
    return _answer("not-handled", text, context)


def intent(
    name: str,
    slots: Sequence[tuple[str, str | int | float]],
    *,
    text: str,
    context: Mapping[str, Any] | None,
) -> WyomingEvent:
    """What the client is to do itself; `text` is what it says if it has no words."""
    entities = [{"name": key, "value": value} for key, value in slots]
    data: dict[str, Any] = {"name": name, "entities": entities, "text": text}
    return WyomingEvent("intent", data | ({"context": context} if context else {}))


def pong(text: str | None) -> WyomingEvent:
    """The answer to a ping."""
    return WyomingEvent("pong", {"text": text})


def failure(error: ClientError | str) -> WyomingEvent:
    """Something went wrong: with the request, or (a code of ours) with a stage."""
    if isinstance(error, ClientError):
        return WyomingEvent("error", {"text": str(error)[:300], "code": error.code})
    return WyomingEvent("error", {"text": error.replace("_", " "), "code": error})


def _answer(kind: str, text: str, context: Mapping[str, Any] | None) -> WyomingEvent:
    return WyomingEvent(
        kind, {"text": text} | ({"context": context} if context else {})
    )


def _pcm_format(rate: int) -> dict[str, int]:
    return {"rate": rate, "width": SAMPLE_BYTES, "channels": 1}
