"""`parley eval --targets`: what was measured against what is to be reached."""

import json
import shutil
from pathlib import Path

import pytest

from streaming.cli import main
from streaming.commands.target_parts import Sizes
from streaming.commands.target_rows import (
    TOLD_AMONG,
    language_rows,
    people_errors,
    target_rows,
)
from streaming.commands.targets import Measurement
from streaming.config import load_config
from streaming.settings import Setting
from voice.errors import ConfigError
from voice.fixtures import read_index

SIZES = Sizes(sentences=2, wordless_s=4.0)


def config(*languages: str):
    setting = Setting("conversation.languages", list(languages), "test")
    return load_config(None, {}, [setting])


def score(understood: int, intents: int, *, errors: int = 0, words: int = 100) -> dict:
    return {
        "clips": intents,
        "words": words,
        "errors": errors,
        "audible_errors": errors // 2,
        "wer": errors / words,
        "intents": intents,
        "understood": understood,
        "mistaken": 0,
        "misheard": [],
        "errors_of_intent": [],
    }


SPREAD = {"p50": 90.0, "p95": 120.0, "p99": 130.0, "count": 12}

DOCUMENT = {
    "bytes": 9_000_000,
    "skipped": {},
    "held_out": {"de": score(39, 40, errors=3), "ga": score(30, 40, errors=9)},
    "recordings": {
        "en": {"command/human": score(9, 15), "command/tts": score(5, 10)},
        "fr": {"command/human": score(11, 19), "command/tts": score(10, 10)},
    },
    "told": {tag: {"clips": 20, "right": 19, "taken_for": []} for tag in TOLD_AMONG},
    "wordless": {
        "0": {
            "seconds": 3600.0,
            "clips": 900,
            "texts": [],
            "ungated_clips": 225,
            "ungated_texts": [{"kind": "hum"}],
        }
    },
    "decode": {
        "one": {"wall_ms": SPREAD, "processor_ms": SPREAD},
        "four": {"wall_ms": {**SPREAD, "p50": 121.0}, "processor_ms": SPREAD},
    },
}


def verdicts(document: dict) -> dict[str, tuple[str, str]]:
    return {row.name: (row.verdict, row.measured) for row in target_rows(document)}


def test_each_target_is_met_missed_or_skipped_with_a_reason() -> None:
    rows = verdicts(DOCUMENT)
    assert rows["held-out eSpeak voices, word errors"] == (
        "missed",
        "1 of 2 languages; 6.0 % in all; above it: ga 9.0 %",
    )
    assert rows["the same, of words that sound different"] == (
        "",
        "2 of 2 languages; 2.5 % in all",
    )
    assert rows["neural voices, mean of the languages"][0] == "met"
    # French is below the bar, though both together would be above it.
    assert rows["people, English and French"] == (
        "missed",
        "en 9 of 15 (36-80 %); fr 11 of 19 (36-77 %)",
    )
    assert rows["language told among 8, from 1.5 s"][0] == "met"
    assert rows["text on noise, music, silence"] == (
        "met",
        "0 in 900 clips, 60 minutes",
    )
    assert rows["the same, without the speech gate"] == ("", "1 in 225 clips")
    assert rows["decode of 3 s, one language"][0] == "met"
    assert rows["decode of 3 s, four languages"][0] == "missed"
    assert rows["weights in all"] == ("met", "9.0 MB")


def test_one_text_on_noise_misses_and_less_than_an_hour_tells_nothing() -> None:
    name = "text on noise, music, silence"
    short = {**DOCUMENT["wordless"]["0"], "seconds": 600.0}
    assert verdicts({**DOCUMENT, "wordless": {"0": short}})[name][0] == "skipped"
    wrong = {**short, "texts": [{"kind": "hum"}]}
    assert verdicts({**DOCUMENT, "wordless": {"0": wrong}})[name][0] == "missed"


def test_what_was_not_measured_says_why() -> None:
    empty = {"bytes": 1, "skipped": {"held_out": "there is no eSpeak"}}
    rows = verdicts(empty)
    assert rows["held-out eSpeak voices, word errors"] == (
        "skipped",
        "there is no eSpeak",
    )
    assert "name their folder" in rows["people, English and French"][1]


