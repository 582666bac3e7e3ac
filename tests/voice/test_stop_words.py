"""The words to stop a reply with: what holds of them in every language."""

import pytest

from voice.consent_words import CONSENT
from voice.languages import LANGUAGES, is_backchannel
from voice.stop_words import STOP_WORDS, is_stop, stops_in


def test_every_language_has_some():
    assert STOP_WORDS.keys() == LANGUAGES.keys()


@pytest.mark.parametrize("tag", LANGUAGES)
def test_they_are_written_as_recognizers_fold_them_and_agree_to_nothing(tag: str):
    for stop in STOP_WORDS[tag]:
        assert stop == stop.lower().strip()
        assert is_stop(f"{stop.capitalize()}!", tag)
        assert not is_backchannel(stop, tag)
        assert stop not in CONSENT[tag].yes
    assert not any(is_stop(sign, tag) for sign in LANGUAGES[tag].backchannels)


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("para para", "es", True),
        ("Halt, stopp!", "de", True),
        ("Tais-toi.", "fr", True),
        ("Atura’t!", "ca", True),
        ("stop the timer", "en", False),
        ("para la música", "es", False),
        ("mhm", "en", False),
        ("…", "en", False),
        ("", "en", False),
    ],
)
def test_only_a_text_that_says_nothing_else_is_one(text: str, tag: str, expected: bool):
    assert is_stop(text, tag) is expected


def test_single_words_are_expected_twice_as_well():
    assert {"hör auf", "halt", "halt halt"} <= set(stops_in("de"))
    assert "hör auf hör auf" not in stops_in("de")
