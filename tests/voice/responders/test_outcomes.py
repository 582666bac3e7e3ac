"""No success is claimed where there is none, and what is missing is named."""

from tests.voice.responders.talk import Talk
from voice.languages import LANGUAGES
from voice.responders.grammar import GrammarResponder


def test_an_unknown_device_is_named(talk: Talk):
    plan = talk.say("turn on the unicorn")
    assert plan.intent is None
    assert plan.reply == "Sorry, I am not aware of any device called unicorn"
    assert "attic" in talk.say("turn off the light in the attic").reply


def test_an_unknown_device_is_named_in_german(responder: GrammarResponder):
    assert "backofen" in Talk(responder, "de").say("schalte den backofen ein").reply


def test_the_right_device_in_the_wrong_room_is_not_touched(talk: Talk):
    plan = talk.say("turn on the floor lamp in the kitchen")
    assert plan.effects == ()
    assert "kitchen" in plan.reply


def test_what_is_understood_but_not_possible_is_said_so(talk: Talk):
    plan = talk.say("play the song yesterday by the beatles")
    assert plan.intent is not None
    assert plan.effects == ()
    assert "can't do that yet" in plan.reply


def test_no_success_is_claimed_where_there_is_nothing(talk: Talk):
    plan = talk.say("turn on the fans in the kitchen")
    assert plan.effects == ()
    assert plan.reply == "I couldn't find anything like that."


def test_it_says_what_it_is(talk: Talk):
    assert talk.say("who made you").reply == LANGUAGES["en"].disclosure
    assert "Home Assistant" not in talk.say("hello").reply
    assert talk.say("never mind").reply == LANGUAGES["en"].okay
