"""The stock clients of the OpenAI Realtime API on a real server, in real time."""

import asyncio
import base64
import contextlib

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

pytest.importorskip("openai", reason="OpenAI's own client")

from openai import AsyncOpenAI

from streaming.inference import InlineStages
from tests.streaming.realtime_call import SPOKEN
from tests.streaming.script import SCRIPT
from tests.streaming.wire import serving
from voice.audio import Pcm
from voice.events import Millis
from voice.testing import SpellingRecognizer, ToneSynthesizer, spoken

RATE = 24_000

FRAME = Millis(40)

PATIENCE = 30.0

KEY = "a-key-of-sixteen-characters"


def scripted():
    return InlineStages(SpellingRecognizer(), SCRIPT, ToneSynthesizer())


class Mouth:
    """Speaks what it is told and is silent in between, as a microphone is."""

    def __init__(self, send):
        self._send = send
        self._waiting = []

    def say(self, text):
        self._waiting.append(spoken(text, "en", rate=RATE))

    async def run(self):
        silence = Pcm.silence(FRAME, RATE)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            pcm = self._waiting.pop(0) if self._waiting else silence
            for start in range(0, pcm.duration, FRAME):
                part = pcm.slice(Millis(start), Millis(start + FRAME))
                await self._send(part.to_bytes())
                due += FRAME / 1000
                await asyncio.sleep(max(0.0, due - loop.time()))


@contextlib.asynccontextmanager
async def speaking(send):
    mouth = Mouth(send)
    task = asyncio.create_task(mouth.run())
    try:
        async with asyncio.timeout(PATIENCE):
            yield mouth
    finally:
        task.cancel()
        await asyncio.wait([task])


@contextlib.asynccontextmanager
async def stock(served):
    address = f"http://127.0.0.1:{served.port}/v1"
    client = AsyncOpenAI(api_key=KEY, base_url=address)
    async with client, client.realtime.connect(model="gpt-realtime") as session:

        async def send(audio):
            encoded = base64.b64encode(audio).decode()
            await session.input_audio_buffer.append(audio=encoded)

        async with speaking(send) as mouth:
            yield session, mouth


async def until(session, kind, number=1):
    """All events until that one came so many times."""
    events = []
    async for event in session:
        events.append(event)
        assert event.type != "error", event
        number -= event.type == kind
        if not number:
            return events
    raise AssertionError(f"no {kind}")


def story(events):
    types = [event.type for event in events]
    return [t for t, before in zip(types, [None, *types], strict=False) if t != before]


async def test_openai_converses_and_interrupts():
    async with serving(stages=scripted()) as served, stock(served) as (session, mouth):
        mouth.say("tell me a story")
        told = story(await until(session, "response.output_audio.delta", 5))
        words = "conversation.item.input_audio_transcription.delta"
        heard = [kind for kind in told if kind != words]
        assert heard[:4] == [
            "session.created",
            "input_audio_buffer.speech_started",
            "input_audio_buffer.speech_stopped",
            "input_audio_buffer.committed",
        ]
        mouth.say("light on please")
        cut = await until(session, "response.done")
        assert "input_audio_buffer.speech_started" in story(cut)
        details = cut[-1].response.status_details
        assert (cut[-1].response.status, details.reason) == (
            "cancelled",
            "turn_detected",
        )
        said = cut[-1].response.output[0]
        await session.conversation.item.truncate(
            item_id=said.id, content_index=0, audio_end_ms=100
        )
        answer = await until(session, "response.done")
        assert "conversation.item.truncated" in story(answer)
        assert answer[-1].response.status == "completed"
        spoken_part = answer[-1].response.output[0].content[0]
        assert spoken_part.transcript == "Yes, the light is on."
        late = {e.type for e in answer if getattr(e, "item_id", None) == said.id}
        assert late == {"conversation.item.truncated"}
        begun = [event.type for event in answer].index("response.created")
        told = [kind for kind in story(answer[begun:]) if kind in SPOKEN]
        assert (told[:4], told[-5:]) == (SPOKEN[:4], SPOKEN[-5:])


async def test_openai_cancels_nothing_and_goes_on():
    async with serving(stages=scripted()) as served, stock(served) as (session, mouth):
        await session.response.cancel()
        async for event in session:
            if event.type == "error":
                break
        assert event.error.code == "response_cancel_not_active"
        mouth.say("light on")
        done = (await until(session, "response.done"))[-1]
        assert done.response.status == "completed"


async def test_openai_sends_the_longest_utterance_in_one_event():
    longest = Pcm.silence(Millis(28_000), RATE).to_bytes()
    async with serving(stages=scripted()) as served, stock(served) as (session, _):
        undetected = {"input": {"turn_detection": None}}
        await session.session.update(session={"type": "realtime", "audio": undetected})
        audio = base64.b64encode(longest).decode()
        await session.input_audio_buffer.append(audio=audio)
        await session.input_audio_buffer.commit()
        await until(session, "input_audio_buffer.committed")


async def test_agents_call_a_function_and_are_interrupted_without_an_objection():
    pytest.importorskip("agents", reason="the package openai-agents")
    from agents import function_tool
    from agents.realtime import RealtimeAgent, RealtimeRunner

    called = []

    @function_tool
    def turn_on(name: str) -> str:
        """Switch a device on."""
        called.append(name)
        return "It shines."

    seen, objections = [], []
    answered, over, cut = asyncio.Event(), asyncio.Event(), asyncio.Event()

    async def watch(session):
        async for event in session:
            seen.append(event.type)
            if event.type == "audio":
                answered.set()
            if event.type == "audio_end":
                over.set()
            if event.type == "audio_interrupted":
                cut.set()
            kind = getattr(getattr(event, "data", None), "type", event.type)
            if kind in ("error", "exception"):
                objections.append(event)

    runner = RealtimeRunner(RealtimeAgent(name="home", tools=[turn_on]))
    async with serving(stages=scripted()) as served:
        address = f"ws://127.0.0.1:{served.port}/v1/realtime?model=any"
        session = await runner.run(model_config={"url": address, "api_key": KEY})
        async with session:
            watching = asyncio.create_task(watch(session))
            async with speaking(session.send_audio) as mouth:
                mouth.say("light on")
                await answered.wait()
                await over.wait()
                assert called == ["light.kitchen"]
                answered.clear()
                mouth.say("tell me a story")
                await answered.wait()
                await asyncio.sleep(0.5)
                mouth.say("what about it")
                await cut.wait()
                await asyncio.sleep(0.5)
            watching.cancel()
            await asyncio.wait([watching])
    assert not objections
    assert "tool_end" in seen


async def test_a_browser_says_its_key_in_a_subprotocol_and_never_gets_it_back(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text(f"{KEY}\n", encoding="utf-8")
    async with serving(api_keys=str(keys)) as served:
        address = f"ws://127.0.0.1:{served.port}/v1/realtime"
        offered = ["realtime", f"openai-insecure-api-key.{KEY}"]
        async with connect(address, subprotocols=offered) as browser:
            assert browser.subprotocol == "realtime"
            assert KEY not in str(browser.response.headers)
        bearer = {"Authorization": f"Bearer {KEY}"}
        async with connect(address, additional_headers=bearer) as program:
            assert program.subprotocol is None
        with pytest.raises(InvalidStatus, match="401"):
            await connect(address, subprotocols=["realtime"])
