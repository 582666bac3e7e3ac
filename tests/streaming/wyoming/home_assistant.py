"""What Home Assistant sends to a Wyoming server, event by event, with the stock package.

One connection for each request, as its integration makes them; the functions return
what the integration would have made of the answer.
"""

import asyncio
import contextlib
from dataclasses import replace
from datetime import UTC, datetime

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncTcpClient
from wyoming.error import Error
from wyoming.info import Describe, Info
from wyoming.tts import (
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    SynthesizeStopped,
    SynthesizeVoice,
)

from streaming.config import WyomingConfig
from streaming.household import Household
from streaming.inference import InlineStages
from streaming.services import Services
from streaming.telemetry import Telemetry
from streaming.wyoming.server import WyomingServer
from tests.streaming.rehearsal import HOME
from voice.audio import Pcm
from voice.events import Millis
from voice.testing import (
    EchoResponder,
    LoudnessActivity,
    SpellingRecognizer,
    ToneSynthesizer,
)

PATIENCE = 5.0
"""Seconds; what takes longer does not come."""

RATE = 16_000
CHUNK = RATE // 50 * 2
"""Bytes of 20 ms, as satellites send them."""

QUICK = WyomingConfig(listen="127.0.0.1:0", idle_timeout_s=30, send_timeout_s=1)


@contextlib.asynccontextmanager
async def serving(*, stages=None, languages=("en", "de"), **settings):
    """A server on a free port; `settings` are those of `WyomingConfig`."""
    household = Household(HOME, lambda: datetime.now(UTC))
    services = Services(
        stages=stages
        or InlineStages(SpellingRecognizer(), EchoResponder(), ToneSynthesizer()),
        household=household,
        languages=languages,
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
    )
    server = WyomingServer(replace(QUICK, **settings), services, drain_timeout_s=1)
    try:
        async with server:
            yield server, services
    finally:
        household.close()


@contextlib.asynccontextmanager
async def connected(server):
    async with (
        asyncio.timeout(PATIENCE),
        AsyncTcpClient(server.address.host, server.address.port) as client,
    ):
        yield client


async def load_info(server):
    async with connected(server) as client:
        await client.write_event(Describe().event())
        return Info.from_event(await client.read_event())


async def begin_audio(client, language="en"):
    await client.write_event(Transcribe(language=language).event())
    await client.write_event(AudioStart(rate=RATE, width=2, channels=1).event())


async def send(client, pcm: Pcm):
    data = pcm.to_bytes()
    for start in range(0, len(data), CHUNK):
        chunk = AudioChunk(
            rate=RATE, width=2, channels=1, audio=data[start : start + CHUNK]
        )
        await client.write_event(chunk.event())


async def speech_to_text(server, pcm: Pcm, *, language="en", stop=True):
    """The transcript; `stop=False` never ends the audio, as a satellite without VAD."""
    async with connected(server) as client:
        await begin_audio(client, language)

        async def upload():
            with contextlib.suppress(ConnectionError):
                await send(client, pcm)
                if stop:
                    await client.write_event(AudioStop().event())
                while not stop:
                    await send(client, Pcm.silence(Millis(100), RATE))
                    await asyncio.sleep(0.01)

        uploading = asyncio.create_task(upload())
        try:
            # The integration uploads and reads at the same time.
            while (event := await client.read_event()) is not None:
                if Error.is_type(event.type):
                    return Error.from_event(event)
                if Transcript.is_type(event.type):
                    return Transcript.from_event(event)
        finally:
            uploading.cancel()
            await asyncio.gather(uploading, return_exceptions=True)
        raise AssertionError("the connection was lost")


async def text_to_speech(server, text, *, voice=None):
    """The samples as the integration writes them, and their rate."""
    async with connected(server) as client:
        chosen = SynthesizeVoice(name=voice) if voice else None
        await client.write_event(Synthesize(text=text, voice=chosen).event())
        audio, rate = bytearray(), None
        while (event := await client.read_event()) is not None:
            if AudioStop.is_type(event.type):
                return bytes(audio), rate
            if AudioChunk.is_type(event.type):
                chunk = AudioChunk.from_event(event)
                rate = rate or chunk.rate
                audio += chunk.audio
        raise AssertionError("the connection was lost")


async def stream_text(client, pieces, *, voice=None):
    """As the integration streams a reply of a language model."""
    chosen = SynthesizeVoice(name=voice) if voice else None
    await client.write_event(SynthesizeStart(voice=chosen).event())
    for piece in pieces:
        await client.write_event(SynthesizeChunk(text=piece).event())
    # For servers that cannot stream, the whole text once more.
    whole = Synthesize(text="".join(pieces), voice=chosen)
    await client.write_event(whole.event())
    await client.write_event(SynthesizeStop().event())


async def until_stopped(client):
    """The events up to `synthesize-stopped`."""
    events = []
    while (event := await client.read_event()) is not None:
        events.append(event)
        if SynthesizeStopped.is_type(event.type):
            return events
    raise AssertionError(f"no synthesize-stopped after {[e.type for e in events]}")


async def converse(server, text, language="en", context=None):
    """The event that answers a sentence."""
    sent = Transcript(
        text, language=language, context=context or {"conversation_id": "01J"}
    )
    async with connected(server) as client:
        await client.write_event(sent.event())
        event = await client.read_event()
        assert event is not None, "the connection was lost"
        return event
