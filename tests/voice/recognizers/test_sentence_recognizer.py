"""The shipped acoustic model, searched for a few sentences: eSpeak says them."""

import json
import shutil
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.voice.recognizers.sentences_in_sound import ACOUSTIC, recognizer_of
from voice.audio import HEARING_RATE, Pcm
from voice.errors import ConfigError
from voice.events import Millis
from voice.recognizers.acoustics import AcousticModel, Acoustics, Judgement, Signs
from voice.recognizers.sentence_recognizer import UNINTELLIGIBLE, SentenceRecognizer
from voice.synthesizers.espeak import Espeak

SENTENCES = {
    "en": (
        "turn on the kitchen lamp",
        "turn off the kitchen lamp",
        "what time is it",
        "set the blinds to fifty percent",
        "stop",
    ),
    "de": (
        "schalte die lampe in der küche ein",
        "wie spät ist es",
        "öffne das fenster im bad",
        "stopp",
    ),
}


@pytest.fixture(scope="module")
def recognizer() -> SentenceRecognizer:
    return recognizer_of(SENTENCES)


@cache
def said(text: str, voice: str) -> Pcm:
    espeak = Espeak.load()
    samples, _ = espeak.render(text, voice)
    speech = Pcm(samples, espeak.rate).resampled(HEARING_RATE)
    silence = Pcm.silence(Millis(200), HEARING_RATE)
    return Pcm.joined([silence, speech, silence], HEARING_RATE)


@pytest.mark.parametrize(
    ("language", "text"),
    [(language, text) for language in SENTENCES for text in SENTENCES[language][:3]],
)
def test_what_is_said_is_heard_in_its_language(recognizer, language, text) -> None:
    transcript = recognizer.transcribe(said(text, language), ["en", "de"])
    assert (transcript.text, transcript.language) == (text, language)
    assert transcript.language_probability > 0.9
    assert transcript.confidence > 0.5
    assert transcript.no_speech == 0


@pytest.mark.parametrize(
    "text",
    [
        "the committee has decided to postpone its meeting",
        "my brother lives in an old house by the river",
    ],
)
def test_other_speech_is_speech_and_nothing_else(recognizer, text) -> None:
    transcript = recognizer.transcribe(said(text, "en"), ["en"])
    assert transcript.text == UNINTELLIGIBLE
    assert transcript.no_speech == 0


def test_a_pause_within_a_sentence_leaves_a_beginning(recognizer) -> None:
    transcript = recognizer.transcribe(said("turn on the", "en"), ["en"])
    assert transcript.text == "turn on the"


def test_noise_is_no_speech(recognizer) -> None:
    rng = np.random.default_rng(3)
    for level in (0.003, 0.05, 0.3):
        noise = Pcm.of_floats(rng.normal(0, level, 2 * HEARING_RATE), HEARING_RATE)
        transcript = recognizer.transcribe(noise, ["en", "de"])
        assert (transcript.text, transcript.no_speech) == ("", 1)


def test_speech_that_is_too_long_for_a_sentence_is_speech(recognizer) -> None:
    talk = Pcm.joined([said(SENTENCES["en"][0], "en")] * 12, HEARING_RATE)
    talk = talk.slice(Millis(0), Millis(20_000))
    transcript = recognizer.transcribe(talk, ["en"])
    assert (transcript.text, transcript.confidence) == (UNINTELLIGIBLE, 0)


def test_a_language_without_a_number_is_heard_by_the_untold_network() -> None:
    model = AcousticModel.load(ACOUSTIC)
    audio = said("stop", "en").to_floats()
    untold, unknown = model.posteriors(audio, ["", "xx"])
    np.testing.assert_array_equal(untold, unknown)
    assert np.allclose(np.exp(untold).sum(axis=1), 1, atol=1e-3)


# --- How far it is believed ---------------------------------------------------


def test_every_sign_counts() -> None:
    signs = {"fit": -0.5, "margin": 3.0, "clarity": -0.6, "speech_s": 0.8}
    judgement = Judgement()
    before = judgement.probability(Signs(**signs))
    for name in signs:
        better = Signs(**{**signs, name: signs[name] + 0.1})
        assert before < judgement.probability(better) < 1


def test_a_worse_fit_is_believed_less_until_nothing_is_left() -> None:
    judged = [
        Judgement().probability(Signs(fit=fit, margin=10, clarity=-0.5, speech_s=1))
        for fit in (0, -0.5, -1, -1.5, -2)
    ]
    assert judged == sorted(judged, reverse=True)
    assert judged[0] > 0.9
    assert judged[-1] < Judgement().least


def test_sounds_that_are_none_of_speech_are_no_sentence_however_well_it_fits() -> None:
    judgement = Judgement()
    chord = Signs(fit=-0.1, margin=10, clarity=-1.3, speech_s=2)
    assert judgement.probability(chord) == 0
    assert not judgement.heard_speech(chord)
    assert judgement.probability(replace(chord, clarity=-0.85)) > judgement.least


# --- Files --------------------------------------------------------------------


@pytest.fixture
def copied(tmp_path) -> Path:
    return shutil.copytree(ACOUSTIC, tmp_path / "model")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"priors": [1.0]}, "1 priors for 54 phones"),
        ({"frame_ms": 25}, "frame_ms must be a multiple of 10"),
        ({"frame_ms": "40"}, "'<' not supported"),
        ({"priors": 3}, "has no len"),
        ({"surprise": 1}, "surprise"),
        ({"judgement": {"guess": 1}}, "guess"),
        ({"phones": ["", "a"], "priors": [0.5, 0.5]}, "2 phones, but"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(copied, change, message) -> None:
    path = copied / "acoustic.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises(ConfigError, match=message) as caught:
        AcousticModel.load(copied)
    assert str(path) in str(caught.value)


def test_missing_and_damaged_files_are_named(copied) -> None:
    (copied / "acoustic.onnx").write_bytes(b"no network")
    with pytest.raises(ConfigError, match=r"acoustic\.onnx: cannot be loaded"):
        AcousticModel.load(copied)
    (copied / "acoustic.onnx").unlink()
    with pytest.raises(ConfigError, match=r"acoustic\.onnx: is missing"):
        AcousticModel.load(copied)
    (copied / "acoustic.json").unlink()
    with pytest.raises(ConfigError, match=r"acoustic\.json: No such file"):
        Acoustics.beside(copied)
