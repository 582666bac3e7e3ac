"""Folders for onnx-asr, with models that hear tones: what is written, and what is refused."""

import json
import shutil
from pathlib import Path

import pytest

from tests.voice.recognizers.tone_models import said, write_onnx_asr
from voice.assembly import ModelChoice, heard_languages, load_recognizer
from voice.errors import ConfigError
from voice.events import Millis
from voice.stages import Recognizer

pytest.importorskip("onnx_asr", reason="needs the extra onnx-asr")

KINDS = ("ctc", "rnnt", "tdt")


def load(folder: Path, **options) -> Recognizer:
    return load_recognizer(ModelChoice(recognizer=str(folder), **options))


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory) -> Path:
    return write_onnx_asr(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture(scope="module")
def recognizer(folder) -> Recognizer:
    return load(folder)


def test_what_was_said_is_written_in_the_language_of_its_words(recognizer) -> None:
    english = recognizer.transcribe(said("turn", "on", "light"), ["de", "en"])
    assert (english.text, english.language) == ("turn on light", "en")
    assert english.language_probability > 0.8
    german = recognizer.transcribe(said("mach", "das", "licht"), ["en", "de"])
    assert (german.text, german.language) == ("mach das licht", "de")
    assert 0.9 < german.confidence <= 1


def test_where_nobody_spoke_nothing_is_written(recognizer) -> None:
    heard = recognizer.transcribe(said(), ["de", "en"])
    assert (heard.text, heard.no_speech) == ("", 1.0)


def test_half_an_utterance_gives_half_of_the_words(recognizer) -> None:
    whole = said("turn", "on", "light")
    half = recognizer.transcribe(whole.slice(Millis(0), Millis(1150)), ["en"])
    assert half.text == "turn on"


def test_the_folder_tells_its_languages_without_being_loaded(folder) -> None:
    assert heard_languages(ModelChoice(recognizer=str(folder))) == ("de", "en", "mt")


def test_networks_of_whole_numbers_are_used_where_there_are_no_others(tmp_path) -> None:
    write_onnx_asr(tmp_path, "tdt", ending=".int8")
    heard = load(tmp_path).transcribe(said("turn", "on"), ["en"])
    assert heard.text == "turn on"


@pytest.mark.parametrize("compute_type", ["default", "int8"])
def test_of_two_kinds_of_networks_the_wanted_one_is_used(
    tmp_path, compute_type
) -> None:
    write_onnx_asr(tmp_path, "ctc")
    write_onnx_asr(tmp_path, "ctc", ending=".int8")
    unwanted = "model.onnx" if compute_type == "int8" else "model.int8.onnx"
    (tmp_path / unwanted).write_bytes(b"not to be opened")
    heard = load(tmp_path, compute_type=compute_type).transcribe(
        said("turn", "on"), ["en"]
    )
    assert heard.text == "turn on"


# --- Refused ------------------------------------------------------------------


@pytest.mark.parametrize("name", ["encoder-model.onnx", "vocab.txt"])
def test_a_missing_file_is_named(tmp_path, name) -> None:
    write_onnx_asr(tmp_path, "tdt")
    (tmp_path / name).unlink()
    with pytest.raises(ConfigError, match=name):
        load(tmp_path)


def test_a_network_that_was_cut_off_is_refused(tmp_path) -> None:
    write_onnx_asr(tmp_path, "tdt")
    path = tmp_path / "encoder-model.onnx"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConfigError, match="cannot be loaded as nemo-conformer-tdt"):
        load(tmp_path)


@pytest.mark.parametrize("languages", [None, [], "de"])
def test_a_folder_that_does_not_tell_its_languages_is_refused(
    folder, tmp_path, languages
) -> None:
    shutil.copytree(folder, tmp_path, dirs_exist_ok=True)
    path = tmp_path / "parley.json"
    if languages is None:
        path.unlink()
    else:
        path.write_text(json.dumps({"languages": languages}))
    with pytest.raises(ConfigError, match=r"parley\.json: .*languages"):
        load(tmp_path)


def test_a_language_that_the_model_does_not_write_is_refused(folder) -> None:
    with pytest.raises(ConfigError, match="does not hear fr"):
        load(folder, languages=("fr",))


def test_cuda_is_refused_where_onnxruntime_has_none(folder) -> None:
    import onnxruntime

    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("onnxruntime has CUDA here")
    with pytest.raises(ConfigError, match="onnxruntime-gpu"):
        load(folder, device="cuda")
