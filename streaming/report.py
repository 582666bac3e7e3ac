"""A page with plots of a benchmark, for people who would rather look than read."""

import html
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from streaming.benchmark import Run
from streaming.messages import Timings
from streaming.records import TurnRecord
from voice.errors import ConfigError

try:
    from matplotlib import rc_context
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
except ImportError as error:
    raise ConfigError(
        "--report needs the package matplotlib; install it with"
        " pip install 'parley-voice[report]'"
    ) from error

__all__ = ["write_report"]

SHOWN_TURNS = 40
"""In the waterfall; more would be unreadable."""

PAUSE, REMAINDER, TRANSPORT = "#d9d9d9", "#ee6677", "#f4c7a5"
RECOGNITION, RESPONSE, SYNTHESIS = "#4477aa", "#ccbb44", "#228833"

LEGEND = {
    PAUSE: "waiting for the end of the turn",
    REMAINDER: "decided, no audio yet",
    TRANSPORT: "transport, and silence at its start",
    RECOGNITION: "recognition",
    RESPONSE: "response",
    SYNTHESIS: "synthesis, to its first piece",
}

THICK, THIN = 0.74, 0.34
"""Of the distance between two rows."""


def write_report(folder: Path, run: Run) -> Path:
    """Write ``index.html`` with its plots and ``summary.json`` into `folder`.

    Returns:
        The page.
    """
    folder.mkdir(parents=True, exist_ok=True)
    summary = json.dumps(run.summary(), indent=2, ensure_ascii=False)
    (folder / "summary.json").write_text(summary + "\n", encoding="utf-8")
    plots = {
        "How long people wait": _distribution(run.records),
        "Where the time goes, turn by turn": _waterfall(run.records),
    }
    sections = []
    for number, (title, figure) in enumerate(plots.items(), 1):
        name = f"plot{number}.svg"
        with rc_context({"svg.fonttype": "none"}):  # letters, not their outlines
            figure.savefig(folder / name, bbox_inches="tight")
        sections.append(
            f"<h2>{html.escape(title)}</h2>\n"
            f'<img src="{name}" alt="{html.escape(title)}">'
        )
    page = folder / "index.html"
    page.write_text(
        "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
        "<title>Parley benchmark</title>\n"
        "<style>body{font:16px system-ui;max-width:60rem;margin:2rem auto;padding:0 1rem}"
        "img{max-width:100%}pre{overflow:auto}</style>\n"
        "<h1>Parley benchmark</h1>\n"
        + "\n".join(sections)
        + f"\n<h2>Numbers</h2>\n<pre>{html.escape(summary)}</pre>\n</html>\n",
        encoding="utf-8",
    )
    return page


def _distribution(records: Sequence[TurnRecord]) -> Figure:
    figure = Figure(figsize=(8, 4))
    axes = figure.subplots()
    for label, chosen in (
        ("understood", [r for r in records if r.intent]),
        ("not understood", [r for r in records if not r.intent]),
    ):
        waits = sorted(
            r.voice_to_voice_ms for r in chosen if r.voice_to_voice_ms is not None
        )
        if waits:
            shares = [(n + 1) / len(waits) for n in range(len(waits))]
            axes.step(waits, shares, where="post", label=f"{label} ({len(waits)})")
    axes.set_xlabel("voice to voice (ms)")
    axes.set_ylabel("share of turns answered by then")
    axes.set_xlim(left=0)
    axes.grid(alpha=0.3)
    if records:
        axes.legend()
    return figure


def _waterfall(records: Sequence[TurnRecord]) -> Figure:
    """A row for each turn, from the true end of speech (0) to the first sound.

    The thick bar is what the user waits through; the thin ones upon it are what the
    stages did meanwhile, mostly ahead of the decision.
    """
    shown = [r for r in records if r.voice_to_voice_ms is not None][:SHOWN_TURNS]
    figure = Figure(figsize=(9, 1.4 + 0.3 * len(shown)))
    axes = figure.subplots()
    for row, record in enumerate(shown):
        _draw_turn(axes, row, record)
    axes.set_yticks(
        range(len(shown)), [f"{Path(r.file).stem} ({r.language})" for r in shown]
    )
    axes.set_ylim(len(shown) - 0.4, -0.6)
    axes.set_xlim(right=1.1 * max((r.voice_to_voice_ms or 0 for r in shown), default=1))
    axes.axvline(0, color="black", linewidth=0.8)
    axes.grid(axis="x", alpha=0.3)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("ms after the last word; the number is voice to voice")
    for color, label in LEGEND.items():
        axes.barh(0, 0, color=color, label=label)
    axes.legend(loc="lower center", bbox_to_anchor=(0.45, 1.0), ncols=3, frameon=False)
    return figure


def _draw_turn(axes: Axes, row: int, record: TurnRecord) -> None:
    heard, committed = record.voice_to_voice_ms, record.endpointing_ms
    assert heard is not None
    assert committed is not None
    axes.barh(row, committed, height=THICK, color=PAUSE)
    timings = record.turn.timings
    sent = committed + ((timings and timings.first_audio_ms) or 0.0)
    axes.barh(row, sent - committed, left=committed, height=THICK, color=REMAINDER)
    axes.barh(row, max(0.0, heard - sent), left=sent, height=THICK, color=TRANSPORT)
    for color, start, duration in _stages(timings) if timings else ():
        axes.barh(row, duration, left=committed + start, height=THIN, color=color)
    axes.plot([committed] * 2, [row - THICK / 2, row + THICK / 2], color="black")
    axes.text(heard + 4, row, f"{heard:.0f}", va="center", fontsize=8)


def _stages(timings: Timings) -> Iterator[tuple[str, float, float]]:
    """Color, start after the commit and length, of what is known; in ms."""
    for color, start, duration in (
        (RECOGNITION, timings.recognition_start_ms, timings.recognition_ms),
        (RESPONSE, timings.response_start_ms, timings.response_ms),
        (SYNTHESIS, timings.synthesis_start_ms, timings.synthesis_ms),
    ):
        if start is not None and duration is not None:
            yield color, start, duration
