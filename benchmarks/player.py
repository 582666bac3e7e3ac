"""A loudspeaker that plays replies at once, and remembers every sample with its time.

It obeys the protocol as the page and the microphone do: held or cancelled, it falls
silent and forgets what it has not played.
"""

import numpy as np

from streaming.playing import AUDIBLE
from voice.audio import Pcm, Samples

__all__ = ["Player"]

LONGEST_S = 120


class Player:
    """Plays in time of a clock that the caller hands in, in seconds.

    Args:
        rate: Hertz of all audio.
        now: when the recording of what is played begins.
    """

    def __init__(self, rate: int, now: float) -> None:
        self.rate = rate
        self._begun = now
        self._free = now
        """When all that was received will have been played."""
        self._played: Samples = np.zeros(LONGEST_S * rate, np.int16)

    def play(self, pcm: Pcm, now: float) -> None:
        """Queue audio that arrived just now."""
        assert pcm.rate == self.rate
        start = self._at(max(now, self._free))
        end = min(start + len(pcm), len(self._played))
        self._played[start:end] = pcm.samples[: end - start]
        self._free = self._begun + (start + len(pcm)) / self.rate

    def fall_silent(self, now: float) -> None:
        """Forget what was not played yet."""
        self._played[self._at(now) :] = 0
        self._free = min(self._free, now)

    def audible(
        self, since: float, until: float | None = None
    ) -> tuple[float, float] | None:
        """When the first and the last audible sample of a stretch was played."""
        begin = self._at(since)
        end = None if until is None else self._at(until)
        stretch = self._played[begin:end].astype(np.int32)
        loud = np.flatnonzero(np.abs(stretch) >= AUDIBLE)
        if not len(loud):
            return None
        first, last = (begin + int(loud[at]) for at in (0, -1))
        return self._begun + first / self.rate, self._begun + last / self.rate

    def heard(self, since: float, seconds: float) -> Pcm:
        """What was played in a stretch that is over."""
        begin = self._at(since)
        count = round(seconds * self.rate)
        return Pcm(self._played[begin : begin + count], self.rate)

    def _at(self, when: float) -> int:
        return max(0, round((when - self._begun) * self.rate))
