"""Turns a graph of words into a graph of sounds that can be searched frame by frame.

Between two words is a *junction*, one for each state of the sentences. The words that
leave a junction are one tree, as far as they begin alike; where they end alike and go
on alike, they share their *sounds*. So a list of rooms exists once for every way in
which sentences go on after it, and not once for every sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voice.recognizers.lexicon import Lexicon
from voice.sentence_graphs import SentenceGraph

__all__ = ["Numbers", "PhoneGraph"]

Numbers: TypeAlias = npt.NDArray[np.int32]

Sounds: TypeAlias = tuple[int, ...]

_Said: TypeAlias = tuple[Sounds, int]
"""The sounds of a word, and the junction behind it."""


@dataclass(frozen=True)
class PhoneGraph:
    """Sounds and junctions, numbered together: sounds first.

    A sound can be reached from its parents, a junction from the sounds that are the
    last of the words before it. The sounds with one parent come before the others.
    """

    sentences: SentenceGraph
    said: tuple[tuple[tuple[str, Sounds], ...], ...]
    """By word class: what may be written, and its sounds."""
    phones: Numbers
    """By sound: which one it is, as the acoustic model numbers them."""
    only_parents: Numbers
    """Of the sounds with one."""
    parents: Numbers
    """Of the other sounds, one after the other."""
    parents_start: Numbers
    """Where those of each begin."""
    last_sounds: Numbers
    """Of the words before each junction, one after the other."""
    last_sounds_start: Numbers
    """Where those of each begin."""

    @classmethod
    def compile(
        cls, sentences: SentenceGraph, lexicon: Lexicon, phones: Sequence[str]
    ) -> "PhoneGraph":
        """The graph of `sentences`, said as `lexicon` tells.

        Args:
            sentences: what may be said.
            lexicon: how; sounds that the model does not know are left out of a word.
            phones: of the acoustic model, by number.
        """
        numbers = {phone: number for number, phone in enumerate(phones)}
        said = tuple(
            tuple(
                (written, tuple(numbers[p] for p in sounds if p in numbers))
                for written, sounds in ways
            )
            for ways in lexicon
        )
        builder = _Builder()
        for row in sentences.arcs:
            builder.junction(
                {(s, to) for class_, to in row for _, s in said[class_] if s}
            )
        return cls(sentences, said, **builder.arrays())

    @property
    def junctions(self) -> int:
        """How many there are; the last is the start."""
        return len(self.sentences.arcs)

    @cached_property
    def ends(self) -> Numbers:
        """Junctions at which a sentence may end."""
        ends = [at for at, senses in enumerate(self.sentences.senses) if senses]
        return np.array(ends, np.int32)

    def written(self, state: int, sounds: Sounds, to: int) -> str:
        """The word that leads from one state to another by these sounds."""
        row = self._rows.get(state)
        if row is None:
            row = self._rows[state] = {}
            for class_, target in self.sentences.arcs[state]:
                for word, said in self.said[class_]:
                    row.setdefault((said, target), word)
        return row[sounds, to]

    @cached_property
    def _rows(self) -> dict[int, dict[_Said, str]]:
        return {}

    def before(self, node: int) -> Numbers:
        """Parents of a sound, or the last sounds before a junction."""
        if node < len(self.only_parents):
            return self.only_parents[node : node + 1]
        if node < len(self.phones):
            at = node - len(self.only_parents)
            return _slice(self.parents, self.parents_start, at)
        return _slice(self.last_sounds, self.last_sounds_start, node - len(self.phones))


def _slice(values: Numbers, starts: Numbers, at: int) -> Numbers:
    end = starts[at + 1] if at + 1 < len(starts) else len(values)
    return values[starts[at] : end]


class _Builder:
    """Takes junctions from the last to the first, so that what follows is known."""

    def __init__(self) -> None:
        self._sounds: dict[tuple[int, frozenset[int]], int] = {}
        self._firsts: list[frozenset[int]] = []

    def junction(self, words: set[_Said]) -> None:
        self._firsts.append(self._tree(list(words), 0))

    def _tree(self, words: list[_Said], depth: int) -> frozenset[int]:
        """What may follow after `depth` sounds of these words: sounds, ~junctions."""
        branches: dict[int, list[_Said]] = {}
        after: set[int] = set()
        for word in words:
            sounds, to = word
            if len(sounds) == depth:
                after.add(~to)
            else:
                branches.setdefault(sounds[depth], []).append(word)
        for sound, branch in branches.items():
            key = (sound, self._tree(branch, depth + 1))
            after.add(self._sounds.setdefault(key, len(self._sounds)))
        return frozenset(after)

    def arrays(self) -> dict[str, Numbers]:
        """The fields of a `PhoneGraph`."""
        sounds = len(self._sounds)
        nobodys = sounds
        parents: list[list[int]] = [[] for _ in range(sounds)]
        last_sounds: list[list[int]] = [[] for _ in self._firsts]
        for sound, (_, following) in enumerate(self._sounds):
            for node in following:
                (parents[node] if node >= 0 else last_sounds[~node]).append(sound)
        for at, firsts in enumerate(self._firsts):
            for sound in firsts:
                parents[sound].append(sounds + 1 + at)
        # Every node has something before it, so that no slice is empty: that sound is
        # its own parent, and never reached.
        parents.append([nobodys])
        last_sounds = [before or [nobodys] for before in last_sounds]

        order = sorted(range(sounds + 1), key=lambda sound: len(parents[sound]) > 1)
        place = np.arange(sounds + 1 + len(self._firsts), dtype=np.int32)
        place[order] = np.arange(sounds + 1, dtype=np.int32)
        phones = [*(phone for phone, _ in self._sounds), 0]
        rows = [parents[sound] for sound in order]
        singles = sum(len(row) == 1 for row in rows)
        more, more_start = _flat(rows[singles:])
        last, last_start = _flat(last_sounds)
        return {
            "phones": np.array([phones[sound] for sound in order], np.int32),
            "only_parents": place[[row[0] for row in rows[:singles]]],
            "parents": place[more],
            "parents_start": more_start,
            "last_sounds": place[last],
            "last_sounds_start": last_start,
        }


def _flat(rows: Sequence[Sequence[int]]) -> tuple[Numbers, Numbers]:
    """The rows one after the other, and where each begins."""
    lengths = [len(row) for row in rows]
    starts = np.cumsum([0, *lengths[:-1]], dtype=np.int32)[: len(rows)]
    return np.array([node for row in rows for node in row], np.int32), starts
