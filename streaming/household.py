"""The one home that all sessions share: its state, its timers, its announcements."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from voice.home import (
    Broadcast,
    Effect,
    FinishTimer,
    HomeState,
    apply,
    due_timers,
)

__all__ = ["Announcement", "Household", "Listener"]

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Announcement:
    """Something that the server says by itself."""

    text: str
    language: str


Listener: TypeAlias = Callable[[Announcement], None]
"""A session that can announce; told on the event loop, must not block."""


class Household:
    """Holds the state of the home and changes it, one commit at a time.

    Args:
        state: of the home at the start.
        clock: tells the time of day, with its zone.
    """

    def __init__(self, state: HomeState, clock: Callable[[], datetime]) -> None:
        self.state = state
        self.clock = clock
        self._listeners: list[Listener] = []
        self._owners: dict[int, Listener] = {}
        self._watchers: list[Callable[[], None]] = []
        self._alarm: asyncio.TimerHandle | None = None

    def join(self, listener: Listener) -> None:
        """A session begins to listen."""
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """A session is over; its timers go on, and everybody hears them end."""
        self._listeners.remove(listener)
        self._owners = {
            timer: owner for timer, owner in self._owners.items() if owner != listener
        }

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call `watcher` after each change of `state`; it must not block."""
        if watcher not in self._watchers:
            self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Call it no more."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def commit(self, effects: Sequence[Effect], by: Listener) -> None:
        """Let `effects` happen, now and once."""
        before = self.state.timers_started
        self._change(effects)
        for timer in range(before + 1, self.state.timers_started + 1):
            self._owners[timer] = by
        for effect in effects:
            if isinstance(effect, Broadcast):
                self._tell_others(effect, by)
        self._arm()

    def close(self) -> None:
        """Timers end no more."""
        if self._alarm:
            self._alarm.cancel()

    def _change(self, effects: Sequence[Effect]) -> None:
        earlier = self.state
        self.state = apply(earlier, effects, now=self.clock())
        if self.state is not earlier:
            for watcher in self._watchers:
                watcher()

    def _tell_others(self, message: Broadcast, by: Listener) -> None:
        for listener in self._listeners:
            if listener != by:
                listener(Announcement(message.message, message.language))

    def _arm(self) -> None:
        """Wake up when the next timer ends."""
        self.close()
        ends = [timer.ends for timer in self.state.timers if timer.ends is not None]
        if not ends:
            return
        delay = max(0.0, (min(ends) - self.clock()).total_seconds())
        self._alarm = asyncio.get_running_loop().call_later(delay, self._ring)

    def _ring(self) -> None:
        now = self.clock()
        for timer in due_timers(self.state, now):
            self._change([FinishTimer(timer.id)])
            owner = self._owners.pop(timer.id, None)
            listeners = [owner] if owner else list(self._listeners)
            if not listeners:
                log.warning("timer %d ended and nobody was there to hear it", timer.id)
            for listener in listeners:
                listener(Announcement(timer.announcement, timer.language))
        self._arm()
