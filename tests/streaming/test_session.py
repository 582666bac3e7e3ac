"""Whole conversations: a real session, made-up models, virtual time."""

import asyncio
from dataclasses import dataclass, replace

import pytest

from streaming.household import Announcement
from streaming.messages import (
    Committed,
    Ducked,
    ErrorMessage,
    FloorChanged,
    InputCommit,
    InputEnd,
    IntentMessage,
    Playback,
    ReplyText,
    ResponseCancel,
    ResponseCreated,
    ResponseDone,
    SessionUpdate,
    SessionUpdated,
    SpeechStartedMessage,
    SpeechStoppedMessage,
    TextInput,
    Timings,
    TranscriptCompleted,
    TranscriptDelta,
)
from streaming.session import MAX_ANNOUNCEMENTS, Session
from streaming.workers import Priority
from tests.streaming.rehearsal import Client, SlowStages, now_ms, rehearsal
from voice.audio import Pcm
from voice.errors import ClientError, Stage, StageError
from voice.events import Completeness, Millis
from voice.home import AddItem, SetState, StartTimer
from voice.languages import LANGUAGES
from voice.stages import Intent, Plan
from voice.testing import (
    LETTER,
    EchoResponder,
    ScriptedResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)
from voice.turns import Floor

pytestmark = pytest.mark.virtual_time

ON = SetState(device="light.kitchen", state="on")
TIMER = StartTimer(seconds=10, language="en", announcement="The timer has ended.")


def plan(reply: str, *effects, completeness=Completeness.COMPLETE, **changes) -> Plan:
    intent = Intent(name="HassTurnOn", slots=(("name", "light.kitchen"),))
    whole = Plan(
        intent=intent if effects else None,
        completeness=completeness,
        reply=reply,
        language="en",
        effects=effects,
        answered_by="grammar",
    )
    return replace(whole, **changes)


SCRIPT = ScriptedResponder(
    plans={
        "light on": plan("The light is on.", ON),
        "light": plan("Which light?", completeness=Completeness.PREFIX),
        "light on please": plan("Yes, the light is on.", ON),
        "set a timer": plan("The timer runs.", TIMER),
        "tell me a story": plan(
            "Once upon a time there was a small boat. It crossed the river at night."
            " Then the rain came, and everybody went home. That is the whole story."
        ),
        "licht an": plan("Das Licht ist an.", ON, language="de"),
    }
)


def slowed(recognize=0.1, respond=0.05, synthesize=0.05):
    return lambda stages: SlowStages(
        stages, recognize=recognize, respond=respond, synthesize=synthesize
    )


# --- A turn -------------------------------------------------------------------


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


# --- Speculation --------------------------------------------------------------


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
            "1 reply cancelled after: Once upon a time there was a small",
            "1 timings",
            "2 = user",
        ]
        stopped = talk.times(ResponseDone)[0]
        assert stopped - began == pytest.approx(400, abs=20)
        assert all(at <= stopped for at, _ in talk.client.audio)
        # What was sent ahead of the listener is less than a quarter of a second.
        assert talk.audio_ms() - talk.the(ResponseDone).heard_ms <= 280


async def test_ducked_audio_is_quieter():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1500)
        await talk.say("light on now")
        ducked = talk.times(Ducked)[0]
        done = talk.times(ResponseDone)[0]
        loud = [abs(p.samples).max() for at, p in talk.client.audio if at < ducked]
        soft = [
            abs(p.samples).max() for at, p in talk.client.audio if ducked < at <= done
        ]
        assert max(soft) < 0.3 * min(loud[1:])


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


# --- Other ways to speak ---------------------------------------------------------


async def test_a_typed_turn_is_answered_aloud():
    async with rehearsal(responder=SCRIPT) as talk:
        talk.session.receive(TextInput(text="licht an", language="de-AT"))
        await talk.until(ResponseDone)
        assert talk.story() == [
            "1 committed",
            "1 = pending",
            "1 intent HassTurnOn name=light.kitchen",
            "1 reply in de",
            "1 > Das Licht ist an.",
            "1 = agent",
            "1 reply sent",
            "1 reply completed",
            "1 timings",
            "1 = open",
        ]
        assert talk.services.household.committed == [(ON,)]


async def test_a_typed_turn_ends_the_utterance_and_the_reply_before_it():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(1000)
        talk.session.receive(TextInput(text="light on"))
        assert talk.the(ResponseDone).status == "cancelled"
        await talk.until(ResponseDone)
        await talk.play(spoken("tell me", "en"))
        talk.session.receive(TextInput(text="light on"))
        await talk.until(ResponseDone)
        assert talk.services.household.committed == [(ON,), (ON,)]
        assert [m.transcript for m in talk.of(TranscriptCompleted)] == [
            "tell me a story"
        ]


