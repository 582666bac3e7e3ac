"""A real server of OpenAI's audio API, and the stock client with only the address changed."""

import contextlib
import io
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import soundfile

pytest.importorskip("openai", reason="the stock client of OpenAI")
pytest.importorskip("uvicorn", reason="the extra `rest`")
pytest.importorskip("av", reason="the extra `rest`")

import openai

from streaming.config import RestConfig
from streaming.household import Household
from streaming.inference import InlineStages
from streaming.keys import Keys
from streaming.rest.recordings import load_recordings
from streaming.rest.server import RestServer
from streaming.services import Services
from streaming.telemetry import Telemetry
from tests.streaming.rehearsal import HOME
from voice.audio import Pcm
from voice.detection import GatePolicy
from voice.events import Millis
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
