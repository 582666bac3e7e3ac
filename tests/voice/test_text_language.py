"""Guesses at the language of a text, on the words that homes use."""

import csv
import re
from pathlib import Path

import home_assistant_intents
import pytest

from voice.languages import LANGUAGES
from voice.text_language import guess, weigh

ALL = tuple(LANGUAGES)
STARTER = ("en", "de", "fr", "es")

INDEX = Path(__file__).parents[2] / "audio_fixtures" / "index.csv"

JINJA = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)


def replies(tag):
    """What Home Assistant says in a language, without what it fills in."""
    data = home_assistant_intents.get_intents(tag)
    responses = data["responses"]
    templates = [t for by_key in responses["intents"].values() for t in by_key.values()]
    templates += responses["errors"].values()
    texts = {" ".join(JINJA.sub(" ", template).split()) for template in templates}
    return [text for text in texts if len(text.split()) > 2]


@pytest.mark.parametrize("tag", STARTER)
def test_replies_of_home_assistant_are_told_apart(tag):
    texts = replies(tag)
    right = sum(guess(text, STARTER) == tag for text in texts)
    assert right / len(texts) > 0.9


@pytest.mark.parametrize("tag", sorted(set(ALL) - {"mt", "et"}))
def test_among_all_languages_the_recent_one_helps(tag):
    texts = replies(tag)
    right = sum(guess(text, ALL, recent=tag) == tag for text in texts)
    assert right / len(texts) > 0.9


def test_commands_in_all_languages_are_mostly_told():
    with INDEX.open(encoding="utf-8") as rows:
        said = [r for r in csv.DictReader(rows) if r["transcript"]]
    right = sum(guess(row["transcript"], ALL) == row["language"] for row in said)
    assert right / len(said) > 0.85


def test_the_text_beats_what_was_spoken_before():
    assert guess("Das Licht ist eingeschaltet", STARTER, recent="fr") == "de"


def test_a_text_that_tells_nothing_is_what_was_spoken_before_or_the_first():
    assert guess("21:30", STARTER, recent="fr") == "fr"
    assert guess("21:30", STARTER) == "en"
    assert guess("", STARTER) == "en"
    assert guess("21:30", STARTER, recent="pl") == "en"


def test_the_share_of_the_evidence_rises_with_every_word():
    shares = [
        weigh(text, STARTER)
        for text in ("21:30", "das", "das Licht", "das Licht ist eingeschaltet")
    ]
    assert shares[0] == ("en", 1 / len(STARTER))
    assert [tag for tag, _ in shares[1:]] == ["de", "de", "de"]
    assert [share for _, share in shares] == sorted({share for _, share in shares})
    assert shares[-1][1] < 1


def test_the_only_candidate_has_all_of_the_evidence():
    assert weigh("turn on the light", ["de"]) == ("de", 1.0)
    assert weigh("21:30", ["de"]) == ("de", 1.0)


def test_the_weighed_language_is_the_guessed_one():
    for tag in STARTER:
        assert all(weigh(t, STARTER)[0] == guess(t, STARTER) for t in replies(tag))
