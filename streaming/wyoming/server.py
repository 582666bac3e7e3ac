"""Accepts Wyoming clients: admission, the announcement, and a graceful end."""

import asyncio
import contextlib
import logging
import secrets
from typing import Self

from streaming.addresses import Address, cannot_listen
from streaming.config import WyomingConfig
from streaming.protocols.wyoming import failure
from streaming.protocols.wyoming_frames import encode
from streaming.reading_aloud import spoken_languages
from streaming.services import Services
from streaming.wyoming.announcement import announced
from streaming.wyoming.connection import Recent, WyomingConnection
from streaming.wyoming.info import program_info

__all__ = ["WyomingServer"]

log = logging.getLogger(__name__)

READ_LIMIT = 131_072
"""Bytes that are read ahead of a connection that is busy: the sender then waits."""


class WyomingServer:
    """Requests of all who connect.

    Use as an asynchronous context manager; leaving it drains it.

    Args:
        config: where to listen, and how to converse.
        services: shared with the sessions.
        drain_timeout_s: how long running requests may take to end.
    """

    def __init__(
        self, config: WyomingConfig, services: Services, *, drain_timeout_s: float
    ) -> None:
        self.address = Address.of(config.listen)
        """Where it listens; once it does, with the true port."""
        self._config = config
        self._services = services
        self._drain_timeout = drain_timeout_s
        self._recent = Recent()
        self._spoken = spoken_languages(services.languages)
        self._info = encode(
            program_info(
                heard=services.languages,
                answered=services.languages,
                spoken=self._spoken,
                needs_client_vad=config.client_vad == "backup",
                intents=config.conversation == "intent",
            )
        )
        self._connections: dict[asyncio.Task[None], WyomingConnection] = {}
        self._open = contextlib.AsyncExitStack()

    @property
    def connections(self) -> int:
        """Clients that are there."""
        return len(self._connections)

    async def __aenter__(self) -> Self:
        """Listen.

        Raises:
            ConfigError: the address is taken, or the announcement cannot be made.
        """
        async with contextlib.AsyncExitStack() as stack:
            try:
                listening = await asyncio.start_server(
                    self._accept,
                    self.address.host,
                    self.address.port,
                    limit=READ_LIMIT,
                )
            except OSError as error:
                raise cannot_listen("wyoming.listen", self.address, error) from error
            stack.push_async_callback(self._drain, listening)
            port = int(listening.sockets[0].getsockname()[1])
            self.address = Address(self.address.host, port)
            if self._config.announce:
                await stack.enter_async_context(
                    announced(self._config.announce, self.address)
                )
            self._open = stack.pop_all()
        log.info("wyoming listens on tcp://%s", self.address)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def _accept(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        task = asyncio.current_task()
        assert task is not None
        name = f"wyoming {secrets.token_hex(4)}"
        try:
            if len(self._connections) >= self._config.max_connections:
                self._services.telemetry.refused("full")
                writer.write(encode(failure("full")))
                return
            connection = WyomingConnection(
                reader,
                writer,
                services=self._services,
                config=self._config,
                info=self._info,
                spoken=self._spoken,
                recent=self._recent,
                name=name,
            )
            self._connections[task] = connection
            await connection.run()
        except asyncio.CancelledError:
            log.info("%s was cut off", name)
        except Exception:
            # A bug in one request must not be hidden, nor end the others.
            log.exception("a bug in %s", name)
        finally:
            self._connections.pop(task, None)
            writer.close()

    async def _drain(self, listening: asyncio.Server) -> None:
        """Take no more clients; let running requests end, up to the deadline."""
        listening.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._drain_timeout):
                # A request is no event to wait for; this happens once in a life.
                while any(c.busy for c in self._connections.values()):  # noqa: ASYNC110
                    await asyncio.sleep(0.05)
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
