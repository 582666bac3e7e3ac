"""A reply as a listener hears it: laid out in time, cut, gone on with."""

import numpy as np
import pytest

from streaming.playing import Playing
from voice.audio import Pcm
from voice.events import Millis

RATE = 8000


def tone(ms):
    return Pcm(np.full(ms * RATE // 1000, 1000, np.int16), RATE)


def silence(ms):
    return Pcm.silence(Millis(ms), RATE)


def test_pieces_that_come_together_are_heard_one_after_the_other():
    reply = Playing()
    for pcm in (silence(40), tone(40), silence(40)):
        reply.play(pcm, 1.0)
    assert reply.first_audible == pytest.approx(1.04)
    assert reply.last_audible == pytest.approx(1.08, abs=0.001)
    assert reply.position(1.06) == 60
    assert reply.position(9.0) == 120


def test_a_gap_in_what_comes_is_a_gap_in_what_is_heard():
    reply = Playing()
    reply.play(tone(40), 1.0)
    reply.play(tone(40), 2.0)
    assert reply.position(1.5) == 40
    assert reply.last_audible == pytest.approx(2.04, abs=0.001)


def test_held_it_forgets_what_was_not_played():
    reply = Playing()
    for _ in range(6):
        reply.play(tone(40), 1.0)
    reply.fall_silent(1.1)
    assert reply.last_audible == pytest.approx(1.1, abs=0.001)
    assert reply.position(5.0) == 100


def test_it_goes_on_where_the_server_says():
    reply = Playing()
    reply.play(tone(200), 1.0)
    reply.fall_silent(1.1)
    reply.go_on(Millis(60))
    assert reply.position(2.0) == 60
    reply.play(tone(40), 3.0)
    assert reply.position(3.02) == 80
    assert reply.first_audible == pytest.approx(1.0)


def test_silence_is_never_audible():
    reply = Playing()
    reply.play(silence(100), 1.0)
    assert (reply.first_audible, reply.last_audible) == (None, None)
    assert Playing().position(1.0) == 0


def test_a_microphone_hears_what_is_played_and_nothing_else():
    reply = Playing()
    reply.play(tone(100), 1.0)
    reply.fall_silent(1.05)
    heard = reply.heard(0.975, 800, RATE)
    assert np.flatnonzero(heard).tolist() == list(range(200, 600))
