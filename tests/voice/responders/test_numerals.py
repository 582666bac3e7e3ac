"""Number words to digits, and what is spelled otherwise back to the grammar."""

import pytest

from voice.responders.numerals import Numerals
from voice.responders.spelling import Speller, template_words


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "set a timer for twenty-five minutes", "set a timer for 25 minutes"),
        ("en", "set a timer for twenty five minutes", "set a timer for 25 minutes"),
        ("en", "to Twenty One and a half degrees", "to 21.5 degrees"),
        ("en", "to 21 and a half degrees", "to 21.5 degrees"),
        ("en", "one hundred percent", "100 percent"),
        ("de", "auf einundzwanzig Grad", "auf 21 Grad"),
        ("de", "eine Lampe", "eine Lampe"),
        ("fr", "vingt et un degrés", "21 degrés"),
        ("fr", "quatre-vingt-dix pour cent", "90 pour 100"),
        ("es", "treinta y dos", "32"),
        ("it", "ventitré gradi", "23 gradi"),
        ("nl", "vijfenveertig procent", "45 procent"),
        ("pl", "dwadzieścia pięć minut", "25 minut"),
        ("ro", "douăzeci și cinci de minute", "25 de minute"),
        ("uk", "на п'ять хвилин", "на 5 хвилин"),
        ("lv", "uz piecām minūtēm", "uz 5 minūtēm"),
        ("ga", "cúig nóiméad", "5 nóiméad"),
        ("hu", "két perc", "2 perc"),
        ("en", "no number at all", "no number at all"),
        ("xx", "twenty", "twenty"),
        ("en", "", ""),
    ],
)
def test_numbers_in_words_become_digits(language: str, text: str, expected: str):
    assert Numerals(language).to_digits(text) == expected


@pytest.fixture(scope="module")
def speller() -> Speller:
    data = {
        "intents": {
            "Time": {
                "data": [
                    {"sentences": ["quelle heure (est-il|il est)", "what's {the} time"]}
                ]
            }
        },
        "expansion_rules": {"open": "(öffne|aujourd'hui)"},
        "lists": {"color": {"values": [{"in": "violet", "out": "purple"}]}},
    }
    return Speller([*template_words(data), "fenêtre de la cuisine", "côte", "cote"])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Quelle heure est il ?", "Quelle heure est-il"),
        ("whats the time", "what's the time"),
        ("offne die Fenetre", "öffne die fenêtre"),
        ("aujourd’hui", "aujourd'hui"),
        ("aujourd hui", "aujourd'hui"),
        ("cote", "cote"),
        ("nothing to repair", "nothing to repair"),
        ("", ""),
    ],
)
def test_words_are_written_as_the_grammar_writes_them(
    speller: Speller, text: str, expected: str
):
    assert speller.repair(text) == expected


def test_a_word_that_may_be_two_is_left_alone():
    assert Speller(["père", "péré"]).repair("pere") == "pere"
