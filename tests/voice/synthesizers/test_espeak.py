import threading
from typing import Any

import numpy as np
import pytest

from voice.audio import Pcm
from voice.errors import StageError
from voice.languages import LANGUAGES
from voice.synthesizers.espeak import (
    LONGEST_PIECE,
    Espeak,
    EspeakSynthesizer,
    Phoneme,
    Prosody,
)


@pytest.fixture(scope="module")
def synthesizer() -> EspeakSynthesizer:
    return EspeakSynthesizer()


def spoken(synthesizer: EspeakSynthesizer, text: str, language: str = "en") -> Pcm:
    return Pcm.joined(list(synthesizer.speak(text, language)), Espeak.load().rate)


def test_a_sentence_is_heard_in_pieces(synthesizer: EspeakSynthesizer) -> None:
    pieces = list(synthesizer.speak("Turned on the kitchen light.", "en"))
    assert len(pieces) > 3
    assert {piece.rate for piece in pieces} == {22050}
    whole = Pcm.joined(pieces, 22050)
    assert 800 < whole.duration < 4000
    assert np.abs(whole.samples).max() > 3000


@pytest.mark.parametrize("language", list(LANGUAGES))
def test_every_language_of_the_product_has_a_voice(
    synthesizer: EspeakSynthesizer, language: str
) -> None:
    assert language in synthesizer.languages
    assert spoken(synthesizer, "1 2 3", language).duration > 300


def test_languages_sound_different(synthesizer: EspeakSynthesizer) -> None:
    english, german = (spoken(synthesizer, "radio", tag) for tag in ("en", "de"))
    assert english.to_bytes() != german.to_bytes()


@pytest.mark.parametrize("text", ["", "   ", "\n"])
def test_empty_text_gives_no_audio(synthesizer: EspeakSynthesizer, text: str) -> None:
    assert list(synthesizer.speak(text, "en")) == []


@pytest.mark.parametrize("language", ["xx", "", "de; rm"])
def test_an_unknown_language_is_refused_at_once(
    synthesizer: EspeakSynthesizer, language: str
) -> None:
    with pytest.raises(StageError) as failure:
        synthesizer.speak("hello", language)
    assert failure.value.reason == "unsupported_language"


def test_a_zero_character_does_not_cut_the_text(
    synthesizer: EspeakSynthesizer,
) -> None:
    whole = spoken(synthesizer, "one two three\0four five six")
    assert whole.duration > spoken(synthesizer, "one two three").duration * 1.5


def test_a_very_long_text_is_spoken_to_its_end(synthesizer: EspeakSynthesizer) -> None:
    sentence = "The light in the kitchen is on. "
    once = spoken(synthesizer, sentence).duration
    assert spoken(synthesizer, sentence * 40).duration > 30 * once


def test_a_text_without_a_pause_is_cut_between_words(
    synthesizer: EspeakSynthesizer,
) -> None:
    assert spoken(synthesizer, "light " * LONGEST_PIECE).duration > 60_000
    assert spoken(synthesizer, "a" * 3 * LONGEST_PIECE).duration > 0


def test_abandoning_the_speech_stops_the_synthesis(
    synthesizer: EspeakSynthesizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []

    def noted(espeak: Espeak, text: str, *arguments: Any, **prosody: Any) -> None:
        begun.append(text)
        to_its_end(espeak, text, *arguments, **prosody)

    to_its_end = Espeak.stream
    monkeypatch.setattr(Espeak, "stream", noted)
    text = "The light in the kitchen is on. " * 400
    stream = synthesizer.speak(text, "en")
    next(stream)
    stream.close()  # type: ignore[attr-defined]
    (piece,) = begun
    assert len(piece) < len(text) / 10
    assert "espeak" not in [thread.name for thread in threading.enumerate()]
    assert spoken(synthesizer, "hello").duration > 200


def test_speakers_at_the_same_time_do_not_mix(synthesizer: EspeakSynthesizer) -> None:
    texts = [("turn on the light", "en"), ("mach das Licht im Flur an", "de")] * 4
    alone = {pair: len(spoken(synthesizer, *pair)) for pair in texts}
    together: dict[int, int] = {}

    def run(number: int) -> None:
        together[number] = len(spoken(synthesizer, *texts[number]))

    threads = [threading.Thread(target=run, args=(n,)) for n in range(len(texts))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # The noise in consonants differs each time; the length in samples hardly does.
    expected = [pytest.approx(alone[pair], rel=0.02) for pair in texts]
    assert [together[n] for n in range(len(texts))] == expected


def test_phonemes_come_with_the_samples_at_which_they_begin() -> None:
    samples, phonemes = Espeak.load().render("two tea", "en")
    symbols = [phone.symbol for phone in phonemes if phone.symbol]
    assert symbols == ["t", "ˈuː", "t", "ˈiː"]
    starts = [phone.start for phone in phonemes]
    assert starts == sorted(starts)
    assert 0 <= starts[0] < starts[-1] <= len(samples)
    vowel = next(phone for phone in phonemes if phone.symbol == "ˈuː").start
    loud, quiet = samples[vowel : vowel + 1000], samples[:200]
    assert np.abs(loud).max() > 4 * np.abs(quiet).max()


def test_prosody_is_heard() -> None:
    slow, fast = (
        len(Espeak.load().render("good morning", "en", prosody=Prosody(rate=rate))[0])
        for rate in (100, 260)
    )
    assert slow > 1.5 * fast


def test_an_error_of_the_listener_reaches_the_caller() -> None:
    def sink(_: np.ndarray, __: list[Phoneme]) -> bool:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        Espeak.load().stream("hello", "en", sink, prosody=Prosody())
    assert len(Espeak.load().render("hello", "en")[0]) > 0


def test_a_variant_changes_the_voice() -> None:
    plain, other = (EspeakSynthesizer(variant=name) for name in ("", "f3"))
    assert spoken(plain, "hello").to_bytes() != spoken(other, "hello").to_bytes()
