"""What a client is told of the home, and when."""

import asyncio
from datetime import timedelta

import pytest

from streaming.household import Household
from streaming.watching import MAX_DEVICES, HomeWatch
from tests.streaming.rehearsal import START
from tests.streaming.wire import serving, talking
from voice.errors import ClientError
from voice.home import (
    AddItem,
    CancelTimer,
    CompleteItem,
    Device,
    DeviceState,
    Home,
    HomeState,
    PauseTimer,
    SetState,
    StartTimer,
)
from voice.home_files import demo_home

LAMP = "light.kitchen"
DEMO = demo_home()


class Ear:
    """A session's listener, as far as messages go."""

    def __init__(self):
        self.told = []

    def send(self, message):
        self.told.append(message)

    def fresh(self):
        told, self.told = self.told, []
        return told


@pytest.fixture
async def household():
    loop = asyncio.get_running_loop()
    home = Household(
        DEMO.initial_state(), lambda: START + timedelta(seconds=loop.time())
    )
    yield home
    home.close()


def watching(household, language="en", home=DEMO):
    ear = Ear()
    watch = HomeWatch(household, home, ear)
    watch.begin(language)
    return watch, ear


def commit(household, *effects):
    household.commit(effects, by=lambda _: None)


@pytest.mark.virtual_time
async def test_it_begins_with_everything_in_the_language_asked_for(household):
    _, ear = watching(household, "de")
    told = {message.id: message for message in ear.fresh()}
    assert list(told) == [device.id for device in DEMO.devices]
    lamp = told[LAMP]
    assert (lamp.name, lamp.area, lamp.state) == ("Küchenlampe", "Küche", "off")
    assert lamp.attributes == {"brightness": 100, "color": "white"}
    assert told["todo.shopping"].items == ("coffee", "bread")
    assert told["weather.home"].area is None


@pytest.mark.virtual_time
async def test_then_only_what_changes_is_told(household):
    watch, ear = watching(household)
    ear.fresh()
    commit(household, SetState(device=LAMP, state="on"))
    (lamp,) = ear.fresh()
    assert (lamp.id, lamp.name, lamp.state) == (LAMP, "kitchen lamp", "on")
    commit(household, SetState(device=LAMP, state="on"))
    assert not ear.fresh(), "it was on"
    commit(household, AddItem("todo.shopping", "milk"))
    commit(household, CompleteItem("todo.shopping", "bread"))
    assert [m.items for m in ear.fresh()] == [
        ("coffee", "bread", "milk"),
        ("coffee", "milk"),
    ]
    watch.end()
    commit(household, SetState(device=LAMP, state="off"))
    assert not ear.fresh()


@pytest.mark.virtual_time
async def test_asked_once_more_it_tells_once_more_but_changes_once(household):
    watch, ear = watching(household)
    ear.fresh()
    watch.begin("fr")
    assert len(ear.fresh()) == len(DEMO.devices)
    commit(household, SetState(device=LAMP, state="on"))
    assert [m.name for m in ear.fresh()] == ["lampe de la cuisine"]


@pytest.mark.virtual_time
async def test_a_timer_is_told_until_it_is_over(household):
    _, ear = watching(household)
    ear.fresh()
    start = StartTimer(seconds=60, language="en", announcement="ding", name="tea")
    commit(household, start)
    commit(household, start)
    await asyncio.sleep(20)
    commit(household, PauseTimer(2))
    await asyncio.sleep(60)
    commit(household, CancelTimer(2))
    told = [(m.id, m.state, m.attributes.get("seconds_left")) for m in ear.fresh()]
    assert told == [
        ("timer.1", "active", 60),
        ("timer.2", "active", 60),
        ("timer.2", "paused", 40),
        ("timer.1", "idle", None),
        ("timer.2", "idle", None),
    ]


@pytest.mark.virtual_time
async def test_an_unknown_language_changes_nothing(household):
    watch, ear = watching(household)
    ear.fresh()
    with pytest.raises(ClientError, match="tlh"):
        watch.begin("tlh")
    commit(household, SetState(device=LAMP, state="on"))
    assert [m.name for m in ear.fresh()] == ["kitchen lamp"]


@pytest.mark.virtual_time
async def test_a_home_that_is_too_big_is_told_in_part():
    devices = tuple(DeviceState(id=f"light.{n}", state="off") for n in range(999))
    household = Household(HomeState(devices=devices), lambda: START)
    home = Home(devices=(Device(id="light.0", names={"*": ("one",)}),))
    _, ear = watching(household, home=home)
    told = ear.fresh()
    assert len(told) == MAX_DEVICES
    assert [m.name for m in told[:2]] == ["one", "light.1"]


async def test_a_session_tells_only_who_asks():
    async with serving() as served, talking(served) as one, talking(served) as other:
        await one.tell("parley.home.watch", language="de-AT")
        first = await one.until("parley.home.device", id=LAMP)
        assert first["state"] == "off"
        commit(served.services.household, SetState(device=LAMP, state="on"))
        await one.until("parley.home.device", id=LAMP, state="on")
        await other.tell("parley.text", text="hello")
        await other.until("response.done")
        assert "parley.home.device" not in {m["type"] for m in other.messages}
        await one.tell("parley.home.watch", language="tlh")
        assert (await one.until("error"))["code"] == "unknown_language"
    assert not served.services.household._watchers
