"""One websocket: the queue to the client, and the loop that feeds its door.

Everything that waits here has a deadline, and everything that is kept has a limit:
a peer that floods, stalls or talks nonsense costs nobody else anything.
"""

import asyncio
import contextlib
import logging
import socket
import time
from collections.abc import Iterator
from enum import IntEnum
from typing import Protocol

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from streaming.config import ServerConfig
from streaming.telemetry import Telemetry
from voice.errors import ClientError
from voice.events import Millis

__all__ = ["CloseCode", "Connection", "Door", "in_slices"]

log = logging.getLogger(__name__)

OUTGOING = 512
"""Messages and pieces of audio that may wait for a client that reads slowly."""

KERNEL_BUFFER = 131_072
"""Bytes that the kernel keeps each way, over a second of audio at any rate. Left to
itself it keeps megabytes: a client that never reads would be noticed after minutes."""

AHEAD = 10.0
"""Seconds of audio that a client may send ahead of life before it is slowed down."""

PING_EVERY = 20.0
"""Seconds between two pings, which keep the way open and show who vanished."""

PONG_WITHIN = 20.0
"""Seconds in which there must be an answer, or anything else of the client."""

SLICE = Millis(100)
"""Audio that is heard at a time, before the other sessions have their turn."""

MISTAKES = 20
"""Bad messages in a session before it is closed: the client is not going to learn."""

MAX_COMPLAINT = 300
"""Characters of an error message."""

GOODBYE = 2.0
"""Seconds in which a client may take what was sent, and the reason of the end."""


class CloseCode(IntEnum):
    """Why the server closes; 4xxx are ours, and docs/protocol.md explains them."""

    NORMAL = 1000
    GOING_AWAY = 1001
    INVALID_TEXT = 1007
    POLICY = 1008
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    BAD_EVENTS = 4400
    IDLE = 4408
    SLOW_READER = 4410


class Door(Protocol):
    """How one kind of client is spoken to."""

    @property
    def largest(self) -> int:
        """Bytes that a message of the client may have, or characters."""
        ...

    @property
    def now(self) -> Millis:
        """Audio received so far."""
        ...

    async def take(self, frame: str | bytes) -> None:
        """Obey a frame of the client.

        Raises:
            ClientError: it cannot be obeyed; everything stays as it was.
        """
        ...

    def refuse(self, error: ClientError, message: str) -> None:
        """Tell the client why a frame of it was not obeyed, in a `message` of ours."""
        ...


def in_slices(data: bytes, rate: int) -> Iterator[bytes]:
    """Audio of 16 bit in pieces, between which other sessions shall have their turn."""
    step = 2 * (SLICE * rate // 1000)
    for start in range(0, len(data), step):
        yield data[start : start + step]


class Connection:
    """One client.

    Args:
        websocket: open.
        config: deadlines.
        telemetry: counts what clients do wrong.
    """

    def __init__(
        self, websocket: ServerConnection, config: ServerConfig, telemetry: Telemetry
    ) -> None:
        self._websocket = websocket
        self._config = config
        self._telemetry = telemetry
        self._outgoing: asyncio.Queue[str | bytes] = asyncio.Queue(OUTGOING)
        self._end = asyncio.get_running_loop().create_future()
        self._mistakes = 0
        self._began = time.monotonic()
        self._silent_since = self._began
        """When the client was read last, or when it will be read again."""
        wire = websocket.transport.get_extra_info("socket")
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            wire.setsockopt(socket.SOL_SOCKET, buffer, KERNEL_BUFFER)

    def put(self, frame: str | bytes) -> None:
        """Send a frame, after those before it; who reads too slowly is cut off."""
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(CloseCode.SLOW_READER, "the client reads too slowly")

    def fail(self, error: BaseException) -> None:
        """There is a bug: it must not be hidden, and the session cannot go on."""
        log.error("a bug in a session", exc_info=error)
        self.end(CloseCode.INTERNAL_ERROR, "internal error")

    def end(self, code: CloseCode, reason: str) -> None:
        """Make `run` return, then close; the first reason counts."""
        if not self._end.done():
            self._end.set_result((code, reason))

    @property
    def ending(self) -> str:
        """Why it ended, for the log."""
        if not self._end.done():
            return "the client left"
        code, reason = self._end.result()
        return f"{code.value} {reason}"

    async def run(self, door: Door) -> None:
        """Talk until either side has had enough."""
        tasks = [
            asyncio.create_task(self._read(door)),
            asyncio.create_task(self._write()),
            asyncio.create_task(self._ping()),
        ]
        try:
            await asyncio.wait([*tasks, self._end], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            for result in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(result, Exception):
                    self.fail(result)

    async def aclose(self) -> None:
        """Say goodbye; the library hangs up on who has not listened by then."""
        with contextlib.suppress(TimeoutError, ConnectionClosed):
            async with asyncio.timeout(GOODBYE):
                ending = self._end.result() if self._end.done() else ()
                await self._websocket.close(*ending)

    async def _write(self) -> None:
        while True:
            frame = await self._outgoing.get()
            try:
                async with asyncio.timeout(self._config.send_timeout_s):
                    await self._websocket.send(frame)
            except TimeoutError:
                self.end(CloseCode.SLOW_READER, "the client does not read")
                return
            except ConnectionClosed:
                return

    async def _ping(self) -> None:
        while True:
            await asyncio.sleep(PING_EVERY)
            asked = time.monotonic()
            try:
                answer = await self._websocket.ping()
                async with asyncio.timeout(PONG_WITHIN):
                    await answer
            except TimeoutError:
                # The answer of who sends ahead of life stands behind minutes of audio.
                if self._silent_since < asked:
                    self.end(CloseCode.INTERNAL_ERROR, "no answer to a ping")
                    return
            except ConnectionClosed:
                return

    async def _read(self, door: Door) -> None:
        while True:
            try:
                async with asyncio.timeout(self._config.idle_timeout_s):
                    frame = await self._websocket.recv()
            except TimeoutError:
                self.end(CloseCode.IDLE, "nothing was received for too long")
                return
            except ConnectionClosed:
                return
            if len(frame) > door.largest:
                self.end(CloseCode.TOO_BIG, f"over {door.largest} bytes")
                return
            try:
                await door.take(frame)
            except ClientError as error:
                self._object(error, door)
            await self._slow_down(door)

    def _object(self, error: ClientError, door: Door) -> None:
        self._telemetry.failed(error.code)
        # It may quote the peer, who may have written a book.
        door.refuse(error, str(error)[:MAX_COMPLAINT])
        self._mistakes += 1
        if self._mistakes >= MISTAKES:
            self.end(CloseCode.BAD_EVENTS, "too many bad messages")

    async def _slow_down(self, door: Door) -> None:
        """Read no faster than life: what is not read fills the sender's buffers."""
        ahead = door.now / 1000 - (time.monotonic() - self._began)
        if ahead < 0:
            # A pause of the sender is no credit for a later flood.
            self._began -= ahead
        pause = max(0.0, ahead - AHEAD)
        self._silent_since = time.monotonic() + pause
        # Even without a pause: a flood must not starve the other sessions.
        await asyncio.sleep(pause)
