"""Whole conversations: stages that fail, announcements, and the end."""

from dataclasses import dataclass

import pytest

from streaming.announcements import MAX_ANNOUNCEMENTS
from streaming.household import Announcement
from streaming.messages import (
    ErrorMessage,
    IntentMessage,
    ReplyText,
    ResponseCancel,
    ResponseCreated,
    ResponseDone,
    TextInput,
)
from streaming.session import Session
from tests.streaming.rehearsal import Client, rehearsal
from tests.streaming.script import ON, SCRIPT, TIMER, plan, slowed
from voice.audio import Pcm
from voice.errors import Stage, StageError
from voice.events import Millis
from voice.home import AddItem
from voice.languages import LANGUAGES
from voice.testing import (
    EchoResponder,
    ScriptedResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)
from voice.turns import Floor

pytestmark = pytest.mark.virtual_time


# --- When a stage fails --------------------------------------------------------


async def test_a_recogniser_that_fails_is_apologised_for():
    recognizer = SpellingRecognizer(breaks_at=("bang",))
    async with rehearsal(recognizer=recognizer, responder=SCRIPT) as talk:
        await talk.say("light on bang")
        await talk.until(ResponseDone)
        assert talk.the(ErrorMessage).code == "recognition_failed"
        assert talk.the(ReplyText).transcript == LANGUAGES["en"].apology
        await talk.say("light on")
        await talk.until(ResponseDone)
        assert talk.services.household.committed == [(ON,)]


async def test_the_log_says_which_stage_failed_and_in_which_turn(caplog):
    responder = EchoResponder(breaks_at=("secret",))
    async with rehearsal(responder=responder) as talk:
        await talk.say("my secret")
        await talk.until(ResponseDone)
    assert "turn 1: response failed: crashed" in caplog.text
    assert "secret" not in caplog.text


async def test_the_apology_is_in_the_language_of_the_user():
    responder = EchoResponder(breaks_at=("peng",))
    async with rehearsal(responder=responder) as talk:
        await talk.say("licht an peng", "de")
        await talk.until(ResponseDone)
        assert talk.the(ErrorMessage).code == "response_failed"
        assert talk.the(ReplyText).transcript == LANGUAGES["de"].apology
        assert talk.the(ResponseCreated).language == "de"


async def test_an_error_tells_nothing_of_what_was_said():
    responder = EchoResponder(breaks_at=("secret",))
    async with rehearsal(responder=responder) as talk:
        await talk.say("my secret")
        await talk.until(ResponseDone)
        assert "secret" not in talk.the(ErrorMessage).message


async def test_a_reply_that_breaks_off_is_told_and_the_session_lives_on():
    synthesizer = ToneSynthesizer(breaks_at=("boat",))
    async with rehearsal(responder=SCRIPT, synthesizer=synthesizer) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseDone)
        assert talk.the(ErrorMessage).code == "synthesis_failed"
        assert talk.the(ResponseDone).status == "failed"
        assert talk.session.floor is Floor.OPEN
        await talk.say("light on")
        await talk.until(ResponseDone)
        assert talk.of(ResponseDone)[-1].status == "completed"


async def test_an_apology_that_cannot_be_spoken_ends_the_turn_and_no_more():
    recognizer = SpellingRecognizer(breaks_at=("bang",))
    synthesizer = ToneSynthesizer(languages=("de",))
    async with rehearsal(
        recognizer=recognizer, responder=SCRIPT, synthesizer=synthesizer
    ) as talk:
        await talk.say("bang")
        await talk.until(ResponseDone)
        codes = [message.code for message in talk.of(ErrorMessage)]
        assert codes == ["recognition_failed", "synthesis_failed"]
        assert talk.the(ResponseDone).status == "failed"
        await talk.pause(500)
        await talk.say("licht an", "de")
        await talk.until(ResponseDone)
        assert talk.of(ResponseDone)[-1].status == "completed"


async def test_a_partial_transcript_that_fails_is_not_missed():
    async with rehearsal(recognizer=FailsOnPartials()) as talk:
        await talk.say("the small boat crossed the river by day")
        await talk.until(ResponseDone)
        assert talk.of(ErrorMessage) == []
        assert talk.the(ReplyText).transcript.endswith("by day")


@dataclass(frozen=True, slots=True, kw_only=True)
class FailsOnPartials(SpellingRecognizer):
    def transcribe(self, pcm, candidates):
        transcript = SpellingRecognizer.transcribe(self, pcm, candidates)
        if not transcript.text.endswith("day"):
            raise StageError(Stage.RECOGNITION, "shed")
        return transcript


@dataclass(frozen=True, slots=True, kw_only=True)
class Buggy(EchoResponder):
    def plan(self, text, language, *, home, now):
        raise ZeroDivisionError


@dataclass(frozen=True, slots=True, kw_only=True)
class BuggyVoice(ToneSynthesizer):
    def speak(self, text, language):
        raise ZeroDivisionError


@pytest.mark.parametrize(
    "parts", [{"responder": Buggy()}, {"synthesizer": BuggyVoice()}], ids=list
)
async def test_a_bug_is_not_hidden(parts):
    async with rehearsal(**parts) as talk:
        await talk.say("light on")
        await talk.pause(2000)
        faults, talk.client.faults = talk.client.faults, []
        assert [type(fault) for fault in faults] == [ZeroDivisionError]


# --- Announcements -------------------------------------------------------------

NEWS = Announcement("The timer has ended.", "en")


