"""One client for every server of the comparison.

It speaks a clip in frames of 20 ms in real time and goes on with the noise of a quiet
room, as a microphone does: a server that needs silence to decide gets it, and none is
measured without it. What it hears it plays at once; a sample is audible from 300.
"""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.paused_speech import PausedClip
from benchmarks.peers.parts import INPUT_RATE, OUTPUT_RATE
from streaming.messages import SessionUpdate
from streaming.playing import AUDIBLE
from streaming.protocols.native import serialize
from voice.audio import Pcm

__all__ = ["Answer", "ask"]

FRAME = 20
"""Milliseconds."""

SETTLING = 700
"""Milliseconds of the room before the clip: voice activity gets used to it."""

PATIENCE = 8.0
"""Seconds after the end of the speech; Smart Turn may wait for three."""

AFTERWARDS = 0.4
"""Seconds that the client stays once it was answered."""

ROOM = 6
"""Sample value of the noise of the room."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for one clip."""

    wait: float | None
    """Milliseconds from the true end of the speech to the first audible sample; None
    if there was none, or it was a cut-in."""
    cut_in: bool
    """A reply was heard before the user had finished."""


@dataclass(slots=True)
class _Player:
    """Plays what arrives, and notes when it could be heard."""

    onsets: list[float] = field(default_factory=list)
    """Seconds of the event loop's clock, of each piece with something audible."""
    _free: float = 0.0

    def play(self, data: bytes, now: float) -> None:
        """Queue a piece of a reply that arrived just now."""
        pcm = Pcm.of_bytes(data, OUTPUT_RATE)
        starts = max(now, self._free)
        self._free = starts + len(pcm) / OUTPUT_RATE
        loud = np.flatnonzero(np.abs(pcm.samples.astype(np.int32)) >= AUDIBLE)
        if len(loud):
            self.onsets.append(starts + int(loud[0]) / OUTPUT_RATE)


async def ask(url: str, clip: PausedClip) -> Answer:
    """Speak a clip to a server, and listen for the answer."""
    player = _Player()
    async with _session(url, clip.language, player) as connection:
        loop = asyncio.get_running_loop()
        frames = _frames(clip)
        begun = loop.time()
        end = begun + (SETTLING + clip.end) / 1000
        for number, frame in enumerate(frames):
            await asyncio.sleep(begun + (number + 1) * FRAME / 1000 - loop.time())
            await connection.send(frame)
            after = [onset for onset in player.onsets if onset >= end]
            if after and loop.time() > after[0] + AFTERWARDS:
                break
    cut_in = any(onset < end for onset in player.onsets)
    after = [onset for onset in player.onsets if onset >= end]
    wait = None if cut_in or not after else (after[0] - end) * 1000
    return Answer(wait, cut_in)


@contextlib.asynccontextmanager
async def _session(
    url: str, language: str, player: _Player
) -> AsyncIterator[ClientConnection]:
    """A connection in which `language` is spoken; Parley is told by a message."""
    own = url.endswith("/v1/stream")
    address = url if own else f"{url}?language={language}"
    async with connect(address, compression=None, max_size=2**22) as connection:
        if own:
            await connection.send(serialize(SessionUpdate(languages=(language,))))
            async with asyncio.timeout(PATIENCE):
                while not _is_updated(await connection.recv()):
                    pass
        hearing = asyncio.create_task(_hear(connection, player))
        try:
            yield connection
        finally:
            hearing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hearing


def _is_updated(message: str | bytes) -> bool:
    return isinstance(message, str) and json.loads(message)["type"] == "session.updated"


async def _hear(connection: ClientConnection, player: _Player) -> None:
    loop = asyncio.get_running_loop()
    async for message in connection:
        if isinstance(message, bytes):
            player.play(message, loop.time())


def _frames(clip: PausedClip) -> list[bytes]:
    """The room, the clip to its end, and the room until patience ends."""
    noise = np.random.default_rng(0)

    def room(millis: int) -> Pcm:
        count = millis * INPUT_RATE // 1000
        return Pcm(noise.integers(-ROOM, ROOM + 1, count).astype(np.int16), INPUT_RATE)

    assert clip.pcm.rate == INPUT_RATE
    missing = clip.end + round(PATIENCE * 1000) - clip.pcm.duration
    parts = [room(SETTLING), clip.pcm, room(max(0, missing))]
    data = Pcm.joined(parts, INPUT_RATE).to_bytes()
    size = FRAME * INPUT_RATE // 1000 * 2
    return [data[start : start + size] for start in range(0, len(data), size)]
