"""How long to wait after a pause: the words decide, the sound and the person adjust.

The judgement of the words gives the base wait. What the words cannot show scales it:

| evidence | shortens | lengthens | why |
|---|---|---|---|
| fall | a voice that sank | a voice held up | people sink at the end of what they say |
| hush | – | an unsure silence | the voice may be there still, or again |
| finality | a full stop | "…", a comma | the recogniser heard the melody |
| over | sounds final | sounds unfinished | "the" is no last word; people slow down |
| habit | short pauses so far | long pauses so far | people keep their rhythm |

What is not known scales nothing: without a judgement, evidence and habit alone adjust
the wait for open speech. Every factor is bounded, and so is their product, so that
evidence, however wrong, neither cuts in before `SHORTEST` of the base wait nor costs
more than `LONGEST` of it. Where a model of turn ends has listened (`over`), it knows the
melody and more than the marks of a text, and speaks for them; it may shorten more.
"""

from dataclasses import dataclass
from itertools import pairwise
from statistics import quantiles
from typing import TypeAlias

from voice.events import NO_EVIDENCE, Completeness, Evidence, Millis

__all__ = [
    "FALL",
    "FINALITY",
    "HUSH",
    "LONGEST",
    "NO_HABIT",
    "OVER",
    "SHORTEST",
    "SOONEST",
    "Curve",
    "Habit",
    "Trace",
    "TurnPolicy",
    "finality",
    "scaled",
]

SHORTEST, LONGEST = 0.8, 1.5
"""What evidence and habit together may make of the base wait."""

Curve: TypeAlias = tuple[tuple[float, float], ...]
"""Points (evidence, factor) in order; straight lines between, level outside."""

FALL: Curve = ((5, 1.25), (12, 1.0), (20, 0.85))
"""Decibels. Of 1 996 pauses in read and spontaneous recordings of people, half of
those within an utterance fell by less than 11 dB and half of the ends by more than
13.6; a tenth by less than 4, and by more than 25."""

HUSH: Curve = ((0.55, 1.25), (0.75, 1.0))
"""In the same recordings hush told an end from a pause hardly better than chance,
except that the unsure tenth is more often a pause: so it only lengthens."""

FINALITY: Curve = ((0.0, 1.3), (0.5, 1.0), (1.0, 0.9))

OVER: Curve = ((0.2, 1.75), (0.9, 0.75))
"""Chosen on pauses that were developed on, played again to the policy: it cuts in at 5 %
of 154 in eSpeak's open speech, and at 3 % of 128 in people's. `LONGEST` cuts the first
off, but for people with short pauses."""

SOONEST = 0.5
"""What is left of the wait for open speech, at least, where `OVER` shortens it."""

VOICED = 0.5
"""Speech probability from which a frame holds voice."""

ENDING = 4
"""Frames at the end of the voice that its fall is measured on: 128 ms."""

LIVELY = 3.0
"""Decibels between the quarters of soft and of loud frames of a voice, at least; a level
that something else keeps even says nothing."""

REMEMBERED = 60
"""Frames of voice that the end is compared with: two seconds."""

A_PAUSE = Millis(200)
"""Pauses below this are closures within words, no habit."""

PAUSES_KEPT, PAUSES_NEEDED = 12, 3
"""How many the habit looks back on, and how few tell nothing."""


