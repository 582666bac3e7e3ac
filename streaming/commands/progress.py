"""A line on the terminal that says how far long work has come."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import TypeVar

__all__ = ["with_progress"]

Item = TypeVar("Item")

WIDTH = 30
INTERVAL_S = 0.2


def with_progress(items: Sequence[Item], what: str) -> Iterator[Item]:
    """The items one by one, while a bar on standard error grows.

    Where standard error is no terminal nothing is drawn: logs stay clean.
    """
    shown = sys.stderr.isatty()
    started = drawn = time.monotonic()
    for done, item in enumerate(items):
        now = time.monotonic()
        if shown and now - drawn > INTERVAL_S:
            _draw(done, len(items), what, now - started)
            drawn = now
        yield item
    if shown:
        sys.stderr.write("\r\x1b[K")


def _draw(done: int, total: int, what: str, elapsed_s: float) -> None:
    filled = WIDTH * done // total
    left_s = round(elapsed_s / done * (total - done)) if done else 0
    bar = "#" * filled + "." * (WIDTH - filled)
    sys.stderr.write(f"\r\x1b[K{what} [{bar}] {done}/{total}, {left_s} s left")
    sys.stderr.flush()
