"""A client of `/v1/realtime` on a door without a socket, in virtual time.

Every event is held to the models of the stock client, as strictly as pydantic can.
"""

import asyncio
import base64
import contextlib
import json
import re
from dataclasses import dataclass, field
from typing import get_args

from openai.types.realtime import RealtimeServerEvent

from streaming.doors.realtime import RealtimeDoor
from streaming.inference import InlineStages
from streaming.protocols.realtime.formats import DEFAULT_FORMAT
from streaming.services import Services
from streaming.telemetry import Telemetry
from tests.streaming.rehearsal import GATE, HOME, TURNS, NotingHousehold
from tests.streaming.script import SCRIPT
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis
from voice.testing import (
    LoudnessActivity,
    SpellingRecognizer,
    ToneSynthesizer,
    murmur,
    spoken,
)

MODELS = {
    literal: model
    for model in get_args(get_args(RealtimeServerEvent)[0])
    for literal in get_args(model.model_fields["type"].annotation)
}
"""By the type of the event."""

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

TICK = Millis(40)

LIGHT_TOOL = {
    "type": "function",
    "name": "turn_on",
    "description": "Switch something on.",
    "parameters": {
        "type": "object",
        "properties": {"name": {"type": "string"}},
        "required": ["name"],
    },
}
"""What the script's "light on" calls."""


@dataclass
class Wire:
    """Stands for a `Connection`: what it takes is an event of the API."""

    events: list[dict] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    def put(self, frame):
        event = json.loads(frame)
        # Rates other than 24,000 are our extension.
        checked = json.loads(re.sub(r'"rate": \d+', '"rate": 24000', frame))
        if checked.get("previous_item_id", "") is None:
            # The stock strict client does the same before it validates.
            checked["previous_item_id"] = ""
        MODELS[event["type"]].model_validate(checked)
        self.events.append(event)

    def fail(self, error):
        self.faults.append(error)


class Call:
    """Speaks, sends events, and looks for what came back."""

    def __init__(self, door: RealtimeDoor, wire: Wire, services: Services) -> None:
        self.door = door
        self.wire = wire
        self.services = services
        self.format = DEFAULT_FORMAT

    # --- What the client does -------------------------------------------------

    async def send(self, type_, **fields):
        """An event; if the server closes a circle by an error, that is an event too."""
        frame = json.dumps({"type": type_, **fields})
        try:
            await self.door.take(frame)
        except ClientError as error:
            self.door.refuse(error, str(error))

    async def update(self, **session):
        await self.send("session.update", session={"type": "realtime", **session})

    async def listen_for(self, **turn_detection):
        """Change the turn detection; without a value, there is none."""
        detection = turn_detection or None
        await self.update(audio={"input": {"turn_detection": detection}})

    async def play(self, pcm):
        step = TICK * pcm.rate // 1000
        for start in range(0, len(pcm), step):
            part = Pcm(pcm.samples[start : start + step], pcm.rate)
            audio = self.format.encode(part)
            await self.send("input_audio_buffer.append", audio=audio)
            await asyncio.sleep(TICK / 1000)

    async def say(self, text, language="en"):
        await self.play(spoken(text, language, rate=self.format.rate))

    async def murmur(self, duration):
        await self.play(murmur(Millis(duration), rate=self.format.rate))

    async def pause(self, duration):
        await self.play(Pcm.silence(Millis(duration), self.format.rate))

    async def until(self, type_, *, patience=20_000):
        """Listen until the next event of that type; which it is."""
        before = len(self.of(type_))
        for _ in range(patience // TICK):
            await self.pause(TICK)
            if len(found := self.of(type_)) > before:
                return found[-1]
        raise AssertionError(f"no {type_} within {patience} ms: {self.story()}")

    async def wait(self, ms):
        """Time passes, and no audio comes."""
        await asyncio.sleep(ms / 1000)

    async def type(self, text):
        part = {"type": "input_text", "text": text}
        item = {"type": "message", "role": "user", "content": [part]}
        await self.send("conversation.item.create", item=item)

    # --- What came back -------------------------------------------------------

    def of(self, type_):
        return [event for event in self.wire.events if event["type"] == type_]

    def the(self, type_):
        (event,) = self.of(type_)
        return event

    def story(self):
        """The types in order; what repeats stands once."""
        types = [event["type"] for event in self.wire.events]
        return [
            t for t, before in zip(types, [None, *types], strict=False) if t != before
        ]

    def errors(self):
        return [event["error"]["code"] for event in self.of("error")]

    def audio(self, response=None):
        """The reply, in the format of the session."""
        return b"".join(
            base64.b64decode(event["delta"])
            for event in self.of("response.output_audio.delta")
            if response in (None, event["response_id"])
        )

    def forget(self):
        """Look only at what comes from now on."""
        self.wire.events.clear()


@contextlib.asynccontextmanager
async def calling(
    *,
    responder=SCRIPT,
    recognizer=None,
    synthesizer=None,
    slowed=lambda stages: stages,
    kind="realtime",
    turns=TURNS,
    assistant=None,
):
    """A greeted client; afterwards it has no bug, no task and no open response left."""
    others = asyncio.all_tasks()
    stages = InlineStages(
        recognizer or SpellingRecognizer(), responder, synthesizer or ToneSynthesizer()
    )
    services = Services(
        stages=slowed(stages),
        household=NotingHousehold(HOME),
        languages=("en", "de"),
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
        turns=turns,
        gate=GATE,
        assistant=assistant,
    )
    wire = Wire()
    whole = []
    async with RealtimeDoor(wire, services, name="call", kind=kind) as door:
        door.greet()
        call = Call(door, wire, services)
        keep = wire.put
        wire.put = lambda frame: (keep(frame), whole.append(wire.events[-1]))
        yield call
    assert wire.faults == []
    assert asyncio.all_tasks() == others, "the session left tasks behind"
    assert_lawful(whole)


def assert_lawful(events):
    """What holds of every conversation, whatever happens in it."""
    ids = [event["event_id"] for event in events]
    assert len(set(ids)) == len(ids)
    opened = [e["response"]["id"] for e in events if e["type"] == "response.created"]
    done = [e["response"]["id"] for e in events if e["type"] == "response.done"]
    assert len(set(done)) == len(done), "a response was done twice"
    assert set(done) <= set(opened), "a response was done that never began"
    assert opened == sorted(opened, key=opened.index), opened
    running = 0
    for event in events:
        running += (event["type"] == "response.created") - (
            event["type"] == "response.done"
        )
        assert running in (0, 1), "two responses at once"
    texts, finals = {}, {}
    for event in events:
        if event["type"] == "response.output_audio_transcript.delta":
            texts[event["item_id"]] = texts.get(event["item_id"], "") + event["delta"]
        if event["type"] == "response.output_audio_transcript.done":
            assert event["item_id"] not in finals, "the words were final twice"
            finals[event["item_id"]] = event["transcript"]
    for item, text in finals.items():
        assert texts[item] == text
