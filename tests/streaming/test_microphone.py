"""The player behind the loudspeaker; the sound card itself is the library's."""

import sys
import threading
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from streaming.cli import main
from streaming.commands.microphone import _Player, converse, meter, sound_devices
from streaming.messages import Playback, ResponseCreated, ResponseDone
from voice.audio import Pcm
from voice.errors import ConfigError

RATE = 24_000


class Line:
    """A client that only notes what it is asked to send."""

    output_rate = RATE

    def __init__(self):
        self.sent = []

    async def send(self, message):
        self.sent.append(message)


def filled(player, samples):
    out = bytearray(2 * samples)
    player.fill(out, samples, None, None)
    return np.frombuffer(bytes(out), dtype="<i2")


@pytest.fixture
def line():
    return Line()


@pytest.fixture
def player(line):
    player = _Player(line)
    player.note(ResponseCreated(turn=3, language="en", rate=24_000))
    player.play(Pcm(np.arange(1, 1001, dtype=np.int16), RATE))
    return player


def test_audio_is_played_in_order_and_silence_follows(player):
    assert list(filled(player, 600)) == list(range(1, 601))
    assert list(filled(player, 600)) == [*range(601, 1001), *([0] * 200)]


async def test_what_was_played_is_reported_and_silence_does_not_count(player, line):
    player.play(Pcm(np.ones(RATE // 5, dtype=np.int16), RATE))
    filled(player, RATE)
    await player.report()
    await player.report()
    expected = (1000 + RATE // 5) * 1000 // RATE
    assert line.sent == [Playback(turn=3, position_ms=expected)]


def test_a_cancelled_reply_falls_silent_at_once(player):
    done = ResponseDone(turn=3, status="cancelled", heard_ms=0, heard_text="")
    player.note(done)
    assert not filled(player, 100).any()


async def test_without_the_library_the_fix_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    with pytest.raises(ConfigError, match=r"parley-voice\[microphone\]"):
        await converse(SimpleNamespace())


class Interrupted(deque):
    """Audio that somebody else touches just when a piece of it is taken."""

    def popleft(self):
        self.other.start()
        self.other.join(timeout=0.1)
        return super().popleft()


def test_a_reply_is_cancelled_while_the_sound_card_takes_a_piece(player):
    done = ResponseDone(turn=3, status="cancelled", heard_ms=0, heard_text="")
    player._waiting = Interrupted(player._waiting)
    player._waiting.other = threading.Thread(target=player.note, args=(done,))
    assert list(filled(player, 3)) == [1, 2, 3]
    player._waiting.other.join()
    assert not filled(player, 3).any()


class PortAudioError(Exception):
    """As in sounddevice."""


class Stream:
    """A sound card that delivers a tone and swallows what is played."""

    def __init__(self, library, **options):
        self.options = options
        self._library = library
        if library.broken or options["device"] == 9:
            raise PortAudioError("Error opening stream: Device unavailable")
        if options["device"] == "nothing":
            raise ValueError("No input device matching 'nothing'")
        library.opened.append(self)

    def __enter__(self):
        if "microphone" in self._library.lent:
            return self
        self._library.lent.append("microphone")
        tone = np.full(self.options["blocksize"], 3277, np.int16).tobytes()
        for _ in range(10):
            self.options["callback"](tone, len(tone) // 2, None, None)
        return self

    def __exit__(self, *_):
        self._library.closed += 1


class Library:
    """Stands in for sounddevice where there is no sound card."""

    PortAudioError = PortAudioError

    def __init__(self):
        self.broken = False
        self.opened, self.lent, self.closed = [], [], 0
        self.default = SimpleNamespace(device=[1, 0])

    def query_devices(self):
        if self.broken:
            raise PortAudioError("PortAudio not initialized")
        return [
            {"name": "HDMI", "max_input_channels": 0, "max_output_channels": 8},
            {"name": "USB mic", "max_input_channels": 1, "max_output_channels": 0},
            {"name": "Headset", "max_input_channels": 1, "max_output_channels": 2},
        ]

    def RawInputStream(self, **options):  # noqa: N802
        return Stream(self, **options)

    def RawOutputStream(self, **options):  # noqa: N802
        return Stream(self, **options)


@pytest.fixture
def library(monkeypatch):
    library = Library()
    monkeypatch.setitem(sys.modules, "sounddevice", library)
    return library


class HangupError(Exception):
    """Ends a conversation that would never end."""


class Listening(Line):
    """A client that hangs up after ten frames."""

    rate = 16_000
    greeting = SimpleNamespace(disclosure="I am a machine.")

    def __init__(self):
        super().__init__()
        self.frames = []

    async def send_audio(self, data):
        self.frames.append(data)
        if len(self.frames) == 10:
            raise HangupError


async def test_the_microphone_that_was_chosen_is_opened_and_its_level_is_shown(library):
    client, shown = Listening(), []
    with pytest.raises(HangupError):
        await converse(client, microphone="2", loudspeaker="hdmi", show=shown.append)
    recording, playing = library.opened
    assert (recording.options["device"], playing.options["device"]) == (2, "hdmi")
    assert recording.options["samplerate"] == 16_000
    assert playing.options["samplerate"] == RATE
    assert {len(frame) for frame in client.frames} == {640}
    assert shown == ["[####################          ]  -20 dB"]
    assert library.closed == 2


@pytest.mark.parametrize("chosen", ["9", "nothing"])
async def test_a_device_that_cannot_be_opened_is_told_with_the_way_out(library, chosen):
    with pytest.raises(ConfigError, match=r"--list-devices, or give recordings"):
        await converse(Listening(), microphone=chosen)


def test_the_devices_are_listed_with_what_they_are(library, capsys):
    assert [device.default for device in sound_devices()] == ["output", "input", ""]
    assert main(["talk", "--list-devices"]) == 0
    assert capsys.readouterr().out == (
        "  0  output        HDMI (default)\n"
        "  1  input         USB mic (default)\n"
        "  2  input+output  Headset\n"
    )
    assert main(["talk", "--list-devices", "--json"]) == 0
    first = capsys.readouterr().out.splitlines()[0]
    assert first.startswith('{"number": 0, "name": "HDMI", "inputs": 0, "outputs": 8')


def test_where_portaudio_fails_it_is_told(library):
    library.broken = True
    with pytest.raises(ConfigError, match="PortAudio not initialized"):
        sound_devices()


def test_devices_are_chosen_for_the_microphone_only(capsys):
    assert main(["talk", "--demo", "--input", "2"]) != 0
    assert "--microphone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("peak", "bar"),
    [
        (0, f"[{' ' * 30}]  -60 dB"),
        (1036, f"[{'#' * 15}{' ' * 15}]  -30 dB"),
        (32767, f"[{'#' * 30}]!  -0 dB"),
    ],
)
def test_the_level_meter(peak, bar):
    assert meter(np.array([0, peak, -peak], np.int16).tobytes()) == bar
    assert meter(b"") == f"[{' ' * 30}]  -60 dB"
