"""Who answers: the grammar, then whoever else there is, then nobody."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from tests.voice.responders.talk import grammars
from voice.home import apply
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.responders.pipeline import PipelineResponder
from voice.stages import Intent

HOME = demo_home()
STATE = HOME.initial_state()
NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)

DARK = "it is far too dark in here"


@dataclass
class Proposing:
    """A model that knows one sentence."""

    wish: Intent | None
    asked: list[str] = field(default_factory=list)

    def interpret(self, text: str, language: str) -> Intent | None:
        self.asked.append(text)
        return self.wish


@dataclass
class Mending:
    """Hears one sentence better."""

    better: str | None
    asked: list[str] = field(default_factory=list)

    def mended(self, text: str, language: str) -> str | None:
        self.asked.append(text)
        return self.better


LAMP = Intent(name="HassTurnOn", slots=(("name", "kitchen lamp"),))
NOWHERE = Intent(name="HassTurnOn", slots=(("name", "warp drive"),))


@pytest.fixture(scope="module")
def grammar() -> GrammarResponder:
    return grammars("en", "de")


def plan(grammar, text, language="en", **others):
    return PipelineResponder(grammar, **others).plan(
        text, language, home=STATE, now=NOW
    )


def test_what_the_grammar_understands_nobody_else_is_asked(grammar) -> None:
    look, model = Mending("turn off the radio"), Proposing(LAMP)
    said = "turn on the kitchen lamp"
    found = plan(grammar, said, second_look=look, model=model)
    assert found == grammar.plan(said, "en", home=STATE, now=NOW)
    assert (look.asked, model.asked) == ([], [])


def test_the_model_understands_the_rest(grammar) -> None:
    model = Proposing(LAMP)
    found = plan(grammar, DARK, model=model)
    assert found.answered_by == "model"
    assert found.intent is not None
    assert dict(found.intent.slots) == {"name": "light.kitchen"}
    lit = apply(STATE, found.effects, now=NOW).device("light.kitchen")
    assert lit.state == "on"
    assert found.reply
    assert model.asked == [DARK]


def test_nothing_has_happened_by_then(grammar) -> None:
    plan(grammar, DARK, model=Proposing(LAMP))
    assert HOME.initial_state() == STATE


@pytest.mark.parametrize("wish", [None, NOWHERE], ids=["nothing", "nonsense"])
def test_what_nobody_understands_is_said_as_the_grammar_says_it(grammar, wish) -> None:
    for said in (DARK, "turn on the warp drive", "turn on the"):
        alone = grammar.plan(said, "en", home=STATE, now=NOW)
        assert alone.intent is None
        assert plan(grammar, said, model=Proposing(wish)) == alone


def test_a_misheard_name_comes_before_the_model(grammar) -> None:
    model = Proposing(LAMP)
    look = Mending("turn off the radio")
    found = plan(grammar, "turn off the rodeo", second_look=look, model=model)
    assert found.answered_by == "names"
    assert found.intent is not None
    assert found.intent.name == "HassTurnOff"
    assert model.asked == []


def test_a_second_look_that_makes_no_sense_leaves_it_to_the_model(grammar) -> None:
    look = Mending("no sentence at all")
    assert plan(grammar, DARK, second_look=look, model=Proposing(LAMP)).intent


def test_how_long_to_wait_is_judged_by_what_was_said(grammar) -> None:
    said = "turn on the"
    alone = grammar.plan(said, "en", home=STATE, now=NOW)
    found = plan(grammar, said, model=Proposing(LAMP))
    assert found.intent is not None
    assert found.completeness is alone.completeness


@pytest.mark.parametrize("said", ["", "  "])
def test_no_words_are_shown_to_no_model(grammar, said) -> None:
    model = Proposing(LAMP)
    assert plan(grammar, said, model=model).intent is None
    assert model.asked == []


def test_a_language_without_a_grammar_stays_without_intents(grammar) -> None:
    assert plan(grammar, DARK, "mt", model=Proposing(LAMP)).intent is None
