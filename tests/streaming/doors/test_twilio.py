"""A telephone call: a client that does what Twilio's Media Streams do, word for word."""

import asyncio
import base64
import contextlib
import json
import time

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.config import TwilioConfig
from streaming.doors import twilio as door
from streaming.messages import Playback
from streaming.protocols.g711 import decode_ulaw, encode_ulaw
from streaming.protocols.twilio import signature
from tests.streaming.doors.device_stages import Listener, stages
from tests.streaming.wire import PATIENCE, get, serving, talking
from voice import languages as known
from voice.audio import Pcm
from voice.events import Millis

STREAM = "MZ18ad3ab5a668481ce02b83e7395059f0"

CONNECTED = '{"event":"connected","protocol":"Call","version":"1.0.0"}'

START = {
    "event": "start",
    "sequenceNumber": "1",
    "start": {
        "accountSid": "AC00000000000000000000000000000000",
        "streamSid": STREAM,
        "callSid": "CA00000000000000000000000000000000",
        "tracks": ["inbound"],
        "mediaFormat": {
            "encoding": "audio/x-mulaw",
            "sampleRate": 8000,
            "channels": 1,
        },
        "customParameters": {},
    },
    "streamSid": STREAM,
}

GREETING_MS = 50 * len(known.get("en").disclosure)
"""The synthesiser of the tests hums 50 ms for each letter."""


class Call:
    """Plays what comes as Twilio does, and gives marks back when they were heard."""

    def __init__(self, websocket):
        self.websocket = websocket
        self.events = []
        self.sound = bytearray()
        self.chunk = 0
        self._ends = 0.0
        self._pending = []
        self.unheard = []
        """Names of the marks that came back because all was cleared."""
        self._tasks = set()

    async def begin(self, **parameters):
        await self.websocket.send(CONNECTED)
        start = json.loads(json.dumps(START))
        start["start"]["customParameters"] = parameters
        await self.websocket.send(json.dumps(start))

    async def play(self, pcm):
        """The caller's side, in pieces of 20 ms, in real time."""
        for first in range(0, len(pcm), 160):
            self.chunk += 1
            media = {
                "track": "inbound",
                "chunk": str(self.chunk),
                "timestamp": str(20 * self.chunk),
                "payload": encoded(pcm.samples[first : first + 160]),
            }
            await self.tell("media", media=media)
            await asyncio.sleep(0.02)

    async def say(self, ms=700, *, then=1200):
        time_ = np.arange(8 * ms) / 8000
        tone = 0.3 * np.sin(2 * np.pi * 300 * time_)
        await self.play(Pcm.of_floats(tone, 8000))
        await self.quiet(then)

    async def quiet(self, ms):
        await self.play(Pcm.silence(Millis(ms), 8000))

    async def tell(self, event, **values):
        self.chunk += 1
        message = {"event": event, "sequenceNumber": str(self.chunk), **values}
        await self.websocket.send(json.dumps({**message, "streamSid": STREAM}))

    async def listen(self):
        with contextlib.suppress(ConnectionClosed):
            async for text in self.websocket:
                event = json.loads(text)
                assert event["streamSid"] == STREAM
                self.events.append(event)
                await self._obey(event)

    async def _obey(self, event):
        match event["event"]:
            case "media":
                data = base64.b64decode(event["media"]["payload"], validate=True)
                self.sound += data
                self._ends = max(self._ends, time.monotonic()) + len(data) / 8000
            case "mark":
                self._pending.append(event)
                self._later(self._give_back(event))
            case "clear":
                self._ends = 0.0
                self.unheard += [mark["mark"]["name"] for mark in self._pending]
                for mark in list(self._pending):
                    await self._return(mark)
            case strange:
                raise AssertionError(strange)

    def _later(self, work):
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _give_back(self, event):
        await asyncio.sleep(max(0.0, self._ends - time.monotonic()))
        await self._return(event)

    async def _return(self, event):
        if event in self._pending:
            self._pending.remove(event)
            await self.tell("mark", mark=event["mark"])

    def of(self, name):
        return [event for event in self.events if event["event"] == name]

    async def until(self, condition, patience=15):
        """The caller is silent until a condition holds."""
        async with asyncio.timeout(patience):
            while not condition():
                await self.quiet(20)


def encoded(samples):
    return base64.b64encode(encode_ulaw(samples)).decode()


