"""Turns a graph of words into a graph of sounds that can be searched frame by frame.

Between two words is a *junction*, one for each state of the sentences. The words that
leave a junction are one tree, as far as they begin alike; where they end alike and go
on alike, they share their *sounds*. So a list of rooms exists once for every way in
which sentences go on after it, and not once for every sentence.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log
from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from voice.recognizers.lexicon import Lexicon
from voice.sentence_graphs import Form, SentenceGraph

__all__ = ["Links", "Numbers", "PhoneGraph"]

Numbers: TypeAlias = npt.NDArray[np.int32]

Costs: TypeAlias = npt.NDArray[np.float32]

Sounds: TypeAlias = tuple[int, ...]

Said: TypeAlias = tuple[tuple[tuple[Form, Sounds], ...], ...]

_STEP = 0.5
"""To which rarities are rounded, so that more words end alike."""

_CLEARLY = log(2)
"""By how much a word must be less rare than one that sounds like it to be written
instead: twice as often. A few thousand drawn sentences tell nothing finer."""


class _Word(NamedTuple):
    sounds: Sounds
    to: int
    """The junction behind it."""
    rarity: float


@dataclass(frozen=True, kw_only=True)
class PhoneGraph:
    """The *nodes* are the sounds and then the junctions, in one row of numbers."""

    sentences: SentenceGraph
    said: Said
    """By word class: its forms, and the sounds of each."""
    phones: Numbers
    """By sound: which one it is, as the acoustic model numbers them."""
    rarities: Costs
    """By node: what a step to that sound takes; 0 for junctions."""
    end_rarities: Costs
    """By end: what the end of the sentence there takes."""
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
                (form, tuple(numbers[p] for p in sounds if p in numbers))
                for form, sounds in ways
            )
            for ways in lexicon
        )
        builder = _Builder()
        for row, rarities in zip(sentences.arcs, sentences.rarities, strict=True):
            words: dict[tuple[Sounds, int], float] = {}
            for (class_, to), rarity in zip(row, rarities, strict=True):
                for form, sounds in said[class_]:
                    if sounds:
                        total = _STEP * round((rarity + form.rarity) / _STEP)
                        known = words.setdefault((sounds, to), total)
                        words[sounds, to] = min(known, total)
            builder.junction([_Word(*word, rarity) for word, rarity in words.items()])
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
            row = self._rows[state] = self._commonest(state)
        return row[sounds, to]

    def _commonest(self, state: int) -> dict[tuple[Sounds, int], str]:
        """The words that leave a state; of those that sound alike, the commonest."""
        row: dict[tuple[Sounds, int], tuple[float, str]] = {}
        sentences = self.sentences
        for (class_, to), rarity in zip(
            sentences.arcs[state], sentences.rarities[state], strict=True
        ):
            for form, said in self.said[class_]:
                total = rarity + form.rarity
                known = row.get((said, to))
                if known is None or total < known[0] - _CLEARLY:
                    row[said, to] = total, form.written
        return {way: written for way, (_, written) in row.items()}

    @cached_property
    def _rows(self) -> dict[int, dict[tuple[Sounds, int], str]]:
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
        counts = self.counts.take(nodes)
        origins = np.repeat(np.arange(len(nodes), dtype=np.int32), counts)
        shifts = self.starts.take(nodes) - (np.cumsum(counts, dtype=np.int32) - counts)
        at = np.arange(len(origins), dtype=np.int32) + shifts.take(origins)
        return self.targets.take(at), origins


class _Builder:
    """Takes junctions from the last to the first, so that what follows is known."""

    def __init__(self) -> None:
        self._sounds: dict[tuple[int, float, frozenset[int]], int] = {}
        self._firsts: list[frozenset[int]] = []

    def junction(self, words: list[_Word]) -> None:
        self._firsts.append(self._tree(words, 0, 0.0))

    def _tree(self, words: list[_Word], depth: int, paid: float) -> frozenset[int]:
        """The sounds that may follow after `depth` sounds of these words.

        Args:
            words: that begin alike up to there.
            depth: how many sounds were made.
            paid: of the rarity of every word, on the way there. What the words that
                go on have in common is taken as early as possible: what is unlikely
                is given up soon, and words that end alike have ends that are alike.
        """
        branches: dict[int, list[_Word]] = {}
        for word in words:
            branches.setdefault(word.sounds[depth], []).append(word)
        after: set[int] = set()
        for sound, branch in branches.items():
            longer = [word for word in branch if len(word.sounds) > depth + 1]
            common = min((word.rarity for word in longer), default=-1.0)
            over: dict[float, set[int]] = {}
            for word in branch:
                if len(word.sounds) == depth + 1:
                    over.setdefault(word.rarity, set()).add(~word.to)
            if longer:
                over.setdefault(common, set()).update(
                    self._tree(longer, depth + 1, common)
                )
            for rarity, following in over.items():
                key = (sound, rarity - paid, frozenset(following))
                after.add(self._sounds.setdefault(key, len(self._sounds)))
        return frozenset(after)

    def graph(self, sentences: SentenceGraph, said: Said) -> PhoneGraph:
        sounds, junctions = len(self._sounds), len(self._firsts)
        onward: list[list[int]] = [[] for _ in range(sounds)]
        arriving: list[list[int]] = [[] for _ in range(sounds)]
        before: list[list[int]] = [[] for _ in range(sounds + junctions)]
        for sound, (*_, following) in enumerate(self._sounds):
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
            phones=np.array([phone for phone, *_ in self._sounds], np.int32),
            rarities=np.array(
                [*(rarity for _, rarity, _ in self._sounds), *[0] * junctions],
                np.float32,
            ),
            end_rarities=np.array(
                [
                    rarity
                    for rarity, senses in zip(
                        sentences.end_rarities, sentences.senses, strict=True
                    )
                    if senses
                ],
                np.float32,
            ),
            onward=Links.of(onward),
            arriving=Links.of(arriving),
            before=Links.of(before),
        )
