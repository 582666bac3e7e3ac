"""From a choice to loaded stages: the right model, or one clear sentence."""

import pickle
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from tests.voice.recognizers import tiny_whisper
from tests.voice.synthesizers.tiny_piper import write_voice
from voice import manifests
from voice.assembly import (
    FIRST_LANGUAGES,
    HOMES,
    STARTER_WHISPER,
    STARTERS,
    ModelChoice,
    heard_languages,
    hears_only_sentences,
    load_recognizer,
    load_responder,
    load_synthesizer,
    load_voice_activity,
    read_home,
    served_languages,
    starter_manifest,
)
from voice.audio import HEARING_RATE, Pcm
from voice.errors import ConfigError, StageError
from voice.events import Millis
from voice.languages import LANGUAGES
from voice.manifests import files_in
from voice.stages import Recognizer
from voice.synthesizers.espeak import Espeak


@pytest.fixture(scope="module")
def whisper(tmp_path_factory) -> str:
    folder = tmp_path_factory.mktemp("whisper")
    return str(tiny_whisper.build(folder, languages=("en", "de", "mt")))


SHIPPED = ModelChoice(recognizer=STARTER_WHISPER, device="cpu")


# --- Languages ----------------------------------------------------------------


def test_a_directory_tells_its_languages(whisper) -> None:
    assert heard_languages(ModelChoice(recognizer=whisper)) == ("de", "en", "mt")


def test_what_stands_beside_a_model_wins(tmp_path) -> None:
    tiny_whisper.build(
        tmp_path, hearing={"windows_s": [2, 4], "languages": ["de", "en"]}
    )
    (tmp_path / "parley.json").write_text('{"languages": ["de"]}')
    assert heard_languages(ModelChoice(recognizer=str(tmp_path))) == ("de",)


def test_an_english_only_model_hears_english(tmp_path) -> None:
    tiny_whisper.build(tmp_path)
    vocabulary = tmp_path / "vocabulary.json"
    vocabulary.write_text(vocabulary.read_text().replace('""', '"x"'))
    assert heard_languages(ModelChoice(recognizer=str(tmp_path))) == ("en",)


def test_languages_without_a_grammar_are_served_only_if_asked_for(whisper) -> None:
    assert served_languages(ModelChoice(recognizer=whisper)) == ("de", "en")
    asked = ModelChoice(recognizer=whisper, languages=("mt", "de"))
    assert served_languages(asked) == ("de", "mt")


def test_a_language_that_is_not_heard_is_refused(whisper) -> None:
    with pytest.raises(ConfigError, match="does not hear fr, only de, en, mt"):
        served_languages(ModelChoice(recognizer=whisper, languages=("fr", "de")))


def test_the_starter_hears_what_its_manifest_says_and_serves_the_first() -> None:
    assert heard_languages(ModelChoice()) == tuple(sorted(starter_manifest().languages))
    assert served_languages(ModelChoice()) == FIRST_LANGUAGES
    asked = ModelChoice(languages=("pl", "fi"))
    assert served_languages(asked) == ("fi", "pl")


def test_every_grammar_is_heard_by_the_starter() -> None:
    grammars = {tag for tag, language in LANGUAGES.items() if language.grammar}
    assert set(heard_languages(ModelChoice())) == grammars


# --- Loading ------------------------------------------------------------------


def test_a_choice_survives_the_way_to_another_process() -> None:
    choice = ModelChoice(languages=("de",), threads=2)
    assert pickle.loads(pickle.dumps(choice)) == choice


def test_a_recogniser_of_the_users_own_is_loaded(whisper) -> None:
    recognizer = load_recognizer(ModelChoice(recognizer=whisper, device="cpu"))
    assert recognizer.languages == ("de", "en")
    silence = Pcm(np.zeros(HEARING_RATE, np.int16), HEARING_RATE)
    assert recognizer.transcribe(silence, ("de",)).text == ""


