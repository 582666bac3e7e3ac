"""The home that sessions share: commits, timers and who hears of them."""

import asyncio
import logging
from datetime import timedelta

import pytest

from streaming.household import Announcement, Household
from tests.streaming.rehearsal import HOME, START
from voice.home import (
    AdjustTimer,
    Broadcast,
    CancelTimer,
    PauseTimer,
    ResumeTimer,
    SetState,
    StartTimer,
)

pytestmark = pytest.mark.virtual_time


class Ear:
    """Somebody who can be told something."""

    def __init__(self):
        self.heard: list[tuple[float, str]] = []

    def tell(self, announcement: Announcement) -> None:
        at = asyncio.get_running_loop().time()
        self.heard.append((round(at, 3), announcement.text))

    @property
    def words(self):
        return [text for _, text in self.heard]


@pytest.fixture
async def household():
    loop = asyncio.get_running_loop()
    home = Household(HOME, lambda: START + timedelta(seconds=loop.time()))
    yield home
    home.close()


@pytest.fixture
def one(household):
    return joined(household)


@pytest.fixture
def other(household):
    return joined(household)


def joined(household):
    ear = Ear()
    household.join(ear.tell)
    return ear


def timer(seconds, announcement, **changes):
    return StartTimer(
        seconds=seconds, language="en", announcement=announcement, **changes
    )


async def test_a_commit_happens_now(household, one):
    household.commit([SetState(device="light.kitchen", state="on")], by=one.tell)
    assert household.state.device("light.kitchen").state == "on"


async def test_a_timer_is_heard_when_it_ends_by_who_set_it(household, one, other):
    await asyncio.sleep(7)
    household.commit([timer(300, "Tea.")], by=one.tell)
    await asyncio.sleep(299)
    assert one.heard == []
    await asyncio.sleep(2)
    assert one.heard == [(307, "Tea.")]
    assert other.heard == []
    assert household.state.timers == ()


async def test_timers_end_in_their_order_however_they_were_set(household, one):
    household.commit([timer(30, "third"), timer(10, "first")], by=one.tell)
    await asyncio.sleep(5)
    household.commit([timer(15, "second"), timer(15, "second too")], by=one.tell)
    await asyncio.sleep(100)
    assert one.heard == [
        (10, "first"),
        (20, "second"),
        (20, "second too"),
        (30, "third"),
    ]


async def test_what_a_timer_was_to_do_is_done_when_it_ends(household, one):
    light = SetState(device="light.kitchen", state="on")
    household.commit([timer(60, "The light is on.", effects=(light,))], by=one.tell)
    assert household.state.device("light.kitchen").state != "on"
    await asyncio.sleep(61)
    assert household.state.device("light.kitchen").state == "on"


async def test_a_timer_may_be_changed_while_it_runs(household, one):
    household.commit([timer(60, "Tea."), timer(30, "Egg.")], by=one.tell)
    await asyncio.sleep(10)
    household.commit([AdjustTimer(1, 60), CancelTimer(2)], by=one.tell)
    await asyncio.sleep(10)
    household.commit([PauseTimer(1)], by=one.tell)
    await asyncio.sleep(1000)
    household.commit([ResumeTimer(1)], by=one.tell)
    await asyncio.sleep(1000)
    assert one.heard == [(1120, "Tea.")]


async def test_the_timers_of_who_left_are_heard_by_everybody(household, one, other):
    household.commit([timer(60, "Tea.")], by=one.tell)
    household.leave(one.tell)
    third = joined(household)
    await asyncio.sleep(61)
    assert one.words == []
    assert other.words == third.words == ["Tea."]


async def test_a_timer_that_nobody_hears_is_noted_without_its_words(
    household, one, caplog
):
    household.commit([timer(60, "Secret tea.")], by=one.tell)
    household.leave(one.tell)
    with caplog.at_level(logging.WARNING):
        await asyncio.sleep(61)
    assert household.state.timers == ()
    assert "timer 1 ended and nobody was there" in caplog.text
    assert "ecret" not in caplog.text


async def test_a_broadcast_is_heard_by_all_the_others(household, one, other):
    third = joined(household)
    household.commit([Broadcast("Dinner is ready.", "en")], by=one.tell)
    assert one.words == []
    assert other.words == third.words == ["Dinner is ready."]


async def test_a_closed_household_is_silent(household, one):
    household.commit([timer(60, "Tea.")], by=one.tell)
    household.close()
    await asyncio.sleep(100)
    assert one.heard == []
