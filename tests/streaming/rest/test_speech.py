"""Words into speech, by the stock client of OpenAI."""

import asyncio
import io
import json

import numpy as np
import pytest
import soundfile

pytest.importorskip("openai", reason="the stock client of OpenAI")
pytest.importorskip("uvicorn", reason="the extra `rest`")
pytest.importorskip("av", reason="the extra `rest`")

import av
import openai

from streaming.inference import InlineStages
from tests.streaming.rest.audio_server import client, serving
from tests.streaming.script import Voices
from voice.testing import EchoResponder, SpellingRecognizer, ToneSynthesizer


async def said(stock, **options):
    async with stock.audio.speech.with_streaming_response.create(
        **{"model": "tts-1", "voice": "alloy", "input": "hello there"} | options
    ) as answer:
        return answer.headers["content-type"], await answer.read()


async def test_pcm_is_what_every_client_takes_it_for(stock):
    kind, data = await said(stock, response_format="pcm")
    assert kind == "audio/pcm"
    assert len(data) / 2 / 24_000 == pytest.approx(11 * 0.05, abs=0.02)


@pytest.mark.parametrize("form", ["mp3", "opus", "aac", "flac", "wav"])
async def test_every_form_of_speech_is_whole(stock, form):
    _, data = await said(stock, response_format=form)
    with av.open(io.BytesIO(data)) as container:
        frames = [(f.samples, f.sample_rate) for f in container.decode(audio=0)]
    seconds = sum(samples / rate for samples, rate in frames)
    assert seconds == pytest.approx(11 * 0.05, abs=0.08)


async def test_wav_is_read_by_those_who_read_the_length(stock):
    _, data = await said(stock, response_format="wav")
    samples, rate = soundfile.read(io.BytesIO(data), dtype="int16")
    assert rate == 24_000
    assert np.abs(samples).max() > 3000


async def test_the_default_is_mp3_as_with_openai(stock):
    kind, data = await said(stock)
    assert kind == "audio/mpeg"
    samples, _ = soundfile.read(io.BytesIO(data), dtype="int16")
    assert np.abs(samples).max() > 3000


class Reluctant(InlineStages):
    """Keeps the last piece until somebody has heard the beginning."""

    def __init__(self):
        super().__init__(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
        self.heard = asyncio.Event()

    async def speak(self, text, language, *, priority):
        pieces = [p async for p in super().speak(text, language, priority=priority)]
        for piece in pieces[:-1]:
            yield piece
        await self.heard.wait()
        yield pieces[-1]


@pytest.mark.parametrize("form", ["pcm", "mp3", "opus", "wav"])
async def test_the_first_sound_comes_before_the_last_is_spoken(form):
    stages = Reluctant()
    async with (
        serving(stages=stages) as server,
        client(server) as stock,
        stock.audio.speech.with_streaming_response.create(
            model="x", voice="x", input="word " * 10, response_format=form
        ) as answer,
    ):
        sounds = answer.iter_bytes()
        assert await anext(sounds)
        stages.heard.set()
        assert [part async for part in sounds]


async def test_speech_comes_as_events_too(stock):
    kind, data = await said(stock, response_format="pcm", stream_format="sse")
    assert kind.startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in data.decode().split("\n\n") if line]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"


@pytest.mark.parametrize(
    ("options", "language"),
    [
        ({"input": "Das Licht ist an"}, "de"),
        ({"input": "Das Licht ist an", "voice": "parley-fr"}, "fr"),
        ({"input": "Das Licht ist an", "voice": {"id": "pl"}}, "pl"),
        ({"input": "12", "extra_body": {"language": "it"}}, "it"),
        ({"input": "12"}, "en"),
    ],
)
async def test_the_voice_is_the_chosen_one_or_fits_the_text(options, language):
    voices = Voices()
    stages = InlineStages(SpellingRecognizer(), EchoResponder(), voices)
    async with serving(stages=stages) as server, client(server) as stock:
        await said(stock, response_format="pcm", **options)
    assert voices.spoken == [language]


@pytest.mark.parametrize(
    ("options", "param"),
    [
        ({"input": ""}, "input"),
        ({"input": "x" * 5000}, "input"),
        ({"response_format": "au"}, "response_format"),
        ({"speed": 2}, "speed"),
        ({"extra_body": {"language": "tlh"}}, "language"),
        ({"voice": 7}, "voice"),
    ],
)
async def test_speech_that_cannot_be_had_is_named(stock, options, param):
    with pytest.raises(openai.BadRequestError) as caught:
        await said(stock, **options)
    assert caught.value.param == param


async def test_a_voice_that_breaks_at_once_has_a_status():
    class Mute(ToneSynthesizer):
        def speak(self, text, language):
            return super().speak(text, "tlh")

    stages = InlineStages(SpellingRecognizer(), EchoResponder(), Mute())
    async with serving(stages=stages) as server, client(server) as stock:
        with pytest.raises(openai.InternalServerError) as caught:
            await said(stock)
    assert caught.value.code == "synthesis_failed"
