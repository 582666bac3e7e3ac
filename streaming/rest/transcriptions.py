"""`POST /v1/audio/transcriptions`: a recording into words."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, Self

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from streaming.config import RestConfig
from streaming.rest.captions import Segment, srt, text_of, usage, verbose, vtt
from streaming.rest.errors import RequestError
from streaming.rest.recordings import Clip, Length
from streaming.rest.uploads import Upload, read_upload
from streaming.services import Services
from streaming.workers import Priority
from voice.errors import ClientError, StageError
from voice.events import Millis
from voice.languages import for_client
from voice.stages import Transcript

__all__ = ["Recordings", "Transcriptions"]

FORMATS = ("json", "text", "srt", "verbose_json", "vtt")

GRANULARITIES = frozenset({"segment", "word"})

FULL = frozenset({"overloaded", "unavailable"})
"""Reasons of a stage that pass; a file can wait, and people who talk go first."""

PATIENCE = 0.25
"""Seconds between two tries."""

COMPLAINTS = {
    "unreadable_audio": "file: no recording that can be read; send WAV, FLAC, MP3,"
    " Ogg, WebM or M4A",
    "audio_too_long": "file: longer than {max_s} s; send it in parts",
}

SSE = "text/event-stream"


class Recordings(Protocol):
    """Decodes recordings and cuts them into utterances; see `streaming.rest.recordings`."""

    def stream(
        self, *arguments: object, priority: Priority, deadline: float
    ) -> AsyncGenerator[object, None]:
        """Takes the bytes of the file and the longest duration in seconds."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wish:
    """What the client asks for, checked."""

    languages: tuple[str, ...]
    format: str
    streamed: bool
    granularities: frozenset[str]

    @classmethod
    def of(cls, upload: Upload, served: Sequence[str]) -> Self:
        """Read the fields of a form.

        Raises:
            RequestError: one of them cannot be obeyed.
        """
        format_ = upload.value("response_format") or "json"
        if format_ not in FORMATS:
            known = ", ".join(FORMATS)
            raise RequestError(
                "invalid_value",
                f"response_format: one of {known}, not {format_[:40]!r}",
                "response_format",
            )
        return cls(
            languages=_languages(upload, served),
            format=format_,
            streamed=_flag(upload, "stream"),
            granularities=_granularities(upload),
        )


def _languages(upload: Upload, served: Sequence[str]) -> tuple[str, ...]:
    names = [
        name.strip()
        for field in ("language", "languages", "languages[]")
        for name in upload.fields.get(field, ())
        if name.strip()
    ]
    try:
        asked = (for_client(name, among=served) for name in names)
        return tuple(dict.fromkeys(asked)) or tuple(served)
    except ClientError as error:
        raise RequestError(error.code, f"language: {error}", "language") from error


def _flag(upload: Upload, name: str) -> bool:
    value = (upload.value(name) or "false").lower()
    if value not in ("true", "false", "1", "0"):
        raise RequestError("invalid_value", f"{name}: true or false", name)
    return value in ("true", "1")


def _granularities(upload: Upload) -> frozenset[str]:
    name = "timestamp_granularities[]"
    asked = frozenset(upload.fields.get(name, ())) or frozenset({"segment"})
    if not asked <= GRANULARITIES:
        raise RequestError("invalid_value", f"{name}: segment or word", name)
    return asked


