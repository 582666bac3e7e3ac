"""The frames and words of Wyoming, against those of the stock package."""

import asyncio
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("wyoming", reason="the stock client of Home Assistant")

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart
from wyoming.error import Error
from wyoming.event import Event, async_read_event, async_write_event
from wyoming.handle import Handled, NotHandled
from wyoming.intent import Intent
from wyoming.tts import Synthesize, SynthesizeTextFormat, SynthesizeVoice

from streaming.protocols import wyoming
from streaming.protocols.wyoming_frames import (
    MAX_DATA,
    MAX_LINE,
    MAX_PAYLOAD,
    Decoder,
    WyomingEvent,
    encode,
)
from voice.audio import Pcm
from voice.errors import ClientError

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)

EVENTS = st.builds(
    WyomingEvent,
    st.text(max_size=20),
    st.dictionaries(st.text(max_size=8), JSON, max_size=4),
    st.binary(max_size=200),
)


class Wire:
    """Takes what the stock package writes."""

    def __init__(self):
        self.bytes = b""

    def write(self, data):
        self.bytes += data

    def writelines(self, lines):
        self.bytes += b"".join(lines)

    async def drain(self):
        pass


async def stock_bytes(event):
    wire = Wire()
    await async_write_event(event, wire)
    return wire.bytes


async def stock_reads(data):
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    return await async_read_event(reader)


def ours(event):
    """An event of the stock package as ours."""
    return wyoming.parse(
        WyomingEvent(event.type, event.data or {}, event.payload or b"")
    )


# --- Frames -------------------------------------------------------------------


@given(st.lists(EVENTS, max_size=4), st.integers(1, 50))
def test_what_is_written_is_read_however_it_arrives(events, step):
    data = b"".join(map(encode, events))
    decoder, read = Decoder(), []
    for start in range(0, len(data), step):
        read += decoder.feed(data[start : start + step])
    assert read == events


@settings(deadline=None)
@given(EVENTS)
def test_the_stock_package_reads_what_we_write(event):
    read = asyncio.run(stock_reads(encode(event)))
    assert read.type == event.type
    assert (read.data or {}) == dict(event.data)
    assert (read.payload or b"") == event.payload


@settings(deadline=None)
@given(EVENTS)
def test_we_read_what_the_stock_package_writes(event):
    data = asyncio.run(
        stock_bytes(Event(event.type, dict(event.data), event.payload or None))
    )
    assert list(Decoder().feed(data)) == [event]


def test_old_clients_put_the_data_into_the_line():
    line = b'{"type": "transcribe", "data": {"language": "de"}}\n'
    assert [wyoming.parse(e) for e in Decoder().feed(line)] == [
        wyoming.Transcribe("de")
    ]


def test_what_stands_behind_the_line_wins():
    body = json.dumps({"language": "de"}).encode()
    line = {
        "type": "transcribe",
        "data": {"language": "en", "name": "x"},
        "data_length": len(body),
    }
    (event,) = Decoder().feed(json.dumps(line).encode() + b"\n" + body)
    assert event.data == {"language": "de", "name": "x"}


def test_half_of_a_character_can_be_written_back():
    context = json.loads(r'{"id": "\ud800"}')
    assert b"\\ud800" in encode(wyoming.handled("x", context))


@pytest.mark.parametrize(
    "data",
    [
        b"x" * MAX_LINE,
        b"{}\n",
        b'"describe"\n',
        b"{\n",
        b"\xff\n",
        b"[" * 10_000 + b"\n",
        b'{"type": null}\n',
        b'{"type": "x", "data": 1}\n',
        b'{"type": "x", "data_length": 1.5}\n',
        b'{"type": "x", "data_length": -1}\n',
        b'{"type": "x", "data_length": %d}\n' % (MAX_DATA + 1),
        b'{"type": "x", "payload_length": %d}\n' % (MAX_PAYLOAD + 1),
        b'{"type": "x", "data_length": 2}\n[]',
        b'{"type": "x", "data_length": 2}\n{{',
    ],
)
def test_nonsense_is_refused(data):
    with pytest.raises(ClientError) as caught:
        list(Decoder().feed(data))
    assert caught.value.code == "invalid_event"


