"""The player behind the loudspeaker; the sound card itself is the library's."""

import sys
import threading
from collections import deque
from types import SimpleNamespace

import numpy as np
import pytest

from streaming.commands.microphone import _Player, converse
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
