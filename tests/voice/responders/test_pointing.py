"""How the starter model is asked, and what becomes of what it points at."""

import pytest

from voice.home import Area, Device, Home
from voice.responders.pointing import (
    NameFinder,
    Reading,
    likeness,
    prompt,
    read_answer,
    words_of,
)
from voice.stages import Intent

HOME = Home(
    areas=(
        Area(id="kitchen", names={"*": ("kitchen",), "de": ("Küche",)}),
        Area(id="bedroom", names={"*": ("bedroom",)}),
        Area(id="bathroom", names={"*": ("bathroom",)}),
    ),
    devices=(
        Device(id="light.reading", names={"*": ("reading lamp",)}),
        Device(id="light.ceiling", names={"*": ("ceiling lamp",)}),
        Device(id="cover.left", names={"*": ("left blind",)}),
        Device(id="cover.right", names={"*": ("right blind",)}),
        Device(id="vacuum.bob", names={"*": ("Bob",)}),
    ),
    here="kitchen",
)


@pytest.fixture(scope="module")
def finder() -> NameFinder:
    return NameFinder(HOME, "en")


def found(finder, text, intent="HassTurnOn", *, fixed=(), **spans) -> Intent | None:
    reading = Reading(intent=intent, fixed=dict(fixed), spans=spans)
    return finder.proposal(reading, words_of(text))


def test_a_prompt_numbers_the_words_after_their_pieces() -> None:
    assert prompt(["turn", "on"], "en", list) == (
        ["<en>", *"turn", "<0>", *"on", "<1>", "<?>"]
    )


def test_words_are_lower_case_without_marks() -> None:
    assert words_of("Turn it UP, to 50%!") == ["turn", "it", "up", "to", "50%"]


def test_an_answer_is_an_intent_with_machine_words_and_places() -> None:
    tokens = ["<HassTurnOn>", "<area>", "<4>", "<5>", "<domain=light>"]
    assert read_answer(tokens, words=6) == Reading(
        intent="HassTurnOn", fixed={"domain": "light"}, spans={"area": (4, 5)}
    )


@pytest.mark.parametrize(
    "tokens",
    [
        [],
        ["<none>"],
        ["<area>", "<0>", "<1>"],
        ["<HassTurnOn>", "<area>", "<0>"],
        ["<HassTurnOn>", "<area>", "<1>", "<0>"],
        ["<HassTurnOn>", "<area>", "<0>", "<6>"],
        ["<HassTurnOn>", "<area>", "<0>", "<0>", "<area>", "<1>", "<1>"],
        ["<HassTurnOn>", "<area=x>", "<area>", "<1>", "<1>"],
        ["<HassTurnOn>", "turn"],
    ],
)
def test_what_breaks_the_format_is_no_answer(tokens) -> None:
    assert read_answer(tokens, words=6) is None


def test_a_misheard_name_is_the_device_that_it_is_like(finder) -> None:
    text = "turn on the reeding lump"
    assert found(finder, text, name=(3, 4)) == Intent(
        name="HassTurnOn", slots=(("name", "light.reading"),)
    )


def test_what_may_be_either_of_two_is_neither(finder) -> None:
    assert found(finder, "light the ceidling lamp", name=(2, 3)) is not None
    assert found(finder, "light the keiding lamp", name=(2, 3)) is None


def test_what_is_like_nothing_is_nothing(finder) -> None:
    assert found(finder, "turn on the aquarium", name=(3, 3)) is None


def test_a_name_is_looked_for_among_what_the_intent_is_for(finder) -> None:
    assert found(finder, "set bob to ten", "HassLightSet", name=(1, 1)) is None
    assert found(finder, "start bob", "HassVacuumStart", name=(1, 1)) is not None


def test_rooms_are_found_in_compounds() -> None:
    finder = NameFinder(HOME, "de")
    assert found(finder, "mach küchen licht an", area=(1, 1)) == Intent(
        name="HassTurnOn", slots=(("area", "kitchen"),)
    )


@pytest.mark.parametrize(
    ("said", "number"),
    [("20", 20), ("50%", 50), ("21 °", 21), ("twenty one", 21), ("one", 1)],
)
def test_numbers_are_numbers_however_they_are_written(finder, said, number) -> None:
    last = len(said.split()) - 1
    assert found(finder, said, "HassLightSet", brightness=(0, last)) == Intent(
        name="HassLightSet", slots=(("brightness", number),)
    )


@pytest.mark.parametrize("said", ["fifty ish", "twenty or thirty", "wenty", "9" * 5000])
def test_what_is_no_number_is_not_guessed(finder, said) -> None:
    last = len(said.split()) - 1
    assert found(finder, said, "HassLightSet", brightness=(0, last)) is None


def test_a_timer_is_called_what_the_user_says(finder) -> None:
    text = "timer named aquarium"
    assert found(finder, text, "HassStartTimer", name=(2, 2)) == Intent(
        name="HassStartTimer", slots=(("name", "aquarium"),)
    )


@pytest.mark.parametrize(
    ("said", "name", "least", "most"),
    [
        ("kitchen", "Kitchen", 1.0, 1.0),
        ("kit chen", "kitchen", 1.0, 1.0),
        ("kitten", "kitchen", 0.7, 0.8),
        ("garden", "kitchen", 0.0, 0.4),
        ("", "kitchen", 0.0, 0.0),
    ],
)
def test_likeness_is_the_share_of_letters_that_stay(said, name, least, most) -> None:
    assert least <= likeness(said, name) <= most
