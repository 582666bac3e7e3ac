"""Tells our own voice, coming back through the microphone, from the user's.

What was sent to the listener is known, so what is heard can be compared with it: the
last fifth of a second against all that was played in the time before, at every delay
that is possible (normalised cross-correlation of the differentiated signals at 8 kHz).
A voice that is not ours is as unlike what we said as any two voices are; an echo is
like it at one delay, which does not change from one frame to the next. So a delay that
was found twice is remembered, and likeness at that delay convinces earlier.

Measured with eSpeak replies at -20 dB, at frames taken for speech (5th percentile of an
echo, 95th of a voice that speaks over it): likeness at any delay is 0.99 without a room,
0.76 with as much as a third of the energy reflected, 0.50 with half, against 0.33; at
the remembered delay 0.23 with four fifths reflected against 0.09.

This does not remove the echo: it says "that is us", and the speech gate stays shut.
"""

from collections import deque
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voice.audio import HEARING_RATE, Pcm, Resampler
from voice.events import Millis

__all__ = ["WINDOW", "EchoGuard"]

WINDOW = Millis(192)
"""What is compared at a time."""

LATEST = Millis(708)
"""The longest time from sending audio to hearing it again: the client's buffer, the
air, and the way back. With `WINDOW` it makes a length that transforms fast."""

LIKE = 0.42
"""Likeness at any delay from which it is an echo."""

LIKE_BEFORE, SHARE = 0.25, 0.6
"""Likeness at the remembered delay from which it is an echo: at least, and as a share
of the likeness that this echo mostly has. Below, somebody speaks over it."""

SAME_DELAY = 8
"""Samples at 8 kHz, 1 ms: two delays that differ by less are one."""

AUDIBLE = 4.0
"""Mean level of the reference below which there is nothing to come back."""

ENOUGH_PEAKS = 8
"""Samples that the energy of what is heard must be spread over at least. Below are
clicks, and one click is like any other; the "t" of a voice alone has a dozen."""

MANY = 100
"""Places from which it is quicker to correlate by spectra."""

PER_MS = 8
"""Samples of the compared signals in a millisecond."""

Signal: TypeAlias = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class _Played:
    start: int
    """In samples since the session began, at 8 kHz."""
    signal: Signal


@dataclass(frozen=True, slots=True)
class _Path:
    """How an echo comes back."""

    delay: int
    """Samples at 8 kHz."""
    usual: float
    """Likeness that it mostly has at this delay."""

    @property
    def convincing(self) -> float:
        """Likeness from which it is the echo and nobody beside it."""
        return max(LIKE_BEFORE, SHARE * self.usual)

    def found(self, likeness: float) -> "_Path":
        """After it was heard once more."""
        return _Path(self.delay, 0.9 * self.usual + 0.1 * likeness)

    def place(self, reference: Signal, window: Signal) -> slice | None:
        """Where in the reference it must be; None if that is not known any more."""
        end = len(reference) - self.delay + SAME_DELAY
        begin = end - len(window) - 2 * SAME_DELAY
        return slice(begin, end) if begin >= 0 and end <= len(reference) else None