@contextlib.asynccontextmanager
async def calling(served, **parameters):
    async with connect(address(served), compression=None) as websocket:
        call = Call(websocket)
        await call.begin(**parameters)
        listening = asyncio.create_task(call.listen())
        try:
            yield call
        finally:
            listening.cancel()
            await asyncio.gather(listening, *call._tasks, return_exceptions=True)


def address(served):
    return f"ws://127.0.0.1:{served.port}/v1/twilio"


def served_calls(recognizer=None, **settings):
    return serving(
        stages=stages(recognizer or Listener()), dialects=("twilio",), **settings
    )


async def test_a_call_is_greeted_heard_answered_and_ended():
    async with served_calls() as served, calling(served) as call:
        await call.until(lambda: len(call.sound) >= 8 * (GREETING_MS - 100))
        await call.until(lambda: not call._pending)
        greeting = decode_ulaw(bytes(call.sound))
        assert np.abs(greeting).max() > 5000
        assert abs(len(greeting) / 8 - GREETING_MS) <= 100
        await call.quiet(300)
        await call.say()
        answer = 50 * len("hello there")
        await call.until(lambda: len(call.sound) / 8 >= GREETING_MS + answer - 150)
        assert call.of("clear") == []
        names = [event["mark"]["name"] for event in call.of("mark")]
        assert len(names) == len(set(names)) >= 4
        await call.tell("stop", stop={"accountSid": "AC0", "callSid": "CA0"})
        await call.websocket.wait_closed()
        assert call.websocket.close_code == 1000


async def test_who_barges_in_is_listened_to_and_what_was_cleared_was_not_heard():
    recognizer = Listener("tell me a story about a boat that crossed the river")
    async with served_calls(recognizer) as served, calling(served) as call:
        (session,) = [d.session for d in served.server._doors]
        reports, receive = [], session.receive

        def note(message):
            if isinstance(message, Playback):
                reports.append(message)
            receive(message)

        session.receive = note
        await call.until(lambda: len(call.sound) > 8 * 800)
        heard = len(call.sound) / 8
        await call.say(1500, then=0)
        await call.until(lambda: call.of("clear"))
        cleared = call.events.index(call.of("clear")[0])
        before = [e for e in call.events[:cleared] if e["event"] == "mark"]
        assert before, "there was nothing to clear"
        assert len(call.sound) / 8 < heard + 700
        greeting = [report.position_ms for report in reports if report.turn == 1]
        assert greeting == sorted(greeting)
        assert max(greeting, default=0) < GREETING_MS - 200
        await call.until(lambda: session.floor.value == "agent")
        told = {f"{report.turn}:{report.position_ms}" for report in reports}
        unheard = {name.partition(":")[2] for name in call.unheard}
        assert unheard, "nothing was on its way when the caller began to speak"
        assert not unheard & told


async def test_the_call_says_its_languages():
    async with served_calls() as served, calling(served, languages="de") as call:
        await call.until(lambda: call.sound)
        (session,) = [d.session for d in served.server._doors]
        assert session.settings.languages == ("de",)


async def test_a_call_in_no_language_of_ours_is_ended_and_the_log_says_why(caplog):
    caplog.set_level("INFO")
    async with (
        served_calls() as served,
        connect(address(served), compression=None) as websocket,
    ):
        await Call(websocket).begin(languages="en,tlh")
        async with asyncio.timeout(PATIENCE):
            await websocket.wait_closed()
        assert websocket.close_code == 1008
    assert 'unknown_language: <Parameter name="languages">' in caplog.text


