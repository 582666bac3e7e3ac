"""What eSpeak reads: sentences that people have read aloud, our own, and patterns."""

import random
import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from voice.errors import ConfigError

__all__ = ["Sayings"]

_STRANGE = re.compile(r"[^\w' \-]|_|\d")
_SPACES = re.compile(r"\s+")
_ENDS = re.compile(r"[.!?;:]+")

_PLACE = re.compile(r"\{(\w+)\}")

LONGEST_WORDS = 14

PATTERNS = 0.5
"""How often a sentence is made of a pattern in a language that has some."""

OWN = 0.5
"""How often one of the others is our own in a language that has some."""


class Sayings:
    """Sentences by language.

    Args:
        rows: of an index of recordings; their transcripts are used.
        weights: how often each language is read, relative to the others.

    Raises:
        ConfigError: there is no sentence in any of the languages.
    """

    def __init__(
        self, rows: Iterable[Mapping[str, str]], weights: Mapping[str, float]
    ) -> None:
        self._own: Mapping[str, list[str]] = _table("sayings.toml")
        self._patterns: Mapping[str, Mapping[str, list[str]]] = _table("patterns.toml")
        self._read: dict[str, list[str]] = defaultdict(list)
        for row in rows:
            # One sentence: what a full stop divides would be over in its middle.
            for sentence in _ENDS.split(row["transcript"]):
                plain = _SPACES.sub(" ", _STRANGE.sub(" ", sentence)).strip().lower()
                if 3 <= len(plain.split()) <= LONGEST_WORDS:
                    self._read[row["language"]].append(plain)
        known = {*self._own, *self._read}
        self._weights = {tag: w for tag, w in weights.items() if tag in known}
        if not self._weights:
            raise ConfigError(
                "languages: nobody says anything in any of them; name one of"
                f" {', '.join(sorted(known))}"
            )

    @property
    def everything(self) -> Sequence[object]:
        """All that decides what is said, for whoever must tell two of these apart."""
        return [self._own, self._patterns, self._read, self._weights]

    def language(self, rng: random.Random) -> str:
        """One of them."""
        return rng.choices([*self._weights], [*self._weights.values()])[0]

    def saying(self, language: str, rng: random.Random) -> str:
        """A sentence of a language."""
        patterns = self._patterns.get(language)
        if patterns is not None and rng.random() < PATTERNS:
            return _filled(patterns, rng)
        own, read = self._own.get(language, []), self._read.get(language, [])
        if own and (not read or rng.random() < OWN):
            return rng.choice(own)
        return rng.choice(read)


def _table(name: str) -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_name(name).read_text("utf-8"))


def _filled(patterns: Mapping[str, Sequence[str]], rng: random.Random) -> str:
    text = rng.choice(patterns["patterns"])
    while place := _PLACE.search(text):
        text = (
            text[: place.start()] + rng.choice(patterns[place[1]]) + text[place.end() :]
        )
    return text
