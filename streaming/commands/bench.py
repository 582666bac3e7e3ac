"""`parley bench`: how fast does it answer, and what does that cost."""

import argparse
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import uvloop

from streaming.benchmark import Run, measure
from streaming.commands.options import add_json_option, print_json
from streaming.commands.own_server import add_server_options, server_url
from streaming.commands.progress import Progress
from streaming.commands.tables import table
from streaming.records import clips_of
from voice.errors import ClientError
from voice.fixtures import Clip
from voice.manifests import data_root

__all__ = ["add_arguments", "run"]

MEASURES = {
    "voice_to_voice_ms": "voice to voice",
    "understood_voice_to_voice_ms": "  when understood",
    "endpointing_ms": "endpointing",
    "finalization_ms": "finalization",
    "first_audio_ms": "first audio",
    "barge_in_ms": "barge-in",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--fixtures",
        type=Path,
        metavar="DIR",
        help="a folder of recordings with an index.csv (default: those that come with"
        " Parley)",
    )
    parser.add_argument(
        "--sessions", type=int, default=1, metavar="N", help="at once (default: 1)"
    )
    parser.add_argument(
        "--turns",
        type=int,
        default=20,
        metavar="M",
        help="recordings in each session (default: 20)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="S", help="of the order (default: 0)"
    )
    parser.add_argument(
        "--report", type=Path, metavar="DIR", help="write a page with plots there"
    )
    add_json_option(parser)
    add_server_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Measure, and print the summary."""
    for option in ("sessions", "turns"):
        if getattr(arguments, option) < 1:
            raise ClientError("invalid_option", f"--{option} must be 1 or more")
    clips = clips_of(arguments.fixtures or data_root() / "audio_fixtures")
    # Without its library a report would fail only after minutes of measuring.
    write_report = _report_writer() if arguments.report is not None else None
    observed = uvloop.run(_measure(arguments, clips))
    summary = observed.summary()
    if arguments.json:
        print_json(summary)
    else:
        print(_as_text(summary))
    if write_report is not None:
        page = write_report(arguments.report, observed)
        print(f"report: {page}", file=sys.stderr)
    return 0


def _report_writer() -> Callable[[Path, Run], Path]:
    from streaming.report import write_report

    return write_report


async def _measure(arguments: argparse.Namespace, clips: list[Clip]) -> Run:
    async with server_url(arguments) as url:
        with Progress(arguments.sessions * arguments.turns, "talking") as progress:
            return await measure(
                url,
                clips,
                sessions=arguments.sessions,
                turns=arguments.turns,
                seed=arguments.seed,
                on_turn=progress.step,
            )


def _as_text(summary: Mapping[str, object]) -> str:
    rows = []
    for measure_, name in MEASURES.items():
        spread = summary[measure_]
        if isinstance(spread, dict):
            numbers = (f"{spread[key]:.0f}" for key in ("p50", "p95", "p99", "count"))
            rows.append([name, *numbers])
    factors = summary["real_time_factor"]
    assert isinstance(factors, dict)
    machine = summary["machine"]
    assert isinstance(machine, dict)
    stood = summary["speculation_stood"]
    return "\n".join(
        [
            table(["milliseconds", "p50", "p95", "p99", "n"], rows),
            "",
            f"sessions {summary['sessions']}, turns {summary['turns']},"
            f" unanswered {summary['unanswered']},"
            f" false cut-ins {summary['false_cut_ins']},"
            f" barge-ins missed {summary['barge_ins_missed']}",
            f"speculative transcript stood in {_percent(stood)} of turns",
            "real-time factor (p50): "
            + ", ".join(
                f"{stage} {spread['p50']:.4f}" if spread else f"{stage} –"
                for stage, spread in factors.items()
            ),
            f"machine: {machine['processor']}, {machine['cores']} cores, load"
            f" {machine['load']}, {machine['system']}, Python {machine['python']}",
        ]
    )


def _percent(share: object) -> str:
    return f"{share:.0%}" if isinstance(share, float) else "–"
