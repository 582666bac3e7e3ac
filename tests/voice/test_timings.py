import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.events import Millis
from voice.timings import Marks, percentiles


def test_a_transcript_that_stood_before_the_commit_cost_nothing():
    marks = Marks(committed=10.0, transcribed=9.9, first_audio=10.02)
    timings = marks.timings()
    assert timings.finalization_ms == 0
    assert timings.first_audio_ms == pytest.approx(20)


def test_what_did_not_happen_has_no_measure():
    timings = Marks(speech_ended=Millis(900)).timings()
    assert timings.speech_ended_ms == 900
    assert timings.finalization_ms is None
    assert timings.recognition_ms is None


def test_percentiles_are_values_that_were_observed():
    spread = percentiles(range(1, 101))
    assert spread is not None
    assert (spread.p50, spread.p95, spread.p99) == (50, 95, 99)
    assert percentiles([]) is None
    assert percentiles([7]).p99 == 7


@given(st.lists(st.floats(0, 1e6), min_size=1))
def test_percentiles_are_ordered(values):
    spread = percentiles(values)
    assert min(values) <= spread.p50 <= spread.p95 <= spread.p99 <= max(values)
