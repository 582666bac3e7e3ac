"""The microphone and the loudspeaker of this machine, for `parley talk`."""

import asyncio
import sys
import threading
from collections import deque
from typing import Any

import numpy as np

from streaming.client import FRAME, Client
from streaming.messages import (
    Ducked,
    Playback,
    ReplyText,
    ResponseCreated,
    ResponseDone,
    ServerMessage,
    TranscriptCompleted,
)
from voice.audio import Pcm
from voice.errors import ConfigError

__all__ = ["converse"]

BACKLOG = 50
"""Frames of the microphone that may wait to be sent: one second."""


async def converse(client: Client) -> None:
    """Talk until interrupted.

    Raises:
        ConfigError: there is no microphone, or the library for it is missing.
    """
    audio = _library()
    player = _Player(client)
    client.on_message = player.note
    client.on_audio = player.play
    loop = asyncio.get_running_loop()
    frames: asyncio.Queue[bytes] = asyncio.Queue(BACKLOG)

    def record(data: Any, _count: int, _time: Any, _status: Any) -> None:
        loop.call_soon_threadsafe(_put, frames, bytes(data))

    try:
        microphone = audio.RawInputStream(
            samplerate=client.rate,
            channels=1,
            dtype="int16",
            blocksize=FRAME * client.rate // 1000,
            callback=record,
        )
        loudspeaker = audio.RawOutputStream(
            samplerate=client.output_rate,
            channels=1,
            dtype="int16",
            blocksize=FRAME * client.output_rate // 1000,
            callback=player.fill,
        )
    except audio.PortAudioError as error:
        raise ConfigError(
            f"no microphone or loudspeaker can be opened ({error}); give recordings"
            " instead: parley talk FILE..."
        ) from error
    print(f"{client.greeting.disclosure}\nSpeak now; Ctrl-C ends it.", file=sys.stderr)
    with microphone, loudspeaker:
        while True:
            await client.send_audio(await frames.get())
            await player.report()


def _put(frames: "asyncio.Queue[bytes]", data: bytes) -> None:
    """The newest audio counts: the oldest is dropped if the network is stuck."""
    if frames.full():
        frames.get_nowait()
    frames.put_nowait(data)


def _library() -> Any:
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise ConfigError(
            f"--microphone needs the package sounddevice ({error}); install it with"
            " pip install 'parley-voice[microphone]' (on Debian also libportaudio2)"
        ) from error
    return sounddevice


class _Player:
    """What is still to be played; filled by the client, emptied by the sound card."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        """Held whenever the rest is looked at: the sound card has a thread."""
        self._waiting: deque[bytes] = deque()
        self._turn = 0
        self._played = 0
        self._told = 0

    def note(self, message: ServerMessage) -> None:
        match message:
            case ResponseCreated(turn=turn):
                with self._lock:
                    self._turn, self._played, self._told = turn, 0, 0
            case ResponseDone(status="cancelled"):
                with self._lock:
                    self._waiting.clear()
            case TranscriptCompleted(transcript=text, language=language):
                print(f"  heard      {text} ({language})")
            case ReplyText(transcript=text):
                print(f"  answered   {text}")
            case Ducked(ducked=held, position_ms=position):
                with self._lock:
                    if held:
                        self._waiting.clear()
                    else:
                        self._played = position * self._client.output_rate // 1000
                        self._told = position
            case _:
                pass

    def play(self, pcm: Pcm) -> None:
        with self._lock:
            self._waiting.append(pcm.to_bytes())

    def fill(self, out: Any, _count: int, _time: Any, _status: Any) -> None:
        """Called by the sound card's thread."""
        wanted = len(out)
        data = b""
        with self._lock:
            while self._waiting and len(data) < wanted:
                data += self._waiting.popleft()
            if len(data) > wanted:
                self._waiting.appendleft(data[wanted:])
            self._played += min(len(data), wanted) // np.dtype(np.int16).itemsize
        out[:] = data[:wanted].ljust(wanted, b"\0")

    async def report(self) -> None:
        with self._lock:
            turn = self._turn
            position = self._played * 1000 // self._client.output_rate
            if position - self._told < 200:
                return
            self._told = position
        await self._client.send(Playback(turn=turn, position_ms=position))
