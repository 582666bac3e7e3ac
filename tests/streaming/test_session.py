"""Whole conversations: a turn, what is speculated upon, what is interrupted."""

import asyncio
from dataclasses import replace

import pytest

from streaming.messages import (
    Committed,
    Ducked,
    FloorChanged,
    InputCommit,
    Playback,
    ReplyText,
    ResponseCancel,
    ResponseCreated,
    ResponseDone,
    SpeechStoppedMessage,
    Timings,
    TranscriptCompleted,
    TranscriptDelta,
)
from tests.streaming.rehearsal import rehearsal
from tests.streaming.script import ON, SCRIPT, plan, slowed
from voice.events import Completeness
from voice.testing import (
    LETTER,
    ScriptedResponder,
    SpellingRecognizer,
    ToneSynthesizer,
)
from voice.turns import Floor

pytestmark = pytest.mark.virtual_time


# --- A turn --------------------------------------------------------------------


async def test_a_command_is_heard_understood_done_and_answered():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.pause(500)
        await talk.say("light on")
        await talk.until(ResponseDone)
        assert talk.story() == [
            "1 user speaks",
            "1 = user",
            "1 user falls silent",
            "1 = pause",
            "1 committed",
            "1 < light on (en)",
            "1 intent HassTurnOn name=light.kitchen",
            "1 reply in en",
            "1 > The light is on.",
            "1 = pending",
            "1 = agent",
            "1 reply sent",
            "1 reply completed",
            "1 timings",
            "1 = open",
        ]
        household = talk.services.household
        assert household.state.device("light.kitchen").state == "on"
        assert household.committed == [(ON,)]


async def test_the_reply_is_heard_as_a_whole_and_in_time():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light on")
        await talk.until(ResponseDone)
        length = len("The light is on.") * ToneSynthesizer().letter
        assert talk.audio_ms() == pytest.approx(length, abs=2)
        assert {pcm.rate for _, pcm in talk.client.audio} == {24_000}
        assert talk.the(ResponseDone).heard_text == "The light is on."
        assert talk.the(ResponseDone).heard_ms == pytest.approx(length, abs=2)
        began, ended = talk.client.audio[0][0], talk.times(ResponseDone)[0]
        assert ended - began == pytest.approx(length, abs=5)


async def test_the_times_of_a_turn_are_told():
    async with rehearsal(responder=SCRIPT, slowed=slowed()) as talk:
        await talk.pause(1000)
        await talk.say("light on")
        await talk.until(ResponseDone)
        timings = talk.the(Timings)
        assert timings.speech_started_ms == 1000
        assert timings.speech_ended_ms == 1000 + 9 * LETTER
        assert timings.committed_ms == pytest.approx(1000 + 9 * LETTER + 200, abs=60)
        assert timings.recognition_ms == pytest.approx(100, abs=1)
        assert timings.response_ms == pytest.approx(50, abs=1)
        assert timings.synthesis_ms == pytest.approx(50, abs=1)
        assert timings.finalization_ms == 0
        assert timings.first_audio_ms == pytest.approx(50, abs=21)
        # One after the other, ahead of the commit.
        assert timings.recognition_start_ms < -100
        heard = timings.recognition_start_ms + timings.recognition_ms
        assert timings.response_start_ms == pytest.approx(heard, abs=1)
        planned = timings.response_start_ms + timings.response_ms
        assert timings.synthesis_start_ms == pytest.approx(planned, abs=1)


async def test_words_of_the_utterance_come_while_it_lasts_and_are_never_taken_back():
    async with rehearsal() as talk:
        await talk.say("the small boat crossed the river before the rain came")
        await talk.until(ResponseDone)
        deltas = [message.delta for message in talk.of(TranscriptDelta)]
        assert len(deltas) > 2
        completed = talk.the(TranscriptCompleted).transcript
        assert completed.startswith(" ".join(deltas))
        assert talk.times(TranscriptDelta)[-1] < talk.times(SpeechStoppedMessage)[0]


async def test_no_words_no_turn():
    async with rehearsal() as talk:
        await talk.murmur(600)
        await talk.pause(2000)
        assert talk.story() == [
            "1 user speaks",
            "1 = user",
            "1 user falls silent",
            "1 = pause",
            "1 = open",
        ]
        assert talk.client.audio == []


