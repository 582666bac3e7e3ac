"""The results beside the model card: of what ships, whole, and told truly by the pages."""

import copy

import pytest

from streaming.commands.target_rows import TOLD_AMONG, target_rows
from tests.models.results_pages import COMMAND, PAGES, page, read_results, stale
from voice.assembly import STARTER, ModelChoice, heard_languages, starter_manifest
from voice.manifests import read_manifests

RESULTS = read_results()


def test_the_results_are_of_the_weights_that_ship() -> None:
    manifest = starter_manifest(STARTER)
    files = {file.path: file.sha256 for file in manifest.files}
    assert RESULTS["of"]["files"] == files, f"measure again: {COMMAND}"
    assert RESULTS["of"]["recognizer"] == manifest.name


def test_the_results_know_every_model_that_ships() -> None:
    models = read_manifests().values()
    assert RESULTS["bytes"] == sum(model.bytes for model in models)
    (intents,) = (model.quality for model in models if model.stage == "response")
    assert RESULTS["intents"] == intents, f"measure again: {COMMAND}"


def test_every_language_was_measured_and_the_hour_is_whole() -> None:
    assert set(RESULTS["held_out"]) == set(heard_languages(ModelChoice()))
    assert set(RESULTS["told"]) == set(TOLD_AMONG)
    assert sum(one["seconds"] for one in RESULTS["wordless"].values()) == 3600
    assert RESULTS["of"]["sentences"] == 40
    assert not RESULTS["skipped"]


def test_the_sums_are_those_of_the_errors_that_are_listed() -> None:
    for score in RESULTS["held_out"].values():
        assert score["wer"] == pytest.approx(score["errors"] / score["words"], abs=1e-4)
        assert bool(score["errors"]) == bool(score["misheard"])
    for groups in RESULTS["recordings"].values():
        for score in groups.values():
            listed = score["errors_of_intent"]
            assert len(listed) >= score["intents"] - score["understood"]


def test_the_pages_are_up_to_date() -> None:
    assert not [path.name for path, _ in stale()], "run `make docs`"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.parent.name)
def test_a_stale_page_would_be_noticed(path) -> None:
    worse = copy.deepcopy(dict(RESULTS))
    for score in worse["held_out"].values():
        score |= {"wer": 1.0, "errors": score["words"]}
    text = path.read_text(encoding="utf-8")
    assert page(text, PAGES[path], worse) != text


def test_every_target_has_its_row() -> None:
    rows = target_rows(RESULTS)
    assert len(rows) == len({row.name for row in rows})
    assert all(row.measured for row in rows)