@dataclass(frozen=True, slots=True)
class Habit:
    """How long one user pauses before going on with the same utterance.

    Only pauses that the user ended are known: one that the policy cut short is not
    among them, so that a habit cannot grow beyond the longest wait.
    """

    pauses: tuple[Millis, ...] = ()
    """The newest, in order."""

    def after(self, pause: Millis) -> "Habit":
        """With one more pause after which the user went on."""
        if pause < A_PAUSE:
            return self
        return Habit((*self.pauses, pause)[-PAUSES_KEPT:])

    @property
    def enough(self) -> Millis | None:
        """A silence that this user seldom goes on after: beyond nine of ten pauses.

        None while too little is known.
        """
        if len(self.pauses) < PAUSES_NEEDED:
            return None
        ranked = sorted(self.pauses)
        long = ranked[-(-len(ranked) * 9 // 10) - 1]
        return Millis(long * 5 // 4 + 50)


NO_HABIT = Habit()


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPolicy:
    """How long to wait. All in milliseconds of audio, counted from true silence."""

    complete: Millis = Millis(130)
    """After a whole request that nothing extends. Of 58 pauses within commands, 130
    cut off no more than 160; with less, the answer is seldom ready in time."""
    extendable: Millis = Millis(900)
    """After a whole request that could go on. Longer than people mostly pause before
    they go on: a cut-in would do something that was not meant, in every room."""
    prefix: Millis = Millis(1200)
    """After the beginning of a request."""
    open: Millis = Millis(800)
    """After anything else, and while there is no judgement yet. Commands that were
    misheard wait for as long, so that it counts for them too."""
    barge_in: Millis = Millis(1000)
    """Speech over the reply, which is silent meanwhile, that lasts as long takes the
    floor; a sign of listening is shorter. Words take it earlier."""
    max_utterance: Millis = Millis(28_000)
    """An utterance is cut here, below the 30 s that a recogniser takes."""

    def wait(
        self,
        completeness: Completeness | None,
        evidence: Evidence = NO_EVIDENCE,
        habit: Habit = NO_HABIT,
    ) -> Millis:
        """The pause that ends an utterance.

        Args:
            completeness: how the words were judged; None: not yet, or no grammar.
            evidence: what the sound shows.
            habit: how this user pauses.
        """
        if completeness is Completeness.OPEN and evidence.over is not None:
            return _told(self.open, evidence.over, habit)
        if completeness is Completeness.COMPLETE:
            habit = NO_HABIT  # who has said it all does not go on by habit
        base = self._base(completeness)
        wait = scaled(base, evidence, habit)
        # Half a request is never over sooner, however final it sounded.
        return max(base, wait) if completeness is Completeness.PREFIX else wait

    def _base(self, completeness: Completeness | None) -> Millis:
        match completeness:
            case Completeness.COMPLETE:
                return self.complete
            case Completeness.EXTENDABLE:
                return self.extendable
            case Completeness.PREFIX:
                return self.prefix
            case Completeness.OPEN | None:
                return self.open


def _told(base: Millis, over: float, habit: Habit) -> Millis:
    """A wait after open speech that was listened to for its end."""
    usual = base if habit.enough is None else _bounded(habit.enough, base)
    wait = usual * _on(OVER, over)
    return Millis(round(min(max(wait, SOONEST * base), LONGEST * base)))


def scaled(base: Millis, evidence: Evidence, habit: Habit) -> Millis:
    """A wait, adjusted.

    Returns:
        Milliseconds of silence, between `SHORTEST` and `LONGEST` of `base`.
    """
    wait = float(base)
    if habit.enough is not None:
        wait = _bounded(habit.enough, base)
    for value, curve in (
        (evidence.fall, FALL),
        (evidence.hush, HUSH),
        (evidence.finality, FINALITY),
    ):
        if value is not None:
            wait *= _on(curve, value)
    return Millis(round(_bounded(wait, base)))


def finality(text: str) -> float | None:
    """How final a transcript looks by its last mark, 0 to 1; None: it does not tell.

    A recogniser that writes punctuation hears melody with it, though it likes to end
    whatever it is given with a full stop. Marks without words stand for speech that was
    not understood, and tell nothing.
    """
    if not any(letter.isalnum() for letter in text):
        return None
    last = text.rstrip()[-1:]
    if last in ("…", ",", ";", ":", "-", "–", "—") or text.rstrip().endswith(".."):
        return 0.0
    return 0.7 if last in ("?", "!") else None


class Trace:
    """What the frames of an utterance show of the pause they end in."""

    def __init__(self) -> None:
        self._levels: list[float] = []
        """Decibels of the newest frames of voice."""
        self._silent: list[float] = []
        """Speech probabilities since then."""

    def hear(self, probability: float, level: float) -> None:
        """One more frame.

        Args:
            probability: how likely it holds speech, 0 to 1.
            level: its loudness in decibels, of whatever reference.
        """
        if probability < VOICED:
            self._silent = [*self._silent, probability][-REMEMBERED:]
            return
        self._silent.clear()
        self._levels = [*self._levels, level][-REMEMBERED:]

    def begin(self) -> None:
        """An utterance begins: what was before it says nothing about its end."""
        self._levels = self._levels[-2:]

    def evidence(self, text: str = "") -> Evidence:
        """What is known by now, of the sound and of the recogniser's text."""
        fall = hush = None
        if len(self._levels) >= 2 * ENDING:
            low, middle, high = quantiles(self._levels)
            if high - low >= LIVELY:
                fall = middle - sum(self._levels[-ENDING:]) / ENDING
        if self._silent:
            hush = 1 - sum(self._silent) / len(self._silent)
        return Evidence(hush=hush, fall=fall, finality=finality(text))


def _on(curve: Curve, value: float) -> float:
    (low, factor), *_ = curve
    if value <= low:
        return factor
    for (x, y), (x_next, y_next) in pairwise(curve):
        if value <= x_next:
            return y + (y_next - y) * (value - x) / (x_next - x)
    return curve[-1][1]


def _bounded(wait: float, base: Millis) -> float:
    return min(max(wait, SHORTEST * base), LONGEST * base)
