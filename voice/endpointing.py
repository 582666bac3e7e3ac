"""How long to wait after a pause: the words decide, the sound and the person adjust.

The judgement of the words gives the base wait (`TurnPolicy`). Evidence
that the words cannot show scales it: how sure the silence is, how the voice fell, how
final the recogniser found the text, and how long this user pauses when they go on.
What is not known scales nothing. Each factor is bounded, and so is their product, so
that no evidence, however wrong, costs more than `LONGEST` or cuts in before `SHORTEST`.
"""

from dataclasses import dataclass

from voice.events import Completeness, Millis

__all__ = ["NO_EVIDENCE", "NO_HABIT", "Evidence", "Habit", "TurnPolicy", "scaled"]

SHORTEST, LONGEST = 0.8, 1.5
"""What all evidence together may make of the base wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was heard around a pause; None: not known."""

    hush: float | None = None
    """How sure the silence is: 1 less the mean speech probability of the frames since
    the last one that held speech; 0 to 1."""
    fall: float | None = None
    """Decibels by which the end of the last voiced stretch is softer than its middle;
    below zero if the voice was raised."""
    finality: float | None = None
    """How likely the recogniser took the text to end here, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Habit:
    """The pauses of one user after which they went on with the same utterance."""

    pauses: tuple[Millis, ...] = ()

    def after(self, pause: Millis) -> "Habit":
        """With one more pause that was none of an end."""
        return Habit((*self.pauses, pause))


NO_EVIDENCE = Evidence()
NO_HABIT = Habit()


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnPolicy:
    """How long to wait. All in milliseconds of audio, counted from true silence."""

    complete: Millis = Millis(200)
    """After a whole request that nothing extends."""
    extendable: Millis = Millis(450)
    """After a whole request that could go on."""
    prefix: Millis = Millis(1200)
    """After the beginning of a request."""
    open: Millis = Millis(700)
    """After anything else, and while there is no judgement yet."""
    barge_in: Millis = Millis(400)
    """Speech over the reply that lasts as long takes the floor."""
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
            completeness: how the words were judged; None: not yet.
            evidence: what the sound shows.
            habit: how this user pauses.
        """
        match completeness:
            case Completeness.COMPLETE:
                base = self.complete
            case Completeness.EXTENDABLE:
                base = self.extendable
            case Completeness.PREFIX:
                base = self.prefix
            case Completeness.OPEN | None:
                base = self.open
        return scaled(base, completeness, evidence, habit)


def scaled(
    base: Millis, completeness: Completeness | None, evidence: Evidence, habit: Habit
) -> Millis:
    """The pause that ends an utterance.

    Args:
        base: what the words ask for.
        completeness: how the words were judged; None: not yet.
        evidence: what the sound shows.
        habit: how this user pauses.

    Returns:
        Milliseconds of silence, between `SHORTEST` and `LONGEST` of `base`.
    """
    return base
