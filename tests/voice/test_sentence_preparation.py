"""What may be said in a small home, prepared, and kept from one start to the next."""

from dataclasses import replace
from pathlib import Path

import pytest

from voice.home import Home
from voice.home_files import load_home
from voice.phones import PHONES
from voice.recognizers.phone_graphs import PhoneGraph
from voice.sentence_preparation import prepared_sentences


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Home:
    path = tmp_path_factory.mktemp("home") / "home.toml"
    path.write_text(
        '[areas.kitchen]\nnames = "кухня"\n'
        '[devices."light.lamp"]\nnames = "лампа"\narea = "kitchen"\n',
        encoding="utf-8",
    )
    return load_home(path)


def prepared(home: Home, folder: Path | None) -> tuple[PhoneGraph, ...]:
    return prepared_sentences(home, "bg", phones=PHONES, called=(), folder=folder)


def words(graph: PhoneGraph) -> set[str]:
    return {form.written for forms in graph.sentences.words for form in forms}


def test_what_was_prepared_is_kept_where_a_folder_is_named(
    home, tmp_path, monkeypatch
) -> None:
    commands, phrases, stops = prepared(home, tmp_path)
    assert {"лампа", "кухня"} <= words(commands)
    assert {"да", "не"} <= words(phrases)
    assert "стоп" in words(stops)

    def none(home: Home, language: str) -> None:
        raise LookupError

    monkeypatch.setattr("voice.sentence_preparation.spoken_sentences", none)
    monkeypatch.setattr("voice.sentence_preparation.phrase_graph", none)
    again = prepared(home, tmp_path)
    assert [graph.sentences for graph in again] == [
        commands.sentences,
        phrases.sentences,
        stops.sentences,
    ]
    with pytest.raises(LookupError):
        prepared(replace(home, devices=()), tmp_path)