async def test_the_end_of_speech_after_a_typed_turn_is_not_its_own():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me")
        talk.session.receive(TextInput(text="light on"))
        await talk.until(ResponseDone)
        assert talk.the(Timings).speech_ended_ms is None


@pytest.mark.parametrize("text", ["", "  ", "a" * 1001])
async def test_a_typed_turn_needs_a_text(text):
    async with rehearsal() as talk:
        with pytest.raises(ClientError, match="1 to 1000 characters"):
            talk.session.receive(TextInput(text=text))
        assert talk.story() == []


async def test_push_to_talk_waits_for_nothing():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light on")
        talk.session.receive(InputCommit())
        await asyncio.sleep(0.001)
        assert talk.times(ResponseCreated) == talk.times(Committed)
        await talk.until(ResponseDone)
        assert talk.services.household.committed == [(ON,)]


async def test_a_recording_that_ends_is_answered_without_more_audio():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light on")
        talk.session.receive(InputEnd())
        await asyncio.sleep(2)
        assert talk.the(ResponseDone).status == "completed"


async def test_a_recording_that_ends_during_a_barge_in_is_answered():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseCreated)
        await talk.pause(500)
        await talk.say("light")
        assert talk.session.floor is Floor.OVERLAP
        talk.session.receive(InputEnd())
        await asyncio.sleep(5)
        assert [m.transcript for m in talk.of(ReplyText)][1:] == ["Which light?"]
        assert talk.session.floor is Floor.OPEN


async def test_an_endless_utterance_is_cut():
    async with rehearsal() as talk:
        for _ in range(10):
            await talk.say("and on and on and on and on")
        await talk.until(ResponseDone)
        # TURNS.max_utterance of the rehearsal
        assert talk.of(Committed)[0].audio_ms == pytest.approx(8000, abs=40)
        assert talk.of(ReplyText)[0].transcript.startswith("and on and on")


async def test_a_final_transcript_goes_before_a_guess():
    asked = []

    class Noting(SlowStages):
        async def transcribe(self, pcm, candidates, *, priority):
            asked.append(priority)
            return await super().transcribe(pcm, candidates, priority=priority)

    def noting(stages):
        return Noting(stages, recognize=0, respond=0, synthesize=0)

    async with rehearsal(responder=SCRIPT, slowed=noting) as talk:
        await talk.say("light on")
        await talk.until(ResponseDone)
        assert asked == [Priority.PARTIAL, Priority.SPECULATIVE]
        asked.clear()
        await talk.say("tell me a story")
        talk.session.receive(InputCommit())
        await talk.until(ResponseDone)
        assert asked == [Priority.PARTIAL, Priority.FINAL]


async def test_a_partial_transcript_gives_way_to_the_one_that_counts():
    given_up = []

    class Noting(SlowStages):
        async def transcribe(self, pcm, candidates, *, priority):
            try:
                return await super().transcribe(pcm, candidates, priority=priority)
            except asyncio.CancelledError:
                given_up.append((priority, now_ms()))
                raise

    def noting(stages):
        return Noting(stages, recognize=0.35, respond=0, synthesize=0)

    async with rehearsal(responder=SCRIPT, slowed=noting) as talk:
        await talk.say("tell me a story")
        await talk.until(ResponseDone)
        silent = talk.times(SpeechStoppedMessage)[0]
        assert given_up == [(Priority.PARTIAL, silent)]
        assert all(told < silent for told in talk.times(TranscriptDelta))


async def test_the_recogniser_gets_the_utterance_with_its_pre_roll():
    clips = []

    class Noting(SlowStages):
        async def transcribe(self, pcm, candidates, *, priority):
            clips.append(pcm)
            return await super().transcribe(pcm, candidates, priority=priority)

    def noting(stages):
        return Noting(stages, recognize=0, respond=0, synthesize=0)

    async with rehearsal(responder=SCRIPT, slowed=noting) as talk:
        await talk.pause(2000)
        await talk.say("light on")
        await talk.until(ResponseDone)
        silent = 250 + 9 * LETTER
        assert clips[-1].duration == pytest.approx(silent + 60, abs=20)
        assert not clips[-1].slice(Millis(0), Millis(250)).samples.any()
        assert clips[-1].slice(Millis(250), Millis(silent)).samples.all()


# --- Languages --------------------------------------------------------------------


