"""The table of targets: what passes, what misses, and what is left when a part fails."""

import asyncio
import json

import pytest

from benchmarks.bargein import Result, Trial
from benchmarks.effects import Walk
from benchmarks.target_rows import (
    Observed,
    barge_in_rows,
    effects_row,
    load_row,
    page,
    pipecat_row,
    wait_row,
)
from benchmarks.targets import QUICK, Run
from benchmarks.waiting import Score


class Spoken:
    """As much of a clip and of an answer as the table looks at."""

    def __init__(self, wait, kind="command"):
        self.wait = wait
        self.kind = kind


def observed(waits, false_cut_ins, kind="command"):
    seen = Observed()
    seen.answers = [(Spoken(wait, kind), Spoken(wait, kind)) for wait in waits]
    seen.cut_ins[kind] = Score(false_cut_ins, 0.0, (), 0)
    seen.pauses[kind] = 100
    return seen


@pytest.mark.parametrize(
    ("waits", "false_cut_ins", "met"),
    [
        ([250.0] * 20, 0.05, True),
        ([250.0] * 20, 0.06, False),
        ([310.0] * 20, 0.0, False),
        ([250.0] * 18 + [510.0] * 2, 0.0, False),
        ([], 0.0, None),
    ],
)
def test_a_wait_counts_only_with_few_cut_ins(waits, false_cut_ins, met):
    assert wait_row(observed(waits, false_cut_ins), "command").met is met


def test_waits_without_their_cut_ins_are_no_result():
    seen = observed([250.0], 0.0)
    seen.cut_ins.clear()
    assert wait_row(seen, "command").met is None


def test_open_speech_has_a_target_of_its_own():
    assert wait_row(observed([700.0] * 9, 0.01, "open"), "open").met is True


def test_the_ratio_to_pipecat_is_that_of_the_medians():
    seen = Observed()
    assert pipecat_row(seen).met is None
    seen.compared = {"parley": [200.0, 250.0, 900.0], "pipecat": [400.0, 500.0, 600.0]}
    seen.compared_cut_ins = {"parley": 0, "pipecat": 1}
    assert pipecat_row(seen).values["ratio"] == 0.5
    assert pipecat_row(seen).met is True


def test_an_interruption_that_was_missed_is_a_miss():
    heard = Trial("en", "words", "stop", silent_ms=90.0, status="cancelled")
    missed = Trial("en", "words", "stop", status="completed")
    assert barge_in_rows(Result([heard]))[0].met is True
    assert barge_in_rows(Result([heard, missed]))[0].met is False


def test_one_wrong_effect_is_a_miss():
    moves, walk = Walk(10, ()), Walk(10_000, ())
    assert effects_row(moves, walk).met is True
    assert effects_row(moves, Walk(10_000, ("twice",))).met is False


def test_what_was_not_measured_is_neither():
    assert load_row(Observed()).met is None
    assert "skipped" in page([load_row(Observed())])


def test_a_part_that_fails_or_hangs_leaves_the_others(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmarks.targets.DEADLINE_S", 0.01)
    run = Run(QUICK, tmp_path)

    async def broken():
        raise ValueError("planted")

    async def all_parts():
        await run.live("broken", broken())
        await run.live("hanging", asyncio.sleep(60))
        run.add(effects_row(Walk(1, ()), Walk(10_000, ())))

    asyncio.run(all_parts())
    told = json.loads((tmp_path / "targets.json").read_text())
    assert told["failed"] == ["broken", "hanging"]
    assert [row["met"] for row in told["rows"]] == [True]
