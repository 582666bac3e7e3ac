"""The home: effects make a new state, and the file of the home is checked."""

import pickle
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from voice.errors import ConfigError
from voice.home import (
    MAX_ITEMS,
    MAX_TIMERS,
    AddItem,
    AdjustTimer,
    Broadcast,
    CancelTimer,
    CompleteItem,
    Device,
    Effect,
    FinishTimer,
    Home,
    HomeState,
    Item,
    PauseTimer,
    RemoveItem,
    ResumeTimer,
    SetState,
    StartTimer,
    Timer,
    apply,
    due_timers,
    spoken_names,
)
from voice.home_files import demo_home, load_home
from voice.languages import LANGUAGES

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOME = Home(
    devices=(
        Device(id="light.desk", names={"*": ("desk lamp",)}, state="off"),
        Device(
            id="light.hall",
            names={"en": ("hall light",)},
            state="on",
            attributes={"brightness": 80},
        ),
        Device(id="todo.shopping", names={"*": ("shopping",)}, items=("coffee",)),
    )
)


def after(*effects: Effect, state: HomeState | None = None, at: datetime = NOW):
    return apply(state or HOME.initial_state(), effects, now=at)


def started(seconds: int = 300, **more) -> StartTimer:
    return StartTimer(seconds=seconds, language="en", announcement="ended", **more)


def test_the_initial_state_is_what_the_definition_says():
    state = HOME.initial_state()
    assert state.device("light.hall").state == "on"
    assert state.device("light.hall").attribute("brightness") == 80
    assert state.device("todo.shopping").items == (Item(text="coffee"),)
    assert state.timers == ()


def test_a_state_is_a_value_that_survives_the_way_to_another_process():
    state = after(started(effects=(SetState(device="light.desk", state="on"),)))
    assert pickle.loads(pickle.dumps(state)) == state
    assert len(pickle.dumps(demo_home().initial_state())) < 4096
    hash(state)


def test_setting_one_device_leaves_the_rest_and_the_old_state_alone():
    before = HOME.initial_state()
    state = after(
        SetState(device="light.hall", attributes=(("color", "red"),)), state=before
    )
    hall = state.device("light.hall")
    assert (hall.state, hall.attribute("color")) == ("on", "red")
    assert hall.attribute("brightness") == 80
    assert before == HOME.initial_state()
    assert state.device("light.desk") == before.device("light.desk")


def test_effects_are_applied_in_order():
    state = after(
        SetState(device="light.desk", state="on"),
        SetState(device="light.desk", state="off"),
    )
    assert state.device("light.desk").state == "off"


def test_a_timer_ends_after_its_duration():
    state = after(started(300, name="pizza"))
    (timer,) = state.timers
    assert (timer.id, timer.name) == (1, "pizza")
    assert timer.ends == NOW + timedelta(minutes=5)
    assert timer.seconds_left(NOW + timedelta(minutes=2)) == 180
    assert due_timers(state, NOW + timedelta(seconds=299)) == ()
    assert due_timers(state, NOW + timedelta(seconds=300)) == (timer,)


def test_due_timers_come_earliest_first():
    state = after(started(60), started(30), started(600))
    due = due_timers(state, NOW + timedelta(minutes=2))
    assert [timer.seconds for timer in due] == [30, 60]


def test_numbers_of_timers_are_never_used_twice():
    state = after(started(), CancelTimer(1), started())
    assert [timer.id for timer in state.timers] == [2]


def test_a_paused_timer_keeps_its_rest_and_goes_on_from_there():
    state = after(started(300))
    paused = after(PauseTimer(1), state=state, at=NOW + timedelta(seconds=100))
    (timer,) = paused.timers
    assert timer.ends is None
    assert timer.seconds_left(NOW + timedelta(hours=5)) == 200
    assert due_timers(paused, NOW + timedelta(hours=5)) == ()
    resumed_at = NOW + timedelta(hours=1)
    resumed = after(ResumeTimer(1), state=paused, at=resumed_at)
    assert resumed.timers[0].ends == resumed_at + timedelta(seconds=200)


def test_pausing_twice_or_resuming_what_runs_changes_nothing():
    paused = after(started(), PauseTimer(1))
    assert after(PauseTimer(1), state=paused, at=NOW + timedelta(hours=1)) == paused
    running = after(started())
    assert after(ResumeTimer(1), state=running) == running


