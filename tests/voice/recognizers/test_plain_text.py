"""A text alone becomes a transcript: its language, and how sure it is."""

import math

import pytest

from tests.voice.recognizers.tone_models import said
from voice.errors import ConfigError, StageError
from voice.recognizers.plain_text import (
    UNKNOWN_CONFIDENCE,
    PlainTextRecognizer,
    language_codes,
    transcript,
)


def test_the_words_tell_the_language_and_how_sure_it_is() -> None:
    heard = transcript(" Schalte das Licht ein. ", (), ["en", "de"])
    assert (heard.text, heard.language) == ("Schalte das Licht ein.", "de")
    assert 0.8 < heard.language_probability < 1
    assert transcript("okay", (), ["en", "de"]).language_probability == 0.5


def test_confidence_is_the_geometric_mean_of_the_tokens() -> None:
    heard = transcript("yes no", [math.log(0.9), math.log(0.4)], ["en"])
    assert heard.confidence == pytest.approx(0.6)
    assert transcript("yes", (), ["en"]).confidence == UNKNOWN_CONFIDENCE
    assert transcript("yes", [0.1], ["en"]).confidence == 1


@pytest.mark.parametrize("text", ["", " ", "...", "la la la la la la la la la"])
def test_what_nobody_can_have_said_is_nothing(text) -> None:
    heard = transcript(text, [0.0], ["en", "de"])
    assert (heard.text, heard.no_speech, heard.language) == ("", 1.0, "en")


def test_languages_are_known_by_their_tags() -> None:
    assert language_codes(["no", "en", "xx", "de-DE"], ()) == {
        "nb": "no",
        "en": "en",
        "de": "de-DE",
    }
    assert tuple(language_codes(["en", "de"], ["en"])) == ("en",)
    with pytest.raises(ConfigError, match="does not write fr; it writes de, en"):
        language_codes(["en", "de"], ["fr", "en"])


def test_the_model_is_told_the_language_where_there_is_only_one() -> None:
    told = []

    def write(audio, language):
        told.append(language)
        return "okay", ()

    recognizer = PlainTextRecognizer(write, {"nb": "no", "en": "en"})
    recognizer.transcribe(said("on"), ["nb"])
    recognizer.transcribe(said("on"), ["nb", "en"])
    assert told == ["no", None]


def test_whatever_the_library_raises_is_a_fault_of_the_stage() -> None:
    class FaultError(Exception):
        """As of onnxruntime, whose errors have no base class."""

    def write(audio, language):
        raise FaultError("shape of lstm")

    with pytest.raises(StageError) as caught:
        PlainTextRecognizer(write, {"en": "en"}).transcribe(said("on"), ["en"])
    assert caught.value.reason == "crashed"
