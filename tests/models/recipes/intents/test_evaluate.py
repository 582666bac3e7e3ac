"""What the figures of the starter model mean."""

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

from models.recipes.intents.evaluate import Case, figures, least_sure
from voice.responders.pointing_model import Sureness
from voice.stages import Intent

ON = Intent(name="HassTurnOn", slots=())
OFF = Intent(name="HassTurnOff", slots=())
LAMP = Intent(name="HassTurnOn", slots=(("name", "light.lamp"),))


def case(
    grammar: Intent | None = None, model: Intent | None = None, probability: float = 0.0
) -> Case:
    sure = Sureness(intent=probability, whole=probability / 2)
    return Case("en", ON, grammar, model, sure, 5.0)


CASES = [
    case(ON),
    case(OFF),
    case(None, ON, 0.9),
    case(None, ON, 0.6),
    case(None, OFF, 0.7),
    case(None, LAMP, 0.8),
    case(None, None, 0.99),
    *[case()] * 3,
]


def test_the_model_is_counted_only_where_the_grammar_has_nothing() -> None:
    found = figures(CASES, Sureness(intent=0.5))
    assert (found.grammar_right, found.grammar_wrong) == (0.1, 0.1)
    assert (found.right, found.wrong, found.otherwise) == (0.3, 0.3, 0.2)


@pytest.mark.parametrize("least", [Sureness(intent=0.85), Sureness(whole=0.42)])
def test_what_the_model_is_not_sure_of_is_not_done(least) -> None:
    found = figures(CASES, least)
    assert (found.right, found.wrong) == (0.2, 0.1)


@pytest.mark.parametrize(
    ("most", "right", "otherwise"), [(0.1, 0.2, 0.1), (0.2, 0.3, 0.2), (0.0, 0.1, 0.1)]
)
def test_only_so_many_commands_may_get_another_intent(most, right, otherwise) -> None:
    least = least_sure(CASES, most)
    found = figures(CASES, least)
    assert (found.right, found.otherwise) == (right, otherwise)
