"""A real server, and the stock client of OpenAI with only the address changed."""

import asyncio
import contextlib
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import httpx
import numpy as np
import pytest
import soundfile

pytest.importorskip("openai", reason="the stock client of OpenAI")
pytest.importorskip("uvicorn", reason="the extra `rest`")
pytest.importorskip("av", reason="the extra `rest`")

import av
import openai

from streaming.config import RestConfig
from streaming.household import Household
from streaming.inference import InlineStages
from streaming.keys import Keys
from streaming.rest.recordings import load_recordings
from streaming.rest.server import RestServer
from streaming.services import Services
from streaming.telemetry import Telemetry
from tests.streaming.rehearsal import HOME, SlowStages
from voice.audio import Pcm
from voice.detection import GatePolicy
from voice.errors import ConfigError
from voice.events import Millis
from voice.languages import LANGUAGES
from voice.testing import (
    EchoResponder,
    LoudnessActivity,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)
from voice.turns import TurnPolicy

RATE = 16_000

QUICK = RestConfig(listen="127.0.0.1:0", request_timeout_s=5, max_audio_s=60)

WITHIN = 0.05
"""Seconds; what encoders add at the ends."""


def one_of_these(stages=None):
    return stages or InlineStages(
        SpellingRecognizer(), EchoResponder(), ToneSynthesizer()
    )


class InlineRecordings:
    """The stage of the worker on the spot. Implements `Recordings`."""

    def __init__(self):
        self._run = load_recordings(
            lambda: LoudnessActivity, GatePolicy(), TurnPolicy()
        )

    async def stream(self, *arguments, priority, deadline):
        for item in self._run(*arguments):
            yield item


@contextlib.asynccontextmanager
async def serving(*, stages=None, keys=(), origins=(), **settings):
    """A server on a free port; `settings` are those of `RestConfig`."""
    household = Household(HOME, lambda: datetime.now(UTC))
    services = Services(
        stages=one_of_these(stages),
        household=household,
        languages=("en", "de"),
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
    )
    server = RestServer(
        replace(QUICK, **settings),
        services,
        InlineRecordings(),
        keys=Keys(keys),
        origins=origins,
        drain_timeout_s=1,
    )
    async with server:
        yield server


@contextlib.asynccontextmanager
async def client(server, *, key="none needed"):
    async with openai.AsyncOpenAI(
        api_key=key, base_url=server.url, max_retries=0, timeout=5
    ) as stock:
        yield stock


def recording(*sentences, language="en", pause=1000, form="WAV", subtype=None):
    """Somebody says the sentences, with pauses around them."""
    silence = Pcm.silence(Millis(pause), RATE)
    parts = [silence]
    for sentence in sentences:
        parts += [spoken(sentence, language), silence]
    buffer = io.BytesIO()
    samples = Pcm.joined(parts, RATE).samples
    soundfile.write(buffer, samples, RATE, format=form, subtype=subtype)
    return f"a.{form.lower()}", buffer.getvalue()


@pytest.fixture
async def stock():
    async with serving() as server, client(server) as stock:
        yield stock


# --- Transcriptions -----------------------------------------------------------


async def test_a_recording_is_put_into_words(stock):
    heard = await stock.audio.transcriptions.create(
        file=recording("good day"), model="whisper-1"
    )
    assert heard.text == "good day"
    assert heard.usage.type == "duration"
    assert heard.usage.seconds == 3
    assert [language.code for language in heard.languages] == ["en"]


@pytest.mark.parametrize(
    ("form", "subtype"), [("FLAC", None), ("WAV", "PCM_24"), ("AIFF", None)]
)
async def test_recordings_come_in_many_forms(stock, form, subtype):
    file = recording("good day", form=form, subtype=subtype)
    heard = await stock.audio.transcriptions.create(file=file, model="x")
    assert heard.text == "good day"


async def test_a_browser_records_webm():
    async with serving() as server, client(server) as stock:
        # Opus is no channel for levels that spell; that it is read, and how long it
        # is, is what counts.
        file = ("recording.webm", as_webm(Pcm.silence(Millis(1500), 48_000)))
        heard = await stock.audio.transcriptions.create(
            file=file, model="x", response_format="verbose_json"
        )
    assert heard.text == ""
    assert heard.duration == pytest.approx(1.5, abs=WITHIN)