# --- Speculation ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("completeness", "wait"),
    [
        (Completeness.COMPLETE, 200),
        (Completeness.EXTENDABLE, 450),
        (Completeness.OPEN, 700),
        (Completeness.PREFIX, 1200),
    ],
)
async def test_a_held_reply_is_heard_at_once_when_the_wait_is_over(completeness, wait):
    script = ScriptedResponder(
        plans={"light on": plan("Yes.", ON, completeness=completeness)}
    )
    async with rehearsal(responder=script) as talk:
        await talk.say("light on")
        await talk.until(ResponseDone)
        silent = 9 * LETTER
        assert talk.the(Committed).audio_ms == pytest.approx(silent + wait, abs=20)
        # The audio was ready: it leaves at the very moment of the decision.
        assert talk.client.audio[0][0] == talk.times(Committed)[0]


async def test_what_seemed_only_begun_is_given_time_and_then_taken_for_the_whole():
    class Begun(SpellingRecognizer):
        def transcribe(self, pcm, candidates):
            heard = super().transcribe(pcm, candidates)
            return replace(heard, text="light", whole=heard.text)

    waited = []
    for recognizer in (SpellingRecognizer(), Begun()):
        async with rehearsal(recognizer=recognizer, responder=SCRIPT) as talk:
            await talk.say("light on")
            await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "light on"
        assert talk.the(ReplyText).transcript == "The light is on."
        waited.append(talk.times(Committed)[0])
    assert waited[1] > waited[0]


async def test_open_speech_that_sounds_over_is_waited_for_less():
    opened = ScriptedResponder(
        plans={"light on": plan("Yes.", completeness=Completeness.OPEN)}
    )

    async def wait(sure):
        class Told(SpellingRecognizer):
            def transcribe(self, pcm, candidates):
                return replace(super().transcribe(pcm, candidates), over=sure)

        async with rehearsal(recognizer=Told(), responder=opened) as talk:
            await talk.say("light on")
            await talk.until(ResponseDone)
        return talk.the(Committed).audio_ms

    assert await wait(0.0) > await wait(1.0) + 100


async def test_resumed_speech_drops_what_was_prepared_and_nothing_of_it_happens():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light")
        await talk.pause(900)
        assert talk.session.floor is Floor.PAUSE
        await talk.say("on")
        await talk.pause(100)
        assert talk.client.audio == []
        assert talk.services.household.committed == []
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "light on"
        assert talk.the(ReplyText).transcript == "The light is on."
        assert talk.services.household.committed == [(ON,)]
        assert [m.floor for m in talk.of(FloorChanged)] == [
            *("user", "pause", "user", "pause", "pending", "agent", "open")
        ]


async def test_a_whole_command_that_goes_on_is_done_once():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light on")
        await talk.pause(140)
        await talk.say("please")
        await talk.until(ResponseDone)
        assert talk.services.household.committed == [(ON,)]
        assert talk.the(ReplyText).transcript == "Yes, the light is on."
        assert len(talk.of(ResponseCreated)) == 1


async def test_speech_that_goes_on_while_a_slow_stage_works_drops_its_result():
    async with rehearsal(responder=SCRIPT, slowed=slowed(recognize=0.3)) as talk:
        await talk.say("light")
        await talk.pause(200)
        await talk.say("on")
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "light on"
        assert talk.services.household.committed == [(ON,)]


async def test_words_that_were_dropped_are_not_told_as_final():
    async with rehearsal(responder=SCRIPT, slowed=slowed(recognize=0.2)) as talk:
        await talk.say("light")
        await talk.pause(500)
        assert talk.session.floor is Floor.PAUSE
        await talk.say("on")
        talk.session.receive(InputCommit())
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "light on"


@pytest.mark.parametrize(
    "pace", [(1, 0, 0), (0, 1, 0), (0, 0, 1)], ids=["words", "plan", "voice"]
)
async def test_work_that_was_dropped_does_not_go_on(pace):
    async with rehearsal(responder=SCRIPT, slowed=slowed(*pace)) as talk:
        await talk.say("light")
        before = asyncio.all_tasks()
        await talk.pause(200)
        (work,) = asyncio.all_tasks() - before
        await talk.say("on")
        assert work.cancelled()
        await talk.until(ResponseDone)


async def test_speech_goes_on_after_the_commit_but_before_the_words_were_known():
    async with rehearsal(responder=SCRIPT, slowed=slowed(recognize=1.5)) as talk:
        await talk.say("light")
        await talk.pause(1000)
        assert talk.session.floor is Floor.PENDING
        await talk.say("on")
        await talk.until(ResponseDone)
        assert talk.of(TranscriptCompleted)[-1].transcript == "light on"
        assert talk.services.household.committed == [(ON,)]
        assert len(talk.of(ResponseCreated)) == 1


# --- The reply is interrupted --------------------------------------------------


