"""Timers that are asked for in words."""

from datetime import timedelta

import pytest

from tests.voice.responders.talk import Talk
from voice.home import FinishTimer, apply
from voice.languages import LANGUAGES
from voice.responders.grammar import GrammarResponder


def test_a_timer_is_started_asked_for_and_cancelled(talk: Talk):
    assert talk.say("set a timer for ten minutes").reply == "Timer set for 10 minutes"
    (timer,) = talk.state.timers
    assert (timer.language, timer.announcement) == ("en", "The timer has ended.")
    talk.now += timedelta(minutes=3)
    assert talk.say("how much time is left").reply == "7 minutes left."
    talk.say("pause the timer")
    assert talk.state.timers[0].ends is None
    talk.say("resume the timer")
    talk.say("add 5 minutes to the timer")
    assert talk.state.timers[0].seconds_left(talk.now) == 12 * 60
    assert talk.say("cancel the timer").reply == "Timer cancelled"
    assert talk.state.timers == ()
    assert "couldn't find" in talk.say("cancel the timer").reply


def test_named_timers_are_told_apart(talk: Talk):
    talk.say("set a pizza timer for ten minutes")
    talk.say("set a timer for one hour")
    pizza, _ = talk.state.timers
    assert pizza.announcement == "The pizza timer has ended."
    unclear = talk.say("cancel the timer")
    assert unclear.effects == ()
    talk.say("cancel the pizza timer")
    assert [timer.seconds for timer in talk.state.timers] == [3600]
    talk.say("set a timer for 30 minutes")
    talk.say("cancel the 30 minute timer")
    assert [timer.seconds for timer in talk.state.timers] == [3600]
    talk.say("set a timer for 30 minutes")
    assert talk.say("cancel all timers").reply == "Canceled 2 timers."
    assert talk.state.timers == ()


def test_a_delayed_command_waits_and_is_then_done(talk: Talk):
    talk.say("turn on the lights")
    plan = talk.say("turn off the lights in five minutes")
    assert plan.reply == "Command will be executed in 5 minutes"
    assert talk.states("light.ceiling") == ["on"]
    (timer,) = talk.state.timers
    assert timer.announcement == "Turned off the lights"
    talk.state = apply(talk.state, [FinishTimer(timer.id)], now=talk.now)
    assert talk.states("light.ceiling", "light.floor_lamp") == ["off", "off"]


def test_the_end_of_a_timer_is_told_in_the_language_it_was_asked_in(
    responder: GrammarResponder,
):
    talk = Talk(responder, "de")
    talk.say("stelle einen Timer auf fünf Minuten")
    (timer,) = talk.state.timers
    assert timer.announcement == LANGUAGES["de"].timer_ended


@pytest.mark.parametrize(
    ("language", "text", "minutes"),
    [
        ("en", "set a timer for an hour", 60),
        ("en", "set a timer for one and a half hours", 90),
        ("de", "stelle einen timer auf eine viertelstunde", 15),
        ("de", "stelle einen timer auf anderthalb stunden", 90),
        ("fr", "minuteur une heure et demie", 90),
        ("fr", "minuteur quatre heures trente", 270),
        ("es", "pon un temporizador de media hora", 30),
    ],
)
def test_durations_as_people_say_them(
    responder: GrammarResponder, language: str, text: str, minutes: int
):
    talk = Talk(responder, language)
    talk.say(text)
    assert [timer.seconds for timer in talk.state.timers] == [minutes * 60]


def test_a_timer_knows_the_room_it_was_started_in(talk: Talk):
    talk.say("set a timer for ten minutes")
    assert talk.state.timers[0].area == "living_room"
    assert talk.say("cancel the timer in the kitchen").effects == ()
    assert talk.say("cancel the timer in the living room").effects != ()
