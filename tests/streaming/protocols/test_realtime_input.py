"""What clients send: items, formats, and everything that is wrong."""

import asyncio
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streaming.protocols.realtime.fields import RealtimeError
from streaming.protocols.realtime.formats import AudioFormat
from streaming.protocols.realtime.items import MAX_ITEMS
from tests.streaming.realtime_call import LIGHT_TOOL, assert_lawful, calling
from tests.virtual_time import VirtualTimeLoop
from voice.audio import Pcm

pytestmark = pytest.mark.virtual_time


def message(role="user", text="light on", kind="input_text", **more):
    part = {"type": kind, "text": text}
    return {"type": "message", "role": role, "content": [part], **more}


# --- Audio --------------------------------------------------------------------


@pytest.mark.parametrize(
    "form",
    [
        AudioFormat("audio/pcm", 16_000),
        AudioFormat("audio/pcm", 48_000),
        AudioFormat("audio/pcmu", 8_000),
        AudioFormat("audio/pcma", 8_000),
    ],
    ids=str,
)
async def test_audio_goes_both_ways_in_the_format_of_the_session(form):
    async with calling() as call:
        await call.update(
            audio={
                "input": {"format": form.resource},
                "output": {"format": form.resource},
            }
        )
        call.format = form
        told = call.the("session.updated")["session"]["audio"]
        assert told["input"]["format"] == told["output"]["format"] == form.resource
        if form.kind == "audio/pcm":
            await call.say("light on")
            await call.until("response.done")
            words = "conversation.item.input_audio_transcription.completed"
            assert call.the(words)["transcript"] == "light on"
        else:
            # The letters of the made-up voice are levels, which G.711 rounds.
            await call.type("light on")
            await call.send("response.create")
            await call.wait(3000)
        width = 1 if form.rate == 8_000 else 2
        seconds = len(call.audio()) / width / form.rate
        assert seconds == pytest.approx(len("The light is on.") * 0.05, abs=0.01)


def test_speech_survives_the_telephone():
    form = AudioFormat("audio/pcmu", 8_000)
    tone = np.sin(2 * np.pi * 300 * np.arange(8_000) / 8_000)
    sent = Pcm.of_floats(0.5 * tone, 8_000)
    heard = form.decode(form.encode(sent))
    noise = heard.samples.astype(float) - sent.samples
    assert np.sqrt(np.mean(noise**2)) < 0.02 * np.sqrt(
        np.mean(sent.samples.astype(float) ** 2)
    )


@pytest.mark.parametrize("audio", ["no base64!", "AA==", "AAAAA", "\u00e4", None, 7])
async def test_audio_that_is_none_is_refused_and_nothing_is_lost(audio):
    async with calling() as call:
        await call.send("input_audio_buffer.append", audio=audio)
        assert call.errors()[0] in ("invalid_value", "invalid_type")
        await call.say("light on")
        done = await call.until("response.done")
        assert done["response"]["status"] == "completed"


async def test_binary_audio_is_an_error_that_says_what_to_do():
    async with calling() as call:
        with pytest.raises(RealtimeError, match="base64") as caught:
            await call.door.take(b"\x00\x00")
        assert caught.value.code == "invalid_event"


# --- Items --------------------------------------------------------------------


async def test_items_are_told_and_kept_in_order():
    async with calling() as call:
        await call.send("conversation.item.create", item=message(id="a"))
        await call.send("conversation.item.create", item=message(id="b"))
        await call.send(
            "conversation.item.create", item=message(id="c"), previous_item_id="a"
        )
        await call.send(
            "conversation.item.create", item=message(id="d"), previous_item_id="root"
        )
        befores = [e["previous_item_id"] for e in call.of("conversation.item.added")]
        assert befores == [None, "a", "a", None]
        await call.send("conversation.item.delete", item_id="a")
        assert call.the("conversation.item.deleted")["item_id"] == "a"
        await call.send("conversation.item.retrieve", item_id="a")
        await call.send("conversation.item.delete", item_id="a")
        await call.send(
            "conversation.item.create", item=message(), previous_item_id="a"
        )
        await call.send("conversation.item.create", item=message(id="b"))
        assert call.errors() == [
            "item_retrieve_invalid_item_id",
            "item_delete_invalid_item_id",
            "item_create_invalid_previous_item_id",
            "invalid_value",
        ]


