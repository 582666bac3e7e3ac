"""Courtesies: known in every language, and without consequence."""

import tomllib
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.voice.responders.talk import grammars
from voice.consent_words import CONSENT
from voice.events import Completeness
from voice.home_files import demo_home
from voice.responders.courtesies import Courtesies, courtesies_in
from voice.responders.grammar import GRAMMAR_LANGUAGES, GrammarResponder
from voice.stages import Plan

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOME = demo_home()
PARAPHRASES = Path("models") / "recipes" / "intents" / "paraphrases.toml"

ENGLISH = Courtesies(
    openers=("okay", "um"),
    requests=("please", "could you", "i'd like you to"),
    closers=("please", "if you can", "thanks"),
)


@pytest.fixture(scope="module")
def responder() -> GrammarResponder:
    return grammars("en", "fr")


def planned(responder: GrammarResponder, language: str, text: str) -> Plan:
    return responder.plan(text, language, home=HOME.initial_state(), now=NOW)


@pytest.mark.parametrize(
    ("text", "core"),
    [
        ("turn on the light", "turn on the light"),
        ("Okay, could you turn on the light, please?", "turn on the light"),
        ("I’d like you to set it to 50%, thanks.", "set it to 50%"),
        ("um um please stop if you can thanks", "stop"),
        ("okayed", "okayed"),
        ("please", ""),
        ("could you, um, please", ""),
        ("turn it on if you", "turn it on if you"),
    ],
)
def test_they_are_taken_from_both_ends(text: str, core: str) -> None:
    assert ENGLISH.apart(text).core == core


def test_every_language_with_a_grammar_has_some_of_each() -> None:
    for tag in GRAMMAR_LANGUAGES:
        said = courtesies_in(tag)
        for phrases in (said.openers, said.requests, said.closers):
            assert phrases, tag
            assert len(set(phrases)) == len(phrases), tag
            assert all(phrase == phrase.lower().strip() for phrase in phrases), tag


@pytest.mark.parametrize("language", GRAMMAR_LANGUAGES)
def test_all_of_a_language_are_found_as_they_are_heard(language: str) -> None:
    said = courtesies_in(language)
    for before in (*said.openers, *said.requests):
        for after in said.closers:
            heard = f"{before} xyz 20% {after}".casefold()
            apart = said.apart(heard)
            assert apart.core == "xyz 20%"
            assert apart.closed
            assert apart.asked == (before in said.requests)


def test_what_is_kept_for_the_tests_of_other_models_is_not_among_them() -> None:
    root = Path(__file__).parents[3]
    table = tomllib.loads((root / PARAPHRASES).read_text(encoding="utf-8"))
    for tag, manners in table.items():
        said = courtesies_in(tag)
        assert manners["before"][-1] not in (*said.openers, *said.requests), tag
        assert manners["after"][-1] not in said.closers, tag


def test_none_is_a_yes_or_a_no() -> None:
    for tag in GRAMMAR_LANGUAGES:
        words = CONSENT[tag]
        asking = set(courtesies_in(tag).requests)
        assert asking.isdisjoint((*words.yes, *words.no)), tag


COMMANDS = {
    "en": "turn off the fan",
    "fr": "allume le lampadaire",
}


@pytest.mark.parametrize("language", COMMANDS)
def test_a_command_is_the_same_command_with_each_of_them(
    responder: GrammarResponder, language: str
) -> None:
    command, said = COMMANDS[language], courtesies_in(language)
    plain = planned(responder, language, command)
    assert plain.effects
    for before in (*said.openers, *said.requests):
        assert planned(responder, language, f"{before} {command}") == plain
    for after in said.closers:
        courteous = planned(responder, language, f"{command}, {after}.")
        assert courteous.intent == plain.intent
        assert courteous.reply == plain.reply
        assert courteous.effects == plain.effects
        assert courteous.completeness is Completeness.COMPLETE


def test_they_are_no_part_of_a_name_that_may_be_anything(
    responder: GrammarResponder,
) -> None:
    for said in ("okay set a timer for ten minutes", "um set a ten minute timer now"):
        plan = planned(responder, "en", said)
        assert plan.intent is not None
        assert plan.intent.slots == (("minutes", 10),)
    announced = planned(responder, "en", "announce that dinner is ready now")
    assert announced.intent is not None
    assert str(dict(announced.intent.slots)["message"]).endswith("ready now")


@pytest.mark.parametrize("language", COMMANDS)
def test_alone_they_do_nothing_and_a_request_is_a_beginning(
    responder: GrammarResponder, language: str
) -> None:
    said = courtesies_in(language)
    for phrase in (*said.openers, *said.requests, *said.closers):
        plan = planned(responder, language, phrase)
        assert not plan.effects
        assert plan.completeness is not Completeness.EXTENDABLE
        if phrase in said.requests:
            assert plan.completeness is Completeness.PREFIX


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("turn on the light", Completeness.EXTENDABLE),
        ("could you turn on the light", Completeness.EXTENDABLE),
        ("turn on the light please", Completeness.COMPLETE),
        ("could you turn on the light please", Completeness.COMPLETE),
        ("set the floor lamp to fifty please", Completeness.COMPLETE),
        ("could you", Completeness.PREFIX),
        ("i'd like you", Completeness.PREFIX),
        ("um could you turn on the", Completeness.PREFIX),
        ("turn on the light if you", Completeness.PREFIX),
        ("okay turn on the light for", Completeness.PREFIX),
        ("please turn on the unicorn", Completeness.OPEN),
        ("thanks", Completeness.OPEN),
        ("okay", Completeness.OPEN),
    ],
)
def test_they_tell_how_complete_a_request_is(
    responder: GrammarResponder, text: str, expected: Completeness
) -> None:
    assert planned(responder, "en", text).completeness is expected
