"""Folders for sherpa-onnx, with models that hear tones, streaming and whole."""

import json
from pathlib import Path

import onnx
import pytest

from tests.voice.recognizers.tone_models import said, write_sherpa
from voice.assembly import ModelChoice, heard_languages, load_recognizer
from voice.errors import ConfigError
from voice.events import Millis
from voice.stages import Recognizer

pytest.importorskip("sherpa_onnx", reason="needs the extra sherpa")

STREAMING = (
    "streaming nemo ctc",
    "streaming nemo transducer",
    "streaming lstm transducer",
)
KINDS = ("nemo ctc", "nemo transducer", *STREAMING)


def load(folder: Path, **options) -> Recognizer:
    return load_recognizer(ModelChoice(recognizer=str(folder), **options))


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory) -> Path:
    name = request.param.replace(" ", "-")
    return write_sherpa(tmp_path_factory.mktemp(name), request.param)


@pytest.fixture(scope="module")
def recognizer(folder) -> Recognizer:
    return load(folder)


def test_what_was_said_is_written_in_the_language_of_its_words(recognizer) -> None:
    english = recognizer.transcribe(said("turn", "on", "light"), ["de", "en"])
    assert (english.text, english.language) == ("turn on light", "en")
    assert english.language_probability > 0.8
    german = recognizer.transcribe(said("mach", "das", "licht"), ["en", "de"])
    assert (german.text, german.language) == ("mach das licht", "de")


def test_where_nobody_spoke_nothing_is_written(recognizer) -> None:
    heard = recognizer.transcribe(said(), ["de", "en"])
    assert (heard.text, heard.no_speech) == ("", 1.0)


def test_the_last_word_is_written_though_the_audio_ends_with_it(recognizer) -> None:
    whole = said("turn", "on", "light")
    heard = recognizer.transcribe(
        whole.slice(Millis(0), Millis(whole.duration - 200)), ["en"]
    )
    assert heard.text == "turn on light"


def test_an_utterance_leaves_nothing_behind_for_the_next(recognizer) -> None:
    half = said("turn", "on").slice(Millis(0), Millis(900))
    alone = recognizer.transcribe(said("licht"), ["de"])
    recognizer.transcribe(half, ["en"])
    assert recognizer.transcribe(said("licht"), ["de"]) == alone


@pytest.mark.parametrize("kind", ["nemo transducer", *STREAMING[1:]])
def test_a_transducer_says_how_sure_it_is(kind, tmp_path) -> None:
    recognizer = load(write_sherpa(tmp_path, kind))
    heard = recognizer.transcribe(said("turn", "on"), ["en"])
    assert 0.9 < heard.confidence < 1


def test_the_folder_tells_its_languages_without_being_loaded(folder) -> None:
    assert heard_languages(ModelChoice(recognizer=str(folder))) == ("de", "en", "mt")


@pytest.mark.parametrize("compute_type", ["default", "int8"])
def test_of_two_kinds_of_networks_the_wanted_one_is_used(
    tmp_path, compute_type
) -> None:
    write_sherpa(tmp_path, "nemo transducer")
    write_sherpa(tmp_path, "nemo transducer", ending=".int8")
    unwanted = "encoder.onnx" if compute_type == "int8" else "encoder.int8.onnx"
    (tmp_path / unwanted).write_bytes(b"not to be opened")
    heard = load(tmp_path, compute_type=compute_type).transcribe(
        said("turn", "on"), ["en"]
    )
    assert heard.text == "turn on"


# --- Refused, where sherpa-onnx would end the process -------------------------


@pytest.mark.parametrize(
    ("kind", "file", "key"),
    [
        ("nemo ctc", "model.onnx", "vocab_size"),
        ("nemo transducer", "encoder.onnx", "pred_hidden"),
        ("streaming nemo ctc", "model.onnx", "chunk_shift"),
        ("streaming nemo transducer", "encoder.onnx", "cache_last_time_dim2"),
        ("streaming lstm transducer", "encoder.onnx", "model_type"),
        ("streaming lstm transducer", "decoder.onnx", "context_size"),
    ],
)
def test_a_network_that_says_too_little_of_itself_is_refused(
    tmp_path, kind, file, key
) -> None:
    path = write_sherpa(tmp_path, kind) / file
    model = onnx.load(path)
    says = {pair.key: pair.value for pair in model.metadata_props}
    assert says.pop(key) is not None
    onnx.helper.set_model_props(model, says)
    onnx.save(model, path)
    with pytest.raises(ConfigError, match=rf"{file}: says nothing of {key}"):
        load(tmp_path)


@pytest.mark.parametrize("name", ["encoder.onnx", "decoder.onnx"])
def test_a_missing_network_is_named(tmp_path, name) -> None:
    (write_sherpa(tmp_path, "nemo transducer") / name).unlink()
    with pytest.raises(ConfigError, match=name):
        load(tmp_path)


def test_a_network_that_was_cut_off_is_refused(tmp_path) -> None:
    path = write_sherpa(tmp_path, "nemo transducer") / "encoder.onnx"
    path.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ConfigError, match=r"encoder\.onnx: not a whole ONNX file"):
        load(tmp_path)


def test_two_networks_of_one_kind_are_refused(tmp_path) -> None:
    write_sherpa(tmp_path, "nemo transducer")
    write_sherpa(tmp_path, "nemo transducer", ending="-epoch-99")
    with pytest.raises(ConfigError, match=r"leave one of encoder-epoch-99\.onnx"):
        load(tmp_path)


def test_a_folder_that_does_not_tell_its_languages_is_refused(tmp_path) -> None:
    write_sherpa(tmp_path, "nemo ctc")
    (tmp_path / "parley.json").write_text(json.dumps({}))
    with pytest.raises(ConfigError, match=r"parley\.json: must name"):
        load(tmp_path)


def test_cuda_is_refused(tmp_path) -> None:
    write_sherpa(tmp_path, "nemo ctc")
    with pytest.raises(ConfigError, match="runs on the CPU"):
        load(tmp_path, device="cuda")
