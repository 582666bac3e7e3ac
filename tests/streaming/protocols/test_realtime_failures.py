"""What goes wrong on our side of the OpenAI Realtime API, and what nobody asked for."""

import pytest

from tests.streaming.realtime_call import calling
from voice.testing import SpellingRecognizer, ToneSynthesizer

pytestmark = pytest.mark.virtual_time


async def test_what_cannot_be_transcribed_is_told_and_apologized_for():
    recognizer = SpellingRecognizer(breaks_at=["light"])
    async with calling(recognizer=recognizer) as call:
        await call.say("light on")
        done = (await call.until("response.done"))["response"]
        failed = call.the("conversation.item.input_audio_transcription.failed")
        assert failed["error"]["code"] == "recognition_failed"
        assert done["status"] == "completed"
        assert "sorry" in done["output"][0]["content"][0]["transcript"].lower()
        assert call.errors() == []


async def test_a_reply_that_breaks_off_has_failed():
    synthesizer = ToneSynthesizer(breaks_at=["light"])
    async with calling(synthesizer=synthesizer) as call:
        await call.say("light on")
        done = (await call.until("response.done"))["response"]
        assert done["status"] == "failed"
        assert done["status_details"]["error"]["code"] == "synthesis_failed"
        assert done["output"][0]["status"] == "incomplete"


async def test_a_commit_that_cannot_be_transcribed_is_answered_all_the_same():
    recognizer = SpellingRecognizer(breaks_at=["light"])
    async with calling(recognizer=recognizer) as call:
        await call.listen_for()
        await call.say("light on")
        await call.send("input_audio_buffer.commit")
        await call.send("response.create")
        await call.wait(5000)
        assert call.of("conversation.item.input_audio_transcription.failed")
        assert call.the("response.done")["response"]["status"] == "completed"


async def test_a_timer_ends_and_is_told_unasked():
    async with calling() as call:
        await call.say("set a timer")
        await call.until("response.done")
        done = (await call.until("response.done"))["response"]
        text = done["output"][0]["content"][0]["transcript"]
        assert text == "The timer has ended."