class EchoGuard:
    """Remembers what was played in the last second and recognises it.

    Times are audio received: when a piece of the reply was sent, so much of the
    user's audio had come in.
    """

    def __init__(self) -> None:
        self._played: deque[_Played] = deque()
        self._next = 0
        """Where what is played next goes, in samples since the session began."""
        self._resampler: Resampler | None = None
        self._path: _Path | None = None
        """Of the echo, once it was found twice at one delay."""
        self._candidate: int | None = None

    @property
    def known(self) -> bool:
        """Whether an echo was heard in this session, and may be heard again."""
        return self._candidate is not None and bool(self._played)

    def play(self, pcm: Pcm, now: Millis) -> None:
        """This is on its way to the listener, to be heard after what went before."""
        if self._resampler is None or self._resampler.source != pcm.rate:
            self._resampler = Resampler(pcm.rate, HEARING_RATE)
        signal = _halved(self._resampler.feed(pcm))
        start = max(self._next, now * PER_MS)
        self._played.append(_Played(start, signal))
        self._next = start + len(signal)

    def fall_silent(self, now: Millis) -> None:
        """What was not played by now will not be; it may be played again later."""
        self._next = min(self._next, now * PER_MS)
        self._resampler = None

    def is_echo(self, heard: Pcm, now: Millis) -> bool:
        """Whether what was heard last is the reply, and nobody else.

        Args:
            heard: the audio up to `now`, at least `WINDOW` of it, 16 kHz.
            now: audio received so far.
        """
        reference = self._reference(now)
        if reference is None:
            return False
        window = _sharp(_halved(heard)[-WINDOW * PER_MS :])
        if _peaks(window) < ENOUGH_PEAKS:
            return False
        reference = _sharp(reference)
        if self._path is not None and (place := self._path.place(reference, window)):
            likeness = float(_likeness(window, reference[place]).max())
            if likeness >= self._path.convincing:
                self._path = self._path.found(likeness)
                return True
        return self._is_like(window, reference)

    def _is_like(self, window: Signal, reference: Signal) -> bool:
        likeness = _likeness(window, reference)
        last = len(likeness) - 1
        if self._path is not None:
            known = last - self._path.delay
            likeness[max(0, known - SAME_DELAY) : known + SAME_DELAY + 1] = 0
        found = int(likeness.argmax())
        if likeness[found] < LIKE:
            return False
        delay = last - found
        if self._candidate is not None and abs(delay - self._candidate) < SAME_DELAY:
            self._path = _Path(delay, float(likeness[found]))
        self._candidate = delay
        return True

    def _reference(self, now: Millis) -> Signal | None:
        """What may have come back by now; None if that was nothing."""
        end = now * PER_MS
        begin = end - (WINDOW + LATEST) * PER_MS
        while self._played and _end(self._played[0]) <= begin:
            self._played.popleft()
        if not self._played:
            return None
        reference = np.zeros(end - begin, np.float32)
        for piece in self._played:
            first, last = max(begin, piece.start), min(end, _end(piece))
            if first < last:
                part = piece.signal[first - piece.start : last - piece.start]
                reference[first - begin : last - begin] = part
        return reference if np.abs(reference).mean() > AUDIBLE else None


def _end(piece: _Played) -> int:
    return piece.start + len(piece.signal)


def _halved(pcm: Pcm) -> Signal:
    """At 8 kHz; both signals are treated alike, so a rough filter will do."""
    assert pcm.rate == HEARING_RATE
    pairs = pcm.samples[: len(pcm) // 2 * 2].astype(np.float32).reshape(-1, 2)
    halved: Signal = pairs.mean(axis=1)
    return halved


def _sharp(signal: Signal) -> Signal:
    """Differences weigh the high frequencies, in which voices differ most."""
    return np.diff(signal, prepend=np.float32(0))


def _peaks(signal: Signal) -> float:
    """How many samples carry the energy, were they all equal."""
    powers = np.square(signal, dtype=np.float64)
    return float(powers.sum() ** 2 / (np.square(powers).sum() + 1))


def _likeness(window: Signal, reference: Signal) -> Signal:
    """Correlation at every place of the reference, 0 to 1; the last is no delay."""
    size = len(reference)
    places = size - len(window) + 1
    if places < MANY:
        products = np.abs(np.correlate(reference, window))
    else:
        spectrum = np.fft.rfft(reference) * np.conj(np.fft.rfft(window, size))
        products = np.abs(np.fft.irfft(spectrum, size)[:places])
    energies = np.concatenate([[0.0], np.cumsum(reference.astype(np.float64) ** 2)])
    energy = energies[len(window) :] - energies[: -len(window)]
    loudest = float(energy.max())
    own = float(window @ window)
    likeness: Signal = products / np.sqrt((own + 1) * (energy + 1e-3 * loudest + 1))
    return likeness
