"""A small device: a client that says what the firmware xiaozhi-esp32 says."""

import asyncio
import contextlib
import json
import struct

import numpy as np
import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from streaming.household import Announcement
from streaming.protocols.opus import OpusDecoder, OpusEncoder, packet_us
from streaming.protocols.xiaozhi import pack, unpack
from tests.streaming.doors.device_stages import Listener, stages
from tests.streaming.wire import PATIENCE, serving
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis


class Device:
    """Records and plays packets of 60 ms."""

    def __init__(self, websocket, version):
        self.websocket = websocket
        self.version = version
        self.session = None
        self.heard = []
        self._encoder = OpusEncoder(16_000, Millis(60))

    async def hello(self):
        audio = {
            "format": "opus",
            "sample_rate": 16000,
            "channels": 1,
            "frame_duration": 60,
        }
        await self.tell(
            "hello",
            version=self.version,
            features={"mcp": True},
            transport="websocket",
            audio_params=audio,
        )
        answer = await self.next()
        assert answer["type"] == "hello"
        assert answer["transport"] == "websocket"
        assert answer["audio_params"]["sample_rate"] == 24_000
        assert answer["audio_params"]["frame_duration"] == 60
        self.session = answer["session_id"]

    async def tell(self, type_, **values):
        session = {} if self.session is None else {"session_id": self.session}
        await self.websocket.send(json.dumps({**session, "type": type_, **values}))

    async def next(self):
        """The next message; binary frames before it are kept."""
        async with asyncio.timeout(PATIENCE):
            while isinstance(frame := await self.websocket.recv(), bytes):
                self.heard.append(frame)
        return json.loads(frame)

    async def until(self, type_, **values):
        while True:
            message = await self.next()
            assert message.get("session_id") == self.session
            if message["type"] == type_ and values.items() <= message.items():
                return message

    async def record(self, *parts):
        """A tone and silence: (milliseconds, loud), faster than life."""
        for duration, loud in parts:
            time = np.arange(duration * 16) / 16_000
            tone = 0.3 * loud * np.sin(2 * np.pi * 300 * time)
            for packet in self._encoder.feed(Pcm.of_floats(tone, 16_000)):
                await self.websocket.send(pack(packet, self.version, at=0))


@contextlib.asynccontextmanager
async def device(served, version=1, **options):
    async with connect(address(served), compression=None, **options) as websocket:
        device = Device(websocket, version)
        await device.hello()
        yield device


def address(served):
    return f"ws://127.0.0.1:{served.port}/v1/xiaozhi"


def served_devices(recognizer=None, **settings):
    return serving(
        stages=stages(recognizer or Listener()), dialects=("xiaozhi",), **settings
    )


SPEECH = ((240, 0), (720, 1), (1500, 0))


@pytest.mark.parametrize("version", [1, 2, 3])
async def test_a_turn_in_the_order_that_the_firmware_expects(version):
    async with served_devices() as served, device(served, version) as speaker:
        await speaker.tell("listen", state="detect", text="你好小智")
        await speaker.tell("listen", state="start", mode="auto")
        await speaker.record(*SPEECH)
        assert (await speaker.next())["type"] == "stt"
        assert speaker.heard == []
        started = await speaker.next()
        assert (started["type"], started["state"]) == ("tts", "start")
        sentence = await speaker.next()
        assert sentence["state"] == "sentence_start"
        assert sentence["text"] == "hello there"
        stopped = await speaker.next()
        assert (stopped["type"], stopped["state"]) == ("tts", "stop")
        packets = [unpack(frame, version) for frame in speaker.heard]
        assert {packet_us(packet) for packet in packets} == {60_000}
        decoder = OpusDecoder(48_000)
        heard = Pcm.joined([decoder.feed(packet) for packet in packets], 48_000)
        said = 50 * len("hello there")
        assert said <= heard.duration <= said + 140
        assert np.abs(heard.samples).max() > 5000


async def test_turn_follows_turn_though_the_device_sends_nothing_while_it_plays():
    async with served_devices() as served, device(served) as speaker:
        for _ in range(2):
            await speaker.tell("listen", state="start", mode="auto")
            await speaker.record(*SPEECH)
            await speaker.until("tts", state="stop")


