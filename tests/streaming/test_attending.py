"""A session that answers only who calls it: the real door, in virtual time."""

import asyncio
import contextlib
import json
from dataclasses import replace

import pytest

from streaming.doors.native import NativeDoor
from streaming.household import Announcement
from streaming.inference import InlineStages
from streaming.services import Services
from streaming.telemetry import Telemetry
from tests.streaming.rehearsal import GATE, HOME, TURNS, NotingHousehold
from tests.streaming.script import SCRIPT, plan, slowed
from voice.audio import Pcm
from voice.events import Completeness, Millis
from voice.testing import (
    LoudnessActivity,
    ScriptedResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)
from voice.waking import WakePolicy

pytestmark = pytest.mark.virtual_time

FOLLOW_UP = Millis(3000)

PLANS = {
    **SCRIPT.plans,
    "stop": plan("Stopped.", answered_by="model"),
    "hello": plan("Hello.", answered_by="model"),
    "switch": plan("Pardon?", completeness=Completeness.PREFIX, answered_by="none"),
    "switch it on": plan("It is on.", answered_by="model"),
}


class Room:
    """A device with an open microphone; implements what a door needs of a connection."""

    def __init__(self):
        self.frames = []
        self.door = None

    def put(self, frame):
        self.frames.append(frame)

    def fail(self, error):
        raise error

    @property
    def messages(self):
        return [json.loads(frame) for frame in self.frames if isinstance(frame, str)]

    def of(self, type_):
        return [m for m in self.messages if m["type"] == type_]

    @property
    def replies(self):
        done = self.of("response.output_audio_transcript.done")
        return [message["transcript"] for message in done]

    @property
    def attention(self):
        return [m["attention"] for m in self.of("parley.attention")]

    async def tell(self, type_, **values):
        await self.door.take(json.dumps({"type": type_, **values}))

    async def play(self, pcm):
        for start in range(0, len(pcm), 320):
            await self.door.take(pcm.samples[start : start + 320].tobytes())
            await asyncio.sleep(0.02)

    async def say(self, text, language="en", *, then=1500):
        await self.play(spoken(text, language))
        await self.quiet(then)

    async def quiet(self, ms):
        await self.play(Pcm.silence(Millis(ms), 16_000))

    async def until_free(self):
        while self.door.session.floor.value != "open":
            await self.quiet(100)


class NotingRecognizer:
    """The real one, which remembers how often it was asked."""

    def __init__(self):
        self.asked = 0
        self.languages = ("en", "de")
        self._inner = SpellingRecognizer()

    def transcribe(self, pcm, candidates):
        self.asked += 1
        return self._inner.transcribe(pcm, candidates)


@contextlib.asynccontextmanager
async def room(
    *,
    attention="phrase",
    slowly=lambda stages: stages,
    recognizer=None,
    turns=TURNS,
    sure=0.0,
):
    stages = InlineStages(
        recognizer or SpellingRecognizer(),
        ScriptedResponder(plans=PLANS),
        ToneSynthesizer(),
    )
    services = Services(
        stages=slowly(stages),
        household=NotingHousehold(HOME),
        languages=("en", "de"),
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
        turns=turns,
        gate=GATE,
        wake=WakePolicy(follow_up=FOLLOW_UP, sure=sure),
        attention=attention,
    )
    room = Room()
    others = asyncio.all_tasks()
    room.door = NativeDoor(room, services, name="test", largest=65_536)
    async with room.door:
        room.door.greet()
        yield room
    assert asyncio.all_tasks() == others


async def test_nothing_is_answered_and_no_word_leaves_without_the_phrase():
    async with room() as here:
        for text in ("light on", "tell me a story", "computer", "and so he said"):
            await here.say(text)
        assert here.replies == []
        assert here.of("conversation.item.input_audio_transcription.delta") == []
        assert here.of("conversation.item.input_audio_transcription.completed") == []
        assert here.door.session._services.household.committed == []
        assert here.attention == ["asleep"]


async def test_a_phrase_that_is_not_heard_surely_wakes_nobody():
    surely = SpellingRecognizer().transcribe(spoken("hey", "en"), ["en"]).confidence
    for sure, replies in ((surely, ["The light is on."]), (surely + 0.01, [])):
        async with room(sure=sure) as here:
            await here.say("hey computer light on")
            await here.until_free()
            assert here.replies == replies


async def test_a_request_after_the_phrase_is_answered_without_it():
    async with room() as here:
        await here.say("hey computer light on")
        await here.until_free()
        assert here.replies == ["The light is on."]
        (heard,) = here.of("conversation.item.input_audio_transcription.completed")
        assert heard["transcript"] == "light on"
        assert here.attention == ["asleep", "engaged", "follow_up"]


async def test_the_phrase_of_another_language_of_the_session_counts():
    async with room() as here:
        await here.say("hallo computer licht an", "de")
        assert here.replies == ["Das Licht ist an."]


async def test_after_the_phrase_alone_one_may_take_a_breath():
    async with room() as here:
        await here.say("hey computer")
        assert here.attention == ["asleep", "called"]
        await here.say("light on")
        assert here.replies == ["The light is on."]


