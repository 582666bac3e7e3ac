"""What tells voices from music and murmur, on sounds whose nature is known."""

import random
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from tests.voice.recognizers.sentences_in_sound import (
    ACOUSTIC,
    graph_of,
    recognizer_of,
)
from voice.audio import HEARING_RATE, Pcm
from voice.events import Millis
from voice.held_out import read_aloud
from voice.recognizers.acoustics import AcousticModel, Judgement, Signs
from voice.recognizers.sentence_recognizer import SentenceRecognizer
from voice.recognizers.voiced_sounds import Floats, Voicing, voicing
from voice.synthesizers.espeak import Espeak, Prosody
from voice.wordless import KINDS

FRAME_MS = 30
TIME = np.arange(2 * HEARING_RATE) / HEARING_RATE
TOLD = Judgement()
SENTENCES = ("turn on the kitchen lamp", "what time is it")


def measured(audio: np.ndarray, speech: np.ndarray | None = None) -> Voicing:
    frames = -(-len(audio) * 1000 // (HEARING_RATE * FRAME_MS))
    heard = np.ones(frames) if speech is None else speech
    loudest = np.abs(audio).max(initial=0.01)
    scaled: Floats = (0.5 * audio / loudest).astype(np.float32)
    return voicing(scaled, heard.astype(np.float32), FRAME_MS)


def harmonics(pitch: np.ndarray) -> np.ndarray:
    """A buzz at some hertz for each sample."""
    phase = 2 * np.pi * np.cumsum(pitch) / HEARING_RATE
    return np.sum([np.sin(order * phase) / order for order in range(1, 8)], axis=0)


def notes(seconds: float) -> np.ndarray:
    """A scale; each note as long, and fading."""
    beat = round(seconds * HEARING_RATE)
    number = np.arange(len(TIME)) // beat
    fade = np.exp(-3 * (np.arange(len(TIME)) % beat) / HEARING_RATE)
    return harmonics(220 * 2 ** (number % 8 * 2 / 12)) * fade


@pytest.mark.parametrize("seconds", [0.25, 0.5, 2.0])
def test_notes_stay_where_they_are(seconds) -> None:
    assert measured(notes(seconds)).held > TOLD.most_held
    assert measured(notes(seconds)).voiced > 0.9


@pytest.mark.parametrize("octaves_per_s", [-1.0, -0.3, 0.3, 1.0])
def test_a_pitch_that_glides_holds_no_tone(octaves_per_s) -> None:
    assert measured(harmonics(150 * 2 ** (octaves_per_s * TIME))).held < 0.02


def test_tones_that_swell_and_fade_are_not_held() -> None:
    steady = harmonics(np.full(len(TIME), 150.0))
    # As a mouth would that opens and closes five times a second.
    mouth = 10 ** (6 * np.sin(2 * np.pi * 5 * TIME) / 20)
    assert measured(steady).held > 0.9
    assert measured(steady * mouth).held < 0.1


def test_noise_is_not_voiced() -> None:
    noise = np.random.default_rng(1).standard_normal(len(TIME))
    made = measured(noise)
    assert made.voiced < 0.02
    assert made.held < 0.02


def test_only_what_sounds_as_speech_counts() -> None:
    gliding = harmonics(150 * 2 ** (0.5 * TIME))
    audio = np.concatenate([notes(0.5), gliding])
    frames = -(-len(audio) * 1000 // (HEARING_RATE * FRAME_MS))
    second_half = (np.arange(frames) > frames * 0.52).astype(float)
    assert measured(audio, second_half).held < 0.02
    assert measured(audio, 1 - second_half).held > TOLD.most_held


@pytest.mark.parametrize("samples", [0, 1, 100, 480, 2000])
def test_hardly_any_audio_speaks_for_nothing(samples) -> None:
    made = measured(np.ones(samples))
    assert made.held == 0
    assert 0 <= made.voiced <= 1


def test_silence_is_nothing() -> None:
    assert measured(np.zeros(HEARING_RATE)) == Voicing(held=0.0, voiced=0.0)


@pytest.mark.parametrize("language", ["en", "fr", "pl"])
def test_voices_that_no_training_heard_are_voices(language) -> None:
    rng = random.Random(7)
    text = {
        "en": "turn on the lamp",
        "fr": "allume la lampe",
        "pl": "włącz lampę",
    }[language]
    for _ in range(8):
        _, pcm = read_aloud(text, language, rng)
        made = measured(pcm.to_floats())
        assert made.held < 0.1
        assert made.voiced > 0.2


def signs(*, clarity: float = -0.8, speech_s: float = 1.0) -> Signs:
    return Signs(fit=0.0, margin=5.0, clarity=clarity, speech_s=speech_s)


@pytest.mark.parametrize(
    ("made", "known", "expected"),
    [
        (Voicing(held=0.05, voiced=0.6), signs(), True),
        (Voicing(held=0.6, voiced=0.9), signs(clarity=-0.2), False),
        (Voicing(held=0.0, voiced=0.02), signs(), False),
        # Whispered clearly, or one sound of a word.
        (Voicing(held=0.0, voiced=0.02), signs(clarity=-0.5), True),
        (Voicing(held=0.0, voiced=0.02), signs(speech_s=0.3), True),
    ],
)
def test_music_and_murmur_are_no_voice(made, known, expected) -> None:
    assert TOLD.of_a_voice(made, known) is expected


# --- In the recogniser --------------------------------------------------------


@cache
def said(variant: str = "", *, pitch_range: int = 50) -> Pcm:
    espeak = Espeak.load()
    prosody = Prosody(rate=160, pitch=50, range=pitch_range)
    samples, _ = espeak.render(SENTENCES[0], f"en{variant}", prosody=prosody)
    speech = Pcm(samples, espeak.rate).resampled(HEARING_RATE)
    quiet = Pcm.silence(Millis(300), HEARING_RATE)
    return Pcm.joined([quiet, speech, quiet], HEARING_RATE)


@pytest.fixture(scope="module")
def recognizer() -> SentenceRecognizer:
    return recognizer_of({"en": SENTENCES})


@pytest.mark.parametrize("variant", ["", "+belinda", "+m7", "+whisper", "+whisperf"])
@pytest.mark.parametrize("pitch_range", [0, 50])
def test_flat_and_whispering_voices_are_heard(recognizer, variant, pitch_range) -> None:
    heard = recognizer.transcribe(said(variant, pitch_range=pitch_range), ["en"])
    assert heard.text == SENTENCES[0]


def credulous(**other: float) -> SentenceRecognizer:
    """Takes whatever fits best for what was said."""
    model = AcousticModel.load(ACOUSTIC)
    judgement = replace(
        model.acoustics.judgement, least=0.0, least_clarity_of_words=-99.0, **other
    )
    model.acoustics = replace(model.acoustics, judgement=judgement)
    graph = graph_of("en", SENTENCES, model.acoustics.phones)
    return SentenceRecognizer(model, {"en": [graph]})


@pytest.mark.parametrize(
    ("kind", "sign"),
    [
        ("melody", {"most_held": 1.0}),
        ("band", {"most_held": 1.0}),
        ("chatter", {"least_voiced": 0.0}),
    ],
)
def test_what_no_voice_made_is_nothing_whatever_fits(kind, sign) -> None:
    rng = np.random.default_rng(3)
    wave = KINDS[kind](3 * HEARING_RATE, rng)
    pcm = Pcm.of_floats(0.3 * wave / np.abs(wave).max(), HEARING_RATE)
    heard = credulous().transcribe(pcm, ["en"])
    assert (heard.text, heard.no_speech) == ("", 1.0)
    # It is this sign that tells, and no other.
    assert credulous(**sign).transcribe(pcm, ["en"]).text
