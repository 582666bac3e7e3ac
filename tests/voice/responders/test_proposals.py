"""A chat model proposes an intent; what counts is what the home and the intents have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from voice.dialogue import Message, Piece, Tool
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.responders.pipeline import PipelineResponder
from voice.responders.proposals import ChatInterpreter, instructions, read_proposal
from voice.stages import Intent

HOME = demo_home()
DARK = "it is far too dark in here"


@dataclass
class Saying:
    """A chat model that always says the same, a few letters at a time."""

    text: str
    asked: list[Sequence[Message]] = field(default_factory=list)

    def converse(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> Iterator[Piece]:
        self.asked.append(messages)
        for start in range(0, len(self.text), 4):
            yield self.text[start : start + 4]


@pytest.mark.parametrize(
    "answer",
    [
        '{"intent": "HassTurnOn", "slots": {"area": "kitchen", "domain": "light"}}',
        'Sure!\n```json\n{"slots": {"domain": "light", "area": "kitchen"},'
        ' "intent": "HassTurnOn"}\n```',
    ],
)
def test_an_intent_is_read_whatever_stands_around_it(answer) -> None:
    assert read_proposal(answer) == Intent(
        name="HassTurnOn", slots=(("area", "kitchen"), ("domain", "light"))
    )


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "I do not know.",
        '{"intent": null}',
        '{"intent": "HassTurnOn", "slots": {"area"',
        '{"intent": 3}',
        '{"intent": "HassTurnOn", "slots": ["area"]}',
        '{"intent": "HassTurnOn", "slots": {"name": ["a", "b"]}}',
        '{"intent": "HassTurnOn", "slots": {"name": true}}',
        '["HassTurnOn"]',
    ],
)
def test_anything_else_is_nothing(answer) -> None:
    assert read_proposal(answer) is None


def test_the_instructions_are_the_same_for_every_question() -> None:
    chat = Saying('{"intent": null}')
    interpreter = ChatInterpreter(chat, HOME)
    for text in (DARK, "and now"):
        interpreter.interpret(text, "en")
    first, second = chat.asked
    assert first[0] == second[0]
    assert first[1].text == DARK


def test_the_instructions_name_what_there_is_in_the_language() -> None:
    told = instructions(HOME, "de")
    assert "HassLightSet: area" in told
    assert "- kitchen: Küche" in told


def test_an_endless_answer_is_given_up() -> None:
    assert ChatInterpreter(Saying("a" * 10_000), HOME).interpret(DARK, "en") is None


def test_an_endless_question_is_not_asked() -> None:
    chat = Saying("{}")
    assert ChatInterpreter(chat, HOME).interpret("dark " * 100, "en") is None
    assert chat.asked == []


@pytest.fixture(scope="module")
def grammar() -> GrammarResponder:
    return GrammarResponder.load(HOME, ["en"])


@pytest.mark.parametrize(
    ("slots", "answered_by"),
    [
        ('{"area": "kitchen", "domain": "light"}', "model"),
        ('{"area": "moon", "domain": "light"}', "none"),
        ('{"area": "kitchen", "domain": "rocket"}', "none"),
        ('{"area": "kitchen", "speed": 11}', "none"),
    ],
)
def test_what_the_home_does_not_have_is_not_understood(
    grammar, slots, answered_by
) -> None:
    chat = Saying(f'{{"intent": "HassTurnOn", "slots": {slots}}}')
    pipeline = PipelineResponder(grammar, model=ChatInterpreter(chat, HOME))
    plan = pipeline.plan(
        DARK, "en", home=HOME.initial_state(), now=datetime(2026, 11, 21, tzinfo=UTC)
    )
    assert plan.answered_by == answered_by
    assert bool(plan.effects) == (answered_by == "model")
