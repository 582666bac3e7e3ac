"""The reply on its way to the listener: paced, bounded, held and taken up again.

An outbox holds the audio of one reply. It hands out audio only a little ahead of
what the listener has heard, so that a reply can be stopped at once; and it knows
what was heard: from the client's own playback position if it reports one, else
from the clock. It reads no clock itself: `now` is milliseconds of a wall clock.

A reply that is held has fallen silent: the player forgets what it has not played.
What it goes on with is taken from what was sent before, a little earlier than where
it stopped, so that no word is lost and none begins in its middle.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from voice.audio import Pcm, Samples
from voice.events import Millis

__all__ = ["Outbox"]

PIECE = Millis(40)
"""Length of the pieces that are sent: small enough to stop at, few enough to send."""

REWIND = (Millis(60), Millis(600))
"""How far before the place where it was held a reply is taken up, at least and most."""

KEPT = Millis(2000)
"""What is kept of the audio sent: more than a player can have before it, and the
rewind."""

HUSH = Millis(20)
"""Length of what is compared to find the quietest place, between two words."""


NOTHING = np.zeros(0, np.int16)


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
        self._sent: deque[Pcm] = deque()
        """The newest of what was handed out."""
        self._kept_samples = 0
        self._sent_samples = 0
        self._phrases: list[_Phrase] = []
        self._complete = False
        self._held: Millis | None = None
        """What the listener has heard of a reply that is held; else None."""
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
        self._waiting.extend(self._pieces(pcm))
        self._waiting_samples += len(pcm)

    def complete(self) -> None:
        """There is no more audio to come."""
        self._complete = True

    def hold(self, now: int) -> Millis:
        """Send nothing more for the time being.

        Returns:
            How much the listener has heard, if they hear no more.
        """
        self._held = self.heard(now)
        return self._held

    def go_on(self, now: int) -> Millis:
        """Send again, from a little before the place where it was held.

        Returns:
            Where in the reply it goes on.
        """
        assert self._held is not None, "it is not held"
        kept = np.concatenate([NOTHING, *(piece.samples for piece in self._sent)])
        start = self._seam(self._held, kept)
        again = kept[len(kept) - (self._sent_samples - start) :]
        self._sent.clear()
        self._kept_samples = 0
        self._sent_samples = start
        self._waiting.extendleft(reversed(self._pieces(Pcm(again, self.rate))))
        self._waiting_samples += len(again)
        self._held = None
        self._report = (self.sent, now)
        return self.sent

    def due(self, now: int) -> list[Pcm]:
        """The audio to send now."""
        pieces: list[Pcm] = []
        if self._held is not None:
            return pieces
        while self._waiting and self.sent - self.heard(now) < self.lead:
            if self._started is None:
                self._started = now
            piece = self._waiting.popleft()
            self._waiting_samples -= len(piece)
            self._sent_samples += len(piece)
            self._keep(piece)
            pieces.append(piece)
        return pieces

    def wait(self, now: int) -> Millis | None:
        """How long until `due` or `played` has news; None: only after more audio."""
        if self._held is not None:
            return None
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
        possible = Millis(min(max(position, earlier), self.sent))
        self._report = (possible, now)
        if self._held is not None:
            self._held = possible

    def heard(self, now: int) -> Millis:
        """How much of the reply the listener has heard."""
        if self._held is not None:
            return self._held
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

    def _keep(self, piece: Pcm) -> None:
        self._sent.append(piece)
        self._kept_samples += len(piece)
        while self._kept_samples > self._samples(KEPT):
            self._kept_samples -= len(self._sent.popleft())

    def _pieces(self, pcm: Pcm) -> list[Pcm]:
        step = PIECE * self.rate // 1000
        return [
            Pcm(pcm.samples[start : start + step], self.rate)
            for start in range(0, len(pcm), step)
        ]

    def _seam(self, held: Millis, kept: Samples) -> int:
        """The sample to take the reply up at: the quietest place before `held`."""
        kept_from = self._sent_samples - len(kept)
        least, most = (self._samples(held) - self._samples(ms) for ms in REWIND)
        step = self._samples(HUSH)
        first = max(kept_from, most)
        if least - first < step:
            return first
        audio = kept[first - kept_from : least - kept_from].astype(np.float32)
        steps = audio[len(audio) % step :].reshape(-1, step)
        loudness = (steps**2).mean(axis=1)
        quietest = len(loudness) - int(loudness[::-1].argmin())
        return least - (len(loudness) - quietest) * step

    def _samples(self, length: Millis) -> int:
        return length * self.rate // 1000
