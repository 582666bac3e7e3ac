"""The gate: stories in a table, and what holds for any stream."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.detection import GatePolicy, SpeechGate
from voice.events import Millis, SpeechEnded, SpeechStarted

FRAME = 32
POLICY = GatePolicy(
    onset=0.5, release=0.3, sure=0.95, min_speech=Millis(64), min_silence=Millis(96)
)

PROBABILITY = {"!": 0.99, "#": 0.9, "~": 0.4, ".": 0.05}
"""Certain speech, speech, neither, silence."""


def hear(stream: str, policy: GatePolicy = POLICY) -> list[tuple[str, int, int]]:
    """(what, frame in which it happened, frame in which it was decided)."""
    gate = SpeechGate(policy)
    found = []
    for index, sign in enumerate(stream):
        event = gate.step(PROBABILITY[sign], Millis((index + 1) * FRAME))
        if event is not None:
            what = "start" if isinstance(event, SpeechStarted) else "end"
            found.append((what, event.at // FRAME, index))
    return found


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        pytest.param("........", [], id="silence"),
        pytest.param("~~~~~~~~", [], id="doubt is not speech"),
        pytest.param("..#..#..", [], id="clicks"),
        pytest.param("..#~#~..", [], id="doubt breaks an onset"),
        pytest.param("..####", [("start", 2, 3)], id="onset is backdated"),
        pytest.param("####", [("start", 0, 1)], id="speech from the first frame"),
        pytest.param("..####..####", [("start", 2, 3)], id="short closure is bridged"),
        pytest.param("..###~~~~~~~", [("start", 2, 3)], id="doubt goes on speaking"),
        pytest.param(
            "..####...", [("start", 2, 3), ("end", 6, 8)], id="end is backdated"
        ),
        pytest.param(
            "..####.~~~",
            [("start", 2, 3), ("end", 6, 8)],
            id="doubt does not interrupt a fall",
        ),
        pytest.param(
            "..####..#...",
            [("start", 2, 3), ("end", 9, 11)],
            id="one frame of speech takes a fall back",
        ),
        pytest.param(
            ".###....###...",
            [("start", 1, 2), ("end", 4, 6), ("start", 8, 9), ("end", 11, 13)],
            id="two utterances",
        ),
    ],
)
def test_stories(stream: str, expected: list[tuple[str, int, int]]) -> None:
    assert hear(stream) == expected


def test_one_frame_that_is_sure_is_speech() -> None:
    assert hear(".!#..") == [("start", 1, 1)]
    assert hear(".#!..") == [("start", 1, 2)]
    never = replace(POLICY, sure=2.0)
    assert hear(".!...", never) == []
    assert hear(".!!..", never) == [("start", 1, 2)]


def test_no_patience_decides_at_once() -> None:
    eager = GatePolicy(min_speech=Millis(0), min_silence=Millis(0))
    assert hear(".#.#", eager) == [
        ("start", 1, 1),
        ("end", 2, 2),
        ("start", 3, 3),
    ]


def test_reset_takes_the_user_for_silent_and_keeps_the_time() -> None:
    gate = SpeechGate(POLICY)
    gate.step(0.9, Millis(32))
    assert gate.step(0.9, Millis(64)) == SpeechStarted(Millis(0))
    gate.reset()
    assert not gate.speaking
    assert gate.step(0.9, Millis(96)) is None
    assert gate.step(0.9, Millis(128)) == SpeechStarted(Millis(64))


@pytest.mark.parametrize(
    "fault",
    [
        {"onset": 0.3, "release": 0.5},
        {"onset": 1.5},
        {"release": 0.0},
        {"min_speech": Millis(-1)},
        {"min_silence": Millis(-1)},
    ],
)
def test_impossible_policies_are_refused(fault: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"onset|negative"):
        GatePolicy(**fault)  # type: ignore[arg-type]


streams = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 200)), min_size=1, max_size=200
)
policies = st.builds(
    lambda low, high, speech, silence: GatePolicy(
        release=min(low, high),
        onset=max(low, high),
        sure=2.0,
        min_speech=Millis(speech),
        min_silence=Millis(silence),
    ),
    st.floats(0.01, 1),
    st.floats(0.01, 1),
    st.integers(0, 400),
    st.integers(0, 400),
)


@given(streams, policies)
def test_any_stream(frames: list[tuple[float, int]], policy: GatePolicy) -> None:
    gate = SpeechGate(policy)
    now = 0
    events: list[tuple[SpeechStarted | SpeechEnded, int]] = []
    for probability, duration in frames:
        now += duration
        event = gate.step(probability, Millis(now))
        if event is not None:
            events.append((event, now))
        assert gate.speaking == (len(events) % 2 == 1)

    for index, (event, decided) in enumerate(events):
        expected, patience = (
            (SpeechStarted, policy.min_speech)
            if index % 2 == 0
            else (SpeechEnded, policy.min_silence)
        )
        assert isinstance(event, expected)
        assert 0 <= event.at <= decided - patience
    for (_, earlier), (event, _) in pairwise(events):
        assert event.at >= earlier, "a change begins after the last decision"


@given(streams)
def test_chunks_of_certainty_are_never_missed(frames: list[tuple[float, int]]) -> None:
    """Whatever came before, enough certain speech is speech, and silence silence."""
    gate = SpeechGate(POLICY)
    now = 0
    for probability, duration in frames:
        now += duration
        gate.step(probability, Millis(now))
    for probability, speaking in ((1.0, True), (0.0, False)):
        for _ in range(4):
            now += FRAME
            gate.step(probability, Millis(now))
        assert gate.speaking is speaking