@pytest.mark.parametrize(("seconds", "left"), [(60, 360), (-60, 240), (-999, 0)])
def test_a_timer_can_be_made_longer_and_shorter(seconds: int, left: int):
    for pausing in ((), (PauseTimer(1),)):
        state = after(started(300), *pausing, AdjustTimer(1, seconds))
        assert state.timers[0].seconds_left(NOW) == left


def test_a_timer_that_ends_does_what_it_was_to_do():
    state = after(started(effects=(SetState(device="light.desk", state="on"),)))
    assert state.device("light.desk").state == "off"
    ended = after(FinishTimer(1), state=state)
    assert ended.timers == ()
    assert ended.device("light.desk").state == "on"


def test_an_item_is_listed_once_ticked_off_and_taken_off():
    state = after(
        AddItem("todo.shopping", "milk"),
        AddItem("todo.shopping", "Milk"),
        CompleteItem("todo.shopping", "COFFEE"),
    )
    shopping = state.device("todo.shopping")
    assert shopping.items == (Item(text="coffee", done=True), Item(text="milk"))
    assert shopping.state == "1"
    rest = after(RemoveItem("todo.shopping", "milk"), state=state)
    assert [item.text for item in rest.device("todo.shopping").items] == ["coffee"]


def test_a_done_item_can_be_wanted_again():
    state = after(
        CompleteItem("todo.shopping", "coffee"), AddItem("todo.shopping", "coffee")
    )
    assert state.device("todo.shopping").state == "1"


@pytest.mark.parametrize(
    "effect",
    [
        SetState(device="light.gone", state="on"),
        CancelTimer(9),
        FinishTimer(9),
        PauseTimer(9),
        ResumeTimer(9),
        AdjustTimer(9, 60),
        AddItem("todo.gone", "milk"),
        CompleteItem("todo.shopping", "milk"),
        RemoveItem("todo.shopping", "milk"),
        Broadcast("dinner", "en"),
    ],
)
def test_an_effect_on_what_is_gone_changes_nothing(effect: Effect):
    assert after(effect).timers == ()
    assert after(effect).devices == HOME.initial_state().devices


def test_names_fall_back_from_the_language_to_neutral_to_any():
    names = {"de": ("Lampe",), "*": ("lamp",)}
    assert spoken_names(names, "de") == ("Lampe",)
    assert spoken_names(names, "fr") == ("lamp",)
    assert spoken_names({"de": ("Lampe",), "en": ("light",)}, "fr") == (
        "Lampe",
        "light",
    )


def test_asking_for_an_unknown_thing_is_an_error():
    with pytest.raises(KeyError):
        HOME.device("light.gone")
    with pytest.raises(KeyError):
        HOME.area("attic")
    with pytest.raises(KeyError):
        HOME.initial_state().device("light.gone")


def test_a_timer_never_has_less_than_no_time_left():
    timer = Timer(id=1, seconds=5, ends=NOW, language="en", announcement="")
    assert timer.seconds_left(NOW + timedelta(seconds=9)) == 0


# --- Files --------------------------------------------------------------------


def test_the_demo_home_names_everything_in_every_language_with_a_grammar():
    home = demo_home()
    with_grammar = {tag for tag, lang in LANGUAGES.items() if lang.grammar}
    for thing in (*home.floors, *home.areas, *home.devices):
        assert "*" in thing.names or with_grammar <= set(thing.names), thing.id


def test_no_two_things_of_the_demo_home_answer_to_one_name():
    home = demo_home()
    for tag in LANGUAGES:
        taken: dict[tuple[str, str], str] = {}
        for device in home.devices:
            for name in spoken_names(device.names, tag):
                key = (device.domain, name.casefold())
                assert taken.setdefault(key, device.id) == device.id, (tag, name)


def test_the_demo_home_has_devices_of_many_kinds():
    domains = {device.domain for device in demo_home().devices}
    assert {
        "light",
        "switch",
        "climate",
        "cover",
        "fan",
        "media_player",
        "vacuum",
        "lock",
        "sensor",
        "scene",
        "script",
        "todo",
        "weather",
    } <= domains