async def test_the_key_is_in_the_call(tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("a-key-of-sixteen-characters\n")
    async with served_calls(api_keys=str(keys)) as served:
        async with calling(served, key="a-key-of-sixteen-characters") as call:
            await call.until(lambda: call.sound)
        for parameters in ({}, {"key": "another-key-of-sixteen"}, {"key": "\ud83d"}):
            async with connect(address(served), compression=None) as websocket:
                await Call(websocket).begin(**parameters)
                async with asyncio.timeout(PATIENCE):
                    await websocket.wait_closed()
                assert websocket.close_code == 1008


def test_a_signature_is_what_twilio_documents():
    # The example of its security page; there the form that was posted is signed, too.
    posted = "CallSidCA1234567890ABCDECaller+14158675309Digits1234From+14158675309"
    url = "https://mycompany.com/myapp.php?foo=1&bar=2"
    signed = signature(f"{url}{posted}To+18005551212", "12345")
    assert signed == "RSOYDt4T1cUTdK1PDd93/VVr8B8="


async def test_where_there_is_a_token_only_twilio_is_let_in(tmp_path, caplog):
    caplog.set_level("INFO")
    url, token = "wss://voice.example/v1/twilio", "0123456789abcdef"
    (tmp_path / "token").write_text(f"{token}\n")
    signed = TwilioConfig(url=url, auth_token_file=str(tmp_path / "token"))
    async with served_calls(twilio=signed) as served:
        wrong = [
            {},
            {"X-Twilio-Signature": ""},
            {"X-Twilio-Signature": signature(url, "another token")},
            {"X-Twilio-Signature": signature("wss://evil.example/v1/twilio", token)},
        ]
        for headers in wrong:
            with pytest.raises(InvalidStatus) as refused:
                await connect(address(served), additional_headers=headers)
            assert refused.value.response.status_code == 403
            assert b"signature" in refused.value.response.body
        assert "refused: signature: twilio.url must be" in caplog.text
        assert token not in caplog.text
        for form in (url, f"{url}/"):
            headers = {"x-twilio-signature": signature(form, token)}
            async with connect(address(served), additional_headers=headers) as call:
                await call.send(CONNECTED)
                await call.send(json.dumps(START))
                async with asyncio.timeout(PATIENCE):
                    assert json.loads(await call.recv())["event"] == "media"
        async with talking(served):
            pass  # the other doors ask for no signature


async def test_keys_that_are_pressed_change_nothing():
    async with served_calls() as served, calling(served) as call:
        for digit in "0123456789*#ABCD" * 2:
            await call.tell("dtmf", dtmf={"track": "inbound_track", "digit": digit})
        await call.until(lambda: len(call.sound) >= 8 * (GREETING_MS - 100))
        await call.until(lambda: not call._pending)
        await call.quiet(300)
        await call.say()
        answer = 50 * len("hello there")
        await call.until(lambda: len(call.sound) / 8 >= GREETING_MS + answer - 150)


async def test_a_call_that_does_not_begin_is_ended(monkeypatch):
    monkeypatch.setattr(door, "START_WITHIN", 0.2)
    async with (
        served_calls() as served,
        connect(address(served), compression=None) as websocket,
    ):
        await websocket.send(CONNECTED)
        async with asyncio.timeout(PATIENCE):
            await websocket.wait_closed()
        assert websocket.close_code == 1008


@pytest.mark.parametrize(
    "text",
    [
        "no json",
        '{"event": "dance"}',
        '{"event": "media", "media": {}}',
        '{"event": "media", "media": {"payload": "!!!!"}}',
        '{"event": "media", "media": {"payload": "äöüß"}}',
        '{"event": "mark"}',
        '{"event": "start", "start": {"streamSid": "MZ2"}}',
        b"\x00\x01",
    ],
)
async def test_what_is_no_message_of_a_call_is_not_obeyed_and_ends_it_in_the_end(text):
    async with served_calls() as served, calling(served) as call:
        await call.until(lambda: call.sound)
        await call.websocket.send(text)
        await call.until(lambda: len(call.sound) > 8 * 400)
        for _ in range(20):
            await call.websocket.send(text)
        async with asyncio.timeout(PATIENCE):
            await call.websocket.wait_closed()
        assert call.websocket.close_code == 4400


async def test_marks_that_are_none_of_ours_change_nothing():
    async with served_calls() as served, calling(served) as call:
        for name in ("", "end of greeting", "0:1", "0:1:x", "9:1:5", "0:²:5"):
            await call.tell("mark", mark={"name": name})
        await call.until(lambda: len(call.sound) > 8 * 400)


async def test_the_door_is_shut_unless_it_is_asked_for():
    async with serving() as served:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(served))
        assert refused.value.response.status_code == 404
        assert (await get(served, "/v1/twilio"))[0] == 404
    async with served_calls(max_sessions=1) as served, calling(served) as call:
        await call.until(lambda: call.sound)
        assert (await get(served, "/v1/twilio"))[0] == 426
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(served))
        assert refused.value.response.status_code == 503
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(served), origin="https://evil.example")
        assert refused.value.response.status_code == 403
