"""Accepts connections: admission, health, metrics, sessions, and a graceful end."""

import asyncio
import http
import json
import logging
import secrets
import time
from collections.abc import Mapping

from websockets.asyncio.server import Server as Listening
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response

from streaming.config import Config
from streaming.inference import WorkerStages
from streaming.messages import (
    ErrorMessage,
    GoingAway,
    ServerMessage,
    SessionCreated,
)
from streaming.protocols.native import PROTOCOL, parse_client, serialize
from streaming.services import Services
from streaming.session import Session
from voice import languages as known
from voice.audio import Pcm
from voice.errors import ClientError, ConfigError
from voice.turns import Floor

__all__ = ["PATH", "Server"]

log = logging.getLogger(__name__)

PATH = "/v1/stream"

OUTGOING = 512
"""Messages and pieces of audio that may wait for a client that reads slowly."""

AHEAD = 10.0
"""Seconds of audio that a client may send ahead of life before it is slowed down."""

MISTAKES = 20
"""Bad messages in a session before it is closed: the client is not going to learn."""


class CloseCode:
    """Why the server closes; 4xxx are ours."""

    GOING_AWAY = 1001
    INTERNAL_ERROR = 1011
    TRY_AGAIN_LATER = 1013
    BAD_EVENTS = 4400
    IDLE = 4408
    SLOW_READER = 4410


