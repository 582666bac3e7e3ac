"""Functions of the client that an intent calls, in the OpenAI Realtime API."""

import pytest

from tests.streaming.realtime_call import CALLED, LIGHT_TOOL, SPOKEN, TURN, calling
from tests.streaming.script import ON

pytestmark = pytest.mark.virtual_time


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
