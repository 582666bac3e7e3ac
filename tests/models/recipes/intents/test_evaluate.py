"""What the figures of the starter model mean."""

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

from models.recipes.intents.evaluate import Case, best_threshold, figures
from voice.stages import Intent

ON = Intent(name="HassTurnOn", slots=())
OFF = Intent(name="HassTurnOff", slots=())


def case(
    grammar: Intent | None = None, model: Intent | None = None, probability: float = 0.0
) -> Case:
    return Case("en", ON, grammar, model, probability, 5.0)


CASES = [
    case(ON),
    case(OFF),
    case(None, ON, 0.9),
    case(None, ON, 0.6),
    case(None, OFF, 0.7),
    case(None, None, 0.99),
    *[case()] * 4,
]


def test_the_model_is_counted_only_where_the_grammar_has_nothing() -> None:
    found = figures(CASES, 0.5)
    assert (found.grammar_right, found.grammar_wrong) == (0.1, 0.1)
    assert (found.right, found.wrong) == (0.3, 0.2)


def test_what_is_not_probable_enough_is_not_done() -> None:
    found = figures(CASES, 0.8)
    assert (found.right, found.wrong) == (0.2, 0.1)


@pytest.mark.parametrize(("most_wrong", "wrong"), [(0.0, 0.1), (0.1, 0.2)])
def test_the_threshold_allows_as_many_wrong_actions_as_it_may(
    most_wrong, wrong
) -> None:
    threshold = best_threshold(CASES, most_wrong)
    assert figures(CASES, threshold).wrong == wrong
