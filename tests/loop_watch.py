"""How long an event loop was held up, by itself and not by a busy machine.

A heartbeat notes how late it comes. A shared machine makes it late as well: for that
time the kernel tells how long the thread was ready to run and had no core (Linux,
``schedstat``). What is left was spent on the loop's own thread: computing, sleeping,
or waiting for a lock.
"""

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

__all__ = ["LoopWatch", "can_watch"]

BEAT = 0.005
"""Seconds between two heartbeats."""

NOTED = 30.0
"""Milliseconds; shorter delays are not worth a note."""


def can_watch() -> bool:
    """Whether this system tells how long a thread waited for a core."""
    return _schedstat().is_file()


def _schedstat() -> Path:
    return Path(f"/proc/self/task/{threading.get_native_id()}/schedstat")


@dataclass
class LoopWatch:
    """Watches the loop that it is entered in, as an asynchronous context manager."""

    held_up: list[float] = field(default_factory=list)
    """Milliseconds of each delay that was the loop's own."""
    latest: float = 0.0
    """Milliseconds of the longest delay, whoever caused it."""
    beats: int = 0

    async def __aenter__(self):
        self._heart = asyncio.create_task(self._beat())
        return self

    async def __aexit__(self, *_):
        self._heart.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._heart

    @property
    def longest(self) -> float:
        """Milliseconds of the longest delay that was the loop's own."""
        return max(self.held_up, default=0.0)

    async def _beat(self):
        with _schedstat().open("rb", buffering=0) as schedstat:
            while True:
                begun, waited = time.perf_counter(), _waited(schedstat)
                await asyncio.sleep(BEAT)
                late = (time.perf_counter() - begun - BEAT) * 1000
                own = late - (_waited(schedstat) - waited) * 1000
                self.beats += 1
                self.latest = max(self.latest, late)
                if own > NOTED:
                    self.held_up.append(round(own, 1))


def _waited(schedstat) -> float:
    """Seconds that the thread had no core since it began."""
    schedstat.seek(0)
    return int(schedstat.read().split()[1]) / 1e9
