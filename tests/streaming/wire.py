"""A real server on a real port, with stages that cost no time, and a blunt client."""

import asyncio
import contextlib
import json
import socket
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from streaming.config import Config, ServerConfig, TwilioConfig
from streaming.household import Household
from streaming.inference import InlineStages
from streaming.server import Server
from streaming.services import Services
from streaming.telemetry import Telemetry
from voice.audio import Pcm
from voice.errors import Stage
from voice.events import Millis
from voice.home_files import demo_home
from voice.testing import (
    EchoResponder,
    LoudnessActivity,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)

QUICK = ServerConfig(
    port=0,
    handshake_timeout_s=0.5,
    idle_timeout_s=30,
    send_timeout_s=0.5,
    drain_timeout_s=5,
)

PATIENCE = 5.0
"""Seconds; what takes longer does not come."""

UPGRADE = (
    "GET /v1/stream HTTP/1.1\r\nHost: parley\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)
"""What a client asks that is no browser."""

SILENCE = Pcm.silence(Millis(1500), 16_000).to_bytes()
"""Ends any utterance."""


@dataclass
class ToyPool:
    """Implements `streaming.server.StagePool`."""

    stage: Stage
    ready: bool = True
    waiting: int = 0


@dataclass
class Served:
    """The server with what a test may want to turn."""

    server: Server
    services: Services
    pools: list[ToyPool]

    @property
    def url(self):
        return self.server.url

    @property
    def port(self):
        return self.server.port


@contextlib.asynccontextmanager
async def serving(*, stages=None, twilio=None, **settings):
    """A server; `settings` are those of `ServerConfig`. Afterwards it is drained."""
    household = Household(demo_home().initial_state(), lambda: datetime.now(UTC))
    services = Services(
        stages=stages
        or InlineStages(SpellingRecognizer(), EchoResponder(), ToneSynthesizer()),
        household=household,
        languages=("en", "de"),
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
    )
    pools = [ToyPool(stage) for stage in Stage]
    config = Config(server=replace(QUICK, **settings), twilio=twilio or TwilioConfig())
    server = Server(config, services, pools)
    await server.start()
    try:
        yield Served(server, services, pools)
    finally:
        await server.drain()
        household.close()


@dataclass
class Peer:
    """Reads what comes and lets a test wait for it."""

    socket: object
    messages: list[dict] = field(default_factory=list)
    audio: bytearray = field(default_factory=bytearray)

    async def say(self, text, language="en", *, rate=16_000):
        """Somebody speaks, faster than life, and falls silent."""
        await self.play(spoken(text, language, rate=rate))
        await self.play(Pcm.silence(Millis(1500), rate))

    async def play(self, pcm):
        """In pieces of 100 ms."""
        data, step = pcm.to_bytes(), pcm.rate // 5
        for start in range(0, len(data), step):
            await self.socket.send(data[start : start + step])

    async def tell(self, type_, **values):
        await self.socket.send(json.dumps({"type": type_, **values}))

    async def until(self, type_, **values):
        """The next message of that type in which those values stand."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.next()
                if message["type"] == type_ and values.items() <= message.items():
                    return message

    async def next(self):
        while isinstance(frame := await self.socket.recv(), bytes):
            self.audio += frame
        self.messages.append(json.loads(frame))
        return self.messages[-1]

    async def answer(self):
        """The words of the next reply, once it has been played to the end."""
        reply = await self.until("response.output_audio_transcript.done")
        await self.until("response.done", status="completed")
        return reply["transcript"]

    async def closed(self):
        """The code with which the server closes, after all that it still says."""
        with contextlib.suppress(ConnectionClosed):
            async with asyncio.timeout(PATIENCE):
                while True:
                    await self.next()
        return self.socket.close_code


@contextlib.asynccontextmanager
async def talking(served, **options):
    """A session that was greeted."""
    async with connect(served.url, compression=None, **options) as websocket:
        peer = Peer(websocket)
        assert (await peer.next())["type"] == "session.created"
        yield peer


async def upgraded(served, *, receive_buffer=None):
    """A session on a bare socket, for those who break the rules of websockets."""
    bare = socket.socket()
    bare.setblocking(False)
    if receive_buffer:
        bare.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    await asyncio.get_running_loop().sock_connect(bare, ("127.0.0.1", served.port))
    reader, writer = await asyncio.open_connection(sock=bare, limit=4096)
    writer.write(UPGRADE.encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 101 "), head
    return reader, writer


def masked(opcode, payload):
    """A frame of a client; its mask is zero, so that the payload stays readable."""
    size = len(payload)
    length = (
        bytes([0x80 | size])
        if size < 126
        else bytes([0x80 | 126]) + size.to_bytes(2, "big")
    )
    return bytes([0x80 | opcode]) + length + bytes(4) + payload


async def get(served, path, *lines):
    """Status, headers and body of a plain HTTP request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    head = "\r\n".join([f"GET {path} HTTP/1.1", "Host: parley", *lines, "", ""])
    writer.write(head.encode())
    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()
    writer.close()
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *rest = head.decode().split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in rest)
    return int(first.split()[1]), headers, body


async def close_code(reader):
    """What the server says last, on a bare socket."""
    async with asyncio.timeout(5):
        received = await reader.read(-1)
    at = received.rindex(b"\x88")
    return int.from_bytes(received[at + 2 : at + 4], "big")
