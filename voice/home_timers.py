"""The timers of a home: each one a value, and what can be done to it.

`voice.home` applies the effects to the home's state, and says what else there is.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from voice.home import Effect

__all__ = [
    "MAX_TIMERS",
    "AdjustTimer",
    "CancelTimer",
    "PauseTimer",
    "ResumeTimer",
    "StartTimer",
    "Timer",
    "changed",
    "started",
]

MAX_TIMERS = 64
"""That run or are paused at once, in the whole home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A timer that runs or is paused."""

    id: int
    seconds: int
    """How long it was set for, adjustments included."""
    ends: datetime | None
    """None while it is paused."""
    remaining: int = 0
    """Seconds left, while it is paused."""
    name: str = ""
    area: str | None = None
    language: str
    """In which it was asked for, as a BCP 47 tag."""
    announcement: str
    """What to say when it ends, in `language`."""
    effects: "tuple[Effect, ...]" = ()
    """What to do when it ends ("turn off the light in five minutes")."""

    def seconds_left(self, now: datetime) -> int:
        """Whole seconds until it ends, never negative."""
        if self.ends is None:
            return self.remaining
        return max(0, round((self.ends - now).total_seconds()))


# --- What can be done to it ---------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class StartTimer:
    """Start a timer; it ends `seconds` after the moment of `apply`."""

    seconds: int
    language: str
    announcement: str
    name: str = ""
    area: str | None = None
    effects: "tuple[Effect, ...]" = ()


@dataclass(frozen=True, slots=True)
class CancelTimer:
    """Forget a timer: it will not end."""

    timer: int


@dataclass(frozen=True, slots=True)
class PauseTimer:
    """Stop the clock of a timer."""

    timer: int


@dataclass(frozen=True, slots=True)
class ResumeTimer:
    """Let a paused timer run again."""

    timer: int


@dataclass(frozen=True, slots=True)
class AdjustTimer:
    """Make a timer longer, or shorter if `seconds` is negative."""

    timer: int
    seconds: int


def started(effect: StartTimer, number: int, now: datetime) -> Timer:
    """The timer that begins to run now.

    Args:
        effect: what was asked for.
        number: to know it by.
        now: the moment from which it counts.
    """
    return Timer(
        id=number,
        seconds=effect.seconds,
        ends=now + timedelta(seconds=effect.seconds),
        name=effect.name,
        area=effect.area,
        language=effect.language,
        announcement=effect.announcement,
        effects=effect.effects,
    )


def changed(
    timers: tuple[Timer, ...],
    effect: CancelTimer | PauseTimer | ResumeTimer | AdjustTimer,
    now: datetime,
) -> tuple[Timer, ...]:
    """The timers after `effect`; one that is no longer there is not changed."""
    if isinstance(effect, CancelTimer):
        return tuple(timer for timer in timers if timer.id != effect.timer)
    return tuple(
        _changed(timer, effect, now) if timer.id == effect.timer else timer
        for timer in timers
    )


def _changed(
    timer: Timer, effect: PauseTimer | ResumeTimer | AdjustTimer, now: datetime
) -> Timer:
    match effect:
        case PauseTimer():
            return replace(timer, ends=None, remaining=timer.seconds_left(now))
        case ResumeTimer():
            return _resumed(timer, now)
        case AdjustTimer(_, seconds):
            return _adjusted(timer, seconds, now)
        case _ as unreachable:
            assert_never(unreachable)


def _resumed(timer: Timer, now: datetime) -> Timer:
    if timer.ends is not None:
        return timer
    return replace(timer, ends=now + timedelta(seconds=timer.remaining), remaining=0)


def _adjusted(timer: Timer, seconds: int, now: datetime) -> Timer:
    left = max(0, timer.seconds_left(now) + seconds)
    timer = replace(timer, seconds=max(0, timer.seconds + seconds))
    if timer.ends is None:
        return replace(timer, remaining=left)
    return replace(timer, ends=now + timedelta(seconds=left))
