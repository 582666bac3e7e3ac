"""All that may be said in a language and a home, as words along the arcs of a graph.

The responder's side compiles such a graph from its templates, a recogniser that
searches hears with it, and neither knows of the other: the graph is a plain value.
Every path from the start to a state with senses is a sentence that the grammar
understands. The graph is deterministic, without cycles and as small as it can be, before
courtesies and calls are put around it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

__all__ = ["Arc", "Form", "Meaning", "SentenceGraph", "joined"]

State: TypeAlias = int
Arc: TypeAlias = "tuple[int, State]"
"""The number of a word class, and the state behind it."""

_LONGEST_VALUE = 5
"""Words; no name of a room or a device has more."""


@dataclass(frozen=True, slots=True)
class Form:
    """One way to say a word."""

    written: str
    """As it stands in a transcript."""
    spoken: str
    """As a synthesizer has to be told to say it: "21" is "twenty-one"."""
    rarity: float = 0.0
    """Among the forms of its class: negative log of its probability."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a sentence asks for, precise enough to tell two wishes apart."""

    senses: frozenset[str]
    """Intents that it may be, with the slots that need no word."""
    values: tuple[str, ...]
    """Rooms, devices, numbers and the like that it names, in order."""

    def agrees_with(self, other: "Meaning") -> bool:
        """Whether both may ask for the same."""
        return self.values == other.values and not self.senses.isdisjoint(other.senses)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceGraph:
    """The sentences of one language and home."""

    language: str
    """Canonical tag."""
    words: tuple[tuple[Form, ...], ...]
    """By word class: a word has one form, a range of numbers has many."""
    arcs: tuple[tuple[Arc, ...], ...]
    """By state. An arc leads to a state with a lower number, so that ends come first."""
    senses: tuple[frozenset[str], ...]
    """By state: what a sentence that ends there may be; empty where none may."""
    rarities: tuple[tuple[float, ...], ...]
    """By state and arc: negative log of the probability that it is gone."""
    end_rarities: tuple[float, ...]
    """By state: the same of the end there; meaningless where no sentence may end."""
    values: Mapping[str, str]
    """What lists and names stand for, by their text."""
    closings: int = 0
    """States below are behind whole sentences, in words that change nothing: what was
    said there means what it meant before them."""

    @property
    def start(self) -> State:
        """Where every sentence begins."""
        return len(self.arcs) - 1

    def meaning(self, words: Sequence[str], senses: Iterable[str]) -> Meaning:
        """Of a sentence.

        Args:
            words: as written.
            senses: of the state that it ends in.
        """
        values: list[str] = []
        at = 0
        while at < len(words):
            length, value = self._value_at(words, at)
            if value:
                values.append(value)
            at += length
        return Meaning(frozenset(senses), tuple(values))

    def _value_at(self, words: Sequence[str], at: int) -> tuple[int, str]:
        """The longest value that begins at a word, and of how many words it is."""
        for length in range(min(_LONGEST_VALUE, len(words) - at), 0, -1):
            value = self.values.get(joined(words[at : at + length]))
            if value is not None:
                return length, value
        return 1, words[at] if words[at].isdecimal() else ""


def joined(words: Iterable[str]) -> str:
    """The words as a text: no space after an apostrophe, none before a sign."""
    text = ""
    for word in words:
        glued = not text or text.endswith("'") or not word[0].isalnum()
        text += word if glued else f" {word}"
    return text