async def test_a_barge_in_is_ducked_and_then_silent():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1500)
        before = len(talk.story())
        began = talk.session.now
        await talk.say("light on and on and on")
        assert talk.story()[before : before + 6] == [
            "2 user speaks",
            "1 ducked",
            "2 = overlap",
            "1 reply cancelled after: Once upon a time there was a",
            "1 timings",
            "2 = user",
        ]
        stopped = talk.times(ResponseDone)[0]
        assert stopped - began == pytest.approx(400, abs=20)
        assert all(at <= stopped for at, _ in talk.client.audio)
        # What was sent ahead of the listener is less than a quarter of a second.
        assert talk.audio_ms() - talk.the(ResponseDone).heard_ms <= 280


async def test_a_reply_falls_silent_at_the_onset_and_before_anything_is_decided():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1500)
        onset = talk.session.now
        await talk.say("light on now")
        ducked, done = talk.times(Ducked)[0], talk.times(ResponseDone)[0]
        assert ducked - onset <= 80
        assert done - ducked > 200
        assert all(at <= ducked for at, _ in talk.client.audio)
        held = talk.of(Ducked)[0].position_ms
        assert talk.of(ResponseDone)[0].heard_ms == held, "nothing was heard since"


async def test_after_a_barge_in_the_new_words_are_answered():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1000)
        await talk.say("light on")
        await talk.until(ReplyText)
        assert talk.of(TranscriptCompleted)[-1].transcript == "light on"
        await talk.until(ResponseDone)
        assert [m.status for m in talk.of(ResponseDone)] == ["cancelled", "completed"]


async def test_a_sign_of_listening_does_not_stop_the_reply():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1000)
        before = len(talk.story())
        await talk.say("mhm")
        await talk.until(ResponseDone)
        assert talk.story()[before:] == [
            "2 user speaks",
            "1 ducked",
            "2 = overlap",
            "2 user falls silent",
            "1 loud again",
            "2 = agent",
            "1 reply sent",
            "1 reply completed",
            "1 timings",
            "2 = open",
        ]
        assert talk.the(TranscriptCompleted).turn == 1


async def test_after_a_sign_of_listening_nothing_of_the_reply_is_missing():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1000)
        await talk.say("mhm")
        await talk.until(ResponseDone)
        held, resumed = talk.of(Ducked)
        began_again = talk.times(Ducked)[1]
        before = sum(p.duration for at, p in talk.client.audio if at < began_again)
        after = sum(p.duration for at, p in talk.client.audio if at >= began_again)
        whole = talk.the(ResponseDone).heard_ms
        assert 60 <= held.position_ms - resumed.position_ms <= 600
        assert before >= held.position_ms
        assert resumed.position_ms + after == pytest.approx(whole, abs=20)
        assert talk.the(ResponseDone).heard_text == talk.of(ReplyText)[0].transcript


async def test_a_cough_does_not_stop_the_reply():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1000)
        await talk.murmur(200)
        await talk.until(ResponseDone)
        assert talk.the(ResponseDone).status == "completed"
        assert [m.ducked for m in talk.of(Ducked)] == [True, False]


async def test_the_client_says_how_much_was_heard():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        for position in (0, 100, 200):
            talk.session.receive(Playback(turn=1, position_ms=position))
            await talk.pause(500)
        talk.session.receive(Playback(turn=1, position_ms=300))
        talk.session.receive(ResponseCancel())
        assert talk.the(ResponseDone).heard_ms == 300


async def test_a_cancelled_reply_is_silent_at_once():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(500)
        talk.session.receive(ResponseCancel())
        pieces = len(talk.client.audio)
        assert talk.session.floor is Floor.OPEN
        assert talk.the(ResponseDone).status == "cancelled"
        await talk.pause(3000)
        assert len(talk.client.audio) == pieces


async def test_cancelling_without_a_reply_does_nothing():
    async with rehearsal(responder=SCRIPT) as talk:
        talk.session.receive(ResponseCancel())
        await talk.say("light on")
        talk.session.receive(ResponseCancel())
        await talk.until(ResponseDone)
        assert talk.the(ResponseDone).status == "completed"


async def test_a_reply_cancelled_before_it_was_planned_does_nothing():
    async with rehearsal(responder=SCRIPT, slowed=slowed(respond=2.0)) as talk:
        await talk.say("light on")
        await talk.until(Committed)
        talk.session.receive(ResponseCancel())
        await talk.pause(4000)
        assert talk.services.household.committed == []
        assert talk.of(ResponseCreated) == []
        assert talk.session.floor is Floor.OPEN
