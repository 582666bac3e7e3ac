"""How likely sentences and their numbers are taken to be."""

import math

import pytest

from voice.responders.usage import number_rarity, rarities
from voice.sentence_graphs import Form

WORDS = ((Form("stop", "stop"),), (Form("2", "two"), Form("3", "three")))
ARCS = ((), ((1, 0),), ((0, 1),))
ENDS = (True, True, False)
""" "stop", "stop 2" and "stop 3"."""


@pytest.mark.parametrize(("lowest", "highest"), [(0, 100), (1, 100), (7, 9), (0, 0)])
def test_the_numbers_of_a_range_are_certain_together(lowest: int, highest: int) -> None:
    chances = [
        math.exp(-number_rarity(number, lowest, highest))
        for number in range(lowest, highest + 1)
    ]
    assert sum(chances) == pytest.approx(1)


def test_usual_numbers_are_likelier_than_others() -> None:
    assert number_rarity(50, 0, 100) < number_rarity(53, 0, 100)
    assert number_rarity(5, 1, 100) < number_rarity(53, 1, 100)


def test_minutes_are_other_numbers_than_percent() -> None:
    assert number_rarity(1, 1, 100) < number_rarity(1, 0, 100)
    assert number_rarity(21, 0, 100) < number_rarity(21, 1, 100)


def test_what_is_said_often_is_likely_and_what_never_was_remains_possible() -> None:
    of_arcs, of_ends = rarities(ARCS, WORDS, ENDS, ["stop 2"] * 30 + ["stop"] * 10)
    further, end = of_arcs[1][0], of_ends[1]
    assert further < end < math.inf
    assert math.exp(-further) + math.exp(-end) == pytest.approx(1)


def test_a_sentence_that_the_graph_does_not_have_counts_nothing() -> None:
    known = rarities(ARCS, WORDS, ENDS, ["stop 2"])
    assert rarities(ARCS, WORDS, ENDS, ["stop 2", "go 2", "stop 4", ""]) == known
