"""An event loop that does not wait: when nobody has anything to do, it is later.

It suffices because below the server nobody reads another clock than the loop's.
"""

import asyncio
import selectors

__all__ = ["VirtualTimeLoop"]


class _LeapingSelector(selectors.DefaultSelector):
    """Takes every wait for over."""

    def __init__(self) -> None:
        super().__init__()
        self.slept = 0.0

    def select(self, timeout=None):
        if timeout is None:
            # No timer is set: only a thread can wake the loop, and it takes real time.
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.slept += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Begins at 0 s; `asyncio.sleep(3600)` returns at once, and it is an hour later."""

    def __init__(self) -> None:
        self._leaping = _LeapingSelector()
        super().__init__(self._leaping)

    def time(self) -> float:
        return self._leaping.slept
