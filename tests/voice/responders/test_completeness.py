"""The judgement at a pause: is this a whole request?"""

from datetime import UTC, datetime

import pytest

from benchmarks.sentences import open_speech
from tests.voice.responders.talk import grammars
from voice.events import Completeness
from voice.home import HomeState, apply
from voice.home_files import demo_home
from voice.languages import LANGUAGES
from voice.responders.grammar import GrammarResponder

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOME = demo_home()
COMPLETE, EXTENDABLE = Completeness.COMPLETE, Completeness.EXTENDABLE
PREFIX, OPEN = Completeness.PREFIX, Completeness.OPEN


@pytest.fixture(scope="module")
def responder() -> GrammarResponder:
    return grammars(*sorted(open_speech()))


def judged(
    responder: GrammarResponder, language: str, text: str, home: HomeState | None = None
) -> Completeness:
    home = home or HOME.initial_state()
    return responder.plan(text, language, home=home, now=NOW).completeness


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        # Nothing that is likely to follow changes anything.
        ("en", "turn on the floor lamp", COMPLETE),
        ("en", "Turn on the floor lamp, please.", COMPLETE),
        ("en", "turn off all the lights in the living room", COMPLETE),
        ("en", "open the venetian blinds", COMPLETE),
        ("en", "is the front door locked", COMPLETE),
        ("en", "what time is it", COMPLETE),
        ("en", "set the floor lamp to fifty percent", COMPLETE),
        ("en", "add milk to the shopping list", COMPLETE),
        ("en", "set a timer for one hour and ten minutes", COMPLETE),
        ("de", "schalte die stehlampe ein", COMPLETE),
        ("de", "wie spät ist es", COMPLETE),
        ("de", "schalte das licht in der küche an", COMPLETE),
        ("fr", "allume le lampadaire", COMPLETE),
        ("fr", "quelle heure est il", COMPLETE),
        ("es", "enciende la lámpara de pie", COMPLETE),
        # Whole, but a place, a unit or the rest of a number may follow.
        ("en", "turn on the light", EXTENDABLE),
        ("en", "set a timer for five minutes", EXTENDABLE),
        ("en", "set the floor lamp to fifty", EXTENDABLE),
        ("en", "announce dinner is ready", EXTENDABLE),
        ("en", "stop", EXTENDABLE),
        ("de", "mach das licht an", EXTENDABLE),
        ("de", "stelle einen timer auf fünf minuten", EXTENDABLE),
        ("de", "wie lange", EXTENDABLE),
        ("fr", "allume la lumière", EXTENDABLE),
        ("es", "pon un temporizador de cinco minutos", EXTENDABLE),
        # Begun.
        ("en", "turn", PREFIX),
        ("en", "is", PREFIX),
        ("en", "turn on the", PREFIX),
        ("en", "turn on the living", PREFIX),
        ("en", "could you turn on the", PREFIX),
        ("en", "set a timer for twenty", PREFIX),
        ("en", "brighten the kitchen", PREFIX),
        ("de", "schalte das licht", PREFIX),
        ("de", "stelle einen timer auf", PREFIX),
        ("fr", "règle la température à vingt et", PREFIX),
        ("fr", "mets un minuteur de", PREFIX),
        ("es", "pon un temporizador de treinta y", PREFIX),
        # Neither.
        ("en", "turn on the unicorn", OPEN),
        ("en", "turn the on", OPEN),
        ("en", "television", OPEN),
        ("en", "hello", COMPLETE),
        ("es", "hola", COMPLETE),
        ("en", "hello there my old friend", OPEN),
        ("en", "add milk and then tell me about your day", OPEN),
        ("de", "nein", OPEN),
        ("en", "", OPEN),
        ("mt", "ixgħel id-dawl", OPEN),
    ],
)
def test_the_judgement(
    responder: GrammarResponder, language: str, text: str, expected: Completeness
):
    assert judged(responder, language, text) is expected


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in open_speech().items() for text in texts],
)
def test_open_speech_is_open(responder: GrammarResponder, language: str, text: str):
    assert judged(responder, language, text) is OPEN


def test_a_sign_of_listening_begins_nothing(responder: GrammarResponder):
    for language in responder.languages:
        for sign in LANGUAGES[language].backchannels:
            assert judged(responder, language, sign) is not PREFIX, (language, sign)


def test_which_timer_is_only_asked_where_there_are_several(responder: GrammarResponder):
    home = HOME.initial_state()
    seen = []
    for minutes in (5, 10):
        text = f"set a timer for {minutes} minutes"
        plan = responder.plan(text, "en", home=home, now=NOW)
        home = apply(home, plan.effects, now=NOW)
        seen.append(judged(responder, "en", "pause the timer", home))
    assert seen == [COMPLETE, EXTENDABLE]


def test_what_is_understood_is_never_open_or_a_prefix(responder: GrammarResponder):
    home = HOME.initial_state()
    for language, texts in open_speech().items():
        for text in texts:
            words = text.split()
            for end in range(1, len(words) + 1):
                begun = " ".join(words[:end])
                plan = responder.plan(begun, language, home=home, now=NOW)
                understood = plan.intent is not None
                assert understood == (plan.completeness in (COMPLETE, EXTENDABLE))