async def test_a_conversation_without_an_end_keeps_its_order_and_no_more_than_it_may():
    async with calling() as call:
        answering = call.door._realtime._answering
        for number in range(MAX_ITEMS + 3):
            await call.send("conversation.item.create", item=message(id=f"i{number}"))
            await call.wait(100)
        added = call.of("conversation.item.added")
        assert added[-1]["previous_item_id"] == f"i{MAX_ITEMS + 1}"
        assert len(answering._unanswered) == MAX_ITEMS, "nobody asked for an answer"
        await call.send("conversation.item.retrieve", item_id="i0")
        assert call.errors() == ["item_retrieve_invalid_item_id"]


async def test_half_a_character_is_refused():
    async with calling() as call:
        await call.type("light \ud83d on")
        assert call.errors() == ["invalid_value"]


async def test_a_history_is_not_answered_again():
    async with calling() as call:
        for item in (
            message(),
            message("assistant", "The light is on.", "output_text"),
            message("system", "Be kind.", "input_text"),
        ):
            await call.send("conversation.item.create", item=item)
        await call.send("response.create")
        await call.wait(3000)
        assert call.services.household.committed == []
        assert call.errors() == []


async def test_a_deleted_question_is_not_answered():
    async with calling() as call:
        await call.send("conversation.item.create", item=message(id="a"))
        await call.send("conversation.item.delete", item_id="a")
        await call.send("response.create")
        await call.wait(5000)
        assert call.services.household.committed == []


async def test_a_conversation_forgets_its_oldest_items(monkeypatch):
    monkeypatch.setattr("streaming.protocols.realtime.items.MAX_ITEMS", 3)
    async with calling() as call:
        for id_ in "abcde":
            await call.send("conversation.item.create", item=message(id=id_))
        kept = [item.id for item in call.door._realtime.conversation]
        assert kept == ["c", "d", "e"]


async def test_a_question_has_an_end():
    async with calling() as call:
        await call.type("light " * 200)
        await call.send("response.create")
        await call.wait(100)
        assert call.errors() == ["invalid_value"]
        await call.type("light on")
        await call.send("response.create")
        await call.wait(3000)
        assert call.the("response.done")["response"]["status"] == "completed"


# --- What is wrong ------------------------------------------------------------


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        ("[]", "invalid_json"),
        ('{"a": NaN}', "invalid_json"),
        ("{}", "invalid_event"),
        ('{"type": 7}', "invalid_event"),
        ('{"type": "response.creat"}', "invalid_value"),
        ('{"type": "transcription_session.update"}', "invalid_value"),
        ('{"type": "session.update"}', "missing_required_parameter"),
        ('{"type": "session.update", "session": 1}', "invalid_type"),
        ('{"type": "conversation.item.create"}', "missing_required_parameter"),
        (
            '{"type": "conversation.item.create", "item": {}}',
            "missing_required_parameter",
        ),
        ('{"type": "conversation.item.retrieve"}', "missing_required_parameter"),
        ('{"type": "response.create", "response": []}', "invalid_type"),
        (
            '{"type": "response.create", "response": {"metadata": {"a": 1}}}',
            "invalid_value",
        ),
        ('{"type": "response.cancel", "response_id": 1}', "invalid_type"),
    ],
)
async def test_a_bad_event_is_told_with_its_code(frame, code):
    async with calling() as call:
        with pytest.raises(RealtimeError) as caught:
            await call.door.take(frame)
        call.door.refuse(caught.value, str(caught.value))
        assert call.errors() == [code]
        assert call.the("error")["error"]["type"] == "invalid_request_error"


async def test_an_error_names_the_event_that_caused_it():
    async with calling() as call:
        await call.send("session.update", event_id="mine", session={"type": "x"})
        error = call.the("error")["error"]
        assert (error["event_id"], error["param"]) == ("mine", "session.type")


