import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.outbox import DUCKED_GAIN, Outbox
from voice.audio import Pcm
from voice.events import Millis

RATE = 16_000


def tone(ms):
    return Pcm(np.full(ms * RATE // 1000, 1000, dtype=np.int16), RATE)


def outbox(ms, *, complete=True, text="one two three four"):
    box = Outbox(RATE, lead=Millis(200))
    box.begin_phrase(text)
    box.feed(tone(ms))
    if complete:
        box.complete()
    return box


def test_audio_is_sent_only_a_little_ahead_of_the_listener():
    box = outbox(1000)
    assert Pcm.joined(box.due(0), RATE).duration == 200
    assert box.due(0) == []
    assert Pcm.joined(box.due(100), RATE).duration in (80, 120)


def test_it_is_played_when_the_listener_had_time_to_hear_all():
    box = outbox(400)
    now = 0
    while box.due(now) or not box.played(now):
        now += 20
    assert now == pytest.approx(400, abs=20)


def test_the_client_knows_better_than_the_clock():
    box = outbox(1000)
    box.due(0)
    box.report(Millis(40), 150)
    assert box.heard(150) == 40
    assert box.heard(170) == 60


def test_a_client_cannot_have_heard_what_was_not_sent():
    box = outbox(1000)
    box.due(0)
    box.report(Millis(10_000), 10)
    assert box.heard(10) == box.sent == 200


def test_what_was_heard_is_told_in_words():
    box = outbox(400)
    for now in range(0, 400, 20):
        box.due(now)
    assert box.heard_text(200) == "one two"
    assert box.heard_text(400) == "one two three four"
    assert outbox(400).heard_text(100) == ""


def test_a_ducked_reply_is_quieter_until_it_is_raised_again():
    box = outbox(1000)
    box.due(0)
    box.duck()
    assert box.due(100)[0].samples[0] == int(1000 * DUCKED_GAIN)
    box.unduck()
    assert box.due(200)[0].samples[0] == 1000


def test_it_tells_the_synthesiser_to_wait():
    box = Outbox(RATE, capacity=Millis(500))
    box.feed(tone(480))
    assert not box.full
    box.feed(tone(40))
    assert box.full


def test_an_unfinished_reply_is_waited_for():
    box = outbox(100, complete=False)
    box.due(0)
    assert box.wait(0) is None
    assert not box.played(10_000)


@given(
    pieces=st.lists(st.integers(0, 700), max_size=5),
    steps=st.lists(st.integers(0, 400), min_size=1, max_size=60),
)
def test_all_audio_arrives_once_and_in_order(pieces, steps):
    box = Outbox(RATE)
    ramp = np.arange(sum(pieces) * RATE // 1000, dtype=np.int64) % 30_000
    clip = Pcm(ramp.astype(np.int16), RATE)
    start = 0
    for ms in pieces:
        box.feed(clip.slice(Millis(start), Millis(start + ms)))
        start += ms
    box.complete()
    now, sent = 0, []
    for step in [*steps, 10_000, *([300] * 20)]:
        now += step
        sent += box.due(now)
        assert box.heard(now) <= box.sent <= box.total
    assert np.array_equal(Pcm.joined(sent, RATE).samples, clip.samples)
    assert box.played(now + 10_000)
