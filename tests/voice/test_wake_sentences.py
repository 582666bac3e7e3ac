"""A graph of sentences, with phrases before them."""

from math import exp

import pytest

from voice.courteous_sentences import courteous
from voice.sentence_graphs import Form, SentenceGraph
from voice.wake_sentences import CALL, after_call


def word(text):
    return (Form(written=text, spoken=text),)


GRAPH = SentenceGraph(
    language="en",
    words=(word("lights"), word("on"), word("off")),
    arcs=((), ((1, 0), (2, 0)), ((0, 1),)),
    senses=(frozenset({"HassTurnOn"}), frozenset(), frozenset()),
    rarities=((), (0.7, 0.7), (0.0,)),
    end_rarities=(0.0, 0.0, 0.0),
    values={},
)


def sentences(graph, state=None, said=()):
    """Every sentence with its senses."""
    state = graph.start if state is None else state
    if graph.senses[state]:
        yield " ".join(said), set(graph.senses[state])
    for kind, further in graph.arcs[state]:
        assert further < state
        (form,) = graph.words[kind]
        yield from sentences(graph, further, (*said, form.written))


PLAIN = {"lights on", "lights off"}


def test_every_sentence_may_be_said_with_and_without_a_phrase_and_each_phrase_alone():
    graph = after_call(GRAPH, ["Hey Computer", "hey parley", "hey computer please"])
    said = dict(sentences(graph))
    phrases = {"hey computer", "hey parley", "hey computer please"}
    assert set(said) == PLAIN | phrases | {f"{p} {s}" for p in phrases for s in PLAIN}
    assert {text for text, senses in said.items() if senses == {CALL}} == phrases


def test_it_stays_deterministic_and_each_word_stands_once():
    graph = after_call(GRAPH, ["hey computer", "hey hey computer", "on on"])
    for arcs in graph.arcs:
        kinds = [kind for kind, _ in arcs]
        assert len(kinds) == len(set(kinds))
    assert len(graph.words) == len(set(graph.words))


def test_a_phrase_may_begin_like_a_sentence_but_not_be_its_beginning():
    graph = after_call(GRAPH, ["lights please", "lights on computer", "hey", "hey off"])
    said = list(sentences(graph))
    called = {"lights please", "lights on computer", "hey", "hey off"}
    expected = PLAIN | called | {f"{phrase} {s}" for phrase in called for s in PLAIN}
    assert sorted(text for text, _ in said) == sorted(expected)
    assert {text for text, senses in said if senses == {CALL}} == called
    assert after_call(GRAPH, ["lights"]) == GRAPH
    assert after_call(GRAPH, []) == GRAPH


def test_a_phrase_that_goes_on_like_a_sentence_stays_deterministic():
    graph = after_call(GRAPH, ["hey", "hey lights please"])
    said = [text for text, _ in sentences(graph)]
    assert len(said) == len(set(said))
    assert {"hey lights on", "hey lights please", "hey lights please lights on"} < set(
        said
    )


def test_the_likelihoods_of_what_may_follow_add_up():
    graph = after_call(
        GRAPH, ["hey computer", "hey parley", "okay computer", "lights please"]
    )
    for state in range(len(GRAPH.arcs), len(graph.arcs)):
        ends = exp(-graph.end_rarities[state]) if graph.senses[state] else 0.0
        total = ends + sum(exp(-rarity) for rarity in graph.rarities[state])
        assert total == pytest.approx(1.0, abs=0.01)


def test_a_courtesy_with_which_a_phrase_begins_stays_as_rare_as_it_was():
    polite = courteous(GRAPH, openers=["hey"], requests=[], closers=[])
    graph = after_call(polite, ["hey computer"])
    assert cost(graph, "hey lights on") >= cost(graph, "lights on") + 8
    assert cost(graph, "hey computer lights on") < cost(graph, "hey lights on") - 5


def cost(graph, text):
    state, total = graph.start, 0.0
    for said in text.split():
        ways = zip(graph.arcs[state], graph.rarities[state], strict=True)
        ((state, rarity),) = (
            (further, rarity)
            for (kind, further), rarity in ways
            if graph.words[kind][0].written == said
        )
        total += rarity
    return total + graph.end_rarities[state]
