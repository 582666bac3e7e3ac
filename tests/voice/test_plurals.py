"""Which form goes with which number: the examples of the CLDR."""

import pytest

from voice.plurals import PLURALS

NUMBERS = (0, 1, 2, 5, 11, 12, 20, 21, 22, 101, 102, 111)


@pytest.mark.parametrize(
    ("rule", "places", "with_decimals"),
    [
        ("two", "101111111111", 1),
        ("french", "001111111111", 0),
        ("czech", "301333333333", 2),
        ("polish", "201222221212", 3),
        ("ukrainian", "201222201012", 3),
        ("croatian", "201222201012", 2),
        ("slovene", "301333333013", 2),
        ("lithuanian", "301133301013", 2),
        ("latvian", "102211102021", 2),
        ("romanian", "101111222111", 1),
        ("maltese", "101122222212", 2),
        ("irish", "301133333333", 3),
    ],
)
def test_the_place_of_the_form(rule, places, with_decimals):
    plural = PLURALS[rule]
    found = "".join(str(plural(number, whole=True)) for number in NUMBERS)
    assert found == places
    assert plural(1, whole=False) == with_decimals
