"""What was said and when, as the answer of a transcription in each format."""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from streaming.rest.recordings import Clip
from voice.events import Millis
from voice.fixtures import Span
from voice.languages import get
from voice.stages import Transcript

__all__ = ["Segment", "Word", "srt", "text_of", "verbose", "vtt", "words_of"]

LEAST_CONFIDENCE = 1e-4
"""The logarithm of less says no more."""


@dataclass(frozen=True, slots=True)
class Segment:
    """One utterance of the recording, in words."""

    clip: Clip
    transcript: Transcript

    @property
    def start(self) -> Millis:
        """When its first speech begins."""
        return self.clip.speech[0].start

    @property
    def end(self) -> Millis:
        """When its last speech ends."""
        return self.clip.speech[-1].end


@dataclass(frozen=True, slots=True)
class Word:
    """A word and about when it was said."""

    text: str
    span: Span


def text_of(segments: Sequence[Segment]) -> str:
    """The whole text."""
    return " ".join(segment.transcript.text for segment in segments)


def words_of(segment: Segment) -> list[Word]:
    """The words, each with its share of the speech by its letters.

    An estimate: speech has a beginning and an end that were heard, what lies between
    is divided. Pauses belong to no word.
    """
    words = segment.transcript.text.split()
    spans = segment.clip.speech
    spoken = sum(span.end - span.start for span in spans)
    letters = sum(map(len, words))
    found: list[Word] = []
    before = 0
    for word in words:
        start = _moment(spans, spoken * before / letters, first=True)
        before += len(word)
        end = _moment(spans, spoken * before / letters, first=False)
        found.append(Word(word, Span(start, max(start, end))))
    return found


def _moment(spans: Sequence[Span], spoken: float, *, first: bool) -> Millis:
    """When so much had been spoken; at a pause, before or (`first`) after it."""
    for span in spans:
        length = span.end - span.start
        if spoken < length or (spoken == length and not first):
            return Millis(round(span.start + spoken))
        spoken -= length
    return spans[-1].end


def srt(segments: Sequence[Segment]) -> str:
    """SubRip subtitles."""
    return "".join(
        f"{number}\n{_clock(s.start, ',')} --> {_clock(s.end, ',')}\n"
        f"{s.transcript.text}\n\n"
        for number, s in enumerate(segments, 1)
    )


def vtt(segments: Sequence[Segment]) -> str:
    """WebVTT subtitles."""
    return "WEBVTT\n\n" + "".join(
        f"{_clock(s.start, '.')} --> {_clock(s.end, '.')}\n{_escaped(s)}\n\n"
        for s in segments
    )


def verbose(
    segments: Sequence[Segment],
    *,
    duration: Millis,
    language: str,
    granularities: frozenset[str],
) -> dict[str, Any]:
    """The object of ``verbose_json``.

    Args:
        segments: in order.
        duration: of the whole recording.
        language: the canonical tag.
        granularities: ``segment``, ``word`` or both.
    """
    answer: dict[str, Any] = {
        "task": "transcribe",
        "language": get(language).english.lower(),
        "duration": duration / 1000,
        "text": text_of(segments),
        "usage": usage(duration),
    }
    if "segment" in granularities:
        answer["segments"] = [_segment(n, s) for n, s in enumerate(segments)]
    if "word" in granularities:
        answer["words"] = [
            {
                "word": word.text,
                "start": word.span.start / 1000,
                "end": word.span.end / 1000,
            }
            for segment in segments
            for word in words_of(segment)
        ]
    return answer


def usage(duration: Millis) -> dict[str, Any]:
    """What the request used."""
    return {"type": "duration", "seconds": math.ceil(duration / 1000)}


def _segment(number: int, segment: Segment) -> dict[str, Any]:
    transcript = segment.transcript
    text = transcript.text.encode()
    return {
        "id": number,
        "seek": 0,
        "start": segment.start / 1000,
        "end": segment.end / 1000,
        "text": transcript.text,
        "tokens": [],
        "temperature": 0.0,
        "avg_logprob": round(math.log(max(transcript.confidence, LEAST_CONFIDENCE)), 4),
        "compression_ratio": round(len(text) / len(zlib.compress(text)), 3),
        "no_speech_prob": round(transcript.no_speech, 4),
    }


def _clock(ms: Millis, point: str) -> str:
    seconds, rest = divmod(ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}{point}{rest:03}"


def _escaped(segment: Segment) -> str:
    text = segment.transcript.text
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
