"""A conversation that changes its language from turn to turn, with the real stages."""

import contextlib
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from streaming.household import Household
from streaming.inference import InlineStages
from streaming.messages import (
    IntentMessage,
    ResponseCreated,
    ResponseDone,
    TranscriptCompleted,
)
from streaming.services import Services
from streaming.telemetry import Telemetry
from tests.streaming.rehearsal import HOME, rehearsal
from voice.assembly import (
    ModelChoice,
    load_recognizer,
    load_responder,
    load_synthesizer,
    load_voice_activity,
)
from voice.audio import HEARING_RATE, Pcm, read_audio
from voice.synthesizers.espeak import Espeak

ROOT = Path(__file__).parents[2]

FOUR = ("de", "en", "es", "fr")

pytestmark = pytest.mark.virtual_time

TURNS = [
    ("en/kitchen_lamp_on.flac", "HassTurnOn"),
    ("de/wie_spaet.flac", "HassGetCurrentTime"),
    ("fr/lampadaire_eteins.flac", "HassTurnOff"),
    ("es/que_hora.flac", "HassGetCurrentTime"),
    ("fr/quelle_heure.flac", "HassGetCurrentTime"),
    ("en/what_time.flac", "HassGetCurrentTime"),
    ("es/lampara_pie_apaga.flac", "HassTurnOff"),
    ("de/stehlampe_aus.flac", "HassTurnOff"),
    ("en/timer_five_minutes.flac", "HassStartTimer"),
]
"""Each in another language than the one before; all that the starter hears well."""


class NotingVoices:
    """The real synthesiser, which also remembers who spoke."""

    def __init__(self, synthesizer) -> None:
        self._synthesizer = synthesizer
        self.languages = synthesizer.languages
        self.spoke: list[str] = []

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        self.spoke.append(language)
        return self._synthesizer.speak(text, language)


@pytest.fixture(scope="module")
def parts():
    cache = os.environ["PARLEY_MODELS__CACHE"]
    choice = ModelChoice(languages=FOUR, cache=cache)
    return (
        load_recognizer(choice),
        load_responder(choice),
        NotingVoices(load_synthesizer(choice)),
    )


@contextlib.asynccontextmanager
async def conversation(parts):
    services = Services(
        stages=InlineStages(*parts),
        household=Household(HOME, lambda: datetime(2026, 11, 21, 15, 30, tzinfo=UTC)),
        languages=FOUR,
        open_activity=load_voice_activity(),
        telemetry=Telemetry(),
    )
    async with rehearsal(services=services) as talk:
        await talk.pause(500)
        yield talk


async def ask(talk, pcm: Pcm) -> None:
    """Say it, and wait until the reply was heard, which a short one is very soon."""
    replies = len(talk.of(ResponseDone))
    await talk.play(pcm)
    while len(talk.of(ResponseDone)) == replies:
        await talk.pause(100)
        assert talk.session.now < 120_000, talk.story()


def fixture(file: str) -> Pcm:
    return read_audio(ROOT / "audio_fixtures" / file)


def said(text: str, voice: str) -> Pcm:
    """Spoken by eSpeak in a room that is not quite silent."""
    espeak = Espeak.load()
    samples, _ = espeak.render(text, voice)
    pcm = Pcm(samples, espeak.rate).resampled(HEARING_RATE)
    rest = np.random.default_rng(0).integers(-6, 7, HEARING_RATE // 2)
    return Pcm(np.concatenate([pcm.samples, rest.astype(np.int16)]), HEARING_RATE)


async def test_grammar_reply_and_voice_follow_the_language_of_each_turn(parts):
    voices = parts[2]
    async with conversation(parts) as talk:
        for file, intent in TURNS:
            voices.spoke.clear()
            await ask(talk, fixture(file))
            language = file[:2]
            transcript = talk.of(TranscriptCompleted)[-1]
            assert (transcript.language, file) == (language, file)
            assert transcript.language_probability > 0.8
            assert talk.of(IntentMessage)[-1].name == intent
            assert talk.of(ResponseCreated)[-1].language == language
            assert set(voices.spoke) == {language}


async def test_a_short_ja_leaves_an_english_conversation_english(parts):
    async with conversation(parts) as talk:
        await ask(talk, fixture("en/what_time.flac"))
        for _ in range(3):
            await talk.play(said("ja, genau", "de"))
            await talk.pause(3000)
        heard = talk.of(TranscriptCompleted)[1:]
        assert heard, "it must have been heard, or nothing was tested"
        assert {transcript.language for transcript in heard} == {"en"}
        assert all(transcript.language_probability < 0.5 for transcript in heard)
        assert {reply.language for reply in talk.of(ResponseCreated)} == {"en"}


async def test_a_short_command_in_another_language_is_believed(parts):
    async with conversation(parts) as talk:
        await ask(talk, fixture("en/what_time.flac"))
        await ask(talk, said("Licht an", "de"))
        assert talk.of(TranscriptCompleted)[-1].language == "de"
        assert talk.of(ResponseCreated)[-1].language == "de"
