"""From wire audio to speech that starts and ends, and the clip for the recogniser."""

import numpy as np
import pytest

from streaming.hearing import PRE_ROLL, Hearing
from voice.audio import HEARING_RATE, Pcm
from voice.detection import GatePolicy, SpeechGate
from voice.events import Millis, SpeechEnded, SpeechStarted
from voice.testing import LoudnessActivity, SpellingRecognizer, murmur, spoken

GATE = GatePolicy(
    onset=0.6, release=0.5, sure=2.0, min_speech=Millis(60), min_silence=Millis(60)
)


def hearing(rate: int = HEARING_RATE, longest: int = 5000) -> Hearing:
    return Hearing(
        LoudnessActivity(), SpeechGate(GATE), rate=rate, longest=Millis(longest)
    )


def quiet(duration: int, rate: int = HEARING_RATE) -> Pcm:
    return Pcm.silence(Millis(duration), rate)


def feed(ear: Hearing, *parts: Pcm) -> list[SpeechStarted | SpeechEnded]:
    return [event for part in parts for event in ear.feed(part) if event is not None]


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
def test_speech_begins_and_ends_where_it_does_at_every_rate(rate):
    ear = hearing(rate)
    sound = murmur(Millis(400), rate=rate)
    begin, end = feed(ear, quiet(600, rate), sound, quiet(400, rate))
    assert begin.at == pytest.approx(600, abs=20)
    assert end.at == pytest.approx(1000, abs=20)


def test_time_is_audio_that_was_heard_in_whole_frames():
    ear = hearing()
    assert ear.now == 0
    for _ in range(10):
        feed(ear, quiet(7))
    assert ear.now == 60
    feed(ear, quiet(10))
    assert ear.now == 80


def test_now_is_the_moment_of_each_decision():
    ear = hearing()
    sound = Pcm.joined([quiet(100), murmur(Millis(300))], HEARING_RATE)
    moments = [(ear.now, event) for event in ear.feed(sound)]
    assert [now for now, _ in moments] == list(range(20, 401, 20))
    assert [now for now, event in moments if event] == [160]


def test_the_utterance_has_its_pre_roll_and_nothing_before_it():
    ear = hearing()
    feed(ear, quiet(1000), spoken("hello", "en"))
    ear.keep(Millis(1000))
    clip = ear.utterance()
    assert clip.duration == PRE_ROLL + ear.now - 1000
    assert not clip.slice(Millis(0), PRE_ROLL).samples.any()
    assert clip.slice(PRE_ROLL).samples.all()


def test_the_pre_roll_holds_nothing_of_the_utterance_before():
    ear = hearing()
    parts = [spoken("good night", "en"), quiet(100), spoken("hello", "en")]
    *_, end, begin = feed(ear, *parts)
    assert begin.at - end.at == 100 < PRE_ROLL
    ear.keep(begin.at)
    heard = SpellingRecognizer().transcribe(ear.utterance(), ["en"])
    assert heard.text == "hello"


def test_an_onset_that_is_told_late_is_not_lost():
    ear = hearing()
    feed(ear, quiet(2000), spoken("good morning", "en"))
    late = ear.now - 2000
    assert late > 400
    ear.keep(Millis(2000))
    heard = SpellingRecognizer().transcribe(ear.utterance(), ["en"])
    assert heard.text == "good morning"


def test_the_utterance_grows_until_it_is_let_go():
    ear = hearing()
    feed(ear, quiet(500))
    ear.keep(Millis(500))
    feed(ear, murmur(Millis(3000)))
    assert ear.utterance().duration == PRE_ROLL + 3000
    ear.let_go()
    with pytest.raises(AssertionError, match="no utterance"):
        ear.utterance()


def test_without_an_utterance_little_is_kept():
    ear = hearing()
    feed(ear, quiet(60_000))
    ear.keep(Millis(0))
    assert ear.utterance().duration < 2000


def test_an_utterance_never_outgrows_what_a_recogniser_takes():
    ear = hearing(longest=5000)
    ear.keep(Millis(0))
    for _ in range(20):
        feed(ear, murmur(Millis(1000)))
        assert ear.utterance().duration <= 5020
    assert ear.utterance().duration >= 5000


def test_the_very_beginning_has_no_pre_roll():
    ear = hearing()
    feed(ear, spoken("hi", "en"))
    ear.keep(Millis(0))
    assert ear.utterance().duration == ear.now


def test_the_rate_may_change_without_a_jump_in_time():
    ear = hearing(48_000)
    feed(ear, quiet(500, 48_000))
    before = ear.now
    ear.rate = 8_000
    assert (ear.rate, ear.now) == (8_000, before)
    (begin,) = feed(ear, quiet(500, 8_000), murmur(Millis(400), rate=8_000))
    assert begin.at == pytest.approx(1000, abs=40)


def test_audio_is_kept_as_it_was_heard():
    ear = hearing()
    noise = np.random.default_rng(3).integers(-9000, 9000, 16_000).astype(np.int16)
    ear.keep(Millis(0))
    feed(ear, Pcm(noise, HEARING_RATE))
    assert np.array_equal(ear.utterance().samples, noise)
