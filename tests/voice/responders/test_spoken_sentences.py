"""The graph of what may be said to the demo home."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from voice.home_files import demo_home
from voice.responders.spoken_sentences import spoken_sentences
from voice.sentence_graphs import SentenceGraph


@cache
def graph() -> SentenceGraph:
    found = spoken_sentences(demo_home(), "en")
    assert found is not None
    return found


def ends(text: str) -> Iterator[frozenset[str]]:
    """The senses with which these spoken words may end."""
    rest = {(graph().start, text)}
    while rest:
        state, said = rest.pop()
        if not said and graph().senses[state]:
            yield graph().senses[state]
        for class_, to in graph().arcs[state]:
            for form in graph().words[class_]:
                spoken = form.spoken.replace("-", " ")
                if said == spoken or said.startswith(f"{spoken} "):
                    rest.add((to, said[len(spoken) :].lstrip()))


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("turn on the lights in the kitchen", "HassTurnOn"),
        ("what time is it", "HassGetCurrentTime"),
        ("set a timer for twenty one minutes", "HassStartTimer"),
        ("set the kitchen brightness to fifty percent", "HassLightSet"),
    ],
)
def test_sentences_of_the_grammar_are_paths_in_spoken_words(
    text: str, intent: str
) -> None:
    senses = set().union(*ends(text))
    assert any(sense.split()[0] == intent for sense in senses)


@pytest.mark.parametrize("text", ["turn on the", "kitchen the in lights", "banana"])
def test_other_words_are_no_path(text: str) -> None:
    assert not list(ends(text))


def test_every_state_leads_to_lower_ones_and_on_to_an_end() -> None:
    for state, (arcs, senses) in enumerate(
        zip(graph().arcs, graph().senses, strict=True)
    ):
        assert all(to < state for _, to in arcs)
        assert arcs or senses


def test_there_is_no_graph_where_there_is_no_grammar() -> None:
    assert spoken_sentences(demo_home(), "xx") is None


def test_what_other_recognizers_write_for_it_is_not_what_is_said() -> None:
    rooms = replace(demo_home(), devices=())
    found = spoken_sentences(rooms, "fr")
    assert found is not None
    words = {form.written for forms in found.words for form in forms}
    assert {"éteins", "mets", "ferme"} <= words
    assert words.isdisjoint({"étant", "etant", "maître"})
