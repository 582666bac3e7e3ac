"""The microphone and the loudspeaker of this machine, for `parley talk`.

The package sounddevice brings PortAudio on Windows and macOS; Linux has it as
``libportaudio2``. Nothing but this module imports it, and only when it is asked for.
"""

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from math import log10
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

__all__ = ["SoundDevice", "converse", "meter", "sound_devices"]

BACKLOG = 50
"""Frames of the microphone that may wait to be sent: one second."""

QUIETEST = -60.0
"""Decibels of full scale, where the level meter begins."""

METER_WIDTH = 30
"""Characters."""

METER_EVERY = 5
"""Frames."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SoundDevice:
    """A microphone, a loudspeaker, or both, as the operating system names it."""

    number: int
    name: str
    inputs: int
    """Channels that it records; 0: it is no microphone."""
    outputs: int
    """Channels that it plays; 0: it is no loudspeaker."""
    default: str
    """What it is taken for if nobody chooses: ``input``, ``output``, ``both`` or
    empty."""


def sound_devices() -> list[SoundDevice]:
    """What this machine has.

    Raises:
        ConfigError: the library is missing, or cannot ask.
    """
    audio = _library()
    try:
        found, default = audio.query_devices(), tuple(audio.default.device)
    except audio.PortAudioError as error:
        raise ConfigError(f"PortAudio cannot list the devices ({error})") from error
    return [
        SoundDevice(
            number=number,
            name=str(device["name"]),
            inputs=int(device["max_input_channels"]),
            outputs=int(device["max_output_channels"]),
            default=_default(number, default),
        )
        for number, device in enumerate(found)
    ]


def _default(number: int, default: tuple[Any, ...]) -> str:
    match tuple(chosen == number for chosen in default):
        case (True, True):
            return "both"
        case (True, False):
            return "input"
        case (False, True):
            return "output"
        case _:
            return ""


def meter(samples: bytes) -> str:
    """How loud the microphone is, as a bar; ``!`` at its end if it is overdriven.

    Args:
        samples: PCM of 16 bit.
    """
    heard = Pcm.of_bytes(samples, 1).to_floats()
    peak = float(np.abs(heard).max(initial=0.0))
    level = 20 * log10(max(peak, 10 ** (QUIETEST / 20)))
    filled = round(METER_WIDTH * (1 - level / QUIETEST))
    bar = ("#" * filled).ljust(METER_WIDTH)
    return f"[{bar}]{'!' if peak > 0.99 else ' '}{level:4.0f} dB"


async def converse(
    client: Client,
    *,
    microphone: str | None = None,
    loudspeaker: str | None = None,
    show: Callable[[str], None] | None = None,
) -> None:
    """Talk until interrupted.

    Args:
        client: to talk with.
        microphone: number, or part of the name, of a device; None: the default one.
        loudspeaker: likewise.
        show: takes the level meter, ten times a second; None: nobody wants it.

    Raises:
        ConfigError: there is no such device, or the library for it is missing.
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
        recording = audio.RawInputStream(
            device=_device(microphone),
            samplerate=client.rate,
            channels=1,
            dtype="int16",
            blocksize=FRAME * client.rate // 1000,
            callback=record,
        )
        playing = audio.RawOutputStream(
            device=_device(loudspeaker),
            samplerate=client.output_rate,
            channels=1,
            dtype="int16",
            blocksize=FRAME * client.output_rate // 1000,
            callback=player.fill,
        )
    except (audio.PortAudioError, ValueError) as error:
        raise ConfigError(
            f"no microphone or loudspeaker can be opened ({error}); see"
            " parley talk --list-devices, or give recordings: parley talk FILE..."
        ) from error
    print(f"{client.greeting.disclosure}\nSpeak now; Ctrl-C ends it.", file=sys.stderr)
    with recording, playing:
        await _carry(client, frames, player, show)


async def _carry(
    client: Client,
    frames: "asyncio.Queue[bytes]",
    player: "_Player",
    show: Callable[[str], None] | None,
) -> None:
    """From the microphone to the server, until that is gone."""
    recent: list[bytes] = []
    while True:
        recent.append(await frames.get())
        await client.send_audio(recent[-1])
        await player.report()
        if len(recent) == METER_EVERY:
            if show is not None:
                show(meter(b"".join(recent)))
            recent.clear()


def _device(chosen: str | None) -> int | str | None:
    """As PortAudio takes it: a number, or part of a name."""
    return int(chosen) if chosen is not None and chosen.isdecimal() else chosen


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
