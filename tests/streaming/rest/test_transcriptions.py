"""Recordings into words, by the stock client of OpenAI."""

import asyncio
import io

import httpx
import pytest

pytest.importorskip("openai", reason="the stock client of OpenAI")
pytest.importorskip("uvicorn", reason="the extra `rest`")
pytest.importorskip("av", reason="the extra `rest`")

import av
import openai

from streaming.inference import InlineStages
from tests.streaming.rest.audio_server import (
    WITHIN,
    client,
    recording,
    serving,
)
from voice.audio import Pcm
from voice.events import Millis
from voice.testing import EchoResponder, SpellingRecognizer, ToneSynthesizer


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
    read = asyncio.Event()

    class Patient(InlineStages):
        async def transcribe(self, pcm, candidates, *, priority):
            heard = await super().transcribe(pcm, candidates, priority=priority)
            if heard.text == "three":
                await read.wait()
            return heard

    stages = Patient(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
    async with serving(stages=stages) as server, client(server) as stock:
        events = await stock.audio.transcriptions.create(
            file=recording("one", "two", "three"), model="x", stream=True
        )
        told = []
        async for event in events:
            told.append(getattr(event, "delta", None))
            read.set()
    assert told == ["one", " two", " three", None]


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
