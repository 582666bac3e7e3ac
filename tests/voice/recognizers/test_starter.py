"""The starter model on voices that it was not trained on."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from voice.audio import HEARING_RATE, Pcm
from voice.recognizers.whisper import WhisperRecognizer
from voice.synthesizers.espeak import Espeak, Prosody

DIRECTORY = Path(__file__).parents[3] / "models" / "starter" / "recognizer"

COMMANDS = {
    "en": (
        "turn on the kitchen light",
        "set a timer for five minutes",
        "what time is it",
        "close the curtains in the bedroom",
        "what is the temperature in the living room",
    ),
    "de": (
        "schalte das licht in der küche ein",
        "stelle einen timer auf zehn minuten",
        "wie spät ist es",
        "mach die lampe im schlafzimmer aus",
        "wie warm ist es im wohnzimmer",
    ),
    "fr": (
        "allume la lumière de la cuisine",
        "quelle heure est-il",
        "mets un minuteur de dix minutes",
        "ferme les volets du salon",
        "éteins la lampe de la chambre",
    ),
    "es": (
        "enciende la luz de la cocina",
        "qué hora es",
        "pon un temporizador de diez minutos",
        "apaga la lámpara del dormitorio",
        "cierra las persianas del salón",
    ),
}
VARIANTS = ("m7", "f5", "Henrique")
"""Held out by the recipe."""


@pytest.fixture(scope="module")
def recognizer() -> WhisperRecognizer:
    return WhisperRecognizer.load(DIRECTORY, device="cpu", threads=1)


def say(text: str, voice: str) -> Pcm:
    samples, _ = Espeak.load().render(text, voice, prosody=Prosody(rate=155))
    audio = np.pad(
        Pcm(samples, Espeak.load().rate).resampled(HEARING_RATE).samples, 4000
    )
    return Pcm(audio, HEARING_RATE)


def errors(wanted: Sequence[str], heard: Sequence[str]) -> int:
    row = list(range(len(heard) + 1))
    for i, word in enumerate(wanted, start=1):
        diagonal, row[0] = row[0], i
        for j, other in enumerate(heard, start=1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (word != other)),
            )
    return row[-1]


def test_it_writes_four_languages(recognizer: WhisperRecognizer) -> None:
    assert set(recognizer.languages) == set(COMMANDS)


@pytest.mark.parametrize("language", list(COMMANDS))
def test_most_words_of_commands_are_right(
    recognizer: WhisperRecognizer, language: str
) -> None:
    wrong = count = 0
    for text in COMMANDS[language]:
        for variant in VARIANTS:
            heard = recognizer.transcribe(
                say(text, f"{language}+{variant}"), [language]
            )
            wrong += errors(text.split(), heard.text.split())
            count += len(text.split())
    assert wrong / count < 0.25


def test_the_language_is_told_from_the_voice(recognizer: WhisperRecognizer) -> None:
    right = total = 0
    for language, texts in COMMANDS.items():
        for text in texts:
            pcm = say(text, f"{language}+m7")
            heard = recognizer.transcribe(pcm, recognizer.languages)
            right += heard.language == language
            total += 1
    assert right / total > 0.8


def test_noise_and_silence_have_no_words(recognizer: WhisperRecognizer) -> None:
    rng = np.random.default_rng(5)
    for seconds in (0.4, 1.0, 2.5, 6.0):
        for level in (0.0, 0.001, 0.03, 0.3):
            white = rng.normal(0, level, round(seconds * HEARING_RATE))
            brown = np.convolve(white, np.ones(30) / 5, mode="same")
            for audio in (white, brown):
                pcm = Pcm.of_floats(audio, HEARING_RATE)
                assert recognizer.transcribe(pcm, recognizer.languages).text == ""
