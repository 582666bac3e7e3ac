"""Who is answered: every state with every event, and every phrase with its slips."""

from dataclasses import replace
from itertools import product

import pytest

from voice.events import Millis
from voice.languages import LANGUAGES
from voice.waking import (
    HINDSIGHT,
    PHRASES,
    Attention,
    Call,
    WakeGate,
    WakePolicy,
    find_phrase,
)

EN = PHRASES["en"]
POLICY = WakePolicy(follow_up=Millis(5000))
NOW = Millis(1000)
UNTIL = Millis(NOW + POLICY.follow_up)


def gate(attention):
    """A gate in that state, entered at NOW if it is one that ends."""
    gate = WakeGate(POLICY)
    match attention:
        case Attention.CALLED:
            gate.called(NOW)
        case Attention.ENGAGED:
            gate.answered()
        case Attention.FOLLOW_UP:
            gate.answered()
            gate.freed(NOW)
        case Attention.ASLEEP:
            pass
    assert gate.attention is attention
    return gate


EVENTS = {
    "called": lambda gate: gate.called(NOW),
    "answered": lambda gate: gate.answered(),
    "freed": lambda gate: gate.freed(NOW),
    "late": lambda gate: gate.advance(Millis(UNTIL + HINDSIGHT + 1)),
    "soon": lambda gate: gate.advance(Millis(UNTIL + HINDSIGHT)),
}

AFTER = {
    ("asleep", "called"): "called",
    ("asleep", "answered"): "engaged",
    ("asleep", "freed"): "asleep",
    ("asleep", "late"): "asleep",
    ("called", "called"): "called",
    ("called", "answered"): "engaged",
    ("called", "freed"): "called",
    ("called", "late"): "asleep",
    ("engaged", "called"): "called",
    ("engaged", "answered"): "engaged",
    ("engaged", "freed"): "follow_up",
    ("engaged", "late"): "engaged",
    ("follow_up", "called"): "called",
    ("follow_up", "answered"): "engaged",
    ("follow_up", "freed"): "follow_up",
    ("follow_up", "late"): "asleep",
}


@pytest.mark.parametrize(("state", "event"), [*product(Attention, EVENTS)])
def test_every_event_in_every_state(state, event):
    changed = gate(state)
    EVENTS[event](changed)
    assert changed.attention.value == AFTER.get((state.value, event), state.value)


JUDGED = {
    "asleep": None,
    "called": Call("lights off", by_name=True),
    "engaged": Call("lights off", by_name=False),
    "follow_up": Call("lights off", by_name=False),
}


@pytest.mark.parametrize("state", Attention)
@pytest.mark.parametrize("began", [NOW, UNTIL, Millis(UNTIL + 1)])
def test_what_is_said_without_the_phrase(state, began):
    in_time = began <= UNTIL or state is Attention.ENGAGED
    expected = JUDGED[state.value] if in_time else None
    assert gate(state).judge("lights off", EN, began=began, confidence=0) == expected


@pytest.mark.parametrize("state", Attention)
def test_what_is_said_with_the_phrase_is_meant_in_every_state_and_at_any_time(state):
    judged = gate(state)
    late = Millis(UNTIL + 60_000)
    for said, rest in (
        ("Hey computer, lights off", "lights off"),
        ("hey computer", ""),
    ):
        call = judged.judge(said, EN, began=late, confidence=0)
        assert call == Call(rest, by_name=True)


@pytest.mark.parametrize("state", Attention)
@pytest.mark.parametrize("confidence", [0.64, 0.65])
def test_who_sleeps_is_not_woken_by_an_uncertain_phrase(state, confidence):
    judged = gate(state)
    judged.policy = replace(POLICY, sure=0.65)
    wakes = state is not Attention.ASLEEP or confidence == 0.65
    call = judged.judge("hey computer on", EN, began=NOW, confidence=confidence)
    assert call == (Call("on", by_name=True) if wakes else None)


@pytest.mark.parametrize("state", Attention)
def test_a_judgement_changes_nothing(state):
    judged = gate(state)
    for text in ("hey computer", "hey computer lights off", "lights off", ""):
        judged.judge(text, EN, began=NOW, confidence=1)
        assert judged.attention is state


def test_every_sequence_of_events_up_to_five_ends_in_a_state_that_the_table_names():
    for steps in product(EVENTS, repeat=5):
        walked, state = WakeGate(POLICY), "asleep"
        for event in steps:
            EVENTS[event](walked)
            state = AFTER.get((state, event), state)
            assert walked.attention.value == state, steps
            assert walked.answers(NOW) == (state != "asleep")


@pytest.mark.parametrize("tag", LANGUAGES)
def test_each_language_has_a_phrase_that_is_found_as_it_is_written(tag):
    for phrase in PHRASES[tag]:
        assert find_phrase(phrase, PHRASES[tag]) == ""
        said = f"{phrase.capitalize()}! Ja, 21 °C."
        assert find_phrase(said, PHRASES[tag]) == "Ja, 21 °C."


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("hey computer what time is it", "what time is it"),
        ("Hey, Computer. What time is it?", "What time is it?"),
        ("Hay computer, what time is it", "what time is it"),
        ("heycomputer what time is it", "what time is it"),
        ("hey com puter what time is it", "what time is it"),
        ("hey computer hey computer stop", "stop"),
        ("hey computer - lights off", "lights off"),
        ("and then he left hey computer stop", "stop"),
        ("hey computer turn the computer off", "turn the computer off"),
        ("the computer is off", None),
        ("turn the computer off", None),
        ("hey commuter trains are late", "trains are late"),
        ("hey", None),
        ("computer", None),
        ("", None),
        ("– …", None),
    ],
)
def test_the_phrase_in_a_text(text, rest):
    assert find_phrase(text, EN) == rest


def test_without_phrases_nothing_is_found():
    assert find_phrase("hey computer", ()) is None
    assert find_phrase("hey computer", ("…",)) is None


def test_only_the_phrases_of_the_languages_that_are_spoken_count():
    policy = WakePolicy(phrases={"en": ("hey computer",), "de": ("hallo haus",)})
    assert policy.of(["de", "fr"]) == ("hallo haus",)
    assert policy.of(["en", "de"]) == ("hey computer", "hallo haus")
