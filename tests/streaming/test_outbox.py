import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.outbox import REWIND, Outbox
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


def words(*lengths):
    """Tones of these lengths, with 60 ms of silence after each."""
    parts = [
        part for ms in lengths for part in (tone(ms), Pcm.silence(Millis(60), RATE))
    ]
    box = Outbox(RATE, lead=Millis(200))
    box.begin_phrase("word " * len(lengths))
    box.feed(Pcm.joined(parts, RATE))
    box.complete()
    return box


def play(box, start, end):
    return [piece for now in range(start, end, 20) for piece in box.due(now)]


def test_a_held_reply_says_nothing_and_the_clock_stands():
    box = outbox(1000)
    play(box, 0, 400)
    assert box.hold(400) == 400
    assert play(box, 400, 2000) == []
    assert box.heard(2000) == 400
    assert box.wait(2000) is None
    assert not box.played(2000)
    assert box.heard_text(2000) == "one"


def test_it_goes_on_at_the_beginning_of_the_word_that_was_cut():
    box = words(300, 300, 300, 300)
    play(box, 0, 600)
    box.hold(600)  # within the second word, which began at 360
    assert box.go_on(2000) == 360
    again = play(box, 2000, 4000)
    assert Pcm.joined(again, RATE).duration == 4 * 360 - 360
    assert box.played(2000 + 4 * 360)


def test_a_reply_held_before_anything_was_heard_begins_again():
    box = words(300, 300)
    box.due(0)
    box.hold(10)
    assert box.go_on(500) == 0
    assert Pcm.joined(play(box, 500, 2000), RATE).duration == 720


def test_the_client_may_tell_late_how_far_it_was():
    box = words(300, 300, 300, 300)
    play(box, 0, 700)
    box.hold(700)
    box.report(Millis(430), 720)
    assert box.heard(2000) == 430
    assert box.go_on(2000) <= 430


def test_a_client_that_lags_far_behind_loses_no_more_than_what_is_not_kept():
    box = outbox(9000)
    play(box, 0, 5000)
    box.report(Millis(0), 5000)
    box.hold(5000)
    assert 3000 < box.go_on(6000) < 5000


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
    holds=st.sets(st.integers(0, 15)),
)
def test_all_audio_arrives_in_order_and_only_a_little_of_it_twice(pieces, steps, holds):
    box = Outbox(RATE)
    ramp = np.arange(sum(pieces) * RATE // 1000, dtype=np.int64) % 30_000
    clip = Pcm(ramp.astype(np.int16), RATE)
    start = 0
    for ms in pieces:
        box.feed(clip.slice(Millis(start), Millis(start + ms)))
        start += ms
    box.complete()
    now, place = 0, 0
    for number, step in enumerate([*steps, 10_000, *([300] * 20)]):
        now += step
        if number in holds:
            heard = box.hold(now)
            assert box.due(now + 100) == []
            now += 200
            box.go_on(now)
            assert 0 <= heard - box.sent <= REWIND[1] + 1
            place = box.sent * RATE // 1000
        for piece in box.due(now):
            assert np.array_equal(piece.samples, clip.samples[place:][: len(piece)])
            place += len(piece)
        assert box.heard(now) <= box.sent <= box.total
    assert place == len(clip)
    assert box.played(now + 10_000)
