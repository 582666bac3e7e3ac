"""A recording is cut where a conversation would cut it."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.assembly import load_voice_activity
from voice.audio import HEARING_RATE, Pcm, read_audio
from voice.detection import GatePolicy
from voice.events import Millis
from voice.fixtures import Span, read_index
from voice.stages import Transcript
from voice.turns import TurnPolicy
from voice.utterances import MARGIN, Listener, join_spans, speech_spans

FRAME = 512
FRAME_MS = 32


class Loudness:
    """Takes for speech whatever is loud; as good as any, if the audio is made so."""

    frame_samples = FRAME

    def probability(self, frame: Pcm) -> float:
        return float(np.abs(frame.samples).max() > 1000)

    def reset(self) -> None:
        pass


class Scribe:
    """Writes down how many seconds it was given."""

    languages = ("de", "en")

    def __init__(self, *confidences: float) -> None:
        self.heard: list[Pcm] = []
        self.confidences = list(confidences)

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        self.heard.append(pcm)
        return Transcript(
            text=f"{len(pcm) / pcm.rate:.0f}s",
            language=candidates[len(self.heard) % len(candidates)],
            language_probability=0.9,
            confidence=self.confidences.pop() if self.confidences else 0.8,
            no_speech=0.1,
        )


def audio(*parts: tuple[float, bool], rate: int = HEARING_RATE) -> Pcm:
    """Seconds that are loud or not, one after the other."""
    pieces = [np.full(round(s * rate), 8000 * loud, np.int16) for s, loud in parts]
    return Pcm(np.concatenate(pieces), rate)


def listener(scribe: Scribe) -> Listener:
    return Listener(scribe, Loudness, gate=GatePolicy(), turns=TurnPolicy())


def spans(*pairs: tuple[int, int]) -> list[Span]:
    return [Span(Millis(start), Millis(end)) for start, end in pairs]


# --- Where somebody speaks ----------------------------------------------------


def test_speech_is_found_to_a_frame() -> None:
    pcm = audio((1, False), (2, True), (1, False), (1, True), (0.5, False))
    found = speech_spans(pcm, Loudness(), GatePolicy())
    assert len(found) == 2
    for span, (start, end) in zip(found, [(1000, 3000), (4000, 5000)], strict=True):
        assert abs(span.start - start) <= FRAME_MS
        assert abs(span.end - end) <= FRAME_MS


def test_speech_up_to_the_end_ends_there() -> None:
    (span,) = speech_spans(audio((1, False), (1, True)), Loudness(), GatePolicy())
    assert span.end == 2000


def test_silence_holds_no_speech() -> None:
    assert speech_spans(audio((3, False)), Loudness(), GatePolicy()) == []


# --- What belongs together ----------------------------------------------------


def test_short_pauses_are_within_an_utterance() -> None:
    joined = join_spans(
        spans((0, 100), (300, 400), (1200, 1300)), Millis(700), Millis(28_000)
    )
    assert joined == spans((0, 400), (1200, 1300))


def test_an_utterance_never_grows_too_long() -> None:
    joined = join_spans(spans((0, 900), (1000, 1900)), Millis(700), Millis(1500))
    assert joined == spans((0, 900), (1000, 1900))


def test_speech_without_a_pause_is_cut() -> None:
    joined = join_spans(spans((0, 3200)), Millis(700), Millis(1500))
    assert joined == spans((0, 1500), (1500, 3000), (3000, 3200))


@given(st.lists(st.integers(1, 5000), max_size=20), st.integers(500, 4000))
def test_no_speech_is_lost_and_nothing_is_too_long(lengths, longest) -> None:
    edges = np.cumsum(lengths).tolist()
    speech = spans(*zip(edges[::2], edges[1::2], strict=False))
    joined = join_spans(speech, Millis(700), Millis(longest))
    assert all(span.end - span.start <= longest for span in joined)
    kept = {ms for span in joined for ms in range(span.start, span.end)}
    assert all(set(range(span.start, span.end)) <= kept for span in speech)


# --- Whole recordings ---------------------------------------------------------


def test_a_short_recording_stays_whole() -> None:
    scribe = Scribe()
    pcm = audio((1, False), (1, True), (3, False), (1, True))
    heard = listener(scribe).transcribe(pcm, ("de",))
    assert (heard.text, heard.language) == ("6s", "de")
    assert [len(part) for part in scribe.heard] == [len(pcm)]


def test_a_long_recording_is_heard_utterance_by_utterance() -> None:
    scribe = Scribe(0.9, 0.3)
    pcm = audio((10, True), (2, False), (12, True), (2, False), (4, False))
    heard = listener(scribe).transcribe(pcm, ("de", "en"))
    durations = [part.duration for part in scribe.heard]
    assert len(durations) == 2
    assert durations[0] == pytest.approx(10_000 + MARGIN, abs=FRAME_MS)
    assert durations[1] == pytest.approx(12_000 + 2 * MARGIN, abs=2 * FRAME_MS)
    assert heard.text == "10s 13s"
    assert heard.language == "de"  # of the longest, the second
    assert heard.confidence == 0.3


def test_nobody_is_asked_about_silence() -> None:
    scribe = Scribe()
    heard = listener(scribe).transcribe(audio((40, False)), ("de", "en"))
    assert (heard.text, heard.no_speech) == ("", 1.0)
    assert scribe.heard == []


def test_the_recogniser_gets_its_rate_and_never_too_much() -> None:
    scribe = Scribe()
    pcm = audio((95, True), rate=8000)
    listener(scribe).transcribe(pcm, ("de",))
    assert {part.rate for part in scribe.heard} == {HEARING_RATE}
    assert all(part.duration <= TurnPolicy().max_utterance for part in scribe.heard)
    assert sum(len(part) for part in scribe.heard) >= 95 * HEARING_RATE


def test_a_real_recording_is_found_where_its_label_says() -> None:
    index = Path(__file__).parents[2] / "audio_fixtures" / "index.csv"
    clips = {clip.file.name: clip for clip in read_index(index)}
    clip = clips["kitchen_lamp_on.flac"]
    pcm = read_audio(clip.file).resampled(HEARING_RATE)
    found = speech_spans(pcm, load_voice_activity()(), GatePolicy())
    true = clip.utterances[0].span
    assert true is not None
    assert abs(found[0].start - true.start) < 200
    assert abs(found[-1].end - true.end) < 200