async def test_who_called_is_told_that_they_were_not_understood():
    async with room() as here:
        await here.say("hey computer")
        await here.say("blah")
        await here.until_free()
        await here.say("hey computer blah")
        assert here.replies == ["Sorry, I didn't understand that."] * 2


async def test_one_may_go_on_without_the_phrase_and_then_no_more():
    async with room() as here:
        await here.say("hey computer light on")
        await here.until_free()
        await here.quiet(FOLLOW_UP - 1000)
        await here.say("light on please")
        await here.until_free()
        await here.quiet(FOLLOW_UP + 1000)
        assert here.attention[-1] == "asleep"
        await here.say("light on")
        assert here.replies == ["The light is on.", "Yes, the light is on."]


async def test_speech_that_begins_in_time_and_ends_late_is_a_follow_up():
    async with room() as here:
        await here.say("hey computer light on", then=800)
        await here.until_free()
        await here.quiet(FOLLOW_UP - 100)
        await here.say("tell me a story")
        assert here.replies[1].startswith("Once upon a time")


@pytest.mark.parametrize("respond", [0.0, 2.0])
async def test_a_television_does_not_converse_with_us(respond):
    async with room(slowly=slowed(0.1, respond, 0.05)) as here:
        await here.say("hey computer light on", then=4000)
        await here.until_free()
        for _ in range(8):
            await here.say("in other news", then=2500)
        assert here.replies == ["The light is on."]
        assert here.attention[-1] == "asleep"
        assert here.door.session.floor.value == "open"


async def test_who_pauses_while_the_time_runs_out_is_heard_as_a_whole():
    async with room() as here:
        await here.say("hey computer light on", then=800)
        await here.until_free()
        await here.quiet(FOLLOW_UP - 350)
        await here.say("light", then=300)
        await here.say(" on please")
        assert here.replies[1:] == ["Yes, the light is on."]


async def test_half_a_request_is_waited_for_before_it_is_passed_over():
    async with room() as here:
        await here.say("hey computer light on", then=800)
        await here.until_free()
        await here.say("switch", then=300)
        await here.say(" it on")
        await here.until_free()
        assert here.replies[1:] == ["It is on."]
        await here.say("switch", then=300)
        await here.tell("input_audio_buffer.commit")
        await here.until_free()
        assert here.replies[2:] == ["Pardon?"], "a button calls"
        await here.say("switch", then=3000)
        assert here.replies[3:] == []
        assert here.door.session.floor.value == "open"


async def test_the_phrase_alone_silences_the_reply():
    patient = replace(TURNS, barge_in=Millis(5000))
    async with room(turns=patient) as here:
        await here.say("hey computer tell me a story")
        await here.quiet(500)
        await here.say("hey computer")
        (done,) = here.of("response.done")
        assert done["status"] == "cancelled"
        assert here.attention[-1] == "called"
        await here.say("light on")
        assert here.replies[1:] == ["The light is on."]


async def test_who_is_engaged_may_barge_in_without_the_phrase():
    async with room() as here:
        await here.say("hey computer tell me a story")
        await here.say("light on")
        assert here.of("response.done")[0]["status"] == "cancelled"
        assert here.replies[1] == "The light is on."


async def test_who_goes_on_after_a_pause_is_heard_as_a_whole():
    async with room() as here:
        await here.say("hey computer light", then=300)
        await here.say(" on")
        assert here.replies == ["The light is on."]


async def test_a_button_and_a_keyboard_call_too():
    async with room() as here:
        await here.play(spoken("light on", "en"))
        await here.tell("input_audio_buffer.commit")
        await here.quiet(1000)
        await here.until_free()
        await here.quiet(FOLLOW_UP + 1000)
        await here.tell("parley.text", text="nonsense")
        await here.until_free()
        assert here.replies == ["The light is on.", "Sorry, I didn't understand that."]


async def test_what_the_server_says_by_itself_calls_nobody():
    async with room() as here:
        here.door.session.announce(Announcement("The timer has ended.", "en"))
        await here.quiet(3000)
        await here.say("light on")
        assert here.replies == ["The timer has ended."]
        assert here.attention == ["asleep"]


async def test_the_recogniser_is_not_asked_for_partial_transcripts_of_strangers():
    recognizer = NotingRecognizer()
    async with room(recognizer=recognizer) as here:
        await here.say("once upon a time there was a small boat")
        assert recognizer.asked == 1


async def test_the_client_chooses_who_is_answered():
    async with room(attention="always") as here:
        await here.say("light on")
        await here.until_free()
        await here.tell("session.update", attention="phrase")
        await here.say("light on")
        await here.tell("session.update", attention="always")
        await here.say("light on")
        assert here.replies == ["The light is on."] * 2
        updated = here.of("session.updated")
        assert [m["attention"] for m in updated] == ["phrase", "always"]


async def test_without_a_wake_phrase_the_door_says_nothing_about_attention():
    async with room(attention="always") as here:
        await here.say("light on")
        assert here.attention == []
        assert replace(here.door.session.settings) == here.door.session.settings
