"""Accepts connections: admission, health, metrics, sessions, and a graceful end."""

import asyncio
import http
import logging
import secrets
import socket
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, TypeAlias
from urllib.parse import parse_qs, urlsplit

from websockets.asyncio.server import Server as Listening
from websockets.asyncio.server import ServerConnection, serve
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol

from streaming.admission import Admission
from streaming.config import Config, ServerConfig
from streaming.connection import GOODBYE, CloseCode, Connection
from streaming.doors.native import NativeDoor
from streaming.doors.realtime import RealtimeDoor
from streaming.doors.twilio import TwilioDoor
from streaming.doors.xiaozhi import XiaozhiDoor
from streaming.http_responses import json_response, response
from streaming.messages import GoingAway
from streaming.page import Page
from streaming.protocols import twilio
from streaming.protocols.realtime.fields import MAX_FRAME
from streaming.services import Services
from streaming.tool_settings import read_token
from voice.errors import ConfigError, Stage
from voice.turns import Floor

__all__ = ["PATH", "Server", "check_address"]

log = logging.getLogger(__name__)

PATH = "/v1/stream"

DOORS = {PATH: "docs/protocol.md", "/v1/realtime": "docs/realtime.md"}
"""The websockets, and what explains them."""

DIALECTS = {
    "twilio": {"/v1/twilio": "docs/devices.md"},
    "xiaozhi": {"/v1/xiaozhi": "docs/devices.md"},
}
"""Those that are open only if the configuration names them."""

SUBPROTOCOL = "realtime"
"""What browsers offer beside their key, and the only one that is ever answered."""

WIRE_LOG = logging.getLogger("streaming.wire")
"""For the websocket library. Its debug lines hold what people say, so that not even
the most talkative log may have them; and each health check is an info line."""
WIRE_LOG.setLevel(logging.WARNING)


