"""The graphs of several languages as one, so that one search is enough for all.

Every language has a listener of its own, who scores the sounds of each frame; a node
says whose score counts for it. The nodes of one graph stand in a row, and the graphs one
after the other: what leads where stays as it was, but for the number it begins at.
"""

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from voice.phones import SILENCE
from voice.recognizers.phone_graphs import Links, Numbers, PhoneGraph

__all__ = ["JointGraph", "Part", "Weights"]

Costs = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How the search weighs things; all are natural logarithms."""

    phone: float = -0.5
    """For going on to the next sound."""
    word: float = -1.0
    """For every word."""
    free: float = -2.0
    """For every sound of the free path."""
    grammar: float = 0.5
    """How much it counts that some sentences are said more often than others."""
    beam: float = 25.0
    """What is so much worse than the best of all languages is given up."""


class Part(NamedTuple):
    """One graph among the others."""

    graph: PhoneGraph
    language: str
    first: int
    """The number of its first node."""

    @property
    def junctions(self) -> int:
        """The number of its first junction."""
        return self.first + len(self.graph.phones)

    @property
    def start(self) -> int:
        """The junction that every sentence begins at."""
        return self.junctions + self.graph.junctions - 1


@dataclass(frozen=True, kw_only=True)
class JointGraph:
    """The *nodes* are those of each part, its sounds and then its junctions."""

    parts: tuple[Part, ...]
    weights: Weights
    phones: int
    """Of the acoustic model."""
    scores: Numbers
    """By node: which score of a frame is its own, where the frame has a score for each
    phone of the first language, then of the second, and so on. A junction may last: it
    hears silence."""
    steps: Costs
    """By node: what coming to it counts."""
    onward: Links
    """From every node to the sounds that may come next."""
    arriving: Links
    """From every sound to the junctions behind words that end so."""
    before: Links
    """From every node back."""

    @staticmethod
    def of(
        graphs: Mapping[str, Sequence[PhoneGraph]], *, phones: int, weights: Weights
    ) -> "JointGraph":
        """Put graphs together.

        Args:
            graphs: by language.
            phones: of the acoustic model; how many scores a listener gives a frame.
            weights: how to weigh things.
        """
        parts: list[Part] = []
        first = 0
        for language, own in graphs.items():
            for graph in own:
                parts.append(Part(graph, language, first))
                first += len(graph.phones) + graph.junctions
        languages = list(graphs)
        scores, steps = [], []
        for part in parts:
            listener = phones * languages.index(part.language)
            quiet = np.full(part.graph.junctions, SILENCE, np.int32)
            sounds = len(part.graph.phones)
            scores.append(np.concatenate([part.graph.phones, quiet]) + listener)
            steps.append(weights.phone - weights.grammar * part.graph.rarities)
            steps[-1][sounds:] = weights.word
        return JointGraph(
            parts=tuple(parts),
            weights=weights,
            phones=phones,
            scores=np.concatenate(scores).astype(np.int32),
            steps=np.concatenate(steps).astype(np.float32),
            onward=_chained([(p.graph.onward, p.first, p) for p in parts]),
            arriving=_chained([(p.graph.arriving, p.junctions, p) for p in parts]),
            before=_chained([(p.graph.before, p.first, p) for p in parts]),
        )

    @property
    def nodes(self) -> int:
        """How many there are."""
        return len(self.scores)

    @cached_property
    def languages(self) -> tuple[str, ...]:
        """In the order in which a frame's scores are."""
        return tuple(dict.fromkeys(part.language for part in self.parts))

    def parts_in(self, language: str) -> tuple[Part, ...]:
        """The graphs of one language."""
        return tuple(part for part in self.parts if part.language == language)

    def part_of(self, node: int) -> Part:
        """The graph that a node belongs to."""
        return self.parts[bisect_right(self._firsts, node) - 1]

    def ends_of(self, part: Part) -> tuple[Numbers, Costs]:
        """Where sentences of a part may end, and what ending there counts."""
        costs = -self.weights.grammar * part.graph.end_rarities
        return part.graph.ends + np.int32(part.junctions), costs.astype(np.float32)

    @cached_property
    def _firsts(self) -> list[int]:
        return [part.first for part in self.parts]


def _chained(links: Sequence[tuple[Links, int, Part]]) -> Links:
    """The links of several parts, each with the number that its targets count from."""
    targets, starts, counts = [], [], []
    before = 0
    for own, origin, part in links:
        missing = len(part.graph.phones) + part.graph.junctions - len(own.counts)
        targets.append(own.targets + np.int32(origin))
        starts.append(np.pad(own.starts, (0, missing)) + np.int32(before))
        counts.append(np.pad(own.counts, (0, missing)))
        before += len(own.targets)
    return Links(
        np.concatenate(targets), np.concatenate(starts), np.concatenate(counts)
    )