@pytest.fixture
def shipped(tmp_path, monkeypatch) -> Path:
    """A starter of random numbers, with its manifest, in place of the real one."""
    directory = tiny_whisper.build(tmp_path / "models" / "starter" / "recognizer")
    lines = [
        'name = "starter-recognizer"\nstage = "recognition"\nfamily = "whisper"',
        'version = "1"\nlicense = "x"\nlanguages = ["en", "de"]\nsample_rate = 16000',
        'source = "a test"\ndirectory = "models/starter/recognizer"',
    ]
    for file in files_in(directory):
        lines.append(f'[[files]]\npath = "{file.path}"\nbytes = {file.bytes}')
        lines.append(f'sha256 = "{file.sha256}"')
    manifest = tmp_path / "models" / "manifests" / "starter-recognizer.toml"
    manifest.parent.mkdir()
    manifest.write_text("\n".join(lines), encoding="utf-8")
    monkeypatch.setattr(manifests, "data_root", lambda: tmp_path)
    return directory


def test_a_shipped_model_that_is_whole_is_loaded(shipped) -> None:
    assert load_recognizer(SHIPPED).languages == ("de", "en")


def test_a_shipped_model_that_was_changed_is_not_even_opened(shipped) -> None:
    (shipped / "model.pkl").write_bytes(b"import os")
    (shipped / "config.json").write_text("not even JSON")
    with pytest.raises(ConfigError) as caught:
        load_recognizer(SHIPPED)
    assert "model.pkl: not in the manifest" in str(caught.value)
    assert "config.json: " in str(caught.value)


