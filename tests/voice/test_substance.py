"""What somebody said over a reply: words, or less."""

import pytest

from voice.events import Millis, Substance
from voice.substance import SHORT, UNSURE, of_utterance, over_reply

WORDS, SIGN, NOTHING = Substance.WORDS, Substance.BACKCHANNEL, Substance.NOTHING

DOUBTED = UNSURE - 0.05
BRIEF = Millis(300)


@pytest.mark.parametrize(
    ("text", "confidence", "speech", "expected"),
    [
        ("", 0.0, BRIEF, NOTHING),
        ("mhm", 0.9, BRIEF, SIGN),
        ("mhm", 0.3, SHORT, SIGN),
        ("lauter", 0.9, BRIEF, WORDS),
        ("lauter", DOUBTED, BRIEF, SIGN),
        ("lauter", DOUBTED, SHORT, WORDS),
        ("noch ein bisschen", DOUBTED, BRIEF, WORDS),
        ("…", 0.0, BRIEF, SIGN),
        ("…", 0.0, SHORT, WORDS),
    ],
)
def test_what_is_short_must_be_certain(text, confidence, speech, expected):
    found = over_reply(text, "de", confidence=confidence, speech=speech)
    assert found is expected


@pytest.mark.parametrize("text", ["stopp", "Halt, stopp!", "warte"])
def test_a_word_to_stop_with_need_not_be_as_certain(text):
    found = over_reply(text, "de", confidence=DOUBTED, speech=BRIEF)
    assert found is WORDS


def test_who_has_the_floor_need_not_be_certain_either():
    assert of_utterance("stopp", "de") is WORDS
    assert of_utterance("ja, ja", "de") is SIGN
    assert of_utterance(" ", "de") is NOTHING
