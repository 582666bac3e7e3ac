"""The deeds on timers."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from voice.home import (
    AdjustTimer,
    CancelTimer,
    Effect,
    PauseTimer,
    ResumeTimer,
    StartTimer,
    Timer,
    spoken_names,
)
from voice.languages import timer_ended
from voice.responders.outcomes import Deed, Outcome, Turn
from voice.responders.targets import Complaint

__all__ = ["TIMER_DEEDS", "start_timer"]

_UNITS = {"hours": 3600, "minutes": 60, "seconds": 1}

_NOT_FOUND = Outcome(complaint=Complaint("timer_not_found", {}))
_SEVERAL = Outcome(complaint=Complaint("multiple_timers_matched", {}))


def start_timer(
    turn: Turn, *, announcement: str = "", effects: tuple[Effect, ...] = ()
) -> Outcome:
    """A timer that says `announcement` and does `effects` when it ends.

    Without an announcement it says that it has ended.
    """
    seconds = _duration(turn)
    if not seconds:
        return _NOT_FOUND
    name = turn.word("name")
    start = StartTimer(
        seconds=seconds,
        name=name,
        area=turn.targets.area or turn.home.here,
        language=turn.language,
        announcement=announcement or timer_ended(turn.language, name),
        effects=effects,
    )
    return Outcome(effects=(start,))


def _duration(turn: Turn, prefix: str = "") -> int:
    return round(
        sum((turn.number(prefix + unit) or 0) * size for unit, size in _UNITS.items())
    )


def _meant(turn: Turn) -> list[Timer]:
    """The timers that a sentence may mean."""
    timers = list(turn.state.timers)
    name = turn.word("name").casefold()
    started_with = _duration(turn, "start_")
    if name:
        timers = [timer for timer in timers if timer.name.casefold() == name]
    if started_with:
        timers = [timer for timer in timers if timer.seconds == started_with]
    if turn.targets.area is not None:
        timers = [timer for timer in timers if timer.area == turn.targets.area]
    return timers


def _one(change: Callable[[Turn, Timer], Effect]) -> Deed:
    """A deed on the one timer that is meant."""

    def deed(turn: Turn) -> Outcome:
        timers = _meant(turn)
        if not timers:
            return _NOT_FOUND
        if len(timers) > 1:
            return _SEVERAL
        return Outcome(effects=(change(turn, timers[0]),))

    return deed


def _cancel_all(turn: Turn) -> Outcome:
    timers = _meant(turn)
    return Outcome(
        effects=tuple(CancelTimer(timer.id) for timer in timers),
        slots={"canceled": len(timers)},
    )


@dataclass(frozen=True)
class _SpokenTimer:
    """What a template may ask about a timer."""

    name: str
    area: str
    is_active: bool
    total_seconds_left: int
    rounded_hours_left: int
    rounded_minutes_left: int
    rounded_seconds_left: int
    start_hours: int
    start_minutes: int
    start_seconds: int


_TO_THE_MINUTE = timedelta(minutes=10)
"""From here on nobody wants to hear seconds."""


def _spoken(turn: Turn, timer: Timer) -> _SpokenTimer:
    left = timer.seconds_left(turn.now)
    rounded = left
    if left >= _TO_THE_MINUTE.total_seconds():
        rounded = 60 * round(left / 60)
    area = ""
    if timer.area is not None:
        area = spoken_names(turn.home.area(timer.area).names, turn.language)[0]
    return _SpokenTimer(
        name=timer.name,
        area=area,
        is_active=timer.ends is not None,
        total_seconds_left=left,
        rounded_hours_left=rounded // 3600,
        rounded_minutes_left=rounded // 60 % 60,
        rounded_seconds_left=rounded % 60,
        start_hours=timer.seconds // 3600,
        start_minutes=timer.seconds // 60 % 60,
        start_seconds=timer.seconds % 60,
    )


def _status(turn: Turn) -> Outcome:
    timers = _meant(turn)
    if not timers and turn.state.timers:
        return _NOT_FOUND
    return Outcome(slots={"timers": [_spoken(turn, timer) for timer in timers]})


TIMER_DEEDS: dict[str, Deed] = {
    "HassCancelAllTimers": _cancel_all,
    "HassCancelTimer": _one(lambda _, timer: CancelTimer(timer.id)),
    "HassDecreaseTimer": _one(lambda turn, t: AdjustTimer(t.id, -_duration(turn))),
    "HassIncreaseTimer": _one(lambda turn, t: AdjustTimer(t.id, _duration(turn))),
    "HassPauseTimer": _one(lambda _, timer: PauseTimer(timer.id)),
    "HassTimerStatus": _status,
    "HassUnpauseTimer": _one(lambda _, timer: ResumeTimer(timer.id)),
}
"""What to do, by intent, except to start one, which may hold a command."""
