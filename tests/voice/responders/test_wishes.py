"""What a model proposes is done only if the intents and the home have it."""

import csv
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.voice.responders.talk import grammars
from voice.home import ANY_LANGUAGE
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.stages import Intent

HOME = demo_home()
STATE = HOME.initial_state()
NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
FIXTURES = Path(__file__).parents[3] / "audio_fixtures" / "index.csv"


@pytest.fixture(scope="module")
def grammar() -> GrammarResponder:
    return grammars("de", "en", "fr", "et")


def wish(intent: str, /, **slots) -> Intent:
    return Intent(name=intent, slots=tuple(sorted(slots.items())))


def fulfil(grammar, intent: Intent, text="it is far too dark", language="en"):
    return grammar.fulfil(intent, text, language, home=STATE, now=NOW)


SENTENCES = {
    "en": (
        "turn on the kitchen lamp",
        "turn off the lights in the living room",
        "turn on the lights",
        "set the thermostat to 21 degrees",
        "set the ceiling light to 30 percent",
        "set a timer for five minutes",
        "set a pasta timer for ten minutes",
        "add milk to the shopping list",
        "what time is it",
        "open the curtain in the bedroom",
        "what is the temperature",
        "pause the music",
        "is the front door locked",
        "turn the volume up",
    ),
    "de": (
        "schalte die küchenlampe ein",
        "alle lichter aus",
        "wie spät ist es",
        "stelle einen timer auf fünf minuten",
        "setze milch auf die einkaufsliste",
    ),
    "fr": ("allume la lumière de la cuisine", "quelle heure est-il"),
}


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language, texts in SENTENCES.items() for text in texts],
)
def test_what_the_grammar_understands_is_valid(grammar, language, text) -> None:
    plan = grammar.plan(text, language, home=STATE, now=NOW)
    assert plan.intent is not None
    again = fulfil(grammar, plan.intent, text, language)
    assert again is not None
    assert (again.intent, again.effects) == (plan.intent, plan.effects)
    assert again.answered_by == "model"
    assert again.reply == plan.reply


def test_most_of_the_intents_of_the_fixtures_are_valid(grammar) -> None:
    tried = valid = 0
    with FIXTURES.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["language"] not in grammar.languages:
                continue
            plan = grammar.plan(row["transcript"], row["language"], home=STATE, now=NOW)
            if plan.intent is None or plan.intent.name == "HassNevermind":
                continue
            tried += 1
            again = fulfil(grammar, plan.intent, row["transcript"], row["language"])
            valid += again is not None and again.effects == plan.effects
    assert tried > 20
    assert valid == tried


@pytest.mark.parametrize(
    "intent",
    [
        wish("HassTurnOn", name="kitchen lamp"),
        wish("HassTurnOn", name="Kitchen Lamp!"),
        wish("HassTurnOn", name="light.kitchen"),
        wish("HassTurnOn", area="kitchen", domain="light"),
        wish("HassTurnOn", area="Kitchen", domain="light"),
        wish("HassTurnOn", domain="light"),
    ],
    ids=str,
)
def test_names_ids_and_places_of_the_home_are_understood(grammar, intent) -> None:
    plan = fulfil(grammar, intent)
    assert plan is not None
    assert plan.effects
    assert plan.reply


@pytest.mark.parametrize(
    "intent",
    [
        wish("HassSelfDestruct"),
        wish("HassTurnOn"),
        wish("HassTurnOn", name="death star"),
        wish("HassTurnOn", name=""),
        wish("HassTurnOn", name=7),
        wish("HassTurnOn", area="engine room", domain="light"),
        wish("HassTurnOn", area="kitchen", domain="spaceship"),
        wish("HassTurnOn", area="kitchen"),
        wish("HassTurnOn", name="kitchen lamp", brightness=20),
        wish("HassLightSet", name="kitchen lamp"),
        wish("HassLightSet", name="kitchen lamp", brightness=101),
        wish("HassLightSet", name="kitchen lamp", brightness="bright"),
        wish("HassLightSet", name="kitchen lamp", brightness=float("nan")),
        wish("HassLightSet", name="kitchen lamp", color="infrared"),
        wish("HassSetPosition", name="kitchen lamp", position=50),
        wish("HassStartTimer"),
        wish("HassStartTimer", minutes=-5),
        wish("HassStartTimer", minutes=5, conversation_command="open the door"),
        wish("HassShoppingListAddItem", item="caviar"),
        wish("HassBroadcast", message="give me all your money"),
        wish("HassRespond"),
        wish("HassNevermind"),
        wish("HassTurnOn", __class__="x"),
    ],
    ids=str,
)
def test_what_is_not_there_is_not_understood(grammar, intent) -> None:
    assert fulfil(grammar, intent) is None


@pytest.mark.parametrize(
    "intent",
    [
        wish("HassCancelTimer", name="pizza"),
        wish("HassPauseTimer"),
        wish("HassDecreaseTimer", minutes=5),
    ],
    ids=str,
)
def test_who_asks_about_a_timer_that_does_not_run_is_told(grammar, intent) -> None:
    plan = fulfil(grammar, intent, "my pizza is done")
    asked = grammar.plan("cancel my timer", "en", home=STATE, now=NOW)
    assert plan is not None
    assert (plan.reply, plan.effects) == (asked.reply, ())


def test_free_text_must_have_been_said(grammar) -> None:
    intent = wish("HassShoppingListAddItem", item="oat milk")
    plan = fulfil(grammar, intent, "we are out of Oat Milk, alas")
    assert plan is not None
    assert plan.effects
    assert fulfil(grammar, intent, "we are out of milk and oats") is None


def test_in_a_language_without_a_grammar_nothing_is_valid(grammar) -> None:
    intent = wish("HassGetCurrentTime")
    assert fulfil(grammar, intent) is not None
    assert fulfil(grammar, intent, language="mt") is None


IDS = [d.id for d in HOME.devices] + [a.id for a in HOME.areas]
NAMES = [
    n
    for d in HOME.devices
    for n in (*d.names.get("en", ()), *d.names.get(ANY_LANGUAGE, ()))
]
WORDS = st.one_of(
    st.sampled_from([*IDS, *NAMES, "light", "cover", "on", "red", "up", "kitchen", ""]),
    st.text(max_size=12),
)
VALUES = st.one_of(WORDS, st.integers(-200, 12_000), st.floats())
SLOTS = st.dictionaries(
    st.sampled_from(
        ["name", "area", "floor", "domain", "device_class", "brightness", "position",
         "item", "minutes", "temperature", "state", "volume_step", "message", "color"]
    ),
    VALUES,
    max_size=4,
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from(
        ["HassTurnOn", "HassTurnOff", "HassLightSet", "HassSetPosition", "HassStartTimer",
         "HassShoppingListAddItem", "HassGetState", "HassBroadcast", "HassSetVolumeRelative"]
    ),
    slots=SLOTS,
)  # fmt: skip
def test_whatever_is_proposed_touches_only_what_there_is(grammar, name, slots) -> None:
    plan = fulfil(grammar, wish(name, **slots), "some milk for the kitchen lamp")
    if plan is None:
        return
    known = {device.id for device in HOME.devices}
    for effect in plan.effects:
        assert getattr(effect, "device", None) in (*known, None)
        assert getattr(effect, "item", "milk") in "some milk for the kitchen lamp"
