"""The reply on its way to the listener: paced, bounded, and stopped at a word.

An outbox holds the audio of one reply. It hands out audio only a little ahead of
what the listener has heard, so that a reply can be stopped at once; and it knows
what was heard: from the client's own playback position if it reports one, else
from the clock. It reads no clock itself: `now` is milliseconds of a wall clock.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from voice.audio import Pcm
from voice.events import Millis

__all__ = ["Outbox"]

PIECE = Millis(40)
"""Length of the pieces that are sent: small enough to stop at, few enough to send."""

DUCKED_GAIN = 0.25
"""-12 dB: still there, but the user hears that they are heard."""


@dataclass(frozen=True, slots=True)
class _Phrase:
    text: str
    start: Millis


class Outbox:
    """The audio of one reply at one rate.

    Args:
        rate: Hertz, of all audio fed.
        lead: how far ahead of the listener audio is sent.
        capacity: how much unsent audio it takes before it is `full`.
    """

    def __init__(
        self, rate: int, *, lead: Millis = Millis(240), capacity: Millis = Millis(8000)
    ) -> None:
        self.rate = rate
        self.lead = lead
        self.capacity = capacity
        self._waiting: deque[Pcm] = deque()
        self._waiting_samples = 0
        self._sent_samples = 0
        self._phrases: list[_Phrase] = []
        self._complete = False
        self._ducked = False
        self._started: int | None = None
        self._report: tuple[Millis, int] | None = None

    @property
    def full(self) -> bool:
        """Whether the synthesiser should wait."""
        return self._length(self._waiting_samples) >= self.capacity

    @property
    def sent(self) -> Millis:
        """How much audio was handed out."""
        return self._length(self._sent_samples)

    @property
    def total(self) -> Millis:
        """How much audio there is so far, sent or not."""
        return self._length(self._sent_samples + self._waiting_samples)

    @property
    def all_sent(self) -> bool:
        """Whether all there will ever be was handed out."""
        return self._complete and not self._waiting

    def begin_phrase(self, text: str) -> None:
        """What the audio fed from now on says."""
        self._phrases.append(_Phrase(text, self.total))

    def feed(self, pcm: Pcm) -> None:
        """Add audio at the end."""
        assert pcm.rate == self.rate
        assert not self._complete, "audio after the end of the reply"
        step = PIECE * self.rate // 1000
        for start in range(0, len(pcm), step):
            piece = Pcm(pcm.samples[start : start + step], self.rate)
            self._waiting.append(piece)
            self._waiting_samples += len(piece)

    def complete(self) -> None:
        """There is no more audio to come."""
        self._complete = True

    def duck(self) -> None:
        """Send what is still to be sent at a lower volume."""
        self._ducked = True

    def unduck(self) -> None:
        """Send what is still to be sent at full volume again."""
        self._ducked = False

    def due(self, now: int) -> list[Pcm]:
        """The audio to send now."""
        pieces = []
        while self._waiting and self.sent - self.heard(now) < self.lead:
            if self._started is None:
                self._started = now
            piece = self._waiting.popleft()
            self._waiting_samples -= len(piece)
            self._sent_samples += len(piece)
            pieces.append(self._at_volume(piece))
        return pieces

    def wait(self, now: int) -> Millis | None:
        """How long until `due` or `played` has news; None: only after more audio."""
        if self._waiting:
            return Millis(max(0, self.sent - self.heard(now) - self.lead + PIECE))
        if self._complete:
            return Millis(max(0, self.total - self.heard(now)))
        return None

    def report(self, position: Millis, now: int) -> None:
        """The client says how much of the reply it has played.

        A position beyond what was sent, or before an earlier one, is a claim that
        cannot be true; the nearest possible one is believed.
        """
        earlier = self._report[0] if self._report else Millis(0)
        self._report = (Millis(min(max(position, earlier), self.sent)), now)

    def heard(self, now: int) -> Millis:
        """How much of the reply the listener has heard."""
        if self._started is None:
            return Millis(0)
        position, since = self._report or (Millis(0), self._started)
        return Millis(min(self.sent, position + max(0, now - since)))

    def heard_text(self, now: int) -> str:
        """The words that the listener has heard; a cut phrase in proportion."""
        heard = self.heard(now)
        ends = [*(phrase.start for phrase in self._phrases[1:]), self.total]
        words = []
        for phrase, end in zip(self._phrases, ends, strict=False):
            if heard >= end > phrase.start:
                words += phrase.text.split()
            elif heard > phrase.start:
                spoken = phrase.text.split()
                share = (heard - phrase.start) / (end - phrase.start)
                words += spoken[: int(len(spoken) * share)]
        return " ".join(words)

    def played(self, now: int) -> bool:
        """Whether the listener has heard all there is."""
        return self.all_sent and self.heard(now) >= self.sent

    def _length(self, samples: int) -> Millis:
        return Millis(samples * 1000 // self.rate)

    def _at_volume(self, piece: Pcm) -> Pcm:
        if not self._ducked:
            return piece
        return Pcm((piece.samples * DUCKED_GAIN).astype(np.int16), self.rate)
