"""What people say around a command and mean nothing by: "okay, could you ... please"."""

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TypeAlias

__all__ = ["Apart", "Courtesies", "courtesies_in"]

_Words: TypeAlias = "tuple[str, ...]"

_WORD = re.compile(r"\w+")
_MARKS = " \t\n.,;:!?…"

_LEAST_BEGUN = 2
"""Words; one alone may begin anything."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Apart:
    """A text without what stands around it."""

    core: str
    """Empty where nothing else was said."""
    asked: bool
    """Whether a request stands before it, or begins where nothing else was said."""
    closed: bool
    """Whether a closer stands behind it."""
    before_begun: str
    """The core up to where a closer may have begun: "turn it on" of "turn it on if you".
    Empty where none has."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Courtesies:
    """Those of one language, as `courtesies.toml` has them."""

    openers: tuple[str, ...] = ()
    requests: tuple[str, ...] = ()
    closers: tuple[str, ...] = ()

    def apart(self, text: str) -> Apart:
        """Take from `text` what stands around it, however often.

        Marks and capitals do not matter, nor what stands between words.
        """
        found = list(_WORD.finditer(text))
        words = tuple(match.group().casefold() for match in found)
        requests, openers = _split(self.requests), _split(self.openers)
        start, asked = 0, False
        while length := _longest(words[start:], (*requests, *openers)):
            asked = asked or words[start : start + length] in requests
            start += length
        closers = _split(self.closers)
        backwards = [closer[::-1] for closer in closers]
        end = len(words)
        while length := _longest(words[start:end][::-1], backwards):
            end -= length
        said = words[start:end]
        asks = len(said) >= _LEAST_BEGUN and _begun(said, requests) == len(said)
        if asks or not said:
            return Apart(core="", asked=asked or asks, closed=False, before_begun="")

        def part(until: int) -> str:
            first = found[start].start() if start else 0
            if until == len(found):
                return text[first:]
            return text[first : found[until].start()].rstrip(_MARKS)

        closed = end < len(words)
        begun = 0 if closed else _begun(said, closers)
        return Apart(
            core=part(end),
            asked=asked,
            closed=closed,
            before_begun=part(end - begun) if 0 < begun < len(said) else "",
        )


@cache
def _split(phrases: tuple[str, ...]) -> tuple[_Words, ...]:
    return tuple(tuple(_WORD.findall(phrase.casefold())) for phrase in phrases)


def _longest(words: _Words, phrases: Iterable[_Words]) -> int:
    """Of the phrases that `words` begin with; 0 if none."""
    return max((len(p) for p in phrases if words[: len(p)] == p), default=0)


def _begun(words: _Words, phrases: Iterable[_Words]) -> int:
    """How many words at the end are the beginning of a phrase, and not all of it."""
    lengths = [
        length
        for phrase in phrases
        for length in range(1, len(phrase))
        if words[-length:] == phrase[:length]
    ]
    return max(lengths, default=0)


def courtesies_in(language: str) -> Courtesies:
    """Those of a language; none where nobody has written them down."""
    return _tables().get(language, Courtesies())


@cache
def _tables() -> dict[str, Courtesies]:
    source = files("voice.responders") / "courtesies.toml"
    tables = tomllib.loads(source.read_text(encoding="utf-8"))
    return {
        tag: Courtesies(**{key: tuple(value) for key, value in table.items()})
        for tag, table in tables.items()
    }