async def test_an_abort_stops_the_reply():
    recognizer = Listener("a long story about a boat that crosses the river at night")
    async with served_devices(recognizer) as served, device(served) as speaker:
        await speaker.tell("listen", state="start", mode="auto")
        await speaker.record(*SPEECH)
        await speaker.until("tts", state="start")
        await speaker.tell("abort", reason="wake_word_detected")
        await speaker.until("tts", state="stop")
        assert len(speaker.heard) * 60 < 1500


async def test_while_a_button_is_held_no_pause_ends_the_utterance():
    recognizer = Listener()
    async with served_devices(recognizer) as served, device(served) as speaker:
        await speaker.tell("listen", state="start", mode="manual")
        await speaker.record((240, 0), (600, 1), (2400, 0), (600, 1), (300, 0))
        await speaker.tell("listen", state="stop")
        await speaker.until("stt")
        await speaker.until("tts", state="stop")
        assert recognizer.clips[-1].duration > 3500


async def test_a_realtime_device_may_barge_in():
    recognizer = Listener("a long story about a boat that crosses the river at night")
    async with served_devices(recognizer) as served, device(served) as speaker:
        await speaker.tell("listen", state="start", mode="realtime")
        await speaker.record(*SPEECH)
        await speaker.until("tts", state="start")
        await speaker.record((1500, 1), (1200, 0))
        await speaker.until("tts", state="stop")
        await speaker.until("tts", state="start")


async def test_what_the_device_does_wrong_is_shown_on_its_display():
    async with served_devices() as served:
        async with connect(address(served), compression=None) as websocket:
            await websocket.send(b"\x00\x01\x02")
            alert = json.loads(await websocket.recv())
            assert (alert["type"], alert["status"]) == ("alert", "invalid_audio")
            await websocket.send('{"type": "hello", "audio_params": {"format": "mp3"}}')
            assert json.loads(await websocket.recv())["status"] == "invalid_value"
        async with device(served, 2) as speaker:
            await speaker.websocket.send(b"OggS")
            assert (await speaker.until("alert"))["status"] == "invalid_audio"
            await speaker.tell("mcp", payload={"jsonrpc": "2.0"})
            await speaker.tell("dance")
            assert (await speaker.until("alert"))["status"] == "unknown_event"


@pytest.mark.parametrize("version", [1, 2, 3])
def test_frames_are_packed_and_unpacked(version):
    assert unpack(pack(b"packet", version, at=120), version) == b"packet"


def test_the_headers_are_those_of_the_firmware():
    assert pack(b"ab", 2, at=60) == struct.pack(">HHIII", 2, 0, 0, 60, 2) + b"ab"
    assert pack(b"ab", 3, at=60) == struct.pack(">BBH", 0, 0, 2) + b"ab"
    assert pack(b"ab", 1, at=60) == b"ab"


@pytest.mark.parametrize(
    ("frame", "version"),
    [(b"ab", 2), (b"", 3), (b"\x01\x00\x00\x00", 3), (b"\x00\x00\x00\x09ab", 3)],
)
def test_a_wrong_header_is_refused(frame, version):
    with pytest.raises(ClientError):
        unpack(frame, version)


async def test_the_door_is_shut_unless_it_is_asked_for_and_takes_the_keys(tmp_path):
    async with serving() as served:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(served))
        assert refused.value.response.status_code == 404
    keys = tmp_path / "keys"
    keys.write_text("a-key-of-sixteen-characters\n")
    async with served_devices(api_keys=str(keys)) as served:
        with pytest.raises(InvalidStatus) as refused:
            await connect(address(served))
        assert refused.value.response.status_code == 401
        headers = {
            "Authorization": "Bearer a-key-of-sixteen-characters",
            "Protocol-Version": "1",
            "Device-Id": "aa:bb:cc:dd:ee:ff",
            "Client-Id": "7b94d69a-9808-4c59-9c9b-704333b38aff",
        }
        async with device(served, additional_headers=headers):
            pass


async def test_nothing_is_said_to_who_has_not_said_hello():
    async with (
        serving(stages=stages(Listener()), dialects=("xiaozhi",)) as served,
        connect(address(served), compression=None) as websocket,
    ):
        (door,) = served.server._doors
        door.session.announce(Announcement("The timer has ended.", "en"))
        assert door.session.floor.value == "pending"
        async with asyncio.timeout(PATIENCE):
            # The floor is no event to wait for.
            while door.session.floor.value != "open":  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        await websocket.send(json.dumps({"type": "hello", "version": 1}))
        async with asyncio.timeout(PATIENCE):
            assert json.loads(await websocket.recv())["type"] == "hello"
