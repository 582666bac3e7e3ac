"""A graph of sentences, with courtesies around them."""

import random
from itertools import product

import pytest

from tests.voice.recognizers.sentences_in_sound import ACOUSTIC
from voice.audio import Pcm
from voice.courteous_sentences import CLOSED, courteous
from voice.held_out import read_aloud
from voice.phones import atoms
from voice.recognizers.acoustics import AcousticModel
from voice.recognizers.lexicon import lexicon
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.phrases import phrase_graph
from voice.recognizers.searching import Search, search
from voice.sentence_graphs import Form, SentenceGraph
from voice.synthesizers.espeak import VOICES, Espeak


def word(text: str) -> tuple[Form, ...]:
    return (Form(written=text, spoken=text),)


ON, OFF = frozenset({"HassTurnOn"}), frozenset({"HassTurnOff"})

GRAPH = SentenceGraph(
    language="en",
    words=(word("lights"), word("on"), word("off"), word("now")),
    arcs=((), ((3, 0),), ((1, 0), (2, 1)), ((0, 2),)),
    senses=(ON, OFF, frozenset(), frozenset()),
    rarities=((), (0.7,), (0.7, 0.7), (0.2,)),
    end_rarities=(0.3, 0.7, 0.0, 0.0),
    values={},
)
"""Lights on, lights off, and with another sense lights off now."""


def said(
    graph: SentenceGraph, state: int | None = None, so_far: tuple[str, ...] = ()
) -> list[tuple[str, frozenset[str], float]]:
    """Every sentence, with its senses and its rarity."""
    found: list[tuple[str, frozenset[str], float]] = []
    state = graph.start if state is None else state
    if graph.senses[state]:
        found.append((" ".join(so_far), graph.senses[state], graph.end_rarities[state]))
    for (kind, to), rarity in zip(
        graph.arcs[state], graph.rarities[state], strict=True
    ):
        assert to < state
        (form,) = graph.words[kind]
        found += [
            (text, senses, rarity + rest)
            for text, senses, rest in said(graph, to, (*so_far, form.written))
        ]
    return found


def test_courtesies_may_stand_around_every_sentence_and_are_none_themselves() -> None:
    graph = courteous(
        GRAPH,
        openers=["hey"],
        requests=["please", "could you"],
        closers=["thanks", "right now"],
    )
    texts = [text for text, *_ in said(graph)]
    asking = ["please", "could you"]
    openings = ["", "hey", *asking, *map(" ".join, product(["hey", *asking], asking))]
    one = ["thanks", "right now"]
    endings = ["", *one, *map(" ".join, product(one, one))]
    expected = {
        " ".join(f"{opening} {plain} {ending}".split())
        for opening in openings
        for plain in ("lights on", "lights off", "lights off now")
        for ending in endings
    }
    assert len(texts) == len(set(texts))
    assert set(texts) == expected


def test_plain_sentences_cost_what_they_did_and_courteous_ones_more() -> None:
    graph = courteous(GRAPH, openers=["hey"], requests=["please"], closers=["thanks"])
    before = {text: rarity for text, _, rarity in said(GRAPH)}
    after = {text: rarity for text, _, rarity in said(graph)}
    for text, rarity in before.items():
        assert after[text] == rarity
        for courteous_text in (f"hey {text}", f"please {text}", f"{text} thanks"):
            assert after[courteous_text] > rarity + 3
        assert after[f"hey please {text}"] > after[f"please {text}"] + 3


def test_what_a_sentence_may_go_on_with_is_no_closer_of_it() -> None:
    graph = courteous(GRAPH, openers=[], requests=[], closers=["now", "thanks"])
    senses = {text: senses for text, senses, _ in said(graph)}
    assert senses["lights off now"] == ON
    assert senses["lights on now"] == {CLOSED}
    assert len(senses) == len(said(graph))


def test_courtesies_that_begin_like_sentences_keep_the_graph_deterministic() -> None:
    graph = courteous(
        GRAPH,
        openers=["lights", "on"],
        requests=["lights on", "on", "on please", "now"],
        closers=["now", "now then"],
    )
    for arcs in graph.arcs:
        kinds = [kind for kind, _ in arcs]
        assert len(kinds) == len(set(kinds))
    assert len(graph.words) == len(set(graph.words))
    texts = {text for text, *_ in said(graph)}
    assert {"lights on", "lights lights on", "lights on lights off"} < texts
    assert {"on please lights off now now then", "on lights on lights on"} < texts


def test_nothing_changes_where_there_are_no_courtesies() -> None:
    graph = courteous(GRAPH, openers=[], requests=[], closers=[])
    assert sorted(said(graph)) == sorted(said(GRAPH))


def test_the_graph_is_the_same_every_time() -> None:
    lists = {
        "openers": ["hey", "so"],
        "requests": ["could you", "could you please", "please"],
        "closers": ["now", "thanks", "thanks a lot"],
    }
    assert courteous(GRAPH, **lists) == courteous(GRAPH, **lists)


# --- Heard --------------------------------------------------------------------

SENTENCES = ("turn on the kitchen light", "turn off the fan", "what time is it")


@pytest.fixture(scope="module")
def model() -> AcousticModel:
    return AcousticModel.load(ACOUSTIC)


@pytest.fixture(scope="module")
def graph(model: AcousticModel) -> PhoneGraph:
    def pronounce(text: str) -> tuple[str, ...]:
        symbols = Espeak.load().symbols(text, VOICES["en"])
        return tuple(sound for symbol in symbols for sound in atoms(symbol))

    words = courteous(
        phrase_graph("en", SENTENCES),
        openers=["okay", "um"],
        requests=["please", "could you"],
        closers=["please", "thanks", "would you"],
    )
    return PhoneGraph.compile(words, lexicon(words, pronounce), model.acoustics.phones)


def listen(model: AcousticModel, graph: PhoneGraph, pcm: Pcm) -> Search:
    (posteriors,) = model.posteriors(pcm.to_floats(), ["en"])
    weights = model.acoustics.weights
    return search(model.scores(posteriors), graph, weights=weights)


@pytest.mark.parametrize(
    "text",
    [
        "turn off the fan",
        "please turn on the kitchen light",
        "could you turn off the fan would you",
        "um could you turn on the kitchen light please",
        "okay what time is it thanks",
    ],
)
def test_courtesies_are_heard_and_mean_nothing(
    model: AcousticModel, graph: PhoneGraph, text: str
) -> None:
    _, pcm = read_aloud(text, "en", random.Random(3))
    found = listen(model, graph, pcm).best
    assert found is not None
    assert found.text == text
    assert found.meaning.senses
    assert CLOSED not in found.meaning.senses


def test_a_courtesy_alone_is_heard_as_a_beginning(
    model: AcousticModel, graph: PhoneGraph
) -> None:
    _, pcm = read_aloud("could you", "en", random.Random(3))
    found = listen(model, graph, pcm)
    assert found.beginning is not None
    assert found.best == found.beginning
    assert found.beginning.text == "could you"