async def test_a_timer_that_ends_is_announced():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("set a timer")
        await talk.until(ResponseDone)
        started = talk.times(IntentMessage)[0]
        before = len(talk.story())
        await talk.until(ResponseCreated)
        assert talk.times(ResponseCreated)[-1] == pytest.approx(started + 10_000, abs=5)
        await talk.until(ResponseDone)
        assert talk.story()[before:] == [
            "2 reply in en",
            "2 > The timer has ended.",
            "2 = pending",
            "2 = agent",
            "2 reply sent",
            "2 reply completed",
            "2 timings",
            "2 = open",
        ]


async def test_an_announcement_waits_for_the_floor():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.pause(100)
        await talk.play(spoken("tell me", "en"))
        talk.session.announce(NEWS)
        await talk.say(" a story")
        assert talk.of(ResponseCreated) == []
        await talk.until(ResponseDone)
        assert [m.transcript for m in talk.of(ReplyText)][1:] == [NEWS.text]
        await talk.until(ResponseDone)


async def test_an_announcement_that_nobody_heard_comes_again():
    async with rehearsal(responder=SCRIPT, slowed=slowed(synthesize=0.5)) as talk:
        await talk.pause(100)
        talk.session.announce(NEWS)
        assert talk.session.floor is Floor.PENDING
        await talk.say("light on")
        await talk.until(ResponseDone)
        await talk.until(ResponseDone)
        assert [m.transcript for m in talk.of(ReplyText)] == [
            NEWS.text,
            "The light is on.",
            NEWS.text,
        ]
        assert [m.status for m in talk.of(ResponseDone)] == [
            *("cancelled", "completed", "completed")
        ]


async def test_a_typed_turn_does_not_lose_an_announcement():
    async with rehearsal(responder=SCRIPT, slowed=slowed(synthesize=0.5)) as talk:
        talk.session.announce(NEWS)
        talk.session.receive(TextInput(text="light on"))
        await talk.until(ResponseDone)
        await talk.until(ResponseDone)
        assert talk.of(ReplyText)[-1].transcript == NEWS.text


async def test_a_cancelled_announcement_does_not_come_again():
    async with rehearsal(slowed=slowed(synthesize=0.5)) as talk:
        talk.session.announce(NEWS)
        talk.session.receive(ResponseCancel())
        await talk.pause(3000)
        assert len(talk.of(ReplyText)) == 1


async def test_an_announcement_that_was_heard_does_not_come_again():
    async with rehearsal(responder=SCRIPT, slowed=slowed(synthesize=0.5)) as talk:
        talk.session.announce(NEWS)
        await talk.until(ResponseDone)
        await talk.say("light on")
        await talk.until(ResponseCreated)
        assert talk.session.floor is Floor.PENDING
        await talk.say("light on")
        await talk.pause(8000)
        assert [m.transcript for m in talk.of(ReplyText)].count(NEWS.text) == 1


async def test_more_announcements_than_can_wait_replace_the_oldest():
    async with rehearsal() as talk:
        await talk.play(spoken("so", "en"))
        for number in range(MAX_ANNOUNCEMENTS + 3):
            talk.session.announce(Announcement(f"News {number}", "en"))
        for _ in range(MAX_ANNOUNCEMENTS + 1):
            await talk.until(ResponseDone)
        assert [m.transcript for m in talk.of(ReplyText)] == [
            "so",
            *(f"News {number + 3}" for number in range(MAX_ANNOUNCEMENTS)),
        ]
        await talk.pause(2000)
        assert talk.session.floor is Floor.OPEN


# --- The end -------------------------------------------------------------------


@pytest.mark.parametrize("moment", range(0, 4000, 170))
@pytest.mark.parametrize(
    "pace",
    [(0, 0, 0), (0.2, 0.2, 0.3), (0, 0, 0.3)],
    ids=["fast", "slow", "slow voice"],
)
async def test_a_client_that_vanishes_leaves_nothing_behind(moment, pace):
    async with rehearsal(responder=SCRIPT, slowed=slowed(*pace)) as talk:
        whole = Pcm.joined(
            [
                spoken("tell me a story", "en"),
                Pcm.silence(Millis(1800), 16_000),
                spoken("light on", "en"),
                Pcm.silence(Millis(1800), 16_000),
            ],
            16_000,
        )
        await talk.play(whole.slice(Millis(0), Millis(moment)))
        begun = talk.of(ResponseCreated)
    assert talk.session.floor is Floor.CLOSED
    assert len(talk.of(ResponseDone)) == len(begun)


async def test_two_sessions_share_a_home_but_not_their_words():
    async with rehearsal(responder=SCRIPT) as one:
        other_client = Client()
        async with Session(one.services, other_client, name="other") as other:
            await one.say("light on")
            await one.until(ResponseDone)
            assert other_client.messages == []
            assert other.now == 0
            state = one.services.household.state
            assert state.device("light.kitchen").state == "on"


async def test_the_timer_of_a_session_that_ended_is_heard_in_another():
    async with rehearsal(responder=SCRIPT) as one:
        client = Client()
        async with Session(one.services, client, name="other") as other:
            other.receive(TextInput(text="set a timer"))
            await one.pause(2000)
        told = len(client.messages)
        await one.until(ResponseDone)
        assert one.the(ReplyText).transcript == TIMER.announcement
        assert len(client.messages) == told


async def test_a_shared_list_grows_by_every_commit():
    plans = {
        word: plan(f"{word} is on the list.", AddItem("todo.shopping", word))
        for word in ("milk", "sugar", "salt")
    }
    async with rehearsal(responder=ScriptedResponder(plans=plans)) as talk:
        before = [
            i.text for i in talk.services.household.state.device("todo.shopping").items
        ]
        for word in plans:
            await talk.say(word)
            await talk.until(ResponseDone)
        after = [
            i.text for i in talk.services.household.state.device("todo.shopping").items
        ]
        assert after == [*before, *plans]
