"""A graph of phrases holds exactly them."""

import math

import pytest

from voice.recognizers.phrases import SHARE, phrase_graph
from voice.sentence_graphs import SentenceGraph, joined


def paths(graph: SentenceGraph) -> dict[str, float]:
    """Every sentence of a graph, and its rarity."""
    found = {}

    def walk(state: int, words: list[str], rarity: float) -> None:
        if graph.senses[state]:
            found[joined(words)] = rarity + graph.end_rarities[state]
        for (class_, to), step in zip(
            graph.arcs[state], graph.rarities[state], strict=True
        ):
            assert to < state, "ends come first"
            for form in graph.words[class_]:
                walk(to, [*words, form.written], rarity + step + form.rarity)

    walk(graph.start, [], 0.0)
    return found


@pytest.mark.parametrize(
    "phrases",
    [("yes",), ("yes", "yes please", "no", "no thank you"), ("a b", "b", "a b c")],
)
def test_all_phrases_and_no_others_are_as_likely(phrases) -> None:
    found = paths(phrase_graph("en", phrases))
    assert set(found) == set(phrases)
    assert set(found.values()) == {math.log(len(phrases) / SHARE)}


def test_each_means_itself() -> None:
    graph = phrase_graph("en", ["yes", "yes please", "no"])
    meanings = [graph.meaning(text.split(), {"said"}) for text in paths(graph)]
    assert len({meaning.values for meaning in meanings}) == len(meanings) == 3
