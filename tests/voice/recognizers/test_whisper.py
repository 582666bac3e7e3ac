import json
from pathlib import Path

import numpy as np
import pytest

from tests.voice.recognizers import tiny_whisper
from voice.audio import HEARING_RATE, Pcm
from voice.errors import ConfigError, StageError
from voice.recognizers.whisper import Hearing, WhisperRecognizer

WINDOWS = {"windows_s": [2.0, 3.0, 5.0], "no_speech": 1.0, "no_speech_alone": 1.1}


def noise(seconds: float, *, seed: int = 1) -> Pcm:
    rng = np.random.default_rng(seed)
    return Pcm.of_floats(
        rng.normal(0, 0.1, round(seconds * HEARING_RATE)), HEARING_RATE
    )


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_whisper.build(tmp_path_factory.mktemp("tiny"), hearing=WINDOWS)


@pytest.fixture(scope="module")
def recognizer(directory: Path) -> WhisperRecognizer:
    return WhisperRecognizer.load(directory, device="cpu", compute_type="float32")


def load(directory: Path) -> WhisperRecognizer:
    return WhisperRecognizer.load(directory, device="cpu")


def test_it_writes_something_with_probabilities_in_range(
    recognizer: WhisperRecognizer,
) -> None:
    transcript = recognizer.transcribe(noise(1.5), ["en", "de"])
    assert transcript.language in {"en", "de"}
    assert 0.5 <= transcript.language_probability <= 1
    assert 0 < transcript.confidence <= 1
    assert 0 <= transcript.no_speech <= 1


def test_the_same_audio_gives_the_same_transcript(
    recognizer: WhisperRecognizer,
) -> None:
    first, second = (recognizer.transcribe(noise(1.7), ["en", "de"]) for _ in range(2))
    assert first == second


def test_the_language_is_one_of_the_candidates(tmp_path: Path) -> None:
    model = load(tiny_whisper.build(tmp_path, languages=("en", "de", "fr")))
    everything = model.transcribe(noise(2), ["en", "de", "fr"])
    others = [tag for tag in ("en", "de", "fr") if tag != everything.language]
    restricted = model.transcribe(noise(2), others)
    assert restricted.language in others
    assert restricted.language_probability >= 0.5


def test_the_codes_of_a_model_become_our_tags(tmp_path: Path) -> None:
    directory = tiny_whisper.build(
        tmp_path, languages=("en", "no", "nn", "ja"), hearing={"no_speech_alone": 1.1}
    )
    model = load(directory)
    assert model.languages == ("en", "nb", "ja")
    assert model.transcribe(noise(1), ["nb"]).language == "nb"
    # The token of Bokmål is looked up under the model's own name for it.
    assert model.transcribe(noise(1), ["nb", "en"]).language_probability > 0.01
    chosen = WhisperRecognizer.load(directory, device="cpu", languages=["nb", "en"])
    assert chosen.languages == ("nb", "en")


def test_a_single_candidate_is_certain(recognizer: WhisperRecognizer) -> None:
    transcript = recognizer.transcribe(noise(1), ["de"])
    assert (transcript.language, transcript.language_probability) == ("de", 1.0)


@pytest.mark.parametrize("seconds", [0.0, 0.05, 1.0, 4.0])
def test_silence_has_no_words(recognizer: WhisperRecognizer, seconds: float) -> None:
    pcm = Pcm(np.zeros(round(seconds * HEARING_RATE), np.int16), HEARING_RATE)
    transcript = recognizer.transcribe(pcm, ["en", "de"])
    assert (transcript.text, transcript.no_speech) == ("", 1.0)


def test_probable_silence_has_no_words_whatever_the_model_writes(
    directory: Path, tmp_path: Path
) -> None:
    always = {**WINDOWS, "no_speech_alone": 0.0}
    model = load(tiny_whisper.build(tmp_path, hearing=always))
    assert model.transcribe(noise(2), ["en"]).text == ""


