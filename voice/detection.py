"""When speech begins and ends, decided from the probability of each frame.

The gate adds what a frame cannot know: patience. A click is not yet speech, and
the closure of a "p" is not yet silence. What it reports is when the change truly
happened, not when it became sure of it.

    quiet ─p ≥ onset for min_speech, or p ≥ sure─► speaking
      ▲                                     │
      └──────p < release, for min_silence───┘
"""

from dataclasses import dataclass

from voice.events import Millis, SpeechEnded, SpeechStarted

__all__ = ["GatePolicy", "SpeechGate"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatePolicy:
    """How sure, and for how long, the gate must be.

    The defaults are chosen for an early end, because that is when work on the reply
    begins. With Silero v6 the end is decided 138 ms (median; 168 ms for 95 %) after
    the last sample of the fixtures. In recordings of people it is decided 1.7 times
    per utterance: an end that speech takes back costs a speculation, not an answer.

    Raises:
        ValueError: the thresholds are no 0 < release ≤ onset ≤ 1, or a time is
            negative.
    """

    onset: float = 0.6
    """Probability from which a frame counts as speech."""
    release: float = 0.5
    """Probability below which a frame counts as silence; what lies between
    `release` and `onset` goes on with what was before."""
    sure: float = 0.8
    """Probability from which one frame is speech, without patience; above 1: none is.
    It tells an onset 86 ms after it (median; 153 ms for 95 %) instead of 86 and 174,
    and raised as many false alarms on 32 recordings of noise: 5 instead of 5."""
    min_speech: Millis = Millis(64)
    """Speech shorter than this is none: a click, a cough."""
    min_silence: Millis = Millis(64)
    """Silence shorter than this is none: a closure within a word."""

    def __post_init__(self) -> None:
        if not 0 < self.release <= self.onset <= 1:
            raise ValueError(
                f"release {self.release} and onset {self.onset} are not in order:"
                " 0 < release <= onset <= 1"
            )
        if self.min_speech < 0 or self.min_silence < 0:
            raise ValueError("min_speech and min_silence cannot be negative")


class SpeechGate:
    """Turns a stream of speech probabilities into speech that starts and ends.

    Events alternate, beginning with `SpeechStarted`, and their times never go back.
    """

    def __init__(self, policy: GatePolicy | None = None) -> None:
        self.policy = policy or GatePolicy()
        self._speaking = False
        self._heard = Millis(0)
        """End of the newest frame, which is where the next one begins."""
        self._change: Millis | None = None
        """When the other state may have begun; None while nothing hints at it."""

    @property
    def speaking(self) -> bool:
        """Whether there is speech, as far as the gate has decided."""
        return self._speaking

    def step(
        self, probability: float, now: Millis
    ) -> SpeechStarted | SpeechEnded | None:
        """Hear one more frame.

        Args:
            probability: how likely the frame holds speech, 0 to 1.
            now: audio time at the end of the frame, after that of the frame before.
        """
        begin, self._heard = self._heard, now
        if self._contradicted(probability):
            self._change = None
            return None
        if self._change is None:
            if not self._hinted(probability):
                return None
            self._change = begin
        if now - self._change < self._patience(probability):
            return None
        return self._turn(self._change)

    def reset(self) -> None:
        """Forget what was heard, but not the time: the user is taken for silent."""
        self._speaking = False
        self._change = None

    def _patience(self, probability: float) -> Millis:
        if self._speaking:
            return self.policy.min_silence
        sure = probability >= self.policy.sure
        return Millis(0) if sure else self.policy.min_speech

    def _hinted(self, probability: float) -> bool:
        """Whether the frame is clearly of the other state."""
        if self._speaking:
            return probability < self.policy.release
        return probability >= self.policy.onset

    def _contradicted(self, probability: float) -> bool:
        """Whether the frame takes back a hint at the other state.

        Starting is strict: speech rises at once, and a frame in between is more
        often noise. Ending is lenient: a voice dies away over several frames.
        """
        return (
            probability >= self.policy.onset
            if self._speaking
            else (probability < self.policy.onset)
        )

    def _turn(self, at: Millis) -> SpeechStarted | SpeechEnded:
        self._speaking = not self._speaking
        self._change = None
        return SpeechStarted(at) if self._speaking else SpeechEnded(at)
