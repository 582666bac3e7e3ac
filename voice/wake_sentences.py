"""What may be said where a wake phrase may come first: for recognisers that search.

Such a recogniser hears only the sentences of a graph. Here the graph of a home gets
the phrases of `voice.waking` in front, each of which may also stand alone.
"""

from collections.abc import Iterable
from math import exp, log

from voice.phrase_trees import Beginning
from voice.sentence_graphs import Form, SentenceGraph, State

__all__ = ["CALL", "after_call"]

CALL = "Call"
"""The sense of a phrase alone."""

EVEN = log(2)
"""Nobody knows how often the phrase is said: as often as not, and as often alone."""


def after_call(graph: SentenceGraph, phrases: Iterable[str]) -> SentenceGraph:
    """The same sentences, with and without a phrase before them, and each phrase.

    A phrase with which a sentence begins is left out: whoever says it has more to say.
    The graph stays deterministic.
    """
    build = _Build(graph)
    root = Beginning(
        phrase
        for phrase in phrases
        if (words := phrase.casefold().split()) and not _begins(graph, words)
    )
    if not root.further:
        return graph
    build.add(root, graph.start)
    return build.graph()


def _begins(graph: SentenceGraph, words: Iterable[str]) -> bool:
    """Whether a sentence begins so, or with a number that is written like a word."""
    state = graph.start
    for word in words:
        for kind, further in graph.arcs[state]:
            if word in (form.written for form in graph.words[kind]):
                if len(graph.words[kind]) > 1:
                    return True
                state = further
                break
        else:
            return False
    return True


class _Build:
    """A graph that grows at its start."""

    def __init__(self, graph: SentenceGraph) -> None:
        self._graph = graph
        self._words = list(graph.words)
        self._arcs = list(graph.arcs)
        self._senses = list(graph.senses)
        self._rarities = list(graph.rarities)
        self._end_rarities = list(graph.end_rarities)

    def add(
        self,
        node: Beginning,
        beside: State | None = None,
        *,
        said: float = EVEN,
        called: float = EVEN,
    ) -> State:
        """The state behind a beginning of phrases.

        Args:
            node: the beginning.
            beside: behind the same words as the beginning of a sentence.
            said: rarity of a sentence behind these words.
            called: rarity of a phrase behind these words.
        """
        graph = self._graph
        ends = node.ends and beside is None
        sentence = graph.start if ends else beside
        arcs: dict[int, State] = {}
        rarities: dict[int, float] = {}
        senses, end_rarity = frozenset[str](), 0.0
        if sentence is not None:
            arcs.update(graph.arcs[sentence])
            for kind, rarity in zip(arcs, graph.rarities[sentence], strict=True):
                rarities[kind] = rarity + said
        if beside is not None:
            senses = graph.senses[beside]
            end_rarity = graph.end_rarities[beside] + said
        if ends:
            senses, end_rarity = frozenset({CALL}), EVEN
        share = log(len(node.further)) if node.further else 0.0
        share += called if sentence is not None else 0.0
        for word, follower in node.further.items():
            kind = self._kind(word)
            if kind not in arcs:
                arcs[kind], rarities[kind] = self.add(follower), share
                continue
            # Behind the same words each is as likely as it was before them.
            also = rarities[kind]
            both = -log(exp(-share) + exp(-also))
            arcs[kind] = self.add(
                follower, arcs[kind], said=also - both, called=share - both
            )
            rarities[kind] = both
        self._arcs.append(tuple(arcs.items()))
        self._rarities.append(tuple(rarities.values()))
        self._senses.append(senses)
        self._end_rarities.append(end_rarity)
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
            closings=self._graph.closings,
        )

    def _kind(self, word: str) -> int:
        kind = (Form(written=word, spoken=word),)
        if kind not in self._words:
            self._words.append(kind)
        return self._words.index(kind)
