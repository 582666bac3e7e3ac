"""What the starter model makes of several answers to one question."""

import math
from dataclasses import dataclass, field
from typing import Any

import pytest
from tokenizers import Tokenizer
from tokenizers.models import WordLevel

from voice.errors import StageError
from voice.home import Area, Device, Home
from voice.responders.pointing import NameFinder
from voice.responders.pointing_model import PointingModel, Proposal, Sureness
from voice.stages import Intent

HOME = Home(
    areas=(Area(id="kitchen", names={"*": ("kitchen",)}),),
    devices=(Device(id="light.reading", names={"*": ("reading lamp",)}),),
    here="kitchen",
)
TEXT = "light the reading lamp"
LAMP = Intent(name="HassTurnOn", slots=(("name", "light.reading"),))

LAMP_TOKENS = ["<HassTurnOn>", "<name>", "<2>", "<3>", "<end>"]
WIDER_TOKENS = ["<HassTurnOn>", "<name>", "<1>", "<3>", "<end>"]
"""Another place for the same lamp."""
NOWHERE_TOKENS = ["<HassTurnOn>", "<area>", "<0>", "<0>", "<end>"]
TIMER_TOKENS = ["<HassCancelAllTimers>", "<end>"]
NONE_TOKENS = ["<none>", "<end>"]


@dataclass
class Answering:
    """In the place of CTranslate2's generator: gives answers with probabilities."""

    answers: list[tuple[list[str], float]]
    sequences: list[list[str]] = field(init=False)
    scores: list[float] = field(init=False)

    def generate_batch(self, prompts: list[list[str]], **_: Any) -> list[Any]:
        if not self.answers:
            raise RuntimeError("out of memory")
        self.sequences = [tokens for tokens, _ in self.answers]
        self.scores = [math.log(probability) for _, probability in self.answers]
        return [self]


def model(*answers: tuple[list[str], float], **least: float) -> PointingModel:
    vocabulary = {word: number for number, word in enumerate(TEXT.split())}
    return PointingModel(
        Answering(list(answers)),
        Tokenizer(WordLevel(vocabulary, unk_token="light")),
        {"en": NameFinder(HOME, "en")},
        least=Sureness(**least),
    )


def sure_of(proposal: Proposal) -> tuple[float, float]:
    return round(proposal.sure.intent, 3), round(proposal.sure.whole, 3)


def test_answers_that_come_to_the_same_add_up() -> None:
    asked = model((NONE_TOKENS, 0.4), (LAMP_TOKENS, 0.3), (WIDER_TOKENS, 0.2))
    found = asked.proposal(TEXT, "en")
    assert (found.wish, sure_of(found)) == (LAMP, (0.5, 0.5))


def test_where_the_home_has_no_such_thing_the_next_answer_counts() -> None:
    found = model((NOWHERE_TOKENS, 0.6), (LAMP_TOKENS, 0.2)).proposal(TEXT, "en")
    assert (found.wish, sure_of(found)) == (LAMP, (0.8, 0.2))


def test_the_intent_is_as_sure_as_all_answers_that_name_it() -> None:
    found = model(
        *((TIMER_TOKENS, 0.3), (NOWHERE_TOKENS, 0.35), (LAMP_TOKENS, 0.2))
    ).proposal(TEXT, "en")
    assert found.wish == Intent(name="HassCancelAllTimers", slots=())
    assert sure_of(found) == (0.3, 0.3)


@pytest.mark.parametrize(
    ("least", "wish"),
    [
        ({"intent": 0.7, "whole": 0.2}, LAMP),
        ({"intent": 0.9}, None),
        ({"whole": 0.3}, None),
    ],
)
def test_what_it_is_not_sure_of_is_not_understood(least, wish) -> None:
    asked = model((NOWHERE_TOKENS, 0.6), (LAMP_TOKENS, 0.25), **least)
    assert asked.interpret(TEXT, "en") == wish


@pytest.mark.parametrize(
    "answers",
    [[(NONE_TOKENS, 0.9)], [(NOWHERE_TOKENS, 0.9)], [(LAMP_TOKENS[:-1], 0.9)]],
    ids=["nothing", "nowhere", "unfinished"],
)
def test_what_names_nothing_is_nothing(answers) -> None:
    assert model(*answers).proposal(TEXT, "en") == Proposal()


def test_a_model_that_breaks_is_named() -> None:
    with pytest.raises(StageError, match="out of memory"):
        model().proposal(TEXT, "en")
