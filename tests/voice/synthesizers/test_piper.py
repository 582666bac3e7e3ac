"""Piper voices: the real package on a tiny voice that hums."""

import logging
from pathlib import Path

import numpy as np
import pytest

from tests.voice.synthesizers.tiny_piper import RATE, SAMPLES_PER_ID, write_voice
from voice.audio import Pcm
from voice.errors import ConfigError, StageError
from voice.synthesizers.espeak import EspeakSynthesizer
from voice.synthesizers.piper import VOLUME, PiperSynthesizer


@pytest.fixture
def voices(tmp_path: Path) -> Path:
    write_voice(tmp_path, "en_GB-hum-x_low", pitch=440)
    write_voice(tmp_path, "de_DE-hum-x_low", code="de_DE", espeak_voice="de", pitch=220)
    return tmp_path


def speak(synthesizer: PiperSynthesizer, text: str, language: str = "en") -> list[Pcm]:
    return list(synthesizer.speak(text, language))


def pitch(pcm: Pcm) -> float:
    spectrum = np.abs(np.fft.rfft(pcm.to_floats()))
    return float(np.argmax(spectrum)) * pcm.rate / len(pcm)


def test_every_voice_of_the_directory_speaks_its_language(voices: Path) -> None:
    synthesizer = PiperSynthesizer.load(voices)
    assert synthesizer.languages == ("de", "en")
    (english,) = speak(synthesizer, "Hello there", "en")
    (german,) = speak(synthesizer, "Guten Tag", "de")
    assert english.rate == RATE
    assert pitch(english) == pytest.approx(440, abs=10)
    assert pitch(german) == pytest.approx(220, abs=10)


def test_each_sentence_is_a_piece_and_longer_text_takes_longer(voices: Path) -> None:
    synthesizer = PiperSynthesizer.load(voices)
    short, long = speak(
        synthesizer, "Yes. The light in the living room is on, and so is the radio."
    )
    assert len(long) > 4 * len(short)
    assert len(short) % SAMPLES_PER_ID == 0


def test_loudness_leaves_room(voices: Path) -> None:
    (piece,) = speak(PiperSynthesizer.load(voices), "Hello")
    assert np.abs(piece.to_floats()).max() == pytest.approx(VOLUME, abs=0.01)


@pytest.mark.parametrize("text", ["", " ", "\n"])
def test_empty_text_gives_nothing(voices: Path, text: str) -> None:
    assert speak(PiperSynthesizer.load(voices), text) == []


def test_pieces_come_one_by_one(voices: Path) -> None:
    synthesizer = PiperSynthesizer.load(voices)
    pieces = synthesizer.speak("One. Two. Three.", "en")
    assert len(next(pieces)) > 0
    pieces.close()  # type: ignore[attr-defined]
    assert len(speak(synthesizer, "One. Two. Three.")) == 3


def test_brackets_are_no_way_to_phonemes(voices: Path) -> None:
    synthesizer = PiperSynthesizer.load(voices)
    (plain,) = speak(synthesizer, "say [abc] now")
    (tricky,) = speak(synthesizer, "say [[abc]] now")
    assert len(plain) == len(tricky)


def test_an_unknown_language_is_refused_at_once(voices: Path) -> None:
    synthesizer = PiperSynthesizer.load(voices)
    with pytest.raises(StageError) as fault:
        synthesizer.speak("Hej", "sv")
    assert fault.value.reason == "unsupported_language"


def test_the_first_voice_by_name_wins(tmp_path: Path) -> None:
    write_voice(tmp_path, "b", code="en_US", pitch=220)
    write_voice(tmp_path, "a", code="en_GB", pitch=440)
    synthesizer = PiperSynthesizer.load(tmp_path)
    assert synthesizer.languages == ("en",)
    (piece,) = speak(synthesizer, "Hello")
    assert pitch(piece) == pytest.approx(440, abs=10)


def test_an_old_voice_tells_its_language_by_its_espeak_voice(tmp_path: Path) -> None:
    write_voice(tmp_path, "old", code=None, espeak_voice="fr")
    assert PiperSynthesizer.load(tmp_path).languages == ("fr",)


def test_norwegian_goes_by_its_tag(tmp_path: Path) -> None:
    write_voice(tmp_path, "talesyntese", code="no_NO", espeak_voice="nb")
    assert PiperSynthesizer.load(tmp_path).languages == ("nb",)


def test_a_voice_of_many_speakers_speaks(tmp_path: Path) -> None:
    write_voice(tmp_path, "choir", speakers=3)
    assert speak(PiperSynthesizer.load(tmp_path), "Hello")


def test_letters_can_stand_for_phonemes(tmp_path: Path) -> None:
    write_voice(tmp_path, "spelled", phoneme_type="text")
    assert speak(PiperSynthesizer.load(tmp_path), "hello")


def test_it_lives_beside_the_other_espeak(voices: Path) -> None:
    """Piper brings an eSpeak of its own; the two must not share their state."""
    piper, espeak = PiperSynthesizer.load(voices), EspeakSynthesizer()
    (before,) = speak(piper, "Guten Tag", "de")
    assert sum(len(piece) for piece in espeak.speak("Good day", "en")) > 0
    (after,) = speak(piper, "Guten Tag", "de")
    assert np.array_equal(before.samples, after.samples)


def test_what_is_said_stays_out_of_the_log(
    voices: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    speak(PiperSynthesizer.load(voices), "the secret is 日本")
    assert "secret" not in caplog.text
    assert "日" not in caplog.text


def test_a_network_that_breaks_is_our_fault(tmp_path: Path) -> None:
    # Two speakers announced, but the network has no input for them.
    write_voice(tmp_path, "broken", num_speakers=2)
    with pytest.raises(StageError, match="crashed"):
        speak(PiperSynthesizer.load(tmp_path), "Hello")


def test_a_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere: there is no such directory"):
        PiperSynthesizer.load(tmp_path / "nowhere")


def test_a_directory_without_voices_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no voices \(\*\.onnx\)"):
        PiperSynthesizer.load(tmp_path)


def test_missing_settings_are_named(tmp_path: Path) -> None:
    model = write_voice(tmp_path, "hum")
    model.with_name("hum.onnx.json").unlink()
    with pytest.raises(ConfigError, match=r"hum\.onnx\.json: there is no such file"):
        PiperSynthesizer.load(tmp_path)


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"language": {"code": "en_GB"}}'])
def test_broken_settings_are_named(tmp_path: Path, text: str) -> None:
    model = write_voice(tmp_path, "hum")
    model.with_name("hum.onnx.json").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"hum\.onnx\.json: "):
        PiperSynthesizer.load(tmp_path)


def test_voices_that_would_download_are_refused(tmp_path: Path) -> None:
    write_voice(tmp_path, "hum", phoneme_type="pinyin")
    with pytest.raises(ConfigError, match=r"hum\.onnx\.json.*pinyin.*download"):
        PiperSynthesizer.load(tmp_path)


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    write_voice(tmp_path, "hum").write_bytes(b"version https://git-lfs.github.com")
    with pytest.raises(ConfigError, match=r"hum\.onnx: not an ONNX network"):
        PiperSynthesizer.load(tmp_path)


def test_a_voice_of_letters_hears_digits_in_words(tmp_path: Path) -> None:
    write_voice(tmp_path, "en_GB-letters-x_low", phoneme_type="text")
    synthesizer = PiperSynthesizer.load(tmp_path)
    (digits,) = speak(synthesizer, "at 21")
    (words,) = speak(synthesizer, "at twenty-one")
    assert len(digits) == len(words)
