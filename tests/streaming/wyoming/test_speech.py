"""Home Assistant has texts spoken: a real server and the stock client."""

import asyncio
import logging

import pytest

pytest.importorskip("wyoming", reason="the stock client of Home Assistant")

from wyoming.audio import AudioChunk
from wyoming.error import Error
from wyoming.tts import Synthesize, SynthesizeChunk, SynthesizeStart, SynthesizeStop

from streaming.inference import InlineStages
from tests.streaming.script import Voices
from tests.streaming.wyoming.home_assistant import (
    PATIENCE,
    connected,
    serving,
    speech_to_text,
    stream_text,
    text_to_speech,
    until_stopped,
)
from voice.testing import (
    EchoResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)


async def test_a_text_is_spoken_once_at_the_rate_of_all_speech():
    async with serving() as (server, _):
        audio, rate = await text_to_speech(server, "hello there")
    assert rate == 22_050
    assert len(audio) / 2 / rate == pytest.approx(11 * 0.05, abs=0.03)


async def test_streamed_text_is_spoken_once_and_in_one_format():
    pieces = ["It is ten ", "o'clock. ", "The lamp in the kitchen ", "is off."]
    async with (
        serving(stages=voices_of_two_rates()) as (server, _),
        connected(server) as client,
    ):
        await stream_text(client, pieces)
        events = await until_stopped(client)
    kinds = [event.type for event in events]
    chunks = [AudioChunk.from_event(e) for e in events if e.type == "audio-chunk"]
    assert kinds[0] == "audio-start"
    assert kinds[-2:] == ["audio-stop", "synthesize-stopped"]
    assert kinds.count("audio-start") == kinds.count("audio-stop") == 1
    assert {(chunk.rate, chunk.width, chunk.channels) for chunk in chunks} == {
        (22_050, 2, 1)
    }
    seconds = sum(len(chunk.audio) for chunk in chunks) / 2 / 22_050
    assert seconds == pytest.approx(len("".join(pieces)) * 0.05, rel=0.1)


def voices_of_two_rates():
    return InlineStages(
        SpellingRecognizer(), EchoResponder(), ToneSynthesizer(rate=16_000)
    )


async def test_the_first_sentence_is_heard_before_the_last_one_is_written():
    async with serving() as (server, _), connected(server) as client:
        await client.write_event(SynthesizeStart().event())
        text = "The first sentence is long enough to be spoken. And"
        await client.write_event(SynthesizeChunk(text=text).event())
        event = await client.read_event()
        assert event.type == "audio-start"
        assert (await client.read_event()).type == "audio-chunk"
        await client.write_event(SynthesizeStop().event())
        await until_stopped(client)


async def test_a_stream_without_words_is_an_empty_sound():
    async with serving() as (server, _), connected(server) as client:
        await stream_text(client, [""])
        kinds = [event.type for event in await until_stopped(client)]
    assert kinds == ["audio-start", "audio-stop", "synthesize-stopped"]


@pytest.mark.parametrize(
    ("text", "voice", "language"),
    [
        ("Das Licht ist eingeschaltet", None, "de"),
        ("The light is on", None, "en"),
        ("La lumière est allumée", None, "fr"),
        ("Das Licht ist eingeschaltet", "parley-pl", "pl"),
        ("Das Licht ist eingeschaltet", "unknown voice", "de"),
    ],
)
async def test_the_voice_fits_the_text_or_is_the_one_that_was_chosen(
    text, voice, language
):
    voices = Voices()
    stages = InlineStages(SpellingRecognizer(), EchoResponder(), voices)
    async with serving(stages=stages) as (server, _):
        await text_to_speech(server, text, voice=voice)
    assert voices.spoken == [language]


async def test_a_text_that_tells_nothing_is_spoken_as_the_client_spoke():
    voices = Voices()
    stages = InlineStages(SpellingRecognizer(), EchoResponder(), voices)
    async with serving(stages=stages) as (server, _):
        await text_to_speech(server, "21:30")
        await speech_to_text(server, spoken("hallo", "de"), language="de")
        await text_to_speech(server, "21:30")
    assert voices.spoken == ["en", "de"]


async def test_a_voice_that_breaks_ends_its_sound_and_says_so():
    broken = InlineStages(
        SpellingRecognizer(), EchoResponder(), ToneSynthesizer(breaks_at=["hello"])
    )
    async with serving(stages=broken) as (server, _), connected(server) as client:
        await stream_text(client, ["hello"])
        kinds = [event.type for event in await until_stopped(client)]
        last = Error.from_event(await client.read_event())
    assert kinds[-2:] == ["audio-stop", "synthesize-stopped"]
    assert last.code == "synthesis_failed"


def test_a_client_that_is_gone_before_all_is_said_is_no_bug_of_the_server(caplog):
    uvloop = pytest.importorskip("uvloop", reason="the loop that the server runs on")

    async def leave_early():
        async with serving() as (server, _), connected(server) as client:
            await client.write_event(Synthesize(text="a very long text " * 200).event())
            while not AudioChunk.is_type((await client.read_event()).type):
                pass
            # Unread audio makes the kernel reset the connection.
            await client.disconnect()
            async with asyncio.timeout(PATIENCE):
                while server.connections:  # noqa: ASYNC110 - there is no event for it
                    await asyncio.sleep(0.01)

    with caplog.at_level(logging.DEBUG):
        uvloop.run(leave_early())
    assert "ends: ConnectionResetError" in caplog.text
    assert "a bug in" not in caplog.text
