"""The languages: tags, spellings of tags, and the fixed sentences."""

import pytest

from voice.errors import ClientError, ConfigError
from voice.languages import (
    LANGUAGES,
    canonical,
    for_client,
    for_config,
    get,
    is_backchannel,
    timer_ended,
)

OFFICIAL = "bg hr cs da nl en et fi fr de el hu ga it lv lt mt pl pt ro sk sl es sv"


def test_the_official_languages_and_three_more():
    assert set(LANGUAGES) == {*OFFICIAL.split(), "nb", "uk", "ca"}
    assert list(LANGUAGES) == sorted(LANGUAGES)


def test_only_maltese_has_no_grammar():
    assert [tag for tag, lang in LANGUAGES.items() if not lang.grammar] == ["mt"]


@pytest.mark.parametrize(
    ("given", "tag"),
    [
        ("de", "de"),
        ("DE", "de"),
        ("de-DE", "de"),
        ("de_AT", "de"),
        (" fr ", "fr"),
        ("no", "nb"),
        ("nn-NO", "nb"),
        ("nb_NO", "nb"),
        ("pt-BR", "pt"),
        ("sr", None),
        ("", None),
        ("German", "de"),
        ("deutsch", "de"),
        ("ελληνικά", "el"),
        ("norwegian bokmål", "nb"),
    ],
)
def test_tags_are_taken_in_every_usual_spelling(given: str, tag: str | None):
    assert canonical(given) == tag


def test_an_unknown_language_is_answered_with_the_closest():
    with pytest.raises(ClientError, match="did you mean 'de'") as error:
        for_client("germn")
    assert error.value.code == "unknown_language"
    with pytest.raises(ConfigError, match=r"server\.languages: .*'xx'"):
        for_config("xx", where="server.languages")


def test_a_language_outside_the_choice_is_refused():
    assert for_client("de-DE", among=["de", "fr"]) == "de"
    with pytest.raises(ClientError, match="known: de, fr"):
        for_client("es", among=["de", "fr"])


@pytest.mark.parametrize(
    ("text", "tag", "expected"),
    [
        ("mhm", "de", True),
        ("Ja, ja.", "de", True),
        ("Ja, aha", "de", True),
        ("Oui oui !", "fr", True),
        ("d’accord", "fr", True),
        ("uh-huh", "en", True),
        ("yes turn it off", "en", False),
        ("stop", "en", False),
        ("", "en", False),
        ("…", "en", False),
        ("OK.", "fr", True),
        ("Mm-hmm.", "de", True),
        ("Ja, ok.", "de", True),
        ("OK, stop.", "en", False),
    ],
)
def test_backchannels(text: str, tag: str, expected: bool):
    assert is_backchannel(text, tag) is expected


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_can_say_the_fixed_sentences(tag: str):
    language = get(tag)
    sentences = {
        language.not_understood,
        language.apology,
        language.disclosure,
        language.okay,
        timer_ended(tag),
        timer_ended(tag, "{pizza}"),
    }
    assert len(sentences) == 6
    assert all(sentence.strip() and sentence[-1] in ".!" for sentence in sentences)
    assert "{pizza}" in timer_ended(tag, "{pizza}")
    assert "{" not in timer_ended(tag)


@pytest.mark.parametrize("tag", LANGUAGES)
def test_every_language_has_backchannels_that_it_recognizes(tag: str):
    signs = get(tag).backchannels
    assert len(signs) >= 5
    assert all(is_backchannel(sign.capitalize() + ".", tag) for sign in signs)
    assert not is_backchannel(get(tag).not_understood, tag)
