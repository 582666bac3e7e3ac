"""Whole conversations: other ways to speak, other languages, other rates."""

import asyncio

import pytest

from streaming.messages import (
    Committed,
    InputCommit,
    InputEnd,
    ReplyText,
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
from streaming.workers import Priority
from tests.streaming.rehearsal import SlowStages, now_ms, rehearsal
from tests.streaming.script import ON, SCRIPT, slowed
from voice import languages as known
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis
from voice.testing import (
    LETTER,
    SpellingRecognizer,
    spoken,
)
from voice.turns import Floor

pytestmark = pytest.mark.virtual_time


# --- Other ways to speak -------------------------------------------------------


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


async def test_who_still_speaks_when_an_utterance_is_cut_is_heard_on():
    """Every word is in one of the utterances, and none in both."""
    words = [f"word{number}" for number in range(100, 160)]
    async with rehearsal(slowed=slowed(recognize=0.3)) as talk:
        await talk.say(" ".join(words))
        await talk.pause(10_000)
        told = {m.turn: m.transcript.split() for m in talk.of(TranscriptCompleted)}
        assert len(told) == 3, "8 s, 8 s, and the rest"
        (_, first), *_, (_, last) = told.items()
        assert first[0] == words[0]
        assert last[-1] == words[-1]
        heard = [word for text in told.values() for word in text]
        whole = [word for word in heard if word in words]
        assert whole == sorted(set(whole)), "a word was heard twice"
        assert len(words) - len(whole) <= 2, "more is lost than the words that were cut"
        started = [m.audio_start_ms for m in talk.of(SpeechStartedMessage)]
        stopped = [m.audio_end_ms for m in talk.of(SpeechStoppedMessage)]
        assert len(started) == len(stopped) == 3
        assert all(a < b for a, b in zip(started, stopped, strict=True))


async def test_who_still_speaks_when_an_utterance_is_submitted_is_heard_on():
    async with rehearsal() as talk:
        await talk.say("light on and then")
        talk.session.receive(InputCommit())
        await talk.say("some more of it")
        await talk.pause(3000)
        texts = [m.transcript for m in talk.of(TranscriptCompleted)]
        assert texts == ["light on and then", "some more of it"]


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


async def test_a_plan_that_the_user_waits_for_goes_before_a_guess():
    asked = []

    class Noting(SlowStages):
        async def plan(self, text, language, *, home, now, priority):
            asked.append(priority)
            return await super().plan(
                text, language, home=home, now=now, priority=priority
            )

    def noting(stages):
        return Noting(stages, recognize=0.05, respond=0, synthesize=0)

    async with rehearsal(responder=SCRIPT, slowed=noting) as talk:
        await talk.say("light on")
        await talk.until(ResponseDone)
        talk.session.receive(TextInput(text="light on"))
        await talk.until(ResponseDone)
        await talk.say("light on")
        talk.session.receive(InputCommit())
        await talk.until(ResponseDone)
        assert asked == [Priority.SPECULATIVE, Priority.FINAL, Priority.FINAL]


async def test_a_typed_turn_in_the_moment_of_a_partial_transcript():
    async with rehearsal(responder=SCRIPT) as talk:
        session = talk.session
        # 400 ms after the onset a partial transcript is due: the loop has not run yet.
        session.hear(spoken("tell me a story", "en").to_bytes())
        session.receive(TextInput(text="light on"))
        await talk.until(ResponseDone)
        assert [m.transcript for m in talk.of(ReplyText)] == ["The light is on."]
        assert talk.of(TranscriptDelta) == []


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


# --- Languages -----------------------------------------------------------------


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
        assert [m.disclosure for m in talk.of(SessionUpdated)] == [
            known.get(tag).disclosure for tag in ("fr", "en")
        ]


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


# --- Audio ---------------------------------------------------------------------


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
