"""Listens for the REST calls, with uvicorn, on the loop that the sessions run on."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Generator
from functools import partial
from typing import Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from streaming.addresses import Address, cannot_listen
from streaming.config import RestConfig
from streaming.keys import Keys
from streaming.rest.app import app
from streaming.rest.recordings import load_recordings
from streaming.rest.transcriptions import Recordings
from streaming.services import Services
from streaming.workers import Pool
from voice.assembly import load_voice_activity
from voice.errors import Stage

__all__ = ["RestServer", "recordings_pool"]

log = logging.getLogger(__name__)

RECORDERS = 2
"""Processes that decode, so that a short recording need not wait for a long one."""

HEADERS_WITHIN = 10.0
"""Seconds for the head of the first request of a connection; uvicorn knows no limit."""


def recordings_pool(services: Services) -> Pool:
    """The processes that decode uploads, not yet started."""
    load = partial(load_recordings, load_voice_activity, services.gate, services.turns)
    return Pool(Stage.RECOGNITION, load, size=RECORDERS, max_waiting=16)


class RestServer:
    """The calls, on an address of their own.

    Use as an asynchronous context manager; leaving it drains it.

    Args:
        config: where to listen, and the limits.
        services: shared with the sessions.
        recordings: decodes uploads; started, and closed by its owner.
        keys: of which a client must know one.
        origins: web pages that may ask.
        drain_timeout_s: how long running requests may take to end.
    """

    def __init__(
        self,
        config: RestConfig,
        services: Services,
        recordings: Recordings,
        *,
        keys: Keys,
        origins: tuple[str, ...],
        drain_timeout_s: float,
    ) -> None:
        self.address = Address.of(config.listen)
        """Where it listens; once it does, with the true port."""
        application = app(
            config,
            services,
            recordings,
            keys=keys,
            origins=origins,
        )
        self._server = _Quiet(
            uvicorn.Config(
                application,
                http=_Impatient,
                ws="none",
                lifespan="off",
                loop="none",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_keep_alive=20,
                timeout_graceful_shutdown=round(drain_timeout_s),
                # Connections, not requests: idle ones are cheap.
                limit_concurrency=8 * config.max_requests,
                h11_max_incomplete_event_size=16_384,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """What clients take as the base URL."""
        return f"http://{self.address}/v1"

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the address is taken or does not exist.
        """
        host, port = self.address.host, self.address.port
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            listener = socket.create_server((host, port), family=family, backlog=128)
        except OSError as error:
            raise cannot_listen("rest.listen", self.address, error) from error
        self.address = Address(host, int(listener.getsockname()[1]))
        self._serving = asyncio.create_task(self._server.serve([listener]))
        while not self._server.started and not self._serving.done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        log.info("rest listens on %s", self.url)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._serving is not None
        self._server.should_exit = True
        await self._serving


class _Quiet(uvicorn.Server):
    """Leaves the signals to `parley serve`."""

    @contextlib.contextmanager
    def capture_signals(self) -> Generator[None, None, None]:
        yield


class _Impatient(H11Protocol):
    """Hangs up on who connects and does not ask."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.loop.call_later(HEADERS_WITHIN, self._hang_up_unasked)

    def _hang_up_unasked(self) -> None:
        cycle: object = self.cycle
        if cycle is None and not self.transport.is_closing():
            self.transport.close()