@pytest.mark.parametrize("name", STARTERS)
def test_without_a_starter_it_is_told_how_to_come_by_it(
    name, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr(manifests, "data_root", lambda: tmp_path)
    with pytest.raises(ConfigError, match="did not come along; make it as"):
        served_languages(ModelChoice(recognizer=name))


def test_the_starter_whisper_is_loaded() -> None:
    recognizer = load_recognizer(ModelChoice(recognizer=STARTER_WHISPER, device="cpu"))
    assert set(recognizer.languages) == {"de", "en", "es", "fr"}


@pytest.fixture(scope="module")
def bulgarian() -> Recognizer:
    return load_recognizer(ModelChoice(languages=("bg",)))


@pytest.mark.parametrize("text", ["включи лампата в кухнята", "да", "не"])
def test_the_starter_hears_the_home_and_what_is_said_besides(bulgarian, text) -> None:
    espeak = Espeak.load()
    samples, _ = espeak.render(text, "bg")
    speech = Pcm(samples, espeak.rate).resampled(HEARING_RATE)
    silence = Pcm.silence(Millis(250), HEARING_RATE)
    clip = Pcm.joined([silence, speech, silence], HEARING_RATE)
    assert bulgarian.transcribe(clip, ("bg",)).text == text


def test_an_acoustic_model_of_the_users_own_tells_its_languages(tmp_path) -> None:
    (tmp_path / "acoustic.onnx").write_bytes(b"")
    choice = ModelChoice(recognizer=str(tmp_path))
    with pytest.raises(ConfigError, match=r"acoustic\.json: names no languages"):
        served_languages(choice)
    (tmp_path / "acoustic.json").write_text('{"languages": ["pl", "mt", "en"]}')
    assert served_languages(choice) == ("en", "pl"), "Maltese has no sentences"


@pytest.mark.parametrize("network", ["acoustic.onnx", "tokens.txt", "model.bin"])
def test_a_list_is_no_description_of_a_model(tmp_path, network) -> None:
    for name in (network, "tokenizer.json"):
        (tmp_path / name).write_bytes(b"")
    for name in ("acoustic.json", "parley.json"):
        (tmp_path / name).write_text('["de", "en"]')
    with pytest.raises(ConfigError, match=r"\.json: must be a JSON object"):
        served_languages(ModelChoice(recognizer=str(tmp_path)))


def test_it_is_known_what_hears_only_sentences(whisper, tmp_path) -> None:
    (tmp_path / "acoustic.onnx").write_bytes(b"")
    own = ModelChoice(recognizer=str(tmp_path))
    assert hears_only_sentences(ModelChoice())
    assert hears_only_sentences(own)
    served = replace(ModelChoice(), heard=("en",))
    written = ModelChoice(recognizer=STARTER_WHISPER), ModelChoice(recognizer=whisper)
    assert not any(map(hears_only_sentences, (served, *written)))


def test_a_missing_recogniser_is_named(tmp_path) -> None:
    gone = str(tmp_path / "gone")
    with pytest.raises(ConfigError, match="gone: there is no such directory"):
        load_recognizer(ModelChoice(recognizer=gone))
    with pytest.raises(ConfigError, match=r"tokenizer\.json: is missing; copy it"):
        load_recognizer(ModelChoice(recognizer=str(tmp_path)))


@pytest.mark.parametrize("home", HOMES)
def test_every_home_that_came_along_can_be_read(home) -> None:
    assert read_home(ModelChoice(home=home)).devices


def test_a_home_of_the_users_own_is_read(tmp_path) -> None:
    path = tmp_path / "home.toml"
    path.write_text('[devices."light.lamp"]\nnames = { "*" = "lamp" }\n')
    (device,) = read_home(ModelChoice(home=str(path))).devices
    assert device.id == "light.lamp"


def test_a_responder_understands_its_home(whisper) -> None:
    choice = ModelChoice(recognizer=whisper, languages=("en",))
    home = read_home(choice)
    plan = load_responder(choice).plan(
        "turn on the kitchen lamp",
        "en",
        home=home.initial_state(),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    assert plan.intent is not None
    assert plan.intent.name == "HassTurnOn"
    assert plan.effects


def test_every_language_has_a_voice() -> None:
    synthesizer = load_synthesizer(ModelChoice())
    assert set(LANGUAGES) <= set(synthesizer.languages)
    assert sum(len(piece) for piece in synthesizer.speak("Hallo", "de")) > 4000


def test_a_voice_of_the_users_own_speaks_its_language_only(tmp_path) -> None:
    rate = 8000
    write_voice(tmp_path, "tiny", code="de_DE", espeak_voice="de", rate=rate)
    synthesizer = load_synthesizer(ModelChoice(voices=str(tmp_path)))
    german = next(iter(synthesizer.speak("Hallo.", "de")))
    english = next(iter(synthesizer.speak("Hello.", "en")))
    assert german.rate == rate
    assert english.rate != rate
    with pytest.raises(StageError, match="unsupported_language"):
        synthesizer.speak("?", "xx")


def test_voices_that_are_not_there_are_refused(tmp_path) -> None:
    with pytest.raises(ConfigError, match="no voices"):
        load_synthesizer(ModelChoice(voices=str(tmp_path)))


def test_each_session_has_a_detector_of_its_own() -> None:
    opened = load_voice_activity()
    one, other = opened(), opened()
    assert one is not other
    silence = Pcm(np.zeros(one.frame_samples, np.int16), HEARING_RATE)
    assert one.probability(silence) < 0.5


# --- What a worker has to import ----------------------------------------------


@pytest.mark.parametrize(
    ("load", "unwanted"),
    [
        ("load_synthesizer", ["ctranslate2", "faster_whisper", "hassil", "piper"]),
        ("load_voice_activity", ["ctranslate2", "faster_whisper", "hassil", "piper"]),
    ],
)
def test_a_worker_imports_only_what_it_needs(load, unwanted) -> None:
    argument = "" if load == "load_voice_activity" else "assembly.ModelChoice()"
    code = (
        "import sys; from voice import assembly;"
        f"assembly.{load}({argument});"
        f"print([name for name in {unwanted} + ['torch'] if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    assert done.stdout.strip() == "[]"


def test_what_is_no_sentence_of_the_home_is_said_to_be_over_or_not(bulgarian) -> None:
    espeak = Espeak.load()

    def over(text: str) -> float | None:
        samples, _ = espeak.render(text, "bg")
        speech = Pcm(samples, espeak.rate).resampled(HEARING_RATE)
        return bulgarian.transcribe(speech, ("bg",)).over

    assert over("включи лампата в кухнята") is None
    told = over("вчера валя цял ден и никой не излезе навън")
    assert told is not None
    assert 0 <= told <= 1
