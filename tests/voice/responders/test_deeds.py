"""What comes of a command: to lamps, covers, scenes, media, lists, and what is said."""

import pickle
from datetime import timedelta

from tests.voice.responders.talk import HOME, NOW, Talk
from voice.responders.grammar import GrammarResponder


def test_planning_changes_nothing(responder: GrammarResponder):
    before = HOME.initial_state()
    kept = pickle.dumps(before)
    first = responder.plan("turn on the lights", "en", home=before, now=NOW)
    again = responder.plan("turn on the lights", "en", home=before, now=NOW)
    assert first == again
    assert first.effects
    assert pickle.dumps(before) == kept
    assert pickle.loads(pickle.dumps(first)) == first


def test_lights_by_name_by_place_and_here(talk: Talk):
    lights = ("light.ceiling", "light.floor_lamp", "light.kitchen")
    talk.say("turn on the kitchen lamp")
    assert talk.states(*lights) == ["off", "off", "on"]
    talk.say("turn on the lights")
    assert talk.states(*lights) == ["on", "on", "on"]
    talk.say("turn off the lights in the living room")
    assert talk.states(*lights) == ["off", "off", "on"]
    talk.say("turn off all the lights")
    assert talk.states(*lights) == ["off", "off", "off"]


def test_the_lights_of_a_floor(talk: Talk):
    talk.say("turn on the lights upstairs")
    assert talk.states("light.desk", "light.bedside") == ["on", "on"]
    assert talk.states("light.kitchen") == ["off"]


def test_brightness_and_color(talk: Talk):
    talk.say("set the floor lamp to 30 percent")
    talk.say("set the floor lamp to red")
    lamp = talk.state.device("light.floor_lamp")
    assert (lamp.state, lamp.attribute("brightness")) == ("on", 30)
    assert lamp.attribute("color") == "red"


def test_covers_and_locks(talk: Talk):
    talk.say("open the garage door")
    assert talk.states("cover.garage_door") == ["open"]
    talk.say("set the venetian blinds to 30 percent")
    assert talk.state.device("cover.blinds").attribute("current_position") == 30
    talk.say("unlock the front door")
    assert talk.states("lock.front_door") == ["unlocked"]
    assert talk.say("is the front door locked").reply == "No, unlocked"
    talk.say("lock the front door")
    assert talk.say("is the front door locked").reply == "Yes"


def test_what_is_not_in_this_room_is_meant_in_another(talk: Talk):
    talk.say("open the curtain")
    assert talk.states("cover.curtain") == ["open"]


def test_a_scene_sets_what_belongs_to_it(talk: Talk):
    talk.say("movie night")
    assert talk.states("light.floor_lamp", "cover.blinds", "media_player.tv") == [
        "on",
        "closed",
        "on",
    ]
    assert talk.state.device("cover.blinds").attribute("current_position") == 0


def test_climate(talk: Talk):
    assert talk.say("what's the temperature in the bedroom").reply == "18.5 degrees"
    talk.say("set the temperature in the bedroom to 20 degrees")
    assert talk.state.device("climate.bedroom").attribute("temperature") == 20
    assert "12.5" in talk.say("what is the outdoor temperature").reply


def test_media_and_volume(talk: Talk):
    talk.say("turn on the TV")
    talk.say("pause")
    assert talk.states("media_player.tv") == ["paused"]
    talk.say("resume")
    assert talk.states("media_player.tv") == ["playing"]
    talk.say("set the volume to 60 percent")
    assert talk.state.device("media_player.tv").attribute("volume_level") == 60
    talk.say("turn the volume down")
    assert talk.state.device("media_player.tv").attribute("volume_level") == 50


def test_robots_and_fans(talk: Talk):
    talk.say("vacuum the kitchen")
    robot = talk.state.device("vacuum.robot")
    assert (robot.state, robot.attribute("cleaning_area")) == ("cleaning", "kitchen")
    talk.say("return the robot vacuum to base")
    assert talk.states("vacuum.robot") == ["docked"]
    talk.say("set the ceiling fan to 40 percent")
    assert talk.state.device("fan.bedroom").attribute("percentage") == 40


def test_lists(talk: Talk):
    assert talk.say("add milk to my shopping list").reply == "Added milk"
    listed = [item.text for item in talk.state.device("todo.shopping").items]
    assert listed == ["coffee", "bread", "milk"]
    talk.say("check off coffee from my shopping list")
    assert talk.state.device("todo.shopping").state == "2"
    missing = talk.say("check off caviar from my shopping list")
    assert missing.effects == ()
    assert "couldn't find" in missing.reply


def test_questions_about_several(talk: Talk):
    assert talk.say("are any lights on").reply == "No"
    talk.say("turn on the lights")
    assert talk.say("which lights are on").reply == "ceiling light and floor lamp"
    assert talk.say("how many lights are on").reply == "2"


def test_time_and_date_are_those_of_the_moment(talk: Talk):
    assert talk.say("what time is it").reply == "2:05 PM"
    assert talk.say("what's the date").reply == "November 21st, 2026"
    talk.now += timedelta(hours=12)
    assert talk.say("what time is it").reply == "2:05 AM"
