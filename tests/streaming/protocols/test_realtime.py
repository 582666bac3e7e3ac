"""Conversations over the OpenAI Realtime API, every event held to the stock models."""

import pytest

from tests.streaming.realtime_call import LIGHT_TOOL, calling
from tests.streaming.script import ON, slowed
from voice.testing import SpellingRecognizer, ToneSynthesizer

pytestmark = pytest.mark.virtual_time

TURN = [
    "input_audio_buffer.speech_started",
    "input_audio_buffer.speech_stopped",
    "input_audio_buffer.committed",
    "conversation.item.added",
    "conversation.item.done",
    "conversation.item.input_audio_transcription.delta",
    "conversation.item.input_audio_transcription.completed",
]
"""What a spoken turn looks like, up to its answer."""

SPOKEN = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.content_part.added",
    "response.output_audio_transcript.delta",
    "response.output_audio.delta",
    "response.output_audio.done",
    "response.output_audio_transcript.done",
    "response.content_part.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
"""What an answer that is spoken looks like."""

CALLED = [
    "response.created",
    "response.output_item.added",
    "conversation.item.added",
    "response.function_call_arguments.delta",
    "response.function_call_arguments.done",
    "response.output_item.done",
    "conversation.item.done",
    "response.done",
]
"""What a function call looks like."""


# --- A turn -------------------------------------------------------------------


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


# --- Interruptions ------------------------------------------------------------


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


# --- Functions ----------------------------------------------------------------


async def test_an_intent_calls_the_function_of_the_client_and_nothing_else():
    async with calling() as call:
        await call.update(tools=[LIGHT_TOOL])
        call.forget()
        await call.say("light on")
        done = (await call.until("response.done"))["response"]
        await call.pause(2000)
        assert call.story() == [*TURN, *CALLED]
        (item,) = done["output"]
        assert item["type"] == "function_call"
        assert item["name"] == "turn_on"
        assert item["arguments"] == '{"name": "light.kitchen"}'
        assert call.services.household.committed == []
        assert call.audio() == b""


@pytest.mark.parametrize(
    ("output", "spoken"),
    [
        ("The lamp shines.", "The lamp shines."),
        ('"The lamp shines."', "The lamp shines."),
        ('{"speech": "It shines.", "ok": true}', "It shines."),
        ('{"success": true}', "The light is on."),
        ("", "The light is on."),
        ("21", "21"),
    ],
)
async def test_what_a_function_gives_back_is_spoken(output, spoken):
    async with calling() as call:
        await call.update(tools=[LIGHT_TOOL])
        await call.say("light on")
        item = (await call.until("response.done"))["response"]["output"][0]
        result = {
            "type": "function_call_output",
            "call_id": item["call_id"],
            "output": output,
        }
        call.forget()
        await call.send("conversation.item.create", item=result)
        await call.send("response.create")
        done = (await call.until("response.done"))["response"]
        assert call.story() == [
            "conversation.item.added",
            "conversation.item.done",
            *SPOKEN,
        ]
        assert done["output"][0]["content"][0]["transcript"] == spoken


async def test_a_function_that_no_intent_fits_is_never_called():
    async with calling() as call:
        weather = {**LIGHT_TOOL, "name": "get_weather"}
        await call.update(tools=[weather])
        await call.say("light on")
        done = (await call.until("response.done"))["response"]
        assert done["output"][0]["type"] == "message"
        assert call.services.household.committed == [(ON,)]


async def test_functions_can_be_switched_off():
    async with calling() as call:
        await call.update(tools=[LIGHT_TOOL], tool_choice="none")
        await call.say("light on")
        done = (await call.until("response.done"))["response"]
        assert done["output"][0]["type"] == "message"


async def test_a_result_is_not_spoken_into_what_the_user_says():
    async with calling() as call:
        await call.update(tools=[LIGHT_TOOL])
        await call.say("light on")
        item = (await call.until("response.done"))["response"]["output"][0]
        await call.say("tell me")
        call.forget()
        result = {
            "type": "function_call_output",
            "call_id": item["call_id"],
            "output": "It shines.",
        }
        await call.send("conversation.item.create", item=result)
        await call.send("response.create", response={"metadata": {"n": "1"}})
        await call.say(" a story")
        done = (await call.until("response.done"))["response"]
        assert done["output"][0]["content"][0]["transcript"].startswith("Once")
        assert done["metadata"] == {"n": "1"}, "one response for one request"


# --- The client decides -------------------------------------------------------


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


# --- What goes wrong on our side ----------------------------------------------


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


# --- Transcription ------------------------------------------------------------


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