async def test_an_update_that_is_refused_changes_nothing():
    async with calling() as call:
        before = call.door._realtime.settings
        await call.update(
            instructions="new", audio={"input": {"format": {"type": "opus"}}}
        )
        assert call.errors() == ["invalid_value"]
        assert call.door._realtime.settings == before


async def test_too_many_events_are_not_obeyed():
    async with calling() as call:
        for _ in range(1100):
            await call.send("conversation.item.retrieve", item_id="x")
        assert call.errors()[0] == "item_retrieve_invalid_item_id"
        assert call.errors()[-1] == "rate_limit_exceeded"


# --- Anything at any time -----------------------------------------------------

ITEM_IDS = st.sampled_from([*(f"item_call_{n}" for n in range(1, 12)), "root", "x"])
TEXTS = st.sampled_from(["light on", "licht an", "", "tell me a story", "?"])

EVENTS = st.one_of(
    st.builds(
        lambda t: ("say", t), st.sampled_from(["light on", "mhm", "set a timer"])
    ),
    st.builds(lambda ms: ("pause", ms), st.integers(20, 1500)),
    st.builds(lambda ms: ("wait", ms), st.integers(0, 3000)),
    st.builds(lambda ms: ("murmur", ms), st.integers(20, 800)),
    st.builds(
        lambda kind: ("send", {"type": kind}),
        st.sampled_from(
            [
                "response.create",
                "response.cancel",
                "input_audio_buffer.commit",
                "input_audio_buffer.clear",
                "output_audio_buffer.clear",
            ]
        ),
    ),
    st.builds(
        lambda text: (
            "send",
            {"type": "conversation.item.create", "item": message(text=text)},
        ),
        TEXTS,
    ),
    st.builds(
        lambda n, text: (
            "send",
            {
                "type": "conversation.item.create",
                "item": {
                    "type": "function_call_output",
                    "call_id": f"call_call_{n}",
                    "output": text,
                },
            },
        ),
        st.integers(1, 9),
        TEXTS,
    ),
    st.builds(
        lambda kind, id_, ms: (
            "send",
            {"type": f"conversation.item.{kind}", "item_id": id_, "audio_end_ms": ms},
        ),
        st.sampled_from(["truncate", "delete", "retrieve"]),
        ITEM_IDS,
        st.integers(0, 3000),
    ),
    st.builds(
        lambda modality, where: (
            "send",
            {
                "type": "response.create",
                "response": {"output_modalities": [modality], "conversation": where},
            },
        ),
        st.sampled_from(["audio", "text"]),
        st.sampled_from(["auto", "none"]),
    ),
    st.builds(
        lambda detection, tools, modality: (
            "send",
            {
                "type": "session.update",
                "session": {
                    "type": "realtime",
                    "tools": tools,
                    "output_modalities": [modality],
                    "audio": {"input": {"turn_detection": detection}},
                },
            },
        ),
        st.sampled_from(
            [
                None,
                {"type": "server_vad"},
                {"type": "semantic_vad", "eagerness": "high"},
                {"type": "server_vad", "create_response": False},
            ]
        ),
        st.sampled_from([[], [LIGHT_TOOL]]),
        st.sampled_from(["audio", "text"]),
    ),
)


async def live(events):
    async with calling() as call:
        everything = []
        put = call.wire.put
        call.wire.put = lambda frame: (put(frame), everything.append(json.loads(frame)))
        for what, value in events:
            if what == "send":
                await call.send(value["type"], **rest(value))
            elif what in ("pause", "wait", "murmur"):
                await getattr(call, what)(value)
            else:
                await call.say(value)
        # Whatever is still to come, comes: nothing hangs.
        await call.listen_for(type="server_vad")
        await call.pause(2_000)
        await call.wait(20_000)
        await call.pause(200)
        opened = [e for e in everything if e["type"] == "response.created"]
        done = [e for e in everything if e["type"] == "response.done"]
        assert len(opened) == len(done), "a response is never done"
        assert call.door.session.floor.value == "open"
        assert_lawful(everything)


def rest(value):
    return {key: part for key, part in value.items() if key != "type"}


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(EVENTS, max_size=12))
def test_whatever_happens_each_response_is_done_once(events):
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.run(live(events))