def test_one_language_of_people_alone_tells_nothing() -> None:
    french = {"fr": {"command/human": score(19, 19)}}
    document = {**DOCUMENT, "recordings": french}
    name = "people, English and French"
    verdict, measured = verdicts(document)[name]
    assert verdict == "skipped"
    assert measured.endswith("; en: no such commands")
    skipped = {**document, "skipped": {"recordings": "a.wav: no samples"}}
    assert verdicts(skipped)[name][1].endswith("; en: a.wav: no samples")


def test_nothing_is_met_where_a_part_is_missing() -> None:
    held_out = {"de": score(39, 40, errors=3)}
    whole = {**DOCUMENT, "held_out": held_out}
    name = "held-out eSpeak voices, word errors"
    assert verdicts(whole)[name][0] == "met"
    skipped = {"held_out": "no voice", "recordings": "a.wav: no samples"}
    rows = verdicts({**whole, "skipped": skipped})
    assert rows[name][0] == "skipped"
    assert rows[name][1].endswith("; not all: no voice")
    neural = rows["neural voices, mean of the languages"]
    assert neural[0] == "skipped"
    assert neural[1].endswith("; not all: a.wav: no samples")
    # One language above the bar is enough to miss it.
    assert verdicts({**DOCUMENT, "skipped": skipped})[name][0] == "missed"


def test_the_machine_is_told_where_it_is_not_that_of_the_last_run() -> None:
    machine = {"processor": "Fast", "cores": 8, "load": 0.1, "system": "Linux x86_64"}
    timed = {**DOCUMENT["decode"]["one"], "machine": machine}
    document = {**DOCUMENT, "decode": {"one": timed}, "machine": {**machine, "load": 3}}
    name = "decode of 3 s, one language"
    assert verdicts(document)[name][1].endswith("90 ms)")
    document["machine"] = {**machine, "processor": "Slow"}
    assert verdicts(document)[name][1].endswith("; on Fast, 8 cores, Linux x86_64")


def test_a_model_of_intents_is_judged_by_what_it_adds() -> None:
    name = "grammar and model, against grammar"
    assert verdicts(DOCUMENT)[name] == ("skipped", "no model of intents comes along")
    shares = {"grammar_right": 0.3, "grammar_wrong": 0.1, "right": 0.46, "wrong": 0.2}
    shares["otherwise"] = 0.03
    found = {"heard_all": {"commands": 50, **shares}}
    verdict, measured = verdicts({**DOCUMENT, "intents": found})[name]
    assert verdict == "met"
    assert measured.startswith("+16.0 points, 3.0 % another intent, of 50 commands")
    assert measured.endswith("20.0 % wrong (grammar alone 10.0 %)")
    found["heard_all"]["otherwise"] = 0.031
    assert verdicts({**DOCUMENT, "intents": found})[name][0] == "missed"


def test_the_languages_and_the_errors_of_people_are_listed() -> None:
    error = {"error": "mistaken", "said": "stop", "heard": "start", "file": "a.wav"}
    document = json.loads(json.dumps(DOCUMENT))
    document["recordings"]["fr"]["command/human"]["errors_of_intent"] = [error]
    assert list(people_errors(document)) == [{"language": "fr", **error}]
    rows = {row[0]: row[1:] for row in language_rows(document)}
    assert rows["Irish"] == ("40", "9.0 %", "4.0 %", "30 of 40", "-", "-")
    assert rows["French"] == ("-", "-", "-", "-", "10 of 10", "11 of 19")


@pytest.fixture(scope="module")
def measured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict]:
    file = tmp_path_factory.mktemp("results") / "results.json"
    return file, dict(Measurement(config("et"), [], SIZES, file).run())


def test_a_language_is_read_heard_and_kept(measured) -> None:
    file, document = measured
    (found,) = document["held_out"].values()
    assert (found["clips"], found["intents"]) == (2, 2)
    assert 0 <= found["wer"] <= 1
    assert json.loads(file.read_text("utf-8"))["held_out"] == document["held_out"]
    assert "leave out --languages" in document["skipped"]["told"]


