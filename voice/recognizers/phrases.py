"""What people say to an assistant besides the sentences of its grammar: "yes", "mhm".

A list of phrases as a graph of its own, to be searched beside the large one.
"""

import math
from collections.abc import Iterable

from voice.sentence_graphs import Arc, Form, SentenceGraph

__all__ = ["phrase_graph"]

SHARE = 0.05
"""Of all that is said, about, that is one of the phrases."""


def phrase_graph(language: str, phrases: Iterable[str]) -> SentenceGraph:
    """A graph of exactly these phrases; each means itself, and all are as likely.

    Args:
        language: canonical tag.
        phrases: as they are written, at least one.
    """
    texts = sorted({" ".join(phrase.split()) for phrase in phrases})
    words = sorted({word for text in texts for word in text.split()})
    builder = _Builder({word: number for number, word in enumerate(words)})
    builder.state([tuple(text.split()) for text in texts])
    rarity = math.log(len(texts) / SHARE)
    start = len(builder.arcs) - 1
    return SentenceGraph(
        language=language,
        words=tuple((Form(word, word),) for word in words),
        arcs=tuple(builder.arcs),
        senses=tuple(builder.senses),
        rarities=tuple(
            tuple(rarity if state == start else 0.0 for _ in row)
            for state, row in enumerate(builder.arcs)
        ),
        end_rarities=tuple(0.0 for _ in builder.arcs),
        values={text: text for text in texts},
    )


class _Builder:
    def __init__(self, classes: dict[str, int]) -> None:
        self._classes = classes
        self._known: dict[frozenset[tuple[str, ...]], int] = {}
        self.arcs: list[tuple[Arc, ...]] = []
        self.senses: list[frozenset[str]] = []

    def state(self, rests: Iterable[tuple[str, ...]]) -> int:
        """The number of the state from which these rests follow."""
        key = frozenset(rests)
        if key in self._known:
            return self._known[key]
        after: dict[str, list[tuple[str, ...]]] = {}
        for rest in key:
            if rest:
                after.setdefault(rest[0], []).append(rest[1:])
        arcs = tuple(
            (self._classes[word], self.state(further))
            for word, further in sorted(after.items())
        )
        self.arcs.append(arcs)
        self.senses.append(frozenset(["said"] if () in key else []))
        self._known[key] = len(self.arcs) - 1
        return self._known[key]
