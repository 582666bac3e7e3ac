"""The summary of a benchmark, and its page."""

import json
from dataclasses import replace

import pytest

from streaming.benchmark import Run, machine
from streaming.client import Turn
from tests.streaming.test_records import DONE, TIMINGS, record, utterance


def observed(waits):
    run = Run(sessions=2)
    for wait in waits:
        turn = Turn(
            id=1,
            committed_ms=6100,
            first_audible=101.0 + wait / 1000,
            timings=TIMINGS,
            done=DONE,
        )
        run.records.append(
            replace(record(turn, utterance(0, 1000)), intent="HassTurnOn")
        )
    return run


def test_the_summary_tells_the_spread_and_the_price():
    run = observed(range(100, 200))
    run.records.append(record(Turn(id=9, committed_ms=5500), utterance(0, 1000)))
    run.barge_ins_ms = [150.0]
    summary = run.summary()
    assert summary["voice_to_voice_ms"] == {
        "p50": 149,
        "p95": 194,
        "p99": 198,
        "count": 100,
    }
    assert summary["false_cut_ins"] == 1
    assert summary["false_cut_in_rate"] == round(1 / 101, 4)
    assert summary["real_time_factor"]["recognition"]["p50"] == pytest.approx(0.03)
    assert summary["barge_in_ms"]["p99"] == 150.0
    json.dumps(summary)


def test_nothing_observed_is_no_number_rather_than_zero():
    summary = Run(sessions=1).summary()
    assert summary["voice_to_voice_ms"] is None
    assert summary["false_cut_in_rate"] is None


def test_the_machine_is_named():
    assert machine()["cores"] >= 1


def test_the_report_is_a_page_with_plots_that_exist(tmp_path):
    pytest.importorskip("matplotlib", reason="needs the report extra (matplotlib)")
    from streaming.report import write_report

    page = write_report(tmp_path / "report", observed(range(100, 150)))
    text = page.read_text(encoding="utf-8")
    for plot in ("plot1.svg", "plot2.svg"):
        assert f'src="{plot}"' in text
        assert "<svg" in (page.parent / plot).read_text(encoding="utf-8")
    assert json.loads((page.parent / "summary.json").read_text())["sessions"] == 2
    assert "http" not in text.replace("http-equiv", "")


def test_the_waterfall_counts_from_the_true_end_of_speech():
    pytest.importorskip("matplotlib", reason="needs the report extra (matplotlib)")
    from matplotlib.colors import to_hex

    from streaming import report

    run = observed([250, 300])
    run.records.append(record(Turn(id=9, committed_ms=5500), utterance(0, 1000)))
    (axes,) = report._waterfall(run.records).axes
    assert len(axes.get_yticks()) == 2, "a cut-in has no wait"
    bars = [
        (to_hex(bar.get_facecolor()), bar.get_x(), bar.get_width())
        for bar in axes.patches
        if round(bar.get_y() + bar.get_height() / 2) == 0 and bar.get_width()
    ]
    # Committed 100 ms after the end; audio left 3 ms later, and was heard at 250 ms.
    assert bars == [
        (report.PAUSE, 0, 100),
        (report.REMAINDER, 100, 3),
        (report.TRANSPORT, 103, 147),
        (report.RECOGNITION, -10, 30),
        (report.RESPONSE, 20, 10),
        (report.SYNTHESIS, 30, 2),
    ]
    assert [text.get_text() for text in axes.texts] == ["250", "300"]
