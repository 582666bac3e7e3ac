"""What was observed, as rows of the table of targets, and as a picture."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks import bargein, concurrency
from benchmarks.effects import Walk
from benchmarks.paused_speech import PausedClip
from benchmarks.peers.client import Answer
from benchmarks.waiting import Score
from streaming.commands import target_rows
from streaming.commands.tables import percent, table
from voice.timings import Percentiles, percentiles

__all__ = [
    "Observed",
    "Row",
    "barge_in_rows",
    "effects_row",
    "final_row",
    "frame_row",
    "load_row",
    "page",
    "pipecat_row",
    "plot",
    "wait_row",
]

MOST_CUT_INS = 0.05

ALL_TURNS = 10_000


@dataclass(frozen=True, slots=True)
class Row(target_rows.Row):
    """One target of conversations."""

    values: Mapping[str, float] = field(default_factory=dict)
    """What `measured` tells, as numbers."""


@dataclass(slots=True)
class Observed:
    """What the parts of the measurement found."""

    answers: list[tuple[PausedClip, Answer]] = field(default_factory=list)
    cut_ins: dict[str, Score] = field(default_factory=dict)
    pauses: dict[str, int] = field(default_factory=dict)
    one: concurrency.Load | None = None
    eight: concurrency.Load | None = None
    compared: dict[str, list[float]] = field(default_factory=dict)
    """Waits after complete commands, by server."""
    compared_cut_ins: dict[str, int] = field(default_factory=dict)
    compared_clips: int = 0

    def waits(self, kind: str) -> list[float]:
        """After one kind of speech, in milliseconds."""
        return [
            answer.wait
            for clip, answer in self.answers
            if clip.kind == kind and answer.wait is not None
        ]


def told(spread: Percentiles) -> str:
    """A distribution in words."""
    return (
        f"p50 {spread.p50:.0f} ms, p95 {spread.p95:.0f} ms, p99 {spread.p99:.0f} ms"
        f" (n = {spread.count})"
    )


def wait_row(observed: Observed, kind: str) -> Row:
    """How long people wait after one kind of speech, and what it costs."""
    command = kind == "command"
    name = f"{'complete command' if command else 'open speech'}, voice to voice"
    limits = "p50 ≤ 300 ms, p95 ≤ 500 ms" if command else "p50 ≤ 800 ms"
    target = f"{limits} at ≤ 5 % false cut-ins"
    found, cuts = percentiles(observed.waits(kind)), observed.cut_ins.get(kind)
    if found is None or cuts is None:
        return Row(name, target, "no answer", met=None)
    quick = found.p50 <= 300 and found.p95 <= 500 if command else found.p50 <= 800
    share = cuts.false_cut_ins
    return Row(
        name,
        target,
        f"{told(found)}; cut in at {percent(share)} of {observed.pauses[kind]} pauses",
        met=quick and share <= MOST_CUT_INS,
        values={**asdict(found), "false_cut_ins": share},
    )


def final_row(observed: Observed) -> Row:
    """How often the speculative transcript stood."""
    loads = [one for one in (observed.one, observed.eight) if one is not None]
    late = [
        record.finalization_ms
        for one in loads
        for record in one.records
        if record.finalization_ms is not None
    ]
    name, target = "final transcript after commit", "0 ms in ≥ 90 % of turns"
    spread_ = percentiles(late)
    if spread_ is None:
        return Row(name, target, "no answer", met=None)
    share = sum(wait == 0 for wait in late) / len(late)
    return Row(
        name,
        target,
        f"0 ms in {percent(share)} of {len(late)} turns; {told(spread_)}",
        met=share >= 0.9,
        values={"share": share},
    )


def barge_in_rows(result: bargein.Result) -> list[Row]:
    """How soon a reply falls silent, and what must not stop it."""
    waits, share = percentiles(result.silences), result.resumed()
    echoes, words = len(result.of("echo")), len(result.of("words"))
    return [
        Row(
            "barge-in to silence",
            "p95 ≤ 200 ms",
            "no answer"
            if waits is None
            else f"{told(waits)}; {result.missed} of {words} missed",
            met=None if waits is None else waits.p95 <= 200 and not result.missed,
            values={} if waits is None else asdict(waits),
        ),
        Row(
            "back-channels resume",
            "≥ 95 %",
            "no answer"
            if share is None
            else f"{percent(share)} of {len(result.of('sign'))}",
            met=None if share is None else share >= 0.95,
            values={} if share is None else {"share": share},
        ),
        Row(
            "echo interrupts",
            "0",
            f"{result.echo_interruptions} of {echoes} replies",
            met=result.echo_interruptions == 0 if echoes else None,
            values={"replies": echoes, "stopped": result.echo_interruptions},
        ),
    ]


def load_row(observed: Observed) -> Row:
    """What eight sessions do to the wait."""
    name, target = "8 sessions", "p95 ≤ 1.5 times that of one"
    if observed.one is None or observed.eight is None:
        return Row(name, target, "not measured", met=None)
    one, eight = percentiles(observed.one.waits), percentiles(observed.eight.waits)
    if one is None or eight is None:
        return Row(name, target, "no answer", met=None)
    ratio = eight.p95 / one.p95
    return Row(
        name,
        target,
        f"{ratio:.2f}: {told(eight)} against {told(one)}",
        met=ratio <= 1.5,
        values={"ratio": ratio, "p95": eight.p95, "p95_of_one": one.p95},
    )


def frame_row(observed: Observed) -> Row:
    """What a frame costs the gateway, with all that it does."""
    name, target = "gateway CPU per 20 ms frame", "≤ 250 µs"
    cost = None if observed.eight is None else observed.eight.gateway_us
    if cost is None:
        return Row(name, target, "not told here", met=None)
    return Row(
        name,
        target,
        f"{cost:.0f} µs with 8 sessions: sockets, voice activity, turns, replies",
        met=cost <= 250,
        values={"us": cost},
    )


def pipecat_row(observed: Observed) -> Row:
    """Parley beside pipecat, which hears with Parley's recogniser."""
    name, target = "against pipecat 1.14, same parts", "p50 ≤ 0.5 of its"
    if "pipecat" not in observed.compared:
        return Row(name, target, "not installed: make peers", met=None)
    own, other = (percentiles(observed.compared[it]) for it in ("parley", "pipecat"))
    if own is None or other is None:
        return Row(name, target, "no answer", met=None)
    ratio, cut = own.p50 / other.p50, observed.compared_cut_ins
    return Row(
        name,
        target,
        f"{ratio:.2f}: complete commands, {told(own)} against {told(other)};"
        f" cut in: {cut['parley']} and {cut['pipecat']} of {observed.compared_clips}",
        met=ratio <= 0.5,
        values={"ratio": ratio, "p50": own.p50, "p50_of_pipecat": other.p50},
    )


