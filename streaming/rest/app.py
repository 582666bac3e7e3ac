"""The calls, who may make them, and how many at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from websockets.datastructures import Headers

from streaming.config import RestConfig
from streaming.keys import Keys, offered_keys
from streaming.reading_aloud import spoken_languages, voice_name
from streaming.rest.errors import RETRY_AFTER, RequestError, error_response, handlers
from streaming.rest.speech import Speeches
from streaming.rest.transcriptions import Recordings, Transcriptions
from streaming.services import Services
from streaming.telemetry import Telemetry
from voice.languages import LANGUAGES

__all__ = ["MODELS", "app"]

MODELS = ("parley-hears", "parley-speaks")
"""What `/v1/models` lists. Any other name is taken for the one that fits the call."""

OPEN = frozenset({"/healthz", "/v1/audio/models", "/v1/audio/voices"})
"""Without a key: Open WebUI asks for the names of voices and models without one."""

TAKEN_WITHIN = 30.0
"""Seconds in which a client must take what it is sent: it has one of a few places."""

CREATED = 1_763_683_200
"""Seconds since 1970; the models have no better date."""

Endpoint = Callable[[Request], Awaitable[Response]]


def app(
    config: RestConfig,
    services: Services,
    recordings: Recordings,
    *,
    keys: Keys,
    origins: Sequence[str],
) -> Starlette:
    """The application.

    Args:
        config: limits.
        services: shared with the sessions.
        recordings: decodes uploads.
        keys: of which a client must know one.
        origins: web pages that may ask.
    """
    spoken = spoken_languages(services.languages)
    transcriptions = Transcriptions(services, recordings, config)
    speeches = Speeches(services, spoken, config)
    voices = [
        {"id": voice_name(tag), "name": LANGUAGES[tag].native, "language": tag}
        for tag in spoken
    ]
    return Starlette(
        routes=[
            Route("/healthz", _constant({"status": "alive"})),
            Route("/v1/models", _constant({"object": "list", "data": _models()})),
            Route("/v1/models/{model:path}", _model),
            Route("/v1/audio/models", _constant({"models": _models()})),
            Route("/v1/audio/voices", _constant({"voices": voices})),
            Route("/v1/audio/transcriptions", transcriptions.create, methods=["POST"]),
            Route("/v1/audio/speech", speeches.create, methods=["POST"]),
        ],
        middleware=[
            Middleware(
                CORSMiddleware,
                allow_origins=list(origins),
                allow_methods=["GET", "POST"],
                allow_headers=["*"],
            ),
            Middleware(_Doorkeeper, config, services.telemetry, keys, origins),
        ],
        exception_handlers=handlers,
    )


def _models() -> list[dict[str, object]]:
    return [
        {"id": name, "object": "model", "created": CREATED, "owned_by": "parley"}
        for name in MODELS
    ]


def _constant(content: object) -> Endpoint:
    async def answer(_: Request) -> Response:
        return JSONResponse(content)

    return answer


async def _model(request: Request) -> Response:
    name = request.path_params["model"]
    for model in _models():
        if model["id"] == name:
            return JSONResponse(model)
    return error_response(
        404, "model_not_found", f"there is no model {name[:80]!r}", param="model"
    )


class _Doorkeeper:
    """Refuses pages that are not listed, requests without a key, and too many of them.

    Args:
        inner: the application.
        config: how many at a time.
        telemetry: counts who was refused.
        keys: of which a client must know one.
        origins: web pages that may ask.
    """

    def __init__(
        self,
        inner: ASGIApp,
        config: RestConfig,
        telemetry: Telemetry,
        keys: Keys,
        origins: Sequence[str],
    ) -> None:
        self._inner = inner
        self._most = config.max_requests
        self._telemetry = telemetry
        self._keys = keys
        self._origins = origins
        self._running = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See the ASGI specification."""
        if scope["type"] != "http":
            return
        request = Request(scope)
        refusal = self._refusal(request)
        if refusal is not None:
            self._telemetry.refused(refusal.code)
            status, headers = (
                (429, RETRY_AFTER)
                if refusal.code == "too_many_requests"
                else (401 if refusal.code == "invalid_api_key" else 403, None)
            )
            response = error_response(
                status, refusal.code, str(refusal), headers=headers
            )
            await response(scope, receive, send)
            return
        self._running += 1
        try:
            await self._inner(scope, receive, _in_time(send))
        except _NotTakenError:
            self._telemetry.failed("slow_reader")
        finally:
            self._running -= 1

    def _refusal(self, request: Request) -> RequestError | None:
        # A page of anybody's can send forms to any host that its visitor reaches.
        origin = request.headers.get("origin")
        if origin is not None and origin not in self._origins:
            return RequestError("origin", "list the page's origin in server.origins")
        if request.url.path in OPEN:
            return None
        if not self._keys.admit(offered_keys(Headers(request.headers.items()))):
            return RequestError(
                "invalid_api_key",
                "send Authorization: Bearer with a key of server.api_keys",
            )
        if self._running >= self._most:
            return RequestError(
                "too_many_requests", f"{self._most} requests run; try again"
            )
        return None


class _NotTakenError(Exception):
    """The client does not read."""


def _in_time(send: Send) -> Send:
    async def sent(message: Message) -> None:
        try:
            async with asyncio.timeout(TAKEN_WITHIN):
                await send(message)
        except TimeoutError as error:
            raise _NotTakenError from error

    return sent