# --- Words --------------------------------------------------------------------


def test_the_stock_requests_are_understood():
    assert ours(Transcribe(language="de").event()) == wyoming.Transcribe("de")
    assert ours(AudioStart(rate=16_000, width=2, channels=1).event()) == (
        wyoming.AudioStart(16_000, 1)
    )
    voice = SynthesizeVoice(name="parley-de", speaker="x")
    assert ours(Synthesize(text="hallo", voice=voice).event()) == wyoming.Synthesize(
        "hallo", wyoming.Voice("parley-de")
    )
    assert ours(Transcript("hi", language="en", context={"a": 1}).event()) == (
        wyoming.Converse("hi", "en", {"a": 1})
    )


def test_of_marked_up_text_only_the_text_is_spoken():
    ssml = "<speak>Tom &amp; <break time='1s'/>Jerry</speak>"
    asked = ours(Synthesize(text=ssml, text_format=SynthesizeTextFormat.SSML).event())
    assert asked.text.split() == ["Tom", "&", "Jerry"]
    assert ours(Synthesize(text="2 < 3 > 1").event()).text == "2 < 3 > 1"


def test_several_channels_are_averaged():
    stereo = Pcm.of_bytes(b"\x10\x00\x20\x00" * 3, 8_000).to_bytes()
    chunk = ours(AudioChunk(rate=8_000, width=2, channels=2, audio=stereo).event())
    assert chunk.pcm.samples.tolist() == [0x18] * 3


@pytest.mark.parametrize(
    ("kind", "data", "payload", "code"),
    [
        ("audio-start", {}, b"", "unsupported_format"),
        ("audio-start", {"rate": 16_000, "width": 4, "channels": 1}, b"", "unsupported_format"),
        ("audio-start", {"rate": 1, "width": 2, "channels": 1}, b"", "unsupported_format"),
        ("audio-start", {"rate": 16_000, "width": 2, "channels": 9}, b"", "unsupported_format"),
        ("audio-chunk", {"rate": 16_000, "width": 2, "channels": 1}, b"x", "invalid_audio"),
        ("audio-chunk", {"rate": 16_000, "width": 2, "channels": 2}, b"xx", "invalid_audio"),
        ("transcribe", {"language": 7}, b"", "invalid_value"),
        ("transcript", {}, b"", "invalid_value"),
        ("transcript", {"text": "x", "context": []}, b"", "invalid_value"),
        ("transcript", {"text": "x", "context": {"a": "b" * 9000}}, b"", "invalid_value"),
        ("synthesize", {"text": "x" * 5000}, b"", "invalid_value"),
        ("synthesize", {"text": "x", "voice": "y"}, b"", "invalid_value"),
    ],
)  # fmt: skip
def test_requests_that_cannot_be_obeyed_are_refused(kind, data, payload, code):
    with pytest.raises(ClientError) as caught:
        wyoming.parse(WyomingEvent(kind, data, payload))
    assert caught.value.code == code


def test_the_stock_package_understands_the_answers():
    def read(event):
        return Event(event.type, dict(event.data), event.payload)

    context = {"conversation_id": "1"}
    assert Transcript.from_event(read(wyoming.transcript("a", "de"))).language == "de"
    assert Handled.from_event(read(wyoming.handled("a", context))).context == context
    assert NotHandled.from_event(read(wyoming.not_handled("a", None))).text == "a"
    chunk = AudioChunk.from_event(read(wyoming.audio_chunk(Pcm.silence(20, 22_050))))
    assert (chunk.rate, chunk.width, chunk.channels, len(chunk.audio)) == (
        22_050,
        2,
        1,
        882,
    )
    done = wyoming.intent("HassTurnOn", [("name", "x")], text="ok", context=context)
    intent = Intent.from_event(read(done))
    assert [(e.name, e.value) for e in intent.entities] == [("name", "x")]
    failed = Error.from_event(read(wyoming.failure("recognition_failed")))
    assert (failed.text, failed.code) == ("recognition failed", "recognition_failed")