def test_a_second_run_measures_only_what_is_missing(measured, tmp_path: Path) -> None:
    file = Path(shutil.copy(measured[0], tmp_path))
    told = json.loads(file.read_text("utf-8"))
    told["held_out"]["et"]["wer"] = 0.875
    file.write_text(json.dumps(told), "utf-8")
    again = Measurement(config("et"), [], SIZES, file).run()
    assert again["held_out"]["et"]["wer"] == 0.875


def test_results_of_something_else_are_not_added_to(measured) -> None:
    file, _ = measured
    with pytest.raises(ConfigError, match="of another sentences; name another file"):
        Measurement(config("et"), [], Sizes(sentences=3, wordless_s=4.0), file)


def test_an_older_run_keeps_its_machine(measured, tmp_path: Path) -> None:
    file = Path(shutil.copy(measured[0], tmp_path))
    told = json.loads(file.read_text("utf-8"))
    told |= {"decode": DOCUMENT["decode"], "machine": {"processor": "older"}}
    file.write_text(json.dumps(told), "utf-8")
    again = Measurement(config("et"), [], SIZES, file).run()
    assert again["decode"]["one"]["machine"] == {"processor": "older"}
    assert again["machine"] != {"processor": "older"}


def recordings(folder: Path, text: str) -> Path:
    (folder / "broken.wav").write_bytes(b"RIFF, and nothing else")
    index = folder / "index.csv"
    index.write_text(f"language,transcript,file\net,{text},broken.wav\n", "utf-8")
    return index


def test_a_broken_recording_ends_only_its_part(measured, tmp_path: Path) -> None:
    file = Path(shutil.copy(measured[0], tmp_path))
    index = recordings(tmp_path, "tere")
    document = Measurement(
        config("et"), read_index(index), SIZES, file, index=index
    ).run()
    assert "broken.wav: not a recording" in document["skipped"]["recordings"]
    assert "et" in document["held_out"]


def test_results_of_other_recordings_are_not_added_to(measured, tmp_path: Path) -> None:
    file = Path(shutil.copy(measured[0], tmp_path))
    index = recordings(tmp_path, "tere")

    def opened(*settings: Setting) -> Measurement:
        language = Setting("conversation.languages", ["et"], "test")
        chosen = load_config(None, {}, [language, *settings])
        return Measurement(chosen, read_index(index), SIZES, file, index=index)

    # Measured without recordings, or before results told which: completed.
    opened().run()
    assert set(json.loads(file.read_text("utf-8"))["of"]) >= {"home", "index"}
    opened()
    Measurement(config("et"), [], SIZES, file)
    with pytest.raises(ConfigError, match="of another home;"):
        opened(Setting("conversation.home", "recordings", "test"))
    recordings(tmp_path, "head aega")
    with pytest.raises(ConfigError, match="of another index;"):
        opened()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--results", "a.json"], "--results: only with --targets"),
        (["--targets", "--detect"], "--detect: not with --targets"),
        (["--targets", "--by-group"], "--by-group: not with --targets"),
        (["--targets", "--errors"], "--errors: not with --targets"),
        (["--targets", "--results", "gone/a.json"], "there is no folder gone"),
    ],
)
def test_an_option_that_would_be_ignored_is_refused(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["eval", *words]) == 2
    assert complaint in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", '{"held_out": {}}'])
def test_a_file_without_results_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "results.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=str(file)):
        Measurement(config("et"), [], SIZES, file)


def test_a_part_that_fails_leaves_its_reason_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def mute(*_: object) -> None:
        raise OSError("libespeak-ng.so: cannot open shared object file")

    monkeypatch.setattr("voice.held_out.Espeak.load", mute)
    document = Measurement(config("et"), [], SIZES, tmp_path / "results.json").run()
    assert "libespeak-ng" in document["skipped"]["held_out"]
    assert verdicts(dict(document))["weights in all"][0] == "met"
