"""What a listener would hear of a reply, without a loudspeaker.

The audio of a reply is laid out in time as a player would play it: each piece after
the one before it, at once if that is over. When the reply is held or cancelled, what
was not played yet is forgotten. So it is known when the first and the last audible
sample were heard, and what a microphone in the room would pick up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from voice.audio import Pcm, Samples
from voice.events import Millis

__all__ = ["AUDIBLE", "Playing"]

AUDIBLE = 300
"""Sample value, of 32768, from which a listener hears something: -41 dBFS."""


@dataclass(frozen=True, slots=True)
class _Piece:
    start: float
    pcm: Pcm

    @property
    def end(self) -> float:
        return self.start + len(self.pcm) / self.pcm.rate


class Playing:
    """One reply as it is played; times are seconds of any one clock."""

    def __init__(self) -> None:
        self._pieces: list[_Piece] = []
        self._from = Millis(0)
        """Where in the reply the audio begins that is played since it was held."""
        self._since = 0
        """How many pieces were played before that."""

    def play(self, pcm: Pcm, now: float) -> None:
        """Audio came."""
        end = self._pieces[-1].end if self._pieces else now
        self._pieces.append(_Piece(max(now, end), pcm))

    def fall_silent(self, now: float) -> None:
        """Forget what was not played yet."""
        while self._pieces and self._pieces[-1].start >= now:
            self._pieces.pop()
        if self._pieces and self._pieces[-1].end > now:
            piece = self._pieces[-1]
            heard = int((now - piece.start) * piece.pcm.rate)
            cut = Pcm(piece.pcm.samples[:heard], piece.pcm.rate)
            self._pieces[-1] = _Piece(piece.start, cut)
        self._since = min(self._since, len(self._pieces))

    def go_on(self, position: Millis) -> None:
        """What comes now begins at this place of the reply."""
        self._from, self._since = position, len(self._pieces)

    def position(self, now: float) -> Millis:
        """How much of the reply was heard."""
        played = sum(
            min(piece.end, now) - piece.start
            for piece in self._pieces[self._since :]
            if piece.start < now
        )
        return Millis(self._from + round(played * 1000))

    @property
    def first_audible(self) -> float | None:
        """When the first audible sample is heard."""
        for piece in self._pieces:
            loud = _loud(piece.pcm)
            if len(loud):
                return piece.start + int(loud[0]) / piece.pcm.rate
        return None

    @property
    def last_audible(self) -> float | None:
        """When the last audible sample is heard, of all that came so far."""
        for piece in reversed(self._pieces):
            loud = _loud(piece.pcm)
            if len(loud):
                return piece.start + int(loud[-1]) / piece.pcm.rate
        return None

    def heard(self, start: float, length: int, rate: int) -> Samples:
        """What sounds in the room.

        Args:
            start: from when.
            length: samples.
            rate: Hertz, the one of the audio played.

        Returns:
            shape [length], int16; zeros where nothing was played.
        """
        sound = np.zeros(length, np.int16)
        for piece in self._pieces:
            assert piece.pcm.rate == rate
            first = round((piece.start - start) * rate)
            begin, end = max(0, first), min(length, first + len(piece.pcm))
            if begin < end:
                sound[begin:end] = piece.pcm.samples[begin - first : end - first]
        return sound


def _loud(pcm: Pcm) -> npt.NDArray[np.intp]:
    """The numbers of the samples that can be heard."""
    return np.flatnonzero(np.abs(pcm.samples.astype(np.int32)) >= AUDIBLE)
