"""Bends commands as people and recognisers do, and makes what is no command.

Everything works on labelled words, so that what a command means survives it; where it
does not survive, the result is no command.
"""

import random
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from models.recipes.intents.commands import LONGEST, NOTHING, Command, Word
from voice.responders.pointing import MOST_WORDS, words_of

__all__ = ["Manners", "interrupted", "nonsense"]


@dataclass(frozen=True, slots=True)
class Manners:
    """How a language is spoken otherwise than its templates.

    Those of the test hold what training never saw.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    fillers: tuple[str, ...]
    small: frozenset[str]
    never: tuple[str, ...]
    swaps: Mapping[tuple[str, ...], tuple[str, ...]]
    """What may stand for what."""

    @classmethod
    def of(cls, language: str, *, test: bool = False) -> "Manners":
        """Those of a language, for training or for the test."""
        table = _table()[language]
        kept = slice(-1, None) if test else slice(0, -1)
        swaps: dict[tuple[str, ...], tuple[str, ...]] = {}
        for group in table["swaps"]:
            known, new = (group[:-1], group[-1:]) if len(group) > 2 else (group, [])
            others = new if test else known
            for source in known:
                targets = tuple(t for t in others if t != source)
                if targets:
                    swaps[tuple(source.split())] = targets
        return cls(
            before=tuple(table["before"][kept]),
            after=tuple(table["after"][kept]),
            fillers=tuple(table["fillers"]),
            small=frozenset(table["small"]),
            never=tuple(table["never"]),
            swaps=swaps,
        )

    def bent(self, command: Command, rng: random.Random) -> Command:
        """The same command in other words; one to three things differ."""
        ways = [self._before, self._after, self._filled, self._dropped, self._swapped]
        for way in rng.sample(ways, rng.choice((1, 1, 2, 2, 3))):
            words = way(command.words, rng)
            if len(words) <= MOST_WORDS:
                command = replace(command, words=words)
        return command

    def denied(self, command: Command, rng: random.Random) -> Command:
        """What sounds like a command and must not be taken for one."""
        never = _words(rng.choice(self.never))
        if rng.random() < 0.5:
            words = (*never, *command.words)
        else:
            at = rng.randint(1, len(command.words))
            words = (*command.words[:at], *never, *command.words[at:])
        return _nothing(command.language, words)

    def _before(self, words: tuple[Word, ...], rng: random.Random) -> tuple[Word, ...]:
        return (*_words(rng.choice(self.before)), *words)

    def _after(self, words: tuple[Word, ...], rng: random.Random) -> tuple[Word, ...]:
        return (*words, *_words(rng.choice(self.after)))

    def _filled(self, words: tuple[Word, ...], rng: random.Random) -> tuple[Word, ...]:
        at = rng.randint(0, len(words))
        if 0 < at < len(words) and words[at - 1].slots & words[at].slots:
            return words
        return (*words[:at], *_words(rng.choice(self.fillers)), *words[at:])

    def _dropped(self, words: tuple[Word, ...], rng: random.Random) -> tuple[Word, ...]:
        return tuple(
            word
            for word in words
            if word.slots or word.text not in self.small or rng.random() < 0.4
        )

    def _swapped(self, words: tuple[Word, ...], rng: random.Random) -> tuple[Word, ...]:
        places = [
            (at, source)
            for source in self.swaps
            for at in range(len(words) - len(source) + 1)
            if tuple(w.text for w in words[at : at + len(source)]) == source
            and not any(w.slots for w in words[at : at + len(source)])
        ]
        if not places:
            return words
        at, source = rng.choice(places)
        other = _words(rng.choice(self.swaps[source]))
        return (*words[:at], *other, *words[at + len(source) :])


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    path = Path(__file__).parent / "paraphrases.toml"
    table: dict[str, dict[str, list[str]]] = tomllib.loads(path.read_text("utf-8"))
    return table


def interrupted(command: Command, rng: random.Random) -> Command:
    """A command of which only the beginning, or only the end, was heard."""
    words = command.words
    most = max(1, int(0.6 * len(words)))
    count = rng.randint(1, most)
    kept = words[:count] if rng.random() < 0.7 else words[-count:]
    return _nothing(command.language, kept)


def nonsense(command: Command, frequent: Sequence[str], rng: random.Random) -> Command:
    """Words in no order; now and then with a piece of the command among them."""
    count = rng.choice((1, 2, 3, 4, 5, 6, 8, 10, 14))
    words = [
        Word(frequent[int(len(frequent) * rng.random() ** 2)]) for _ in range(count)
    ]
    if rng.random() < 0.5 and count > 2:
        taken = rng.randint(1, max(1, len(command.words) // 2))
        first = rng.randint(0, len(command.words) - taken)
        at = rng.randint(0, len(words))
        words[at:at] = command.words[first : first + taken]
    return _nothing(command.language, words[:LONGEST])


def _nothing(language: str, words: Sequence[Word]) -> Command:
    return Command(language, tuple(Word(word.text) for word in words), NOTHING)


def _words(text: str) -> tuple[Word, ...]:
    return tuple(Word(word) for word in words_of(text))
