"""What a client of the OpenAI Realtime API decides: when to commit, what to answer."""

import pytest

from tests.streaming.realtime_call import SPOKEN, TURN, calling
from tests.streaming.script import ON, slowed

pytestmark = pytest.mark.virtual_time


async def test_push_to_talk():
    async with calling() as call:
        await call.listen_for()
        call.forget()
        await call.say("light on")
        await call.pause(300)
        assert call.story() == []
        await call.send("input_audio_buffer.commit")
        await call.wait(200)
        assert call.story() == TURN[2:]
        await call.send("response.create")
        await call.wait(3000)
        assert call.story() == [*TURN[2:], *SPOKEN]
        assert call.services.household.committed == [(ON,)]
        await call.send("response.create")
        await call.wait(3000)
        assert call.services.household.committed == [(ON,)], "once is enough"


async def test_a_response_waits_for_the_words_of_a_commit():
    async with calling(slowed=slowed(recognize=0.5)) as call:
        await call.listen_for()
        await call.say("light on")
        await call.send("input_audio_buffer.commit")
        await call.send("response.create")
        await call.wait(3000)
        completed = call.the("conversation.item.input_audio_transcription.completed")
        assert completed["transcript"] == "light on"
        done = call.the("response.done")["response"]
        assert done["output"][0]["content"][0]["transcript"] == "The light is on."


@pytest.mark.parametrize("manual", [True, False])
async def test_nothing_cannot_be_committed(manual):
    async with calling() as call:
        if manual:
            await call.listen_for()
        await call.send("input_audio_buffer.commit")
        assert call.errors() == ["input_audio_buffer_commit_empty"]


async def test_audio_can_be_thrown_away():
    async with calling() as call:
        await call.listen_for()
        await call.say("light on")
        await call.send("input_audio_buffer.clear")
        await call.send("input_audio_buffer.commit")
        assert call.of("input_audio_buffer.cleared")
        assert call.errors() == ["input_audio_buffer_commit_empty"]


async def test_what_is_being_said_can_be_taken_back():
    async with calling() as call:
        await call.say("light on")
        await call.pause(200)
        await call.send("input_audio_buffer.clear")
        await call.pause(2000)
        assert call.story()[-2:] == [
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.cleared",
        ]
        assert call.services.household.committed == []
        await call.say("light on please")
        await call.until("response.done")
        assert len(call.services.household.committed) == 1


async def test_a_commit_ends_the_utterance_without_a_pause():
    async with calling() as call:
        await call.say("light on")
        await call.send("input_audio_buffer.commit")
        await call.wait(3000)
        assert call.the("response.done")["response"]["status"] == "completed"
        assert call.story() == ["session.created", *TURN, *SPOKEN]


async def test_utterances_are_found_and_not_answered_unasked():
    async with calling() as call:
        await call.listen_for(type="server_vad", create_response=False)
        call.forget()
        await call.say("light on")
        await call.pause(2000)
        assert call.story() == TURN
        assert call.services.household.committed == []
        await call.send("response.create")
        await call.wait(3000)
        assert call.story() == [*TURN, *SPOKEN]
        assert call.services.household.committed == [(ON,)]


async def test_a_response_that_is_asked_for_while_the_user_speaks_is_the_answer():
    async with calling() as call:
        await call.say("light")
        await call.send("response.create")
        await call.say(" on")
        await call.until("response.done")
        await call.pause(3000)
        assert len(call.of("response.done")) == 1


async def test_a_response_does_not_wait_for_audio_that_never_comes():
    async with calling() as call:
        await call.say("light on")
        await call.send("response.create")
        await call.wait(5000)
        assert call.the("response.done")["response"]["status"] == "completed"


async def test_one_response_at_a_time():
    async with calling() as call:
        await call.type("tell me a story")
        await call.send("response.create")
        await call.wait(500)
        await call.send("response.create")
        assert call.errors() == ["conversation_already_has_active_response"]


async def test_what_is_typed_is_answered_by_voice_or_in_text():
    async with calling() as call:
        await call.type("light on")
        await call.send("response.create")
        await call.wait(3000)
        call.forget()
        await call.type("licht an")
        wanted = {"output_modalities": ["text"], "metadata": {"a": "b"}}
        await call.send("response.create", response=wanted)
        await call.wait(3000)
        done = call.the("response.done")["response"]
        assert done["output"][0]["content"] == [
            {"type": "output_text", "text": "Das Licht ist an."}
        ]
        assert done["metadata"] == {"a": "b"}
        assert call.audio() == b""
        assert call.the("response.output_text.done")["text"] == "Das Licht ist an."
        assert len(call.services.household.committed) == 2


async def test_a_response_outside_the_conversation_leaves_no_trace_in_it():
    async with calling() as call:
        part = {"type": "input_text", "text": "light on"}
        item = {"type": "message", "role": "user", "content": [part]}
        await call.send(
            "response.create", response={"conversation": "none", "input": [item]}
        )
        await call.wait(3000)
        done = call.the("response.done")["response"]
        assert done["conversation_id"] is None
        assert call.of("conversation.item.added") == []
        said = done["output"][0]["id"]
        await call.send("conversation.item.retrieve", item_id=said)
        assert call.errors() == ["item_retrieve_invalid_item_id"]


async def test_who_asks_for_a_response_to_nothing_is_greeted_and_then_told_again():
    async with calling() as call:
        for _ in range(2):
            call.forget()
            await call.send("response.create")
            await call.wait(5000)
            text = call.the("response.output_audio_transcript.done")["transcript"]
            assert text == "I am a voice assistant, not a person."


async def test_spoken_items_are_put_into_words():
    async with calling() as call:
        from voice.testing import spoken

        audio = call.format.encode(spoken("light on", "en", rate=24_000))
        part = {"type": "input_audio", "audio": audio}
        item = {"type": "message", "role": "user", "content": [part]}
        await call.send("conversation.item.create", item=item)
        added = call.the("conversation.item.added")["item"]
        assert "audio" not in added["content"][0]
        await call.send("response.create")
        await call.wait(3000)
        done = call.the("response.done")["response"]
        assert done["output"][0]["content"][0]["transcript"] == "The light is on."
