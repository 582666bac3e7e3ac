"""`POST /v1/audio/speech`: a text into speech, sent while it is spoken."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from streaming.config import RestConfig
from streaming.reading_aloud import chosen_language, language_of_voice, read_aloud
from streaming.rest.encoding import FORMATS, RATE, Encoder, encoder
from streaming.rest.errors import RequestError
from streaming.rest.uploads import read_body
from streaming.services import Services
from voice.audio import Pcm
from voice.events import Millis

__all__ = ["MAX_INPUT", "Speeches"]

MAX_INPUT = 4096
"""Characters of a text, as OpenAI has it."""

MAX_BODY = 131_072

SSE = "sse"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the client asks for, checked."""

    text: str
    language: str
    format: str
    events: bool

    @classmethod
    def of(cls, body: bytes, spoken: Sequence[str]) -> Self:
        """Read the body of a request.

        Raises:
            RequestError: a field is missing or cannot be obeyed.
        """
        try:
            data = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise RequestError("invalid_json", "the body is not JSON") from error
        if not isinstance(data, dict):
            raise RequestError("invalid_json", "the body is no JSON object")
        text = _text(data, "input")
        if not text:
            raise RequestError("missing_field", "input: the text is missing", "input")
        if len(text) > MAX_INPUT:
            raise RequestError(
                "text_too_long", f"input: up to {MAX_INPUT} letters", "input"
            )
        if data.get("speed") not in (None, 1):
            raise RequestError("invalid_value", "speed: only 1 is to be had", "speed")
        return cls(
            text=text,
            language=_language(data, text, spoken),
            format=_one_of(data, "response_format", tuple(FORMATS), "mp3"),
            events=_one_of(data, "stream_format", ("audio", SSE), "audio") == SSE,
        )


def _text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is None or isinstance(value, str):
        return value
    raise RequestError("invalid_value", f"{name}: a text", name)


def _one_of(
    data: dict[str, Any], name: str, choices: Sequence[str], default: str
) -> str:
    value = _text(data, name) or default
    if value not in choices:
        known = ", ".join(choices)
        raise RequestError("invalid_value", f"{name}: one of {known}", name)
    return value


def _language(data: dict[str, Any], text: str, spoken: Sequence[str]) -> str:
    """By ``language``, which is ours; by a voice of ours; by the text."""
    voice = data.get("voice")
    name = voice.get("id") if isinstance(voice, dict) else voice
    if name is not None and not isinstance(name, str):
        raise RequestError("invalid_value", "voice: a name", "voice")
    wish = _text(data, "language")
    if wish is not None and language_of_voice(None, wish) not in spoken:
        known = ", ".join(spoken)
        raise RequestError("unknown_language", f"language: one of {known}", "language")
    chosen = language_of_voice(None, wish) or language_of_voice(name)
    return chosen_language(text, chosen, spoken=spoken, recent=None)


class Speeches:
    """Answers the requests.

    Args:
        services: for the synthesiser.
        spoken: languages with a voice.
        config: limits.
    """

    def __init__(
        self, services: Services, spoken: Sequence[str], config: RestConfig
    ) -> None:
        self._services = services
        self._spoken = spoken
        self._config = config

    async def create(self, request: Request) -> Response:
        """Speak the text of a request.

        Raises:
            ClientError: the request cannot be obeyed.
            StageError: there is no first sound.
        """
        body = await read_body(
            request, max_bytes=MAX_BODY, timeout_s=self._config.request_timeout_s
        )
        wish = _Wish.of(body, self._spoken)
        pieces = read_aloud(self._services.stages, wish.text, wish.language, rate=RATE)
        # Its faults are to be told with a status, which is sent with the first piece.
        first = await anext(pieces, Pcm.silence(Millis(0), RATE))
        encoded = _encoded(encoder(wish.format), first, pieces)
        if wish.events:
            return StreamingResponse(_events(encoded), media_type="text/event-stream")
        return StreamingResponse(encoded, media_type=FORMATS[wish.format].media_type)


async def _encoded(
    encoding: Encoder, first: Pcm, rest: AsyncIterator[Pcm]
) -> AsyncIterator[bytes]:
    """The bytes of the file. Codecs run beside the loop, on which others talk."""
    yield await asyncio.to_thread(encoding.feed, first)
    async for pcm in rest:
        if data := await asyncio.to_thread(encoding.feed, pcm):
            yield data
    yield await asyncio.to_thread(encoding.finish)


async def _events(encoded: AsyncIterator[bytes]) -> AsyncIterator[str]:
    async for data in encoded:
        if data:
            audio = base64.b64encode(data).decode()
            yield _event({"type": "speech.audio.delta", "audio": audio})
    usage = {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}
    yield _event({"type": "speech.audio.done", "usage": usage})


def _event(content: dict[str, Any]) -> str:
    return f"data: {json.dumps(content)}\n\n"
