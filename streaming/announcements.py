"""What the server has to say by itself, waiting for the floor."""

from collections import deque

from streaming.household import Announcement

__all__ = ["MAX_ANNOUNCEMENTS", "Announcements"]

MAX_ANNOUNCEMENTS = 8
"""That wait for the floor; later ones replace the oldest."""


class Announcements:
    """Those of one session: some wait, one may be on its way to the listener."""

    def __init__(self) -> None:
        self._waiting: deque[Announcement] = deque(maxlen=MAX_ANNOUNCEMENTS)
        self._said: Announcement | None = None

    def add(self, announcement: Announcement) -> bool:
        """Let one more wait; returns whether more wait than before."""
        before = len(self._waiting)
        self._waiting.append(announcement)
        return len(self._waiting) > before

    def begin(self) -> Announcement:
        """The oldest one is said now."""
        self._said = self._waiting.popleft()
        return self._said

    def refuse(self) -> None:
        """What is being said, if anything, need not be said again."""
        self._said = None

    def stopped(self, *, heard: bool) -> Announcement | None:
        """The reply was stopped; returns what nobody heard and nobody refused."""
        announcement, self._said = self._said, None
        return None if heard else announcement
