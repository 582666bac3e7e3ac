"""Courtesies around the sentences of a graph: for recognisers that search.

Before a sentence stand an opener or a request, or one of them and a request; after it
closers, two at most. They are states of their own, once for the whole graph and not
once for every sentence, and what is said without them costs what it did.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import exp, inf, log
from typing import NamedTuple, TypeAlias

from voice.phrase_trees import Beginning
from voice.sentence_graphs import Arc, Form, SentenceGraph, State

__all__ = ["CLOSED", "CLOSER", "OPENER", "REQUEST", "courteous"]

OPENER = 9.0
"""Rarity of each. They are short: at the price of a request, "hé" and "allez" took the
beginnings of "éteins" and "allume" from two of 19 commands in French."""

REQUEST = 5.0
"""Rarity of each. An estimate: most people say none to a machine, and there are ten."""

CLOSER = 5.0
"""Rarity of each, above that of the end."""

CLOSED = "Closed"
"""Stands for the senses of the sentence before a closer."""

_MOST_CLOSERS = 2


class _Asking(NamedTuple):
    """Within what comes before a sentence."""

    node: Beginning
    behind: "_Places"
    """Where a phrase that ends leads to."""
    rarity: float
    """Of what follows."""


_Places: TypeAlias = "frozenset[State | _Asking]"
"""Where one may be after the same words."""

_Row: TypeAlias = "dict[int, tuple[State, float]]"
"""By word class: the state behind it, and the rarity."""


def courteous(
    graph: SentenceGraph,
    *,
    openers: Sequence[str],
    requests: Sequence[str],
    closers: Sequence[str],
) -> SentenceGraph:
    """The same sentences, with and without courtesies around them.

    None is a sentence by itself. A closer with whose first word a sentence may go on is
    not heard after it. The graph stays deterministic.
    """
    words = " ".join([*openers, *requests, *closers]).casefold().split()
    build = _Build(graph, words)
    build.close(Beginning(closers))
    start, asking = build.shifted(graph.start), Beginning(requests)
    only_sentences: _Places = frozenset({start})
    second: _Places = frozenset({start, _Asking(asking, only_sentences, REQUEST)})
    opening = _Asking(Beginning(openers), second, OPENER)
    build.state(frozenset({start, opening, _Asking(asking, second, REQUEST)}))
    return build.graph()


def _either(one: float, other: float) -> float:
    """The rarity of one or the other."""
    if inf in (one, other):
        return min(one, other)
    return max(0.0, -log(exp(-one) + exp(-other)))


class _Build:
    """A graph that grows at its ends and then at its start."""

    def __init__(self, graph: SentenceGraph, words: Iterable[str]) -> None:
        self._graph = graph
        self._words = list(graph.words)
        self._kinds = {kind: at for at, kind in enumerate(graph.words)}
        self._arcs: list[tuple[Arc, ...]] = []
        self._rarities: list[tuple[float, ...]] = []
        self._senses: list[frozenset[str]] = []
        self._end_rarities: list[float] = []
        self._closings = 0
        self._known: dict[_Places, State] = {}
        for word in words:
            self._kind(word)

    # --- After a sentence -----------------------------------------------------

    def close(self, closers: Beginning) -> None:
        """Put `closers` behind every sentence."""
        first: _Row = {}
        for _ in range(_MOST_CLOSERS):
            first = self._closers(closers, first, CLOSER)
        self._closings = len(self._arcs)
        graph = self._graph
        for arcs, rarities, senses, end in zip(
            graph.arcs, graph.rarities, graph.senses, graph.end_rarities, strict=True
        ):
            row: _Row = {
                kind: (self.shifted(to), rarity)
                for (kind, to), rarity in zip(arcs, rarities, strict=True)
            }
            if senses:
                for kind, (to, rarity) in first.items():
                    row.setdefault(kind, (to, rarity + end))
            self._append(row, senses, end)

    def shifted(self, state: State) -> State:
        """The number that a state of the sentences has now."""
        return state + self._closings

    def _closers(self, node: Beginning, next_: _Row, rarity: float) -> _Row:
        """The words that go on from a beginning of closers.

        Args:
            node: the beginning.
            next_: what may follow a whole closer.
            rarity: of each word.
        """
        row: _Row = {}
        for word, further in node.further.items():
            after = self._closers(further, next_, 0.0)
            if further.ends:
                after = {**next_, **after}
            senses = frozenset({CLOSED} if further.ends else ())
            row[self._kind(word)] = self._append(after, senses, 0.0), rarity
        return row

    # --- Before it ------------------------------------------------------------

    def state(self, places: _Places) -> State:
        """The state for all these places; a new one, unless they are one old state."""
        sentences = {place for place in places if isinstance(place, int)}
        if len(places) > 1:
            # What closes a whole sentence is no part of a longer one.
            dropped = {place for place in sentences if place < self._closings}
            places, sentences = places - dropped, sentences - dropped
        if len(places) == len(sentences) == 1:
            return next(iter(sentences))
        if places in self._known:
            return self._known[places]
        targets: dict[int, set[State | _Asking]] = {}
        rarities: dict[int, float] = {}
        for place in sorted(sentences):
            for (kind, to), rarity in zip(
                self._arcs[place], self._rarities[place], strict=True
            ):
                targets.setdefault(kind, set()).add(to)
                rarities[kind] = _either(rarity, rarities.get(kind, inf))
        for asking in (place for place in places if isinstance(place, _Asking)):
            for word, further in asking.node.further.items():
                kind = self._kind(word)
                behind = targets.setdefault(kind, set())
                if further.further:
                    behind.add(_Asking(further, asking.behind, 0.0))
                if further.ends:
                    behind.update(asking.behind)
                rarities[kind] = _either(asking.rarity, rarities.get(kind, inf))
        row: _Row = {
            kind: (self.state(frozenset(targets[kind])), rarities[kind])
            # In order, so that the graph is the same every time.
            for kind in sorted(targets)
        }
        senses = frozenset[str]().union(*(self._senses[at] for at in sentences))
        ends = [self._end_rarities[at] for at in sentences if self._senses[at]]
        found = self._known[places] = self._append(row, senses, min(ends, default=0.0))
        return found

    # --- All of it ------------------------------------------------------------

    def graph(self) -> SentenceGraph:
        """All of it."""
        return replace(
            self._graph,
            words=tuple(self._words),
            arcs=tuple(self._arcs),
            senses=tuple(self._senses),
            rarities=tuple(self._rarities),
            end_rarities=tuple(self._end_rarities),
            closings=self._closings,
        )

    def _append(self, row: _Row, senses: frozenset[str], end: float) -> State:
        self._arcs.append(tuple((kind, to) for kind, (to, _) in row.items()))
        self._rarities.append(tuple(rarity for _, rarity in row.values()))
        self._senses.append(senses)
        self._end_rarities.append(end)
        return len(self._arcs) - 1

    def _kind(self, word: str) -> int:
        kind = (Form(written=word, spoken=word),)
        if kind not in self._kinds:
            self._kinds[kind] = len(self._words)
            self._words.append(kind)
        return self._kinds[kind]