def effects_row(moves: Walk, walk: Walk) -> Row:
    """Wrong effects, in every state and in random conversations."""
    wrong = len(moves.wrong) + len(walk.wrong)
    source = "" if walk.steps >= ALL_TURNS else " (10,000: benchmarks.effects)"
    return Row(
        "wrong effects",
        "0 in an enumerated and a 10,000-turn randomised run",
        f"{wrong} in {moves.steps} moves and {walk.steps} turns{source}",
        met=wrong == 0,
        values={"moves": moves.steps, "turns": walk.steps, "wrong": wrong},
    )


def page(rows: Sequence[Row]) -> str:
    """The table."""
    cells = [[row.name, row.target, row.measured, row.verdict] for row in rows]
    return table(["", "target", "measured", ""], cells)


def plot(observed: Observed, path: Path) -> None:
    """How the waits are distributed: by kind of speech, and beside pipecat's."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6))
    left, right = figure.subplots(1, 2, sharey=True)
    for kind, color in (("command", "#117733"), ("open", "#cc6677")):
        _steps(left, observed.waits(kind), kind, color)
    for name, color in (("parley", "#117733"), ("pipecat", "#888888")):
        _steps(right, observed.compared.get(name, []), name, color)
    left.set_title("Parley, by kind of speech", fontsize=10)
    right.set_title("complete commands, same parts", fontsize=10)
    for axis in (left, right):
        axis.axvline(300, color="#bbbbbb", linewidth=0.8, linestyle=":")
        axis.set(xlabel="voice to voice, ms", xlim=(0, 2000), ylim=(0, 1))
        axis.grid(alpha=0.25)
        axis.legend(fontsize=8, loc="lower right")
    left.set_ylabel("share answered by then")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def _steps(axis: Any, waits: Sequence[float], name: str, color: str) -> None:
    shares = [(number + 1) / len(waits) for number in range(len(waits))]
    label = f"{name} (n = {len(waits)})"
    axis.step([0, *sorted(waits)], [0, *shares], where="post", label=label, color=color)
