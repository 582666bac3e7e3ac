"""Who speaks over a reply in the OpenAI Realtime API, and what of it was heard."""

import pytest

from tests.streaming.realtime_call import calling
from tests.streaming.script import slowed

pytestmark = pytest.mark.virtual_time


async def test_who_speaks_over_the_reply_stops_it():
    async with calling() as call:
        await call.say("tell me a story")
        await call.until("response.output_audio.delta")
        await call.pause(1500)
        call.forget()
        await call.say("light on please and now")
        await call.until("response.done")
        first, second = (event["response"] for event in call.of("response.done"))
        story = call.story()
        assert story.index("input_audio_buffer.speech_started") < story.index(
            "response.output_audio.done"
        )
        assert story.count("input_audio_buffer.speech_started") == 1
        assert first["status"] == "cancelled"
        assert first["status_details"] == {
            "type": "cancelled",
            "reason": "turn_detected",
        }
        (item,) = first["output"]
        assert item["status"] == "incomplete"
        assert "Once upon" in item["content"][0]["transcript"]
        assert "whole story" not in item["content"][0]["transcript"]
        assert second["status"] == "completed"


async def test_a_mere_mhm_stops_nothing_and_is_not_told():
    async with calling() as call:
        await call.say("tell me a story")
        await call.until("response.output_audio.delta")
        await call.pause(500)
        call.forget()
        await call.say("mhm")
        done = (await call.until("response.done"))["response"]
        assert done["status"] == "completed"
        assert "input_audio_buffer.speech_started" not in call.story()
        text = done["output"][0]["content"][0]["transcript"]
        assert text.endswith("That is the whole story.")


async def test_a_reply_that_was_held_goes_on_without_a_repetition():
    async with calling() as call:
        await call.say("tell me a story")
        await call.until("response.output_audio.delta")
        await call.pause(500)
        await call.say("mhm")
        await call.until("response.done")
        text = call.the("response.output_audio_transcript.done")["transcript"]
        letters = sum(len(phrase.strip()) for phrase in phrases(text))
        assert len(call.audio()) / 2 / 24 == pytest.approx(letters * 50, abs=30)


def phrases(text):
    from voice.sentences import chunks

    return list(chunks(text, "en"))


async def test_what_was_heard_is_what_truncation_leaves():
    async with calling() as call:
        await call.say("tell me a story")
        created = await call.until("response.output_audio.delta")
        await call.pause(2000)
        await call.say("light on please and now")
        item_id = created["item_id"]
        await call.send(
            "conversation.item.truncate",
            item_id=item_id,
            content_index=0,
            audio_end_ms=1000,
        )
        assert call.the("conversation.item.truncated")["audio_end_ms"] == 1000
        await call.send("conversation.item.retrieve", item_id=item_id)
        item = call.the("conversation.item.retrieved")["item"]
        text = item["content"][0]["transcript"]
        assert text
        assert "Once upon a time there was".startswith(text)


async def test_what_is_truncated_while_it_is_said_counts_as_heard_until_there():
    async with calling() as call:
        await call.say("tell me a story")
        delta = await call.until("response.output_audio.delta")
        await call.pause(2500)
        await call.send(
            "conversation.item.truncate",
            item_id=delta["item_id"],
            content_index=0,
            audio_end_ms=500,
        )
        await call.send("response.cancel")
        done = call.the("response.done")["response"]
        assert done["status_details"]["reason"] == "client_cancelled"
        assert call.story()[-1] == "response.done"
        assert call.errors() == []


@pytest.mark.parametrize(
    ("position", "code"),
    [(60_000, "invalid_value"), (-1, "invalid_value")],
)
async def test_more_than_there_is_cannot_be_truncated(position, code):
    async with calling() as call:
        await call.say("light on")
        item = (await call.until("response.done"))["response"]["output"][0]
        await call.send(
            "conversation.item.truncate",
            item_id=item["id"],
            content_index=0,
            audio_end_ms=position,
        )
        assert call.errors() == [code]
        assert call.of("conversation.item.truncated") == []


async def test_only_what_the_assistant_says_can_be_truncated():
    async with calling() as call:
        await call.type("light on")
        item = call.the("conversation.item.done")["item"]
        for item_id in (item["id"], "item_none"):
            await call.send(
                "conversation.item.truncate", item_id=item_id, audio_end_ms=10
            )
        assert call.errors() == [
            "unsupported_content_type",
            "item_truncate_invalid_item_id",
        ]


async def test_a_client_cancels_the_reply():
    async with calling() as call:
        await call.say("tell me a story")
        created = await call.until("response.output_audio.delta")
        await call.send("response.cancel", response_id="resp_of_somebody_else")
        assert call.errors() == ["response_cancel_not_active"]
        await call.send("response.cancel", response_id=created["response_id"])
        done = call.the("response.done")["response"]
        assert done["status"] == "cancelled"
        assert done["status_details"]["reason"] == "client_cancelled"
        await call.send("response.cancel", event_id="mine")
        assert call.errors()[1:] == ["response_cancel_not_active"]
        assert call.of("error")[-1]["error"]["event_id"] == "mine"


async def test_a_response_that_waits_for_its_words_can_be_cancelled():
    async with calling(slowed=slowed(respond=3)) as call:
        await call.type("light on")
        await call.send("response.create")
        await call.wait(100)
        await call.send("response.cancel")
        await call.wait(5000)
        assert call.the("response.done")["response"]["status"] == "cancelled"
        assert call.services.household.committed == []
