"""Phrases as a tree of words: those that begin alike share their beginning."""

from collections.abc import Iterable

__all__ = ["Beginning"]


class Beginning:
    """A beginning of phrases; without a word, that of all of them.

    Args:
        phrases: capitals and the space between words do not matter.
    """

    def __init__(self, phrases: Iterable[str] = ()) -> None:
        self.further: dict[str, Beginning] = {}
        """The beginnings that are a word longer, by that word."""
        self.ends = False
        """Whether it is a whole phrase."""
        for phrase in phrases:
            longer = self
            for word in phrase.casefold().split():
                longer = longer.further.setdefault(word, Beginning())
            longer.ends = True
