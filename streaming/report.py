"""A page with plots of a benchmark, for people who would rather look than read."""

import html
import json
from collections.abc import Sequence
from pathlib import Path

from streaming.benchmark import Run
from streaming.records import TurnRecord
from voice.errors import ConfigError

try:
    from matplotlib.figure import Figure
except ImportError as error:
    raise ConfigError(
        "--report needs the package matplotlib; install it with"
        " pip install 'parley-voice[report]'"
    ) from error

__all__ = ["write_report"]

SHOWN_TURNS = 40
"""In the waterfall; more would be unreadable."""

ENDPOINTING, FINALIZATION, ANSWER = "#4477aa", "#ccbb44", "#228833"


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
    """Bars from the true end of speech (0) to the first audible sample."""
    shown = [r for r in records if r.endpointing_ms is not None][:SHOWN_TURNS]
    figure = Figure(figsize=(8, 1 + 0.28 * len(shown)))
    axes = figure.subplots()
    for row, record in enumerate(shown):
        endpointing = float(record.endpointing_ms or 0)
        finalization = record.finalization_ms or 0.0
        end = record.voice_to_voice_ms or endpointing
        axes.barh(row, endpointing, color=ENDPOINTING)
        axes.barh(row, finalization, left=endpointing, color=FINALIZATION)
        left = endpointing + finalization
        axes.barh(row, max(0.0, end - left), left=left, color=ANSWER)
    axes.set_yticks(
        range(len(shown)), [f"{Path(r.file).stem} ({r.language})" for r in shown]
    )
    axes.invert_yaxis()
    axes.set_xlabel("ms after the last word")
    for color, label in (
        (ENDPOINTING, "endpointing"),
        (FINALIZATION, "final transcript"),
        (ANSWER, "first audio and transport"),
    ):
        axes.barh(0, 0, color=color, label=label)
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=3, frameon=False)
    return figure
