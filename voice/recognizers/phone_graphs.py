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

__all__ = ["Links", "Numbers", "PhoneGraph"]

Numbers: TypeAlias = npt.NDArray[np.int32]

Sounds: TypeAlias = tuple[int, ...]

_Said: TypeAlias = tuple[Sounds, int]
"""The sounds of a word, and the junction behind it."""


@dataclass(frozen=True, kw_only=True)
class PhoneGraph:
    """The *nodes* are the sounds and then the junctions, in one row of numbers."""

    sentences: SentenceGraph
    said: tuple[tuple[tuple[str, Sounds], ...], ...]
    """By word class: what may be written, and its sounds."""
    phones: Numbers
    """By sound: which one it is, as the acoustic model numbers them."""
    onward: "Links"
    """From every node to the sounds that may come next."""
    arriving: "Links"
    """From every sound to the junctions (counted from 0) behind words that end so."""
    before: "Links"
    """From every node back: to the parents of a sound, or to the last sounds of the
    words before a junction."""

    @staticmethod
    def compile(
        sentences: SentenceGraph, lexicon: Lexicon, phones: Sequence[str]
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
        return builder.graph(sentences, said)

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


@dataclass(frozen=True, slots=True)
class Links:
    """From each node to some others, all in one array."""

    targets: Numbers
    """Of the first node, of the second, and so on."""
    starts: Numbers
    """Where those of each node begin."""
    counts: Numbers
    """How many each has."""

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "Links":
        """From lists, one for each node."""
        counts = np.array([len(row) for row in rows], np.int32)
        targets = np.array([node for row in rows for node in row], np.int32)
        return cls(targets, np.cumsum(counts, dtype=np.int32) - counts, counts)

    def from_one(self, node: int) -> Numbers:
        """The targets of one node."""
        return self.targets[self.starts[node] : self.starts[node] + self.counts[node]]

    def from_many(self, nodes: Numbers) -> tuple[Numbers, Numbers]:
        """The targets of some nodes, and for each the place in `nodes` it is from."""
        counts = self.counts[nodes]
        origins = np.repeat(np.arange(len(nodes), dtype=np.int32), counts)
        shifts = self.starts[nodes] - (np.cumsum(counts, dtype=np.int32) - counts)
        at = np.arange(len(origins), dtype=np.int32) + shifts[origins]
        return self.targets[at], origins


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

    def graph(
        self, sentences: SentenceGraph, said: tuple[tuple[tuple[str, Sounds], ...], ...]
    ) -> PhoneGraph:
        sounds, junctions = len(self._sounds), len(self._firsts)
        onward: list[list[int]] = [[] for _ in range(sounds)]
        arriving: list[list[int]] = [[] for _ in range(sounds)]
        before: list[list[int]] = [[] for _ in range(sounds + junctions)]
        for sound, (_, following) in enumerate(self._sounds):
            for node in sorted(following):
                if node >= 0:
                    onward[sound].append(node)
                    before[node].append(sound)
                else:
                    arriving[sound].append(~node)
                    before[sounds + ~node].append(sound)
        for junction, firsts in enumerate(self._firsts):
            onward.append(sorted(firsts))
            for sound in onward[-1]:
                before[sound].append(sounds + junction)
        return PhoneGraph(
            sentences=sentences,
            said=said,
            phones=np.array([phone for phone, _ in self._sounds], np.int32),
            onward=Links.of(onward),
            arriving=Links.of(arriving),
            before=Links.of(before),
        )
