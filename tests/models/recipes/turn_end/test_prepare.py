"""What was heard is kept by all it depends on; recordings that are of no use are named."""

import csv
import random
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

import soundfile

from models.recipes.turn_end import prepare, ship, train
from models.recipes.turn_end.prepare import Ear, Tails, by_espeak, by_people, rows_of
from models.recipes.turn_end.texts import Sayings
from voice.errors import ConfigError

RATE = 16_000

FEW = Sayings([], {"en": 1.0})


def speech(seconds: float) -> np.ndarray:
    """Three hums with lulls between them."""
    time = np.arange(int(seconds * RATE)) / RATE
    hum = 0.3 * np.sign(np.sin(2 * np.pi * 140 * time))
    return np.where(time % (seconds / 3) < seconds / 5, hum, 0.0)


def recordings(folder: Path, *rows: tuple[str, str], columns=prepare.COLUMNS) -> Path:
    """A folder with an index of sentences: file and seconds of each."""
    folder.mkdir()
    with (folder / "index.csv").open("w", encoding="utf-8", newline="") as file:
        index = csv.DictWriter(file, columns, extrasaction="ignore")
        index.writeheader()
        for name, seconds in rows:
            said = {"language": "en", "transcript": "what a day it was"}
            index.writerow({**said, "file": name, "seconds": seconds})
    return folder


def some(folder: Path) -> list[dict[str, str]]:
    return rows_of(folder, random.Random(1), 10)


@pytest.fixture
def few(monkeypatch) -> None:
    """Parts of two clips."""
    monkeypatch.setattr(prepare, "PART", 2)


def parts_of(run: Path) -> set[Path]:
    return set(run.glob("heard/*/*.npz"))


@pytest.mark.usefixtures("few")
def test_what_another_model_heard_is_not_taken_for_it(tmp_path) -> None:
    run = tmp_path / "run"
    list(by_espeak(FEW, 2, Ear(train.ACOUSTIC, run), seed=1))
    (first,) = parts_of(run)

    # The same, only that every sound counts differently.
    other = tmp_path / "other"
    shutil.copytree(train.ACOUSTIC, other)
    description = other / "acoustic.json"
    description.write_bytes(description.read_bytes() + b"\n")
    list(by_espeak(FEW, 2, Ear(other, run), seed=1))
    assert len(parts_of(run)) == 2
    assert {path.name for path in parts_of(run)} == {first.name}

    # Where nothing differs, nothing is heard again.
    written = first.stat().st_mtime_ns
    list(by_espeak(FEW, 2, Ear(train.ACOUSTIC, run), seed=1))
    assert first.stat().st_mtime_ns == written
    assert len(parts_of(run)) == 2


def test_what_is_said_and_how_is_part_of_the_name(tmp_path, monkeypatch) -> None:
    ear = Ear(train.ACOUSTIC, tmp_path)
    said = [{"language": "en", "transcript": "what a day it was"}]
    others = [
        ear.folder("espeak", 1, FEW.everything),
        ear.folder("espeak", 2, FEW.everything),
        ear.folder("people", 1, FEW.everything),
        ear.folder("espeak", 1, Sayings([], {"en": 2.0}).everything),
        ear.folder("espeak", 1, Sayings(said, {"en": 1.0}).everything),
    ]
    monkeypatch.setattr(prepare, "PART", 7)
    others.append(ear.folder("espeak", 1, FEW.everything))
    assert len(set(others)) == len(others)


@pytest.mark.usefixtures("few")
def test_parts_without_a_clip_join_the_others(tmp_path) -> None:
    files = [(f"{name}.wav", "3.0") for name in "abcd"]
    folder = recordings(tmp_path / "people", *files)
    rows = some(folder)
    # The first part cannot be read, the second can.
    for row in rows[2:]:
        soundfile.write(folder / row["file"], speech(3.0), RATE)
    ear = Ear(train.ACOUSTIC, tmp_path / "run")
    parts = list(by_people(rows, folder, ear, seed=1))
    assert [len(part) > 0 for part in parts] == [False, True]
    assert len(Tails.joined(parts)) == len(parts[1])


@pytest.mark.parametrize(
    ("rows", "columns", "message"),
    [
        ([], prepare.COLUMNS, "lists no recording of use: sentences of people"),
        ([("a.wav", "0.1")], prepare.COLUMNS, "lists no recording of use"),
        ([("a.wav", "long")], prepare.COLUMNS, "line 2: could not convert .*'long'"),
        ([("a.wav", "3.0")], prepare.COLUMNS[:3], "has no column seconds"),
    ],
)
def test_an_index_of_no_use_is_named(tmp_path, rows, columns, message) -> None:
    folder = recordings(tmp_path / "people", *rows, columns=columns)
    with pytest.raises(ConfigError, match=rf"index\.csv: {message}"):
        some(folder)


def test_a_line_that_is_too_short_is_named(tmp_path) -> None:
    folder = recordings(tmp_path / "people", ("a.wav", "3.0"))
    with (folder / "index.csv").open("a", encoding="utf-8") as index:
        index.write("en,what a day\n")
    with pytest.raises(ConfigError, match="line 3: has too few values"):
        some(folder)


def test_a_missing_index_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"index\.csv: is missing; name another"):
        some(tmp_path)


def test_recordings_that_cannot_be_read_are_an_error(tmp_path) -> None:
    folder = recordings(tmp_path / "people", ("gone.wav", "3.0"))
    ear = Ear(train.ACOUSTIC, tmp_path / "run")
    with pytest.raises(ConfigError, match="people: holds no recording of use"):
        list(by_people(some(folder), folder, ear, seed=1))


def test_languages_without_a_sentence_are_named() -> None:
    with pytest.raises(ConfigError, match="languages: nobody says anything in any"):
        Sayings([], {"fi": 1.0})


def test_training_tells_of_a_folder_without_an_index(
    tmp_path, monkeypatch, capsys
) -> None:
    arguments = ["--out", str(tmp_path / "run"), "--recordings", str(tmp_path)]
    monkeypatch.setattr(sys, "argv", ["train", *arguments])
    with pytest.raises(SystemExit):
        train.main()
    assert "index.csv: is missing" in capsys.readouterr().err


def test_shipping_tells_of_a_folder_without_an_index(
    tmp_path, monkeypatch, capsys
) -> None:
    monkeypatch.setattr(ship, "load_run", lambda run: (None, {}))
    run = ["--run", str(tmp_path), "--version", "2"]
    monkeypatch.setattr(sys, "argv", ["ship", *run, "--recordings", str(tmp_path)])
    with pytest.raises(SystemExit):
        ship.main()
    assert "index.csv: is missing" in capsys.readouterr().err
