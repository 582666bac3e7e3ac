"""Parley beside pipecat and a naive loop: how long people wait, and who cuts in.

    make peers
    python -m benchmarks.peers [--commands 12] [--open 6] [--only parley,pipecat]

All servers run at the same time, each in processes of its own, and every clip is spoken
to one after the other in changing order, so that a busy machine is busy for all. The
clips are those of `benchmarks.paused_speech`: commands that are complete, at a stretch
and with drawn pauses, and open speech, in voices that no training heard.

    parley           as shipped
    pipecat          1.14: Silero 0.2 s, Smart Turn v3.2, Parley's recogniser
    pipecat stock    the same with its own Whisper service, on the Whisper of the starter
    naive            500 ms of silence, then faster-whisper as it comes, on the same
    naive short      the same with Parley's recogniser
"""

import argparse
import asyncio
import contextlib
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.paused_speech import LANGUAGES, PausedClip, synthetic
from benchmarks.peers.client import Answer, ask
from benchmarks.processes import PARLEY, ROOT, serving
from streaming.benchmark import machine
from streaming.commands.progress import Progress
from streaming.commands.tables import percent, table
from voice.errors import ClientError
from voice.events import Completeness
from voice.timings import Percentiles, percentiles

__all__ = ["Contender", "choose", "contenders", "measure", "spread", "summary"]

PEERS = ROOT / ".venv-peers" / "bin" / "python"


@dataclass(frozen=True, slots=True)
class Contender:
    """A server, and how it is started."""

    name: str
    command: tuple[str, ...]


@dataclass(slots=True)
class Result:
    """What one server did."""

    answers: list[tuple[PausedClip, Answer]] = field(default_factory=list)


def contenders(peers: Path, only: Sequence[str] = ()) -> list[Contender]:
    """Those that can be started here; all, or only some.

    Args:
        peers: the Python of the environment that `make peers` makes.
        only: names; empty for all.

    Raises:
        ClientError: one that was asked for is unknown or cannot be started.
    """
    own, pipecat = (sys.executable, "-m"), (str(peers), "-m")
    server, naive = "benchmarks.peers.pipecat_server", "benchmarks.peers.naive"
    known = [
        Contender("parley", PARLEY),
        Contender("pipecat", (*pipecat, server, "--hearing=parley", "--port=8911")),
        Contender(
            "pipecat stock", (*pipecat, server, "--hearing=pipecat", "--port=8912")
        ),
        Contender("naive", (*own, naive)),
        Contender("naive short", (*own, naive, "--hearing=parley")),
    ]
    unknown = [name for name in only if name not in {one.name for one in known}]
    if unknown:
        raise ClientError("invalid_option", f"there is no contender {unknown[0]!r}")
    wanted = [one for one in known if not only or one.name in only]
    if peers.is_file():
        return wanted
    if any("pipecat" in one.name for one in wanted):
        print(f"no {peers}: run `make peers` to compare with pipecat", file=sys.stderr)
    return [one for one in wanted if "pipecat" not in one.name]


def choose(
    languages: Sequence[str], commands: int, open_speech: int
) -> list[PausedClip]:
    """Commands that nothing extends, and open speech; half of each with pauses."""
    chosen: list[PausedClip] = []
    for language in languages:
        counts = {"command": commands, "open": open_speech}
        for clip in synthetic(language, 6 * commands):
            whole = clip.whole is Completeness.COMPLETE or clip.kind == "open"
            wants_pauses = counts[clip.kind] % 2 == 1
            fits = bool(clip.pauses) == wants_pauses and clip.drawn
            if whole and fits and counts[clip.kind]:
                counts[clip.kind] -= 1
                chosen.append(clip)
            if not any(counts.values()):
                break
    return chosen


async def measure(
    chosen: Sequence[Contender], clips: Sequence[PausedClip], *, seed: int = 0
) -> dict[str, Result]:
    """Speak every clip to every server, in real time, one at a time."""
    order = random.Random(seed)
    results = {one.name: Result() for one in chosen}
    async with contextlib.AsyncExitStack() as stack:
        urls = {
            one.name: (await stack.enter_async_context(serving(one.command))).url
            for one in chosen
        }
        for url in urls.values():
            await ask(url, clips[0])  # the first is always slower; it does not count
        with Progress(len(clips) * len(urls), "asking") as progress:
            for clip in order.sample(clips, len(clips)):
                for name in order.sample(list(urls), len(urls)):
                    results[name].answers.append((clip, await ask(urls[name], clip)))
                    progress.step()
    return results


def spread(result: Result, kind: str) -> Percentiles | None:
    """How long people waited."""
    return percentiles(
        answer.wait
        for clip, answer in result.answers
        if clip.kind == kind and answer.wait is not None
    )


def summary(results: dict[str, Result]) -> str:
    """A table of all servers."""
    base = {kind: spread(results["parley"], kind) for kind in ("command", "open")}
    rows = []
    for kind in ("command", "open"):
        for name, result in results.items():
            of = [answer for clip, answer in result.answers if clip.kind == kind]
            waits, first = spread(result, kind), base[kind]
            if not of:
                continue
            cut_ins = sum(answer.cut_in for answer in of)
            silent = sum(answer.wait is None and not answer.cut_in for answer in of)
            numbers = ["-"] * 4
            if waits is not None:
                numbers = [
                    f"{value:.0f}" for value in (waits.p50, waits.p95, waits.p99)
                ]
                numbers.append(f"{first.p50 / waits.p50:.2f}" if first else "-")
            rows.append(
                [
                    kind,
                    name,
                    *numbers,
                    f"{cut_ins} ({percent(cut_ins / len(of))})",
                    str(silent),
                    str(len(of)),
                ]
            )
    header = [
        "speech",
        "server",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "Parley/it",
        "cut in",
        "no answer",
        "clips",
    ]
    return table(header, rows)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--commands", type=int, default=10, help="in each language")
    parser.add_argument("--open", type=int, default=4, help="in each language")
    parser.add_argument("--only", default="", help="names, with commas")
    parser.add_argument("--peers", type=Path, default=PEERS, help="its Python")
    parser.add_argument("--seed", type=int, default=0, help="of the order")
    arguments = parser.parse_args()
    only = [name for name in arguments.only.split(",") if name]
    try:
        chosen = contenders(arguments.peers, only)
        clips = choose(
            arguments.languages.split(","), arguments.commands, arguments.open
        )
        results = asyncio.run(measure(chosen, clips, seed=arguments.seed))
    except ClientError as error:
        sys.exit(f"benchmarks.peers: {error}")
    print("from the true end of the speech to the first audible sample; a cut-in is a")
    print("reply heard before that end, and is not among the waits")
    if "parley" in results:
        print(summary(results))
    print(machine())


if __name__ == "__main__":
    main()
