"""One websocket: a session's listener, and the loop that feeds the session.

Everything that waits here has a deadline, and everything that is kept has a limit:
a peer that floods, stalls or talks nonsense costs nobody else anything.
"""

import asyncio
import contextlib
import logging
import socket
import time
from enum import IntEnum

from websockets.asyncio.server import ServerConnection
from websockets.exceptions import ConnectionClosed

from streaming.config import ServerConfig
from streaming.messages import ErrorMessage, ServerMessage
from streaming.protocols.native import parse_client, serialize
from streaming.session import Session
from streaming.telemetry import Telemetry
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis

__all__ = ["CloseCode", "Connection"]

log = logging.getLogger(__name__)

OUTGOING = 512
"""Messages and pieces of audio that may wait for a client that reads slowly."""

KERNEL_BUFFER = 131_072
"""Bytes that the kernel keeps each way, over a second of audio at any rate. Left to
itself it keeps megabytes: a client that never reads would be noticed after minutes."""

AHEAD = 10.0
"""Seconds of audio that a client may send ahead of life before it is slowed down."""

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

    GOING_AWAY = 1001
    INVALID_TEXT = 1007
    TOO_BIG = 1009
    INTERNAL_ERROR = 1011
    BAD_EVENTS = 4400
    IDLE = 4408
    SLOW_READER = 4410


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
        wire = websocket.transport.get_extra_info("socket")
        for buffer in (socket.SO_SNDBUF, socket.SO_RCVBUF):
            wire.setsockopt(socket.SOL_SOCKET, buffer, KERNEL_BUFFER)

    # A session's `Listener`.

    def send(self, message: ServerMessage) -> None:
        """See `streaming.services.Listener`."""
        self._put(serialize(message))

    def send_audio(self, pcm: Pcm) -> None:
        """See `streaming.services.Listener`."""
        self._put(pcm.to_bytes())

    def fail(self, error: BaseException) -> None:
        """See `streaming.services.Listener`."""
        log.error("a bug in a session", exc_info=error)
        self.end(CloseCode.INTERNAL_ERROR, "internal error")

    # For the server.

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

    async def run(self, session: Session) -> None:
        """Talk until either side has had enough."""
        tasks = [
            asyncio.create_task(self._read(session)),
            asyncio.create_task(self._write()),
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

    def _put(self, frame: str | bytes) -> None:
        try:
            self._outgoing.put_nowait(frame)
        except asyncio.QueueFull:
            self.end(CloseCode.SLOW_READER, "the client reads too slowly")

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

    async def _read(self, session: Session) -> None:
        while True:
            try:
                async with asyncio.timeout(self._config.idle_timeout_s):
                    frame = await self._websocket.recv()
            except TimeoutError:
                self.end(CloseCode.IDLE, "nothing was received for too long")
                return
            except ConnectionClosed:
                return
            try:
                await self._take(frame, session)
            except ClientError as error:
                self._object(error)
            await self._slow_down(session)

    async def _take(self, frame: str | bytes, session: Session) -> None:
        if isinstance(frame, str):
            session.receive(parse_client(frame))
            return
        rate = session.settings.input_rate
        Pcm.of_bytes(frame, rate)  # refuses all of it, before any of it is heard
        step = 2 * (SLICE * rate // 1000)
        for start in range(0, len(frame), step):
            session.hear(frame[start : start + step])
            await asyncio.sleep(0)

    def _object(self, error: ClientError) -> None:
        self._telemetry.failed(error.code)
        # It may quote the peer, who may have written a book.
        message = str(error)[:MAX_COMPLAINT]
        self.send(ErrorMessage(code=error.code, message=message))
        self._mistakes += 1
        if self._mistakes >= MISTAKES:
            self.end(CloseCode.BAD_EVENTS, "too many bad messages")

    async def _slow_down(self, session: Session) -> None:
        """Read no faster than life: what is not read fills the sender's buffers."""
        ahead = session.now / 1000 - (time.monotonic() - self._began)
        if ahead < 0:
            # A pause of the sender is no credit for a later flood.
            self._began -= ahead
        # Even without a pause: a flood must not starve the other sessions.
        await asyncio.sleep(max(0.0, ahead - AHEAD))
