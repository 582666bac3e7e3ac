"""What is measured of a turn, and against which label."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from streaming.client import Turn, audible_end
from streaming.messages import ResponseDone, Timings
from streaming.records import _record, clips_of, labelled
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis
from voice.fixtures import Clip, Span, Utterance

FIXTURES = Path(__file__).parents[2] / "audio_fixtures"
TIMINGS = Timings(
    turn=1,
    speech_started_ms=0,
    speech_ended_ms=0,
    committed_ms=0,
    finalization_ms=0.0,
    first_audio_ms=3.0,
    recognition_start_ms=-110.0,
    recognition_ms=30.0,
    response_start_ms=-80.0,
    response_ms=10.0,
    synthesis_start_ms=-70.0,
    synthesis_ms=2.0,
    synthesis_total_ms=4.0,
)
DONE = ResponseDone(turn=1, status="completed", heard_ms=500, heard_text="yes")


def utterance(start, end):
    return Utterance(transcript="", span=Span(Millis(start), Millis(end)))


def record(turn, *utterances, begun=100.0, begun_ms=5000):
    client = SimpleNamespace(output_rate=24_000)
    clip = Clip(file=Path("clip.flac"), language="en", utterances=utterances)
    return _record(client, clip, turn, list(utterances), begun, begun_ms)


def test_the_wait_is_counted_from_the_label():
    turn = Turn(id=1, committed_ms=6200, first_audible=101.25, timings=TIMINGS)
    measured = record(turn, utterance(400, 1000))
    assert measured.endpointing_ms == 200
    assert measured.voice_to_voice_ms == 250
    assert measured.finalization_ms == 0
    assert not measured.cut_in


def test_a_turn_that_ends_before_the_utterance_is_a_cut_in_and_has_no_latency():
    turn = Turn(id=1, committed_ms=5900, first_audible=100.95, timings=TIMINGS)
    measured = record(turn, utterance(400, 1000))
    assert measured.cut_in
    assert measured.endpointing_ms is None
    assert measured.voice_to_voice_ms is None


def test_each_of_two_commands_is_measured_against_its_own_end():
    spans = utterance(400, 1000), utterance(3000, 3600)
    first = record(Turn(id=1, committed_ms=6300), *spans)
    second = record(Turn(id=2, committed_ms=8850), *spans)
    assert (first.endpointing_ms, second.endpointing_ms) == (300, 250)


def test_the_json_has_the_promised_keys():
    assert list(record(Turn(id=1, committed_ms=6200), utterance(0, 1)).to_json()) == [
        "file",
        "language",
        "transcript",
        "intent",
        "reply",
        "reply_language",
        "reply_audio_s",
        "voice_to_voice_ms",
        "endpointing_ms",
        "finalization_ms",
        "first_audio_ms",
    ]


def test_a_recording_finds_its_label():
    file = FIXTURES / "en" / "what_time.flac"
    clip = labelled(file, None)
    assert clip.language == "en"
    assert clip.utterances[0].span
    assert clip.file == file


def test_a_recording_without_a_label_keeps_the_language_it_is_said_to_have(tmp_path):
    clip = labelled(tmp_path / "mine.wav", "de")
    assert clip.language == "de"
    assert clip.utterances == ()


def test_a_folder_without_an_index_says_what_is_missing(tmp_path):
    with pytest.raises(ClientError, match=r"index\.csv"):
        clips_of(tmp_path)


def test_the_end_of_an_unlabelled_recording_is_where_its_sound_ends():
    sound = np.concatenate([np.zeros(8000), np.ones(4000) * 0.5, np.ones(8000) * 0.001])
    assert audible_end(Pcm.of_floats(sound, 16_000)) == 750