async def check_address(config: ServerConfig) -> None:
    """Find out whether the server could listen, before models are loaded for it.

    Raises:
        ConfigError: the address is taken or does not exist.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            config.host,
            config.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
        family, kind, _, _, address = found[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise _cannot_listen(config, error) from error


def _cannot_listen(config: ServerConfig, error: OSError) -> ConfigError:
    return ConfigError(
        f"server.port: cannot listen on {config.host}:{config.port}"
        f" ({error.strerror}); stop what listens there, or choose another"
        " port with --port (0 takes any free one)"
    )


Door: TypeAlias = NativeDoor | RealtimeDoor | TwilioDoor | XiaozhiDoor


class StagePool(Protocol):
    """The workers of one stage, as health and metrics see them."""

    @property
    def stage(self) -> Stage:
        """Which stage."""
        ...

    @property
    def ready(self) -> bool:
        """Whether a worker is loaded and warm."""
        ...

    @property
    def waiting(self) -> int:
        """Calls that wait for a worker."""
        ...


class Server:
    """Sessions for all who connect.

    Args:
        config: everything that can be set.
        services: what sessions share.
        pools: the workers of each stage, for health and metrics.

    Raises:
        ConfigError: a file of secrets cannot be read, or holds none.
    """

    def __init__(
        self, config: Config, services: Services, pools: Sequence[StagePool]
    ) -> None:
        self.config = config
        self._services = services
        self._pools = pools
        self._doors: dict[Door, Connection] = {}
        self._paths = dict(DOORS)
        for name in config.server.dialects:
            self._paths |= DIALECTS[name]
        self._draining = False
        self._page = Page()
        self._admission = Admission(config.server, services.telemetry)
        file = config.twilio.auth_token_file
        self._twilio_token = (
            read_token(Path(file), "twilio.auth_token_file") if file else ""
        )
        self._listening: Listening | None = None
        self.port = config.server.port
        """The one that it listens on; until it does, 0 stands for any."""
        self.doors: dict[str, str] = {}
        """Where the doors beside this one are, by their section in the configuration."""

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
                select_subprotocol=_subprotocol,
                max_size=max(server.max_message_bytes, MAX_FRAME),
                max_queue=16,
                # Speech does not compress, and a bomb cannot be packed.
                compression=None,
                # Its own pings know nothing of clients that send ahead of life.
                ping_interval=None,
                close_timeout=GOODBYE,
                server_header=None,
                logger=WIRE_LOG,
            )
        except OSError as error:
            raise _cannot_listen(server, error) from error
        self.port = int(next(iter(self._listening.sockets)).getsockname()[1])

    async def drain(self) -> None:
        """Take no more sessions; let running turns end, up to the deadline; close."""
        assert self._listening is not None
        self._draining = True
        log.info("stopping; %d sessions are open", len(self._doors))
        timeout = self.config.server.drain_timeout_s
        for door in self._doors:
            door.send(GoingAway(deadline_ms=round(timeout * 1000)))
        try:
            async with asyncio.timeout(timeout):
                # The floor is no event to wait for; this happens once in a life.
                while any(  # noqa: ASYNC110
                    d.session.floor is not Floor.OPEN for d in self._doors
                ):
                    await asyncio.sleep(0.05)
        except TimeoutError:
            log.warning("%d sessions were cut off", len(self._doors))
        for connection in self._doors.values():
            connection.end(CloseCode.GOING_AWAY, "the server stops")
        # Each connection says its own goodbye, in a time that it is sure to keep.
        self._listening.close(close_connections=False)
        await self._listening.wait_closed()

    async def _converse(self, websocket: ServerConnection) -> None:
        connection = Connection(websocket, self.config.server, self._services.telemetry)
        name = secrets.token_hex(4)
        door = self._door(websocket, connection, name)
        log.info("%s session opened", name)
        async with door:
            self._doors[door] = connection
            try:
                door.greet()
                if self._draining:
                    # It was let in before, and the codec took its time.
                    connection.end(CloseCode.GOING_AWAY, "the server stops")
                await connection.run(door)
            finally:
                del self._doors[door]
                log.info("%s session closed: %s", name, connection.ending)
        # The session is over by now: who does not take the goodbye holds nothing.
        await connection.aclose()

    def _door(
        self, websocket: ServerConnection, connection: Connection, name: str
    ) -> Door:
        assert websocket.request is not None
        address = urlsplit(websocket.request.path)
        largest = self.config.server.max_message_bytes
        match address.path:
            case "/v1/stream":
                return NativeDoor(
                    connection, self._services, name=name, largest=largest
                )
            case "/v1/xiaozhi":
                return XiaozhiDoor(
                    connection, self._services, name=name, largest=largest
                )
            case "/v1/twilio":
                keys = self._admission.keys
                return TwilioDoor(connection, self._services, name=name, keys=keys)
            case _:
                intent = parse_qs(address.query).get("intent", [""])[-1]
                kind = "transcription" if intent == "transcription" else "realtime"
                return RealtimeDoor(connection, self._services, name=name, kind=kind)

    # --- HTTP on the same port ------------------------------------------------

    def _answer_http(
        self, connection: ServerConnection, request: Request
    ) -> Response | None:
        path = request.path.partition("?")[0]
        match path:
            case path if path in self._paths:
                return self._admission.refusal(
                    connection,
                    request,
                    page=self._paths[path],
                    obstacle=self._obstacle,
                    shows_key_later=path == "/v1/twilio",
                    is_signed=path != "/v1/twilio" or self._is_twilio(request),
                )
            case "/healthz":
                return json_response(http.HTTPStatus.OK, {"status": "alive"})
            case "/readyz":
                return self._readiness()
            case "/metrics":
                return self._metrics()
            case _:
                paths = ["/", *self._paths, "/healthz", "/readyz", "/metrics"]
                nothing = json_response(http.HTTPStatus.NOT_FOUND, {"paths": paths})
                return self._page.answer(path) or nothing

    def _is_twilio(self, request: Request) -> bool:
        """Whether Twilio asks, as far as the operator wants to know."""
        shown = request.headers.get_all("X-Twilio-Signature")
        token = self._twilio_token
        return not token or twilio.is_signed(self.config.twilio.url, token, shown)

    @property
    def _obstacle(self) -> str:
        """Why there can be no further session; empty if there can."""
        if self._draining:
            return "draining"
        if len(self._doors) >= self.config.server.max_sessions:
            return "full"
        return ""

    @property
    def _ready(self) -> bool:
        return all(pool.ready for pool in self._pools) and not self._draining

    def _readiness(self) -> Response:
        state = {pool.stage.value: pool.ready for pool in self._pools}
        body: dict[str, object] = {
            "ready": self._ready,
            "draining": self._draining,
            **state,
        }
        if self._services.assistant is not None:
            # Without them the rest goes on: a lost server of tools is told, no more.
            body["tools"] = self._services.assistant.toolbox.connected
        status = (
            http.HTTPStatus.OK if self._ready else http.HTTPStatus.SERVICE_UNAVAILABLE
        )
        return json_response(status, body)

    def _metrics(self) -> Response:
        waiting = {pool.stage.value: pool.waiting for pool in self._pools}
        page = self._services.telemetry.page(ready=self._ready, waiting=waiting)
        return response(http.HTTPStatus.OK, "text/plain; version=0.0.4", page, {})


def _subprotocol(
    _: ServerConnection, offered: Sequence[Subprotocol]
) -> Subprotocol | None:
    """The one to speak; who offers none, or none that we know, is let in without."""
    return Subprotocol(SUBPROTOCOL) if SUBPROTOCOL in offered else None