def test_short_audio_is_given_the_shortest_window_that_holds_it(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    windows: list[int] = []
    encode = recognizer._encode

    def spy(audio: np.ndarray, window: int) -> object:
        encoded = encode(audio, window)
        windows.append(encoded.shape[1])
        return encoded

    monkeypatch.setattr(recognizer, "_encode", spy)
    # A random model may loop, which costs one more look through the longest window.
    for seconds, frames in ((1.0, 100), (2.0, 100), (2.01, 150), (4.5, 250)):
        windows.clear()
        recognizer.transcribe(noise(seconds), ["en"])
        assert windows[0] == frames


def test_long_audio_is_cut_where_it_is_quietest(
    recognizer: WhisperRecognizer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pcm = noise(12)
    samples = pcm.samples.copy()
    samples[4 * HEARING_RATE : 4 * HEARING_RATE + 3200] = 0
    lengths: list[float] = []
    encode = recognizer._encode

    def spy(audio: np.ndarray, window: int) -> object:
        lengths.append(len(audio) / HEARING_RATE)
        return encode(audio, window)

    monkeypatch.setattr(recognizer, "_encode", spy)
    recognizer.transcribe(Pcm(samples, HEARING_RATE), ["en"])
    assert lengths[0] == pytest.approx(4.1, abs=0.11)
    assert all(length <= 5.0 for length in lengths)


def test_a_window_of_80_frames_is_still_encoded_once(tmp_path: Path) -> None:
    model = load(tiny_whisper.build(tmp_path, hearing={"windows_s": [1.6, 3.0]}))
    encoded = model._encode(noise(1).to_floats(), round(1.6 * HEARING_RATE))
    assert encoded.shape == [1, 85, tiny_whisper.WIDTH]


def test_without_parley_json_a_model_hears_thirty_seconds(tmp_path: Path) -> None:
    model = load(tiny_whisper.build(tmp_path))
    assert model.windows_s == (30.0,)
    assert model.languages == ("en", "de")
    assert model._encode(noise(1).to_floats(), model._window(16000)).shape[1] == 1500


def test_what_it_writes_is_bounded_by_the_length_of_the_audio(
    recognizer: WhisperRecognizer,
) -> None:
    encoded = recognizer._encode(noise(1).to_floats(), 2 * HEARING_RATE)
    piece = recognizer._write(encoded, "en", HEARING_RATE)
    assert piece.tokens <= 8 + 12 + 1


@pytest.mark.parametrize(
    "name",
    [
        "model.bin",
        "config.json",
        "tokenizer.json",
        "preprocessor_config.json",
        "vocabulary.json",
    ],
)
def test_a_missing_file_is_named_with_its_fix(tmp_path: Path, name: str) -> None:
    tiny_whisper.build(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(ConfigError, match=rf"{name}: is missing; \w+"):
        load(tmp_path)


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nowhere: there is no such directory"):
        load(tmp_path / "nowhere")


def test_a_damaged_model_is_named(tmp_path: Path) -> None:
    tiny_whisper.build(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"no model at all")
    with pytest.raises(ConfigError, match="cannot be loaded"):
        load(tmp_path)


def test_mel_bands_that_do_not_fit_the_model_are_refused(tmp_path: Path) -> None:
    tiny_whisper.build(tmp_path)
    (tmp_path / "preprocessor_config.json").write_text('{"feature_size": 128}')
    with pytest.raises(ConfigError, match="feature_size is 128"):
        load(tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"windows": [2]}',
        '{"windows_s": []}',
        '{"windows_s": [3, 2]}',
        '{"windows_s": [2, 60]}',
    ],
)
def test_a_damaged_parley_json_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / "parley.json").write_text(content)
    with pytest.raises(ConfigError, match=r"parley\.json"):
        Hearing.beside(tmp_path)


def test_languages_that_the_model_does_not_write_are_refused(directory: Path) -> None:
    with pytest.raises(ConfigError, match="does not write sv"):
        WhisperRecognizer.load(directory, device="cpu", languages=["en", "sv"])


@pytest.mark.parametrize(
    ("pcm", "candidates", "reason"),
    [
        (noise(1), ["sv"], "unsupported_language"),
        (noise(1), [], "unsupported_language"),
        (Pcm(np.ones(8000, np.int16), 8000), ["en"], "wrong_rate"),
        (noise(31), ["en"], "too_long"),
    ],
)
def test_what_cannot_be_transcribed_is_a_stage_error(
    recognizer: WhisperRecognizer, pcm: Pcm, candidates: list[str], reason: str
) -> None:
    with pytest.raises(StageError) as failure:
        recognizer.transcribe(pcm, candidates)
    assert failure.value.reason == reason


def test_loading_never_looks_for_a_model_elsewhere(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was tried")

    monkeypatch.setattr("socket.socket.connect", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    assert load(directory).transcribe(noise(1), ["en"]).language == "en"


def test_stock_settings_are_those_of_whisper(tmp_path: Path) -> None:
    assert Hearing.beside(tmp_path) == Hearing()
    (tmp_path / "parley.json").write_text(json.dumps({"windows_s": [2, 4]}))
    assert Hearing.beside(tmp_path).windows_s == (2, 4)
