"""What may be said where a wake phrase may come first: for recognisers that search.

Such a recogniser hears only the sentences of a graph. Here the graph of a home gets
the phrases of `voice.waking` in front, each of which may also stand alone.
"""

from collections.abc import Iterable
from math import log

from voice.sentence_graphs import Arc, Form, SentenceGraph, State

__all__ = ["CALL", "after_call"]

CALL = "Call"
"""The sense of a phrase alone."""

EVEN = log(2)
"""Nobody knows how often the phrase is said: as often as not, and as often alone."""


class _Node:
    """A beginning of phrases."""

    def __init__(self) -> None:
        self.further: dict[str, _Node] = {}
        self.ends = False


def after_call(graph: SentenceGraph, phrases: Iterable[str]) -> SentenceGraph:
    """The same sentences, with and without a phrase before them, and each phrase.

    A phrase that begins with the word with which a sentence begins is left out: the
    graph must stay deterministic.
    """
    build = _Build(graph)
    root = _Node()
    taken = {
        form.written
        for kind, _ in graph.arcs[graph.start]
        for form in graph.words[kind]
    }
    for phrase in phrases:
        words = phrase.casefold().split()
        if words and words[0] not in taken:
            node = root
            for word in words:
                node = node.further.setdefault(word, _Node())
            node.ends = True
    if not root.further:
        return graph
    build.add(root, is_root=True)
    return build.graph()


class _Build:
    """A graph that grows at its start."""

    def __init__(self, graph: SentenceGraph) -> None:
        self._graph = graph
        self._words = list(graph.words)
        self._arcs = list(graph.arcs)
        self._senses = list(graph.senses)
        self._rarities = list(graph.rarities)
        self._end_rarities = list(graph.end_rarities)

    def add(self, node: _Node, *, is_root: bool = False) -> State:
        """The state behind a beginning of phrases."""
        further = [
            (self._kind(word), self.add(follower))
            for word, follower in node.further.items()
        ]
        arcs: list[Arc] = []
        rarities: list[float] = []
        may_go_on = is_root or node.ends
        if may_go_on:
            start = self._graph.start
            arcs += self._graph.arcs[start]
            rarities += [rarity + EVEN for rarity in self._graph.rarities[start]]
        share = log(len(further)) if further else 0.0
        arcs += further
        rarities += [share + (EVEN if may_go_on else 0.0)] * len(further)
        self._arcs.append(tuple(arcs))
        self._rarities.append(tuple(rarities))
        self._senses.append(frozenset({CALL} if node.ends else ()))
        self._end_rarities.append(EVEN if node.ends else 0.0)
        return len(self._arcs) - 1

    def graph(self) -> SentenceGraph:
        """All of it."""
        return SentenceGraph(
            language=self._graph.language,
            words=tuple(self._words),
            arcs=tuple(self._arcs),
            senses=tuple(self._senses),
            rarities=tuple(self._rarities),
            end_rarities=tuple(self._end_rarities),
            values=self._graph.values,
        )

    def _kind(self, word: str) -> int:
        kind = (Form(written=word, spoken=word),)
        if kind not in self._words:
            self._words.append(kind)
        return self._words.index(kind)
