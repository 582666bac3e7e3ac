"""How long to wait: what each evidence does, and what none may do."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.endpointing import (
    LONGEST,
    NO_HABIT,
    SHORTEST,
    SOONEST,
    Trace,
    TurnPolicy,
    finality,
    scaled,
)
from voice.events import NO_EVIDENCE, Completeness, Evidence, Millis

BASE = Millis(1000)
POLICY = TurnPolicy()


def wait(habit=NO_HABIT, **evidence):
    return scaled(BASE, Evidence(**evidence), habit)


def habit(*pauses):
    learned = NO_HABIT
    for pause in pauses:
        learned = learned.after(Millis(pause))
    return learned


def test_what_is_not_known_scales_nothing():
    assert wait() == BASE
    for completeness in (*Completeness, None):
        assert POLICY.wait(completeness) == POLICY.wait(completeness, NO_EVIDENCE)


def test_a_voice_that_sank_is_waited_for_less_than_one_held_up():
    assert wait(fall=25.0) < wait(fall=12.0) == BASE < wait(fall=2.0)


def test_an_unsure_silence_is_waited_for_longer_and_a_sure_one_as_long():
    assert wait(hush=0.5) > wait(hush=0.65) > wait(hush=0.8) == wait(hush=1.0) == BASE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("turn on the", None),
        ("Turn on the light.", None),
        ("Is it on?", 0.7),
        ("Turn on...", 0.0),
        ("Turn on… ", 0.0),
        ("Well,", 0.0),
        ("…", None),
        ("", None),
    ],
)
def test_the_last_mark_of_a_transcript(text, expected):
    assert finality(text) == expected


def test_a_text_that_trails_off_is_waited_for_longer():
    assert wait(finality=0.0) > wait() > wait(finality=1.0)


def test_two_pauses_are_no_habit():
    assert habit(900, 900).enough is None
    assert wait(habit(900, 900)) == BASE


def test_who_pauses_long_is_waited_for_and_who_does_not_is_answered_sooner():
    assert wait(habit(900, 1000, 950)) == 1300
    assert wait(habit(250, 300, 250)) == SHORTEST * BASE


def test_closures_within_words_are_no_pauses():
    assert habit(64, 96, 128, 64).pauses == ()


def test_a_habit_changes_with_the_user():
    slow = habit(*[900] * 12)
    assert slow.enough == 1175
    fast = slow
    for _ in range(12):
        fast = fast.after(Millis(300))
    assert fast.enough == 425
    assert len(fast.pauses) == 12


def test_a_whole_request_does_not_wait_for_a_habit():
    slow = habit(900, 900, 900)
    assert POLICY.wait(Completeness.COMPLETE, NO_EVIDENCE, slow) == POLICY.complete
    assert POLICY.wait(Completeness.EXTENDABLE, NO_EVIDENCE, slow) > POLICY.extendable


def test_half_a_request_is_never_over_sooner():
    hasty, fallen = habit(250, 250, 250), Evidence(fall=30.0)
    assert POLICY.wait(Completeness.PREFIX, fallen, hasty) == POLICY.prefix
    assert POLICY.wait(Completeness.PREFIX, Evidence(fall=0.0)) > POLICY.prefix


def test_without_a_judgement_evidence_and_habit_decide():
    slow = habit(600, 650, 700)
    assert POLICY.wait(None) == POLICY.open
    assert POLICY.wait(None, Evidence(fall=30.0)) < POLICY.open
    assert POLICY.wait(None, NO_EVIDENCE, slow) > POLICY.open


def test_the_sound_of_an_end_says_how_long_open_speech_is_waited_for():
    def after(over, pauses=()):
        return POLICY.wait(Completeness.OPEN, Evidence(over=over), habit(*pauses))

    assert after(1.0) < POLICY.open < after(0.0) <= LONGEST * POLICY.open
    assert after(1.0, (250, 250, 250)) < after(1.0)
    assert after(0.75, (900, 900, 900)) > after(0.75)


def test_the_sound_of_an_end_changes_nothing_for_commands():
    for judged in (*Completeness, None):
        if judged is not Completeness.OPEN:
            for over in (0.0, 1.0):
                assert POLICY.wait(judged, Evidence(over=over)) == POLICY.wait(judged)


@given(over=st.floats(0, 1), pauses=st.lists(st.integers(0, 30_000), max_size=20))
def test_the_sound_of_an_end_stays_within_bounds(over, pauses):
    found = POLICY.wait(Completeness.OPEN, Evidence(over=over), habit(*pauses))
    assert SOONEST * POLICY.open <= found <= LONGEST * POLICY.open


shares = st.none() | st.floats(0, 1)


@given(
    completeness=st.sampled_from([*Completeness, None]),
    hush=shares,
    sure=shares,
    fall=st.none() | st.floats(-60, 60),
    pauses=st.lists(st.integers(0, 30_000), max_size=20),
)
def test_no_evidence_goes_beyond_the_bounds(completeness, hush, sure, fall, pauses):
    evidence = Evidence(hush=hush, fall=fall, finality=sure)
    base = POLICY.wait(completeness)
    found = POLICY.wait(completeness, evidence, habit(*pauses))
    assert round(SHORTEST * base) <= found <= round(LONGEST * base)


def speech(trace, *levels, probability=0.95):
    for level in levels:
        trace.hear(probability, level)


def test_the_fall_is_that_of_the_last_frames_against_the_middle():
    trace = Trace()
    speech(trace, *[-20.0, -28.0] * 10, *[-40.0] * 4)
    assert trace.evidence().fall == pytest.approx(16.0, abs=5)
    held = Trace()
    speech(held, *[-20.0, -28.0] * 12)
    assert held.evidence().fall == pytest.approx(0.0, abs=4.1)


def test_too_little_voice_and_an_even_level_tell_nothing():
    short, even = Trace(), Trace()
    speech(short, -20.0, -40.0, -20.0)
    speech(even, *[-20.0, -21.0] * 10)
    assert short.evidence().fall is None
    assert even.evidence().fall is None


def test_what_was_said_before_the_utterance_does_not_count():
    trace = Trace()
    speech(trace, *[-10.0, -20.0] * 10)
    trace.begin()
    speech(trace, *[-40.0, -48.0] * 6)
    fall = trace.evidence().fall
    assert fall is not None
    assert fall < 5


def test_the_hush_is_counted_from_the_last_frame_of_speech():
    trace = Trace()
    speech(trace, -20.0)
    assert trace.evidence().hush is None
    speech(trace, -60.0, -60.0, probability=0.2)
    assert trace.evidence().hush == pytest.approx(0.8)
    speech(trace, -20.0)
    speech(trace, -60.0, probability=0.0)
    assert trace.evidence().hush == 1.0