def as_webm(pcm):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="webm") as container:
        stream = container.add_stream("libopus", rate=pcm.rate, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            pcm.samples.reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = pcm.rate
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return buffer.getvalue()


async def test_text_is_only_the_text(stock):
    heard = await stock.audio.transcriptions.create(
        file=recording("good day", "again"), model="x", response_format="text"
    )
    assert heard == "good day again\n"


async def test_verbose_json_tells_when_each_segment_and_word_was_said(stock):
    heard = await stock.audio.transcriptions.create(
        file=recording("good day", "again"),
        model="whisper-1",
        response_format="verbose_json",
        timestamp_granularities=["word", "segment"],
    )
    assert (heard.text, heard.language) == ("good day again", "english")
    first, second = heard.segments
    # A second of silence, the language, and 40 ms for each letter.
    assert first.start == pytest.approx(1.0, abs=WITHIN)
    assert first.end == pytest.approx(1.36, abs=WITHIN)
    assert second.start == pytest.approx(2.36, abs=WITHIN)
    assert [word.word for word in heard.words] == ["good", "day", "again"]
    assert heard.words[0].start == first.start
    assert heard.words[1].end == first.end
    assert heard.words[2].start == second.start
    times = [t for word in heard.words for t in (word.start, word.end)]
    assert times == sorted(times)


async def test_without_words_there_are_segments_only(stock):
    heard = await stock.audio.transcriptions.create(
        file=recording("good day"), model="x", response_format="verbose_json"
    )
    assert heard.words is None
    assert len(heard.segments) == 1


async def test_subtitles_are_numbered_and_timed(stock):
    srt = await stock.audio.transcriptions.create(
        file=recording("good day", "again"), model="x", response_format="srt"
    )
    first, second = srt.strip().split("\n\n")
    number, times, text = first.split("\n")
    assert (number, text) == ("1", "good day")
    begin, end = times.split(" --> ")
    assert begin.startswith("00:00:01,0")
    assert end.startswith("00:00:01,3")
    assert second.startswith("2\n00:00:02,3")


async def test_web_subtitles_have_their_head(stock):
    vtt = await stock.audio.transcriptions.create(
        file=recording("good day"), model="x", response_format="vtt"
    )
    assert vtt.startswith("WEBVTT\n\n00:00:01.0")
    assert vtt.endswith("\ngood day\n\n")


async def test_each_utterance_is_streamed_as_it_is_written(stock):
    events = await stock.audio.transcriptions.create(
        file=recording("good day", "again"), model="gpt-4o-mini-transcribe", stream=True
    )
    told = [(event.type, getattr(event, "delta", None)) async for event in events]
    assert told == [
        ("transcript.text.delta", "good day"),
        ("transcript.text.delta", " again"),
        ("transcript.text.done", None),
    ]


async def test_the_first_utterance_does_not_wait_for_the_last():
    slow = SlowStages(one_of_these(), recognize=0.3, respond=0, synthesize=0)
    async with serving(stages=slow) as server, client(server) as stock:
        loop = asyncio.get_running_loop()
        events = await stock.audio.transcriptions.create(
            file=recording("one", "two", "three"), model="x", stream=True
        )
        times = [loop.time() async for _ in events]
    assert times[2] - times[0] > 0.5


async def test_the_language_is_one_that_was_asked_for(stock):
    heard = await stock.audio.transcriptions.create(
        file=recording("guten tag", language="de"),
        model="x",
        language="de-DE",
        response_format="verbose_json",
    )
    assert heard.language == "german"


async def test_silence_is_no_text(stock):
    heard = await stock.audio.transcriptions.create(file=recording(), model="x")
    assert heard.text == ""


@pytest.mark.parametrize(
    ("options", "param", "code"),
    [
        ({"language": "tlh"}, "language", "unknown_language"),
        ({"response_format": "diarized_json"}, "response_format", "invalid_value"),
        (
            {"timestamp_granularities": ["phone"]},
            "timestamp_granularities[]",
            "invalid_value",
        ),
    ],
)
async def test_what_cannot_be_had_is_named(stock, options, param, code):
    with pytest.raises(openai.BadRequestError) as caught:
        await stock.audio.transcriptions.create(
            file=recording("x"), model="x", **options
        )
    assert (caught.value.param, caught.value.code) == (param, code)
    assert caught.value.type == "invalid_request_error"


@pytest.mark.parametrize(
    "data",
    [
        b"no recording",
        b"RIFF____WAVE",
        b"",
        b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nhttp://127.0.0.1/a.wav\n",
        b"ffconcat version 1.0\nfile 'audio_fixtures/en/sentence.flac'\n",
    ],
)
async def test_what_is_no_recording_is_refused(stock, data):
    with pytest.raises(openai.BadRequestError, match=r"recording|empty") as caught:
        await stock.audio.transcriptions.create(file=("a.wav", data), model="x")
    assert caught.value.code == "unreadable_audio"


async def test_a_file_that_is_too_large_is_refused_before_it_is_read():
    async with serving(max_upload_mb=1) as server, client(server) as stock:
        with pytest.raises(openai.APIStatusError) as caught:
            await stock.audio.transcriptions.create(
                file=("a.wav", bytes(1_200_000)), model="x"
            )
    assert (caught.value.status_code, caught.value.code) == (413, "upload_too_large")


async def test_a_body_without_a_length_is_bounded_too():
    async with serving(max_upload_mb=1) as server, httpx.AsyncClient() as http:

        async def endless():
            yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
            while True:
                yield bytes(100_000)

        try:
            answer = await http.post(
                f"{server.url}/audio/transcriptions",
                content=endless(),
                headers={"Content-Type": "multipart/form-data; boundary=x"},
            )
        except httpx.HTTPError:
            return  # the answer was there, and the writer did not look
    assert answer.status_code == 413


async def test_no_upload_lies_on_a_disk(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a temporary file was made")

    async with serving() as server, client(server) as stock:
        monkeypatch.setattr("tempfile.TemporaryFile", refuse)
        monkeypatch.setattr("tempfile._mkstemp_inner", refuse)
        name, data = recording("good day", pause=40_000 // 2)
        assert len(data) > 1_100_000, "more than the library keeps in memory"
        heard = await stock.audio.transcriptions.create(file=(name, data), model="x")
    assert heard.text == "good day"


async def test_a_recording_that_is_too_long_is_refused():
    async with serving(max_audio_s=1) as server, client(server) as stock:
        with pytest.raises(openai.APIStatusError, match="longer than 1 s") as caught:
            await stock.audio.transcriptions.create(file=recording("x"), model="x")
    assert (caught.value.status_code, caught.value.code) == (413, "audio_too_long")


async def test_a_recogniser_that_breaks_is_an_error_that_may_be_tried_again():
    broken = InlineStages(
        SpellingRecognizer(breaks_at=["good"]), EchoResponder(), ToneSynthesizer()
    )
    async with serving(stages=broken) as server, client(server) as stock:
        with pytest.raises(openai.InternalServerError) as caught:
            await stock.audio.transcriptions.create(
                file=recording("good day"), model="x"
            )
        assert caught.value.status_code == 503
        assert caught.value.code == "recognition_failed"
        assert "retry-after" in caught.value.response.headers
        events = await stock.audio.transcriptions.create(
            file=recording("good day"), model="x", stream=True
        )
        with pytest.raises(openai.APIError):
            [event async for event in events]


# --- Speech -------------------------------------------------------------------


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


@pytest.mark.parametrize("form", ["pcm", "mp3", "opus", "wav"])
async def test_the_first_sound_comes_before_the_last_is_spoken(form):
    slow = SlowStages(one_of_these(), recognize=0, respond=0, synthesize=0.1)
    async with serving(stages=slow) as server, client(server) as stock:
        loop = asyncio.get_running_loop()
        async with stock.audio.speech.with_streaming_response.create(
            model="x", voice="x", input="word " * 10, response_format=form
        ) as answer:
            times = [loop.time() async for _ in answer.iter_bytes()]
    assert times[-1] - times[0] > 0.4


async def test_speech_comes_as_events_too(stock):
    kind, data = await said(stock, response_format="pcm", stream_format="sse")
    assert kind.startswith("text/event-stream")
    events = [json.loads(line[6:]) for line in data.decode().split("\n\n") if line]
    assert {event["type"] for event in events[:-1]} == {"speech.audio.delta"}
    assert events[-1]["type"] == "speech.audio.done"


class Voices:
    """Notes in which language each text was spoken."""

    def __init__(self):
        self.spoken = []
        self._tone = ToneSynthesizer()
        self.languages = self._tone.languages

    def speak(self, text, language):
        self.spoken.append(language)
        return self._tone.speak(text, language)


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


# --- Models, keys and manners -------------------------------------------------


async def test_models_are_listed(stock):
    models = [model async for model in stock.models.list()]
    assert {model.owned_by for model in models} == {"parley"}
    assert (await stock.models.retrieve(models[0].id)).id == models[0].id
    with pytest.raises(openai.NotFoundError) as caught:
        await stock.models.retrieve("gpt-9")
    assert caught.value.code == "model_not_found"


async def test_open_webui_finds_voices_and_models_without_a_key():
    async with serving(keys=["the-right-key"]) as server, httpx.AsyncClient() as http:
        voices = (await http.get(f"{server.url}/audio/voices")).json()["voices"]
        models = (await http.get(f"{server.url}/audio/models")).json()["models"]
        assert (await http.get(f"{server.url}/models")).status_code == 401
    assert {voice["id"] for voice in voices} == {f"parley-{tag}" for tag in LANGUAGES}
    assert all(voice["name"] for voice in voices)
    assert all(model["id"] for model in models)


async def test_a_key_opens_and_none_or_another_does_not():
    async with serving(keys=["the-right-key", "another-right-key"]) as server:
        for key in ("the-right-key", "another-right-key"):
            async with client(server, key=key) as stock:
                assert [model async for model in stock.models.list()]
        async with client(server, key="the-wrong-key") as stock:
            with pytest.raises(openai.AuthenticationError) as caught:
                await stock.models.list()
        assert caught.value.code == "invalid_api_key"
        assert "the-wrong-key" not in str(caught.value)


async def test_more_requests_than_there_is_room_for_are_told_to_come_back():
    slow = SlowStages(one_of_these(), recognize=0.5, respond=0, synthesize=0)
    async with serving(stages=slow, max_requests=1) as server, client(server) as stock:
        first = asyncio.create_task(
            stock.audio.transcriptions.create(file=recording("one"), model="x")
        )
        await asyncio.sleep(0.2)
        with pytest.raises(openai.RateLimitError) as caught:
            await stock.models.list()
        assert caught.value.response.headers["retry-after"]
        assert (await first).text == "one"


async def test_a_page_that_is_not_listed_may_not_ask():
    async with (
        serving(origins=("https://home.example",)) as server,
        httpx.AsyncClient() as http,
    ):
        for origin, status in (
            ("https://evil.example", 403),
            ("null", 403),
            ("https://home.example", 200),
        ):
            answer = await http.get(f"{server.url}/models", headers={"Origin": origin})
            assert answer.status_code == status
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (origin if status == 200 else None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/audio/speech", 405)],
)
async def test_what_there_is_not_has_the_shape_of_an_error(method, path, status):
    async with serving() as server, httpx.AsyncClient() as http:
        answer = await http.request(method, server.url + path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 60_000, b"x" * 200_000])
async def test_a_body_that_is_nonsense_has_the_shape_of_an_error(body):
    async with serving() as server, httpx.AsyncClient() as http:
        answer = await http.post(f"{server.url}/audio/speech", content=body)
        form = await http.post(f"{server.url}/audio/transcriptions", content=body)
    assert answer.status_code in (400, 413)
    assert form.status_code == 400
    for response in (answer, form):
        assert response.json()["error"]["type"] == "invalid_request_error"


async def test_a_taken_address_is_told_with_the_key():
    async with serving() as server:
        with pytest.raises(ConfigError, match=r"rest\.listen: cannot listen on"):
            async with serving(listen=str(server.address)):
                pass
