"""The measures of one turn: one definition, used by server, client and benchmarks.

| measure | definition |
|---|---|
| voice-to-voice | true end of speech to the first audible reply sample at the client |
| endpointing | true end of speech to the commit decision |
| finalization | commit to the final transcript; 0 when the speculative one stands |
| first audio | commit to the first reply audio leaving the server |
| barge-in | user onset to the last audible reply sample at the client |
| real-time factor | processing time / audio duration; below 1 is faster than life |

The true end of speech comes from a label of the recording, never from our own
detector, so the first two can only be told by a client that knows the label.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from voice.events import Millis

__all__ = ["Marks", "Percentiles", "TurnTimings", "percentiles"]


@dataclass(slots=True)
class Marks:
    """When things happened in one turn, as they happen.

    The first two are milliseconds of audio received in the session, as is
    `committed_audio`; the others are seconds of a monotonic clock.
    """

    speech_started: Millis | None = None
    speech_ended: Millis | None = None
    committed_audio: Millis | None = None
    committed: float | None = None
    transcribed: float | None = None
    first_audio: float | None = None
    recognition_began: float | None = None
    recognition: float | None = None
    """Seconds that the recogniser took for the transcript that counted."""
    response_began: float | None = None
    response: float | None = None
    """Seconds that the responder took for the plan that counted."""
    synthesis_began: float | None = None
    synthesis: float | None = None
    """Seconds from asking for the reply's audio to its first piece."""
    synthesis_total: float | None = None
    """Seconds that the synthesiser took for all of the reply that was made."""

    def timings(self) -> "TurnTimings":
        """The measures, as far as the server can tell them."""
        return TurnTimings(
            speech_started_ms=self.speech_started,
            speech_ended_ms=self.speech_ended,
            committed_ms=self.committed_audio,
            finalization_ms=_since(self.committed, self.transcribed),
            first_audio_ms=_since(self.committed, self.first_audio),
            recognition_start_ms=self._after_commit(self.recognition_began),
            recognition_ms=_ms(self.recognition),
            response_start_ms=self._after_commit(self.response_began),
            response_ms=_ms(self.response),
            synthesis_start_ms=self._after_commit(self.synthesis_began),
            synthesis_ms=_ms(self.synthesis),
            synthesis_total_ms=_ms(self.synthesis_total),
        )

    def _after_commit(self, moment: float | None) -> float | None:
        """Milliseconds; below 0 what was done ahead of the commit."""
        if moment is None or self.committed is None:
            return None
        return _ms(moment - self.committed)


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnTimings:
    """The measures of one turn in milliseconds; None where one does not apply."""

    speech_started_ms: int | None
    speech_ended_ms: int | None
    committed_ms: int | None
    finalization_ms: float | None
    first_audio_ms: float | None
    recognition_start_ms: float | None
    recognition_ms: float | None
    response_start_ms: float | None
    response_ms: float | None
    synthesis_start_ms: float | None
    synthesis_ms: float | None
    synthesis_total_ms: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Percentiles:
    """How a measure is spread; nearest-rank percentiles, so each was observed."""

    count: int
    p50: float
    p95: float
    p99: float


def percentiles(values: Iterable[float]) -> Percentiles | None:
    """The spread of `values`, or None if there are none."""
    ordered = sorted(values)
    if not ordered:
        return None

    def rank(percent: int) -> float:
        return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]

    return Percentiles(count=len(ordered), p50=rank(50), p95=rank(95), p99=rank(99))


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)


def _since(start: float | None, end: float | None) -> float | None:
    """Milliseconds; what was ready before it was needed cost nothing."""
    if start is None or end is None:
        return None
    return _ms(max(0.0, end - start))
