"""The compiled templates: what is whole, what begins something, what is neither."""

import random
from itertools import islice

import pytest
from hassil import Intents
from hassil.intents import TextSlotList

from benchmarks.sentences import Sampler
from voice.home_files import demo_home
from voice.responders import prefixes
from voice.responders.parsing import Grammar
from voice.responders.prefixes import Prefixes, Reading
from voice.responders.sentences import load_sentences
from voice.responders.templates import TemplateGraph, Token, folded

HOME = demo_home()

SENTENCES = {
    "TurnOn": ["turn on [the] {name}[ in [the] {area}] [now]"],
    "Light": ["(turn|switch) on [the] light[s]"],
    "Timer": ["<set> timer for {minutes} minute[s] [called {title}]"],
    "Add": ["add {item} to [the] list"],
    "Later": ["{item} in {minutes} minutes"],
    "Swap": ["tell (me;now)"],
    "Elision": ["dans l' {area}"],
}
NAMES = {
    "name": TextSlotList.from_strings(["lamp", "lamp of anna"], name="name"),
    "area": TextSlotList.from_strings(["living room", "entrance"], name="area"),
}


@pytest.fixture(scope="module")
def small() -> Prefixes:
    intents = Intents.from_dict(
        {
            "language": "en",
            "intents": {
                intent: {"data": [{"sentences": texts}]}
                for intent, texts in SENTENCES.items()
            },
            "expansion_rules": {"set": "(set|start) [a]"},
            "lists": {
                "minutes": {"range": {"from": 1, "to": 60}},
                "title": {"wildcard": True},
                "item": {"wildcard": True},
            },
        }
    )
    return Prefixes(TemplateGraph.compile(intents, NAMES), {"five": 5, "ninety": 90})


def read(prefixes: Prefixes, text: str) -> Reading:
    return prefixes.read(folded(text).split())


def means(reading: Reading) -> set[str]:
    return {sense.intent for sense in reading.senses}


@pytest.mark.parametrize(
    ("text", "intents"),
    [
        ("turn on the lamp", {"TurnOn"}),
        ("turn on lamp in the living room", {"TurnOn"}),
        ("Switch on the lights.", {"Light"}),
        ("set timer for 5 minutes", {"Timer"}),
        ("start a timer for five minutes", {"Timer"}),
        ("set a timer for 5 minutes called noodles", {"Timer"}),
        ("add two pints of milk to the list", {"Add"}),
        ("tell now me", {"Swap"}),
        ("tell me now", {"Swap"}),
        ("dans l'entrance", {"Elision"}),
        ("turn on the", set()),
        ("turn on the lam", set()),
        ("set a timer for ninety minutes", set()),
        ("set a timer for 61 minutes", set()),
        ("tell me me", set()),
        ("milk in 5 minutes", set()),
        ("", set()),
    ],
)
def test_whole_sentences_are_known_as_such(small: Prefixes, text: str, intents: set):
    assert means(read(small, text)) == intents


def test_it_tells_how_a_whole_sentence_may_go_on(small: Prefixes):
    tails = read(small, "turn on the lamp").tails
    assert {tuple(sorted(tail.slots)) for tail in tails} == {
        (),  # now
        ("area",),
        ("name",),  # of Anna
        ("area", "name"),
    }
    (tail,) = read(small, "set a timer for 5 minutes").tails
    assert tail.wild
    assert read(small, "turn on the lights").tails == frozenset()


@pytest.mark.parametrize(
    ("text", "words", "intents"),
    [
        ("turn", 1, {"TurnOn", "Light"}),
        ("turn on the", 2, {"TurnOn", "Light"}),
        ("switch on", 2, {"Light"}),
        ("turn on lamp of", 2, {"TurnOn"}),
        ("turn of", 0, set()),
        ("add", 1, {"Add"}),
        ("add milk and honey", 0, set()),  # one word proves nothing
        ("add milk to the", 2, {"Add"}),
        ("milk in", 0, set()),  # all speech begins like a wildcard
        ("a b c", 0, set()),
    ],
)
def test_a_beginning_is_known_by_its_literal_words(
    small: Prefixes, text: str, words: int, intents: set
):
    reading = read(small, text)
    assert (reading.literal_words, set(reading.intents)) == (words, intents)


def test_what_it_remembers_is_bounded(small: Prefixes, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(prefixes, "MOST_REMEMBERED", 10)
    before = read(small, "turn on the lamp")
    for number in range(50):
        read(small, f"add milk{number} to the list")
        assert len(small._steps) < 10 + 6
    assert read(small, "turn on the lamp") == before


def test_an_endless_utterance_is_none(small: Prefixes):
    assert read(small, "add " * 1000) == Reading()


def test_the_graph_has_ends_before_beginnings():
    # `Prefixes` looks ahead in one pass, in this order.
    grammar = Grammar("en", load_sentences("en") or {}, HOME)
    graph = TemplateGraph.compile(grammar._intents, grammar._lists)
    for node, arcs in enumerate(graph.arcs):
        assert all(
            target < node for label, target in arcs if label.token is not Token.END
        )


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "hu", "pl"])
def test_every_beginning_of_a_sampled_sentence_is_alive(language: str):
    grammar = Grammar(language, load_sentences(language) or {}, HOME)
    sampler = Sampler(language, HOME, random.Random(7))
    understood = [
        text for text in islice(sampler.sentences(), 60) if grammar.parse(text)
    ]
    assert len(understood) >= 20
    lost = [text for text in understood if not grammar.read(text).senses]
    assert len(lost) <= 0.05 * len(understood), lost
    for text in understood:
        words = text.split()
        for end in range(3, len(words)):
            begun = " ".join(words[:end])
            if grammar.parse(begun) is None and text not in lost:
                assert grammar.read(begun).intents, begun
