"""The words of Wyoming: what a client may ask, and what the server answers.

Without input or output: `parse` reads an event of a client, the other functions make
the events of the server. How events become bytes is in `wyoming_frames`.
"""

import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from streaming.protocols.wyoming_frames import WyomingEvent
from voice.audio import Pcm
from voice.errors import ClientError

__all__ = [
    "AudioChunk",
    "AudioStart",
    "AudioStop",
    "Converse",
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
    "audio_chunk",
    "audio_start",
    "audio_stop",
    "failure",
    "handled",
    "intent",
    "not_handled",
    "parse",
    "pong",
    "synthesize_stopped",
    "transcript",
]

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
    try:
        if isinstance(context, dict) and len(json.dumps(context)) <= MAX_CONTEXT:
            return context
    except RecursionError:
        pass
    raise ClientError("invalid_value", "context is a small object")


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