class Transcriptions:
    """Answers the requests.

    Args:
        services: for the recogniser.
        recordings: decodes and cuts.
        config: limits.
    """

    def __init__(
        self, services: Services, recordings: Recordings, config: RestConfig
    ) -> None:
        self._services = services
        self._recordings = recordings
        self._config = config

    async def create(self, request: Request) -> Response:
        """Transcribe the file of a form.

        Raises:
            ClientError: the request cannot be obeyed.
            StageError: the recogniser failed.
        """
        upload = await read_upload(
            request,
            max_mb=self._config.max_upload_mb,
            timeout_s=self._config.request_timeout_s,
        )
        wish = _Wish.of(upload, self._services.languages)
        segments = self._segments(upload.data, wish.languages, request)
        length = await anext(segments)
        assert isinstance(length, Length)
        if wish.streamed:
            return StreamingResponse(_events(segments), media_type=SSE)
        found = [s async for s in segments if isinstance(s, Segment)]
        return _answer(found, length.ms, wish)

    async def _segments(
        self, data: bytes, languages: Sequence[str], request: Request
    ) -> AsyncGenerator[Length | Segment, None]:
        """The length of the recording, then what is said in it, piece by piece."""
        timeout_s = self._config.request_timeout_s
        stream = self._recordings.stream(
            data,
            self._config.max_audio_s,
            priority=Priority.SPECULATIVE,
            deadline=timeout_s,
        )
        try:
            async with asyncio.timeout(timeout_s), contextlib.aclosing(stream) as items:
                async for item in items:
                    if isinstance(item, Length):
                        yield item
                        continue
                    assert isinstance(item, Clip)
                    if await request.is_disconnected():
                        return
                    transcript = await self._transcribe(item, languages)
                    if transcript.text:
                        yield Segment(item, transcript)
        except TimeoutError as error:
            raise RequestError("timeout", f"not done within {timeout_s:g} s") from error
        except StageError as error:
            complaint = COMPLAINTS.get(error.reason)
            if complaint is None:
                raise
            message = complaint.format(max_s=self._config.max_audio_s)
            raise RequestError(error.reason, message, "file") from error

    async def _transcribe(self, clip: Clip, languages: Sequence[str]) -> Transcript:
        """One utterance; it waits its turn as long as the request may."""
        while True:
            try:
                return await self._services.stages.transcribe(
                    clip.pcm, languages, priority=Priority.SPECULATIVE
                )
            except StageError as error:
                if error.reason not in FULL:
                    raise
            await asyncio.sleep(PATIENCE)


def _answer(segments: Sequence[Segment], duration: Millis, wish: _Wish) -> Response:
    text = text_of(segments)
    match wish.format:
        case "text":
            return Response(text + "\n", media_type="text/plain")
        case "srt":
            return Response(srt(segments), media_type="application/x-subrip")
        case "vtt":
            return Response(vtt(segments), media_type="text/vtt")
        case "verbose_json":
            return JSONResponse(
                verbose(
                    segments,
                    duration=duration,
                    language=_language(segments, wish.languages),
                    granularities=wish.granularities,
                )
            )
        case _:
            return JSONResponse(
                {
                    "text": text,
                    "languages": _codes(segments),
                    "usage": usage(duration),
                }
            )


def _language(segments: Sequence[Segment], candidates: Sequence[str]) -> str:
    """That of the longest utterance."""
    if not segments:
        return candidates[0]
    longest = max(segments, key=lambda segment: len(segment.clip.pcm))
    return longest.transcript.language


def _codes(segments: Sequence[Segment]) -> list[dict[str, str]]:
    tags = dict.fromkeys(segment.transcript.language for segment in segments)
    return [{"code": tag} for tag in tags]


async def _events(
    segments: AsyncIterator[Length | Segment],
) -> AsyncIterator[str]:
    """The events of a streamed answer: each utterance as it is written."""
    found: list[Segment] = []
    try:
        async for segment in segments:
            assert isinstance(segment, Segment)
            delta = segment.transcript.text
            yield _event("transcript.text.delta", delta=f" {delta}" if found else delta)
            found.append(segment)
    except (ClientError, StageError) as error:
        # The status is sent: an event is all that is left to tell it with.
        code = error.code if isinstance(error, ClientError) else "recognition_failed"
        yield _event("error", error={"message": str(error), "code": code})
        return
    yield _event("transcript.text.done", text=text_of(found), languages=_codes(found))


def _event(type_: str, **values: Any) -> str:
    return f"data: {json.dumps({'type': type_, **values}, ensure_ascii=False)}\n\n"
