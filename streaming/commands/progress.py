"""A line on the terminal that says how far long work has come."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Self, TypeVar

__all__ = ["Progress", "with_progress"]

Item = TypeVar("Item")

WIDTH = 30
INTERVAL_S = 0.2


class Progress:
    """A bar on standard error while the context lasts.

    Where standard error is no terminal nothing is drawn: logs stay clean.
    """

    def __init__(self, total: int, what: str) -> None:
        self._total = total
        self._what = what
        self._done = 0
        self._shown = sys.stderr.isatty()
        self._started = self._drawn = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._shown:
            sys.stderr.write("\r\x1b[K")

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if self._shown and now - self._drawn > INTERVAL_S:
            self._drawn = now
            self._draw(now - self._started)

    def _draw(self, elapsed_s: float) -> None:
        filled = WIDTH * self._done // self._total
        left_s = round(elapsed_s / self._done * (self._total - self._done))
        bar = "#" * filled + "." * (WIDTH - filled)
        count = f"{self._done}/{self._total}"
        sys.stderr.write(f"\r\x1b[K{self._what} [{bar}] {count}, {left_s} s left")
        sys.stderr.flush()


def with_progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items one by one, while a bar grows."""
    with Progress(len(items), what) as progress:
        for item in items:
            yield item
            progress.step()
