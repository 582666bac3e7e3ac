"""Undoes small differences of spelling between a transcript and the grammar.

A recogniser may write ``whats``, ``est il`` or ``fenetre`` where the templates have
``what's``, ``est-il`` and ``fenêtre``. Only words that the grammar does not know
are touched, and only if exactly one of its words is meant.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

__all__ = ["Speller", "bare", "template_words"]

_LITERAL = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*['’]?")
_REFERENCE = re.compile(r"[{<][^}>]*[}>]")
_SHORTEST = 3
"""Letters; shorter words are too often parts of others, as templates are cut."""
_PUNCTUATION = '.,;:!?¿¡…"«»„“”()'


def template_words(data: Mapping[str, Any]) -> Iterator[str]:
    """The words that stand whole in the templates and rules of one language."""
    for text in _texts(data):
        yield from _LITERAL.findall(_REFERENCE.sub(" ", text))


def _texts(data: Mapping[str, Any]) -> Iterator[str]:
    for intent in data["intents"].values():
        for block in intent["data"]:
            yield from block["sentences"]
    yield from data.get("expansion_rules", {}).values()
    for list_ in data.get("lists", {}).values():
        for value in list_.get("values", ()):
            yield str(value["in"] if isinstance(value, dict) else value)


class Speller:
    """Knows how the grammar writes its words."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._known: set[str] = set()
        candidates: dict[tuple[str, ...], set[str]] = {}
        for phrase in phrases:
            for word in phrase.casefold().replace("’", "'").split():
                self._known.add(word)
                for other in (_in_one_piece(word), _split(word)):
                    if sum(map(len, other)) >= _SHORTEST:
                        candidates.setdefault(other, set()).add(word)
        self._repairs = {
            other: next(iter(words))
            for other, words in candidates.items()
            if len(words) == 1 and other != (next(iter(words)),)
        }
        self._longest = max(map(len, self._repairs), default=1)

    def repair(self, text: str) -> str:
        """`text` with unknown words as the grammar writes them, without commas."""
        words = [bare(word) for word in text.split()]
        folded = [word.casefold() for word in words]
        kept: list[str] = []
        at = 0
        while at < len(words):
            length, word = self._repair_at(folded, at)
            kept.append(word or words[at])
            at += length
        return " ".join(filter(None, kept))

    def _repair_at(self, words: list[str], at: int) -> tuple[int, str]:
        for length in range(min(self._longest, len(words) - at), 0, -1):
            spoken = tuple(words[at : at + length])
            if length == 1 and spoken[0] in self._known:
                break
            repaired = self._repairs.get(spoken)
            if length == 1 and repaired is None:
                repaired = self._repairs.get(_in_one_piece(spoken[0]))
            if repaired is not None:
                return length, repaired
        return 1, ""


def bare(word: str) -> str:
    """The word without the punctuation around it, with plain apostrophes."""
    return word.replace("’", "'").strip(_PUNCTUATION)


def _in_one_piece(word: str) -> tuple[str, ...]:
    """The word in one piece, without accents."""
    decomposed = unicodedata.normalize("NFD", word)
    return ("".join(c for c in decomposed if c.isalnum()),)


def _split(word: str) -> tuple[str, ...]:
    """The word with spaces for hyphens and apostrophes."""
    return tuple(re.split(r"[-']", word.strip("'-")))