def write(folder: Path, text: str) -> Path:
    path = folder / "home.toml"
    path.write_text(text, encoding="utf-8")
    return path


MINIMAL = """
here = "den"
[areas.den]
names = "Den"
[devices."light.den"]
area = "den"
names = ["Den lamp", "lamp  of the den"]
"""


def test_a_small_home_is_enough(tmp_path: Path):
    home = load_home(write(tmp_path, MINIMAL))
    (lamp,) = home.devices
    assert home.here == "den"
    assert lamp.names == {"*": ("Den lamp", "lamp of the den")}
    assert (lamp.domain, lamp.state, lamp.area) == ("light", "off", "den")


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (("here =", "hree ="), "hree: unknown key; did you mean 'here'"),
        (('here = "den"', 'here = "dem"'), "did you mean 'den'"),
        (('here = "den"', "here = 3"), "here: expected a string, found 3"),
        (('area = "den"', 'area = "attic"'), "add it as area"),
        (("light.den", "lihgt.den"), "did you mean 'light.den'"),
        (("light.den", "light"), "a device is called domain.name"),
        (('names = "Den"', ""), "areas.den.names: expected at least one name"),
        (('names = "Den"', "names = 5"), "areas.den.names: expected a list"),
        (('names = "Den"', 'names = [""]'), "expected at least one name"),
        (('names = "Den"', 'names = { dd = "x" }'), "unknown language 'dd'"),
        (('area = "den"', "state = true"), "state: expected a string"),
        (('area = "den"', 'items = ["x"]'), "only a list"),
        (('area = "den"', 'sets = { "light.x" = "on" }'), "no such device"),
        (('area = "den"', 'sets = { "light.den" = "on" }'), "only scenes and scripts"),
        (('area = "den"', "attributes = { a = [1] }"), "attributes.a: expected"),
        (('[devices."light.den"]', '[device."light.den"]'), "did you mean 'devices'"),
        ((MINIMAL, ""), "needs at least one"),
        ((MINIMAL, "here ="), "not valid TOML"),
    ],
)
def test_a_wrong_home_is_refused_by_key_and_file(
    tmp_path: Path, change: tuple[str, str], complaint: str
):
    path = write(tmp_path, MINIMAL.replace(*change))
    with pytest.raises(ConfigError) as error:
        load_home(path)
    assert complaint in str(error.value)
    assert str(path) in str(error.value)


def test_a_home_that_cannot_be_read_is_named(tmp_path: Path):
    with pytest.raises(ConfigError, match="nowhere"):
        load_home(tmp_path / "nowhere.toml")
    (tmp_path / "latin.toml").write_bytes(b'names = "K\xfcche"')
    with pytest.raises(ConfigError, match="UTF-8"):
        load_home(tmp_path / "latin.toml")


def test_timers_beyond_the_limit_are_not_started():
    full = after(*(started(seconds=n + 1) for n in range(MAX_TIMERS)))
    assert after(started(), state=full) == full
    one_less = after(CancelTimer(1), state=full)
    assert after(started(), state=one_less).timers_started == MAX_TIMERS + 1


def items_of(state: HomeState) -> list[tuple[str, bool]]:
    return [(item.text, item.done) for item in state.device("todo.shopping").items]


def test_a_full_list_takes_nothing_more():
    full = after(*(AddItem("todo.shopping", str(n)) for n in range(MAX_ITEMS - 1)))
    assert len(items_of(full)) == MAX_ITEMS
    assert after(AddItem("todo.shopping", "milk"), state=full) == full


def test_a_full_list_forgets_the_oldest_item_that_is_ticked_off():
    full = after(*(AddItem("todo.shopping", str(n)) for n in range(MAX_ITEMS - 1)))
    state = after(
        CompleteItem("todo.shopping", "7"),
        CompleteItem("todo.shopping", "9"),
        AddItem("todo.shopping", "milk"),
        state=full,
    )
    assert len(items_of(state)) == MAX_ITEMS
    assert ("7", True) not in items_of(state)
    assert ("9", True) in items_of(state)
    assert items_of(state)[-1] == ("milk", False)
    assert state.device("todo.shopping").state == str(MAX_ITEMS - 1)