class _Client:
    """One connection: a session's listener, and the loop that feeds the session."""

    def __init__(self, connection: ServerConnection, config: Config) -> None:
        self._connection = connection
        self._config = config
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue(OUTGOING)
        self._end = asyncio.get_running_loop().create_future()
        self._mistakes = 0
        self._began = time.monotonic()
        self._samples_s = 0.0

    # A session's `Listener`.

    def send(self, message: ServerMessage) -> None:
        self._put(serialize(message))

    def send_audio(self, pcm: Pcm) -> None:
        self._put(pcm.to_bytes())

    def fail(self, error: BaseException) -> None:
        log.error("a bug in a session", exc_info=error)
        self.end(CloseCode.INTERNAL_ERROR, "internal error")

    def end(self, code: int, reason: str) -> None:
        """Close the connection; the first reason counts."""
        if not self._end.done():
            self._end.set_result((code, reason))

    async def run(self, session: Session) -> None:
        """Talk until either side has had enough."""
        tasks = [
            asyncio.create_task(self._read(session)),
            asyncio.create_task(self._write()),
        ]
        try:
            done, _ = await asyncio.wait(
                [*tasks, self._end], return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = None if task is self._end else task.exception()
                if error is not None:
                    self.fail(error)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if self._end.done():
            await self._connection.close(*self._end.result())

    def _put(self, frame: str | bytes) -> None:
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(CloseCode.SLOW_READER, "the client reads too slowly")

    async def _write(self) -> None:
        while True:
            frame = await self._outgoing.get()
            try:
                async with asyncio.timeout(self._config.server.send_timeout_s):
                    await self._connection.send(frame)
            except TimeoutError:
                self.end(CloseCode.SLOW_READER, "the client does not read")
                return
            except ConnectionClosed:
                return

    async def _read(self, session: Session) -> None:
        while True:
            try:
                async with asyncio.timeout(self._config.server.idle_timeout_s):
                    frame = await self._connection.recv()
            except TimeoutError:
                self.end(CloseCode.IDLE, "nothing was received for too long")
                return
            except ConnectionClosed:
                return
            try:
                self._take(frame, session)
            except ClientError as error:
                self._object(error)
            await self._slow_down(session)

    def _take(self, frame: str | bytes, session: Session) -> None:
        if isinstance(frame, str):
            session.receive(parse_client(frame))
        else:
            session.hear(frame)

    def _object(self, error: ClientError) -> None:
        self.send(ErrorMessage(code=error.code, message=str(error)))
        self._mistakes += 1
        if self._mistakes >= MISTAKES:
            self.end(CloseCode.BAD_EVENTS, "too many bad messages")

    async def _slow_down(self, session: Session) -> None:
        """Read no faster than life: what is not read fills the sender's buffers."""
        ahead = session.now / 1000 - (time.monotonic() - self._began)
        if ahead > AHEAD:
            await asyncio.sleep(ahead - AHEAD)
        elif ahead < 0:
            # A pause of the sender is no credit for a later flood.
            self._began -= ahead


class Server:
    """Sessions for all who connect.

    Args:
        config: everything that can be set.
        services: what sessions share.
        stages: the worker processes, for health and metrics.
    """

    def __init__(
        self, config: Config, services: Services, stages: WorkerStages
    ) -> None:
        self.config = config
        self._services = services
        self._stages = stages
        self._sessions: dict[Session, _Client] = {}
        self._draining = False
        self._listening: Listening | None = None

    @property
    def port(self) -> int:
        """The port that it listens on, chosen by the system if 0 was asked for."""
        assert self._listening is not None
        return int(next(iter(self._listening.sockets)).getsockname()[1])

    @property
    def url(self) -> str:
        """Where clients connect."""
        host = self.config.server.host
        shown = f"[{host}]" if ":" in host else host
        return f"ws://{shown}:{self.port}{PATH}"

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that are served."""
        return self._services.languages

    async def start(self) -> None:
        """Listen.

        Raises:
            ConfigError: the address is taken or does not exist.
        """
        server = self.config.server
        try:
            self._listening = await serve(
                self._converse,
                server.host,
                server.port,
                process_request=self._answer_http,
                open_timeout=server.handshake_timeout_s,
                max_size=server.max_message_bytes,
                max_queue=16,
                # Speech does not compress, and a bomb cannot be packed.
                compression=None,
                ping_interval=20,
                ping_timeout=20,
                close_timeout=2,
                server_header=None,
            )
        except OSError as error:
            raise ConfigError(
                f"server.port: cannot listen on {server.host}:{server.port}"
                f" ({error.strerror}); stop what listens there, or choose another"
                " port with --port (0 takes any free one)"
            ) from error

    async def drain(self) -> None:
        """Take no more sessions; let running turns end, up to the deadline; close."""
        assert self._listening is not None
        self._draining = True
        timeout = self.config.server.drain_timeout_s
        for client in self._sessions.values():
            client.send(GoingAway(deadline_ms=round(timeout * 1000)))
        try:
            async with asyncio.timeout(timeout):
                # The floor is no event to wait for; this happens once in a life.
                while any(  # noqa: ASYNC110
                    s.floor is not Floor.OPEN for s in self._sessions
                ):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("%d sessions were cut off", len(self._sessions))
        for client in self._sessions.values():
            client.end(CloseCode.GOING_AWAY, "the server stops")
        self._listening.close()
        await self._listening.wait_closed()

    async def _converse(self, connection: ServerConnection) -> None:
        client = _Client(connection, self.config)
        name = secrets.token_hex(4)
        async with Session(self._services, client, name=name) as session:
            self._sessions[session] = client
            try:
                client.send(self._greeting(session))
                await client.run(session)
            finally:
                del self._sessions[session]

    def _greeting(self, session: Session) -> SessionCreated:
        settings = session.settings
        return SessionCreated(
            session_id=session.name,
            protocol=PROTOCOL,
            languages=settings.languages,
            input_rate=settings.input_rate,
            output_rate=settings.output_rate,
            disclosure=known.get(settings.languages[0]).disclosure,
        )

    # --- HTTP on the same port ------------------------------------------------

    def _answer_http(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        match request.path.partition("?")[0]:
            case "/v1/stream":
                return self._admit(request)
            case "/healthz":
                return _response(http.HTTPStatus.OK, {"status": "alive"})
            case "/readyz":
                return self._readiness()
            case "/metrics":
                return self._metrics()
            case _:
                paths = [PATH, "/healthz", "/readyz", "/metrics"]
                return _response(http.HTTPStatus.NOT_FOUND, {"paths": paths})

    def _admit(self, request: Request) -> Response | None:
        """None lets the handshake go on."""
        if "websocket" not in request.headers.get("Upgrade", "").lower():
            hint = {"error": f"{PATH} is a websocket", "docs": "docs/protocol.md"}
            return _response(http.HTTPStatus.UPGRADE_REQUIRED, hint)
        reason = ""
        if self._draining:
            reason = "draining"
        elif len(self._sessions) >= self.config.server.max_sessions:
            reason = "full"
        if not reason:
            return None
        self._services.telemetry.refused(reason)
        return _response(http.HTTPStatus.SERVICE_UNAVAILABLE, {"error": reason}, 5)

    @property
    def _ready(self) -> bool:
        return self._stages.ready and not self._draining

    def _readiness(self) -> Response:
        state = {pool.stage.value: pool.ready for pool in self._stages.pools}
        body = {"ready": self._ready, "draining": self._draining, **state}
        status = (
            http.HTTPStatus.OK if self._ready else http.HTTPStatus.SERVICE_UNAVAILABLE
        )
        return _response(status, body)

    def _metrics(self) -> Response:
        waiting = {pool.stage.value: pool.waiting for pool in self._stages.pools}
        page = self._services.telemetry.page(ready=self._ready, waiting=waiting)
        return _http(http.HTTPStatus.OK, "text/plain; version=0.0.4", page)


def _response(
    status: http.HTTPStatus, body: Mapping[str, object], retry_after: int | None = None
) -> Response:
    content = json.dumps(body).encode() + b"\n"
    return _http(status, "application/json", content, retry_after)


def _http(
    status: http.HTTPStatus, kind: str, body: bytes, retry_after: int | None = None
) -> Response:
    headers = Headers(
        [
            ("Content-Type", f"{kind}; charset=utf-8"),
            ("Content-Length", str(len(body))),
            ("Cache-Control", "no-store"),
            ("Connection", "close"),
        ]
    )
    if retry_after is not None:
        headers["Retry-After"] = str(retry_after)
    return Response(status.value, status.phrase, headers, body)
