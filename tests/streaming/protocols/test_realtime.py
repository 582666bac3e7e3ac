"""Conversations over the OpenAI Realtime API, every event held to the stock models."""

import pytest

from tests.streaming.realtime_call import SPOKEN, TURN, calling
from tests.streaming.script import ON, slowed

pytestmark = pytest.mark.virtual_time


async def test_a_command_is_heard_done_and_answered():
    async with calling() as call:
        await call.pause(300)
        await call.say("light on")
        await call.until("response.done")
        assert call.story() == ["session.created", *TURN, *SPOKEN]
        assert call.services.household.committed == [(ON,)]
        completed = call.the("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "light on"
        assert completed["languages"] == [{"code": "en"}]
        assert completed["usage"]["seconds"] == pytest.approx(0.34, abs=0.05)
        done = call.the("response.done")["response"]
        assert done["status"] == "completed"
        assert done["output"][0]["content"] == [
            {"type": "output_audio", "transcript": "The light is on."}
        ]
        seconds = len(call.audio()) / 2 / 24_000
        assert seconds == pytest.approx(len("The light is on.") * 0.05, abs=0.01)


async def test_the_usage_counts_words_and_audio():
    async with calling() as call:
        await call.say("light on")
        usage = (await call.until("response.done"))["response"]["usage"]
        assert usage["input_token_details"]["text_tokens"] == 2
        assert usage["input_token_details"]["audio_tokens"] == 4
        assert usage["output_token_details"] == {"text_tokens": 4, "audio_tokens": 16}
        assert usage["total_tokens"] == 2 + 4 + 4 + 16


async def test_times_are_counted_from_all_the_audio_that_was_sent():
    async with calling() as call:
        await call.pause(1000)
        await call.say("light on")
        await call.until("response.done")
        started = call.the("input_audio_buffer.speech_started")
        stopped = call.the("input_audio_buffer.speech_stopped")
        assert started["audio_start_ms"] == pytest.approx(700, abs=20)
        assert stopped["audio_end_ms"] == pytest.approx(1360, abs=20)
        assert started["item_id"] == stopped["item_id"]


async def test_words_that_are_certain_come_while_the_user_speaks():
    async with calling() as call:
        await call.say("tell me a story please and make it long")
        await call.until("response.done")
        deltas = call.of("conversation.item.input_audio_transcription.delta")
        first = call.wire.events.index(deltas[0])
        stopped = call.wire.events.index(call.the("input_audio_buffer.speech_stopped"))
        completed = call.the("conversation.item.input_audio_transcription.completed")
        assert len(deltas) > 1
        assert first < stopped
        assert "".join(event["delta"] for event in deltas) == completed["transcript"]


async def test_an_utterance_with_pauses_is_told_as_one():
    async with calling() as call:
        await call.say("light")
        await call.pause(300)
        await call.say("on")
        await call.until("response.done")
        assert call.story() == ["session.created", *TURN, *SPOKEN]


async def test_a_commit_that_is_taken_back_is_never_told():
    async with calling(slowed=slowed(recognize=1.5)) as call:
        await call.say("light on")
        await call.pause(900)
        await call.say("please")
        await call.until("response.done")
        assert call.story() == ["session.created", *TURN, *SPOKEN]
        completed = call.the("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "light on please"


async def test_noise_ends_without_an_utterance():
    async with calling() as call:
        await call.murmur(200)
        await call.pause(2000)
        assert call.story() == [
            "session.created",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
        ]


async def test_a_transcription_session_only_transcribes():
    async with calling(kind="transcription") as call:
        session = call.the("session.created")["session"]
        assert session["type"] == "transcription"
        assert "output" not in session["audio"]
        await call.say("light on")
        await call.pause(2000)
        await call.say("set a timer")
        await call.pause(20_000)
        assert call.story() == ["session.created", *TURN, *TURN]
        assert call.services.household.committed == []
        await call.send("response.create")
        assert call.errors() == ["invalid_value"]


async def test_who_does_not_want_the_words_is_not_told_them():
    async with calling() as call:
        await call.update(audio={"input": {"transcription": None}})
        await call.say("light on")
        await call.until("response.done")
        assert not [type_ for type_ in call.story() if "transcription" in type_]