async def test_each_turn_is_answered_in_its_language():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light on", "en")
        await talk.until(ResponseDone)
        await talk.say("licht an", "de")
        await talk.until(ResponseDone)
        assert [m.language for m in talk.of(TranscriptCompleted)] == ["en", "de"]
        assert [m.language for m in talk.of(ResponseCreated)] == ["en", "de"]


async def test_languages_are_those_of_the_session():
    recognizer = SpellingRecognizer(languages=("en", "de", "fr"))
    async with rehearsal(languages=("en", "de", "fr"), recognizer=recognizer) as talk:
        talk.session.receive(SessionUpdate(languages=("French", "de-AT", "fr")))
        assert talk.the(SessionUpdated).languages == ("fr", "de")
        await talk.say("light on", "en")
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).language == "fr"
        talk.session.receive(SessionUpdate(languages=()))
        assert talk.of(SessionUpdated)[-1].languages == ("en", "de", "fr")


@pytest.mark.parametrize(
    ("update", "code"),
    [
        (SessionUpdate(languages=("en", "xx")), "unknown_language"),
        (SessionUpdate(languages=("fr",), output_rate=8000), "unknown_language"),
        (SessionUpdate(input_rate=44_100, languages=("de",)), "unsupported_rate"),
        (SessionUpdate(output_rate=0), "unsupported_rate"),
    ],
)
async def test_a_wrong_setting_changes_none(update, code):
    async with rehearsal() as talk:
        before = talk.session.settings
        with pytest.raises(ClientError) as caught:
            talk.session.receive(update)
        assert caught.value.code == code
        assert talk.session.settings == before
        assert talk.story() == []


async def test_an_unknown_language_of_a_typed_turn_is_refused():
    async with rehearsal() as talk:
        with pytest.raises(ClientError, match="unknown language 'fr'"):
            talk.session.receive(TextInput(text="bonjour", language="fr"))
        assert talk.session.floor is Floor.OPEN


# --- Audio ------------------------------------------------------------------------


@pytest.mark.parametrize("output_rate", [8_000, 48_000])
@pytest.mark.parametrize("input_rate", [8_000, 16_000, 24_000, 48_000])
async def test_every_rate_is_heard_and_spoken(input_rate, output_rate):
    async with rehearsal(responder=SCRIPT) as talk:
        talk.session.receive(
            SessionUpdate(input_rate=input_rate, output_rate=output_rate)
        )
        await talk.pause(300)
        await talk.say("light on")
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "light on"
        assert {pcm.rate for _, pcm in talk.client.audio} == {output_rate}
        assert talk.audio_ms() == pytest.approx(16 * 50, abs=20)


async def test_the_rate_may_change_in_the_middle():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light")
        talk.session.receive(SessionUpdate(input_rate=48_000))
        await talk.pause(100)
        await talk.say("on")
        await talk.until(ResponseCreated)
        talk.session.receive(SessionUpdate(input_rate=8_000, output_rate=8_000))
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "light on"
        assert {pcm.rate for _, pcm in talk.client.audio} == {24_000}
        await talk.say("light on")
        await talk.until(ResponseDone)
        assert talk.of(TranscriptCompleted)[-1].transcript == "light on"
        assert talk.client.audio[-1][1].rate == 8_000


async def test_half_a_sample_is_refused_and_not_heard():
    async with rehearsal(responder=SCRIPT) as talk:
        await talk.say("light")
        now = talk.session.now
        with pytest.raises(ClientError, match="no whole number of 16-bit samples"):
            talk.session.hear(b"\0" * 641)
        assert talk.session.now == now
        await talk.say("on")
        await talk.until(ResponseDone)
        assert talk.services.household.committed == [(ON,)]


@pytest.mark.parametrize("samples", [7, 160, 4800, 80_000])
async def test_pieces_of_any_length_are_heard_alike(samples):
    async with rehearsal(responder=SCRIPT) as talk:
        parts = [spoken("light on", "en"), Pcm.silence(Millis(4000), 16_000)]
        whole = Pcm.joined(parts, 16_000).to_bytes()
        for start in range(0, len(whole), 2 * samples):
            talk.session.hear(whole[start : start + 2 * samples])
            await asyncio.sleep(0)
        await asyncio.sleep(2)
        talk.session.hear(b"")
        assert talk.of(SpeechStartedMessage)[0].audio_start_ms == 0
        assert talk.of(SpeechStoppedMessage)[0].audio_end_ms == 9 * LETTER
        assert talk.the(ReplyText).transcript == "The light is on."
        assert talk.services.household.committed == [(ON,)]


# --- When a stage fails -----------------------------------------------------------


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


# --- Announcements -----------------------------------------------------------------

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


# --- The end ------------------------------------------------------------------------


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
