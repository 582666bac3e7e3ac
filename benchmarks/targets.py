"""Every target on one page: measured, and whether it is met.

    python -m benchmarks.targets [--quick] [--report DIR]        (about twelve minutes)

Servers run in processes of their own; people speak in real time. What the rows say:

- Waits run from the true end of the speech, which is known, to the first audible sample
  at the client. The clips are commands that are complete, and open speech, by voices
  that no training heard, half of them with pauses of 150 to 1200 ms.
- False cut-ins are counted by pauses, on more clips of the same kind than can be spoken
  in the time, with `benchmarks.endpointing`: time is audio, so that a decision is the
  same at any speed.
- pipecat is given complete commands, each right before or after Parley is (only after
  `make peers`, which also compares open speech).
- Wrong effects are those of `python -m benchmarks.effects --json DIR/effects.json`, if
  that was run; otherwise of a shorter walk.

A part that fails leaves its row without a number, and the others go on. In the folder
are afterwards `targets.json` and `targets.png`. A number belongs to the machine and to
what else it does; the ratios do so less.
"""

import argparse
import asyncio
import contextlib
import json
import random
import sys
import traceback
from collections.abc import Awaitable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks import bargein, concurrency
from benchmarks.effects import Walk, enumerated, randomised
from benchmarks.endpointing import CACHE, DECIDING
from benchmarks.listening import Listener
from benchmarks.paused_speech import LANGUAGES, PausedClip, synthetic
from benchmarks.peers.__main__ import PEERS, choose, contenders
from benchmarks.peers.__main__ import measure as compare
from benchmarks.peers.client import ask
from benchmarks.processes import Served, serving
from benchmarks.target_rows import (
    Observed,
    Row,
    barge_in_rows,
    effects_row,
    final_row,
    frame_row,
    load_row,
    page,
    pipecat_row,
    plot,
    wait_row,
)
from benchmarks.waiting import Take, outcome, score, takes, turn_policy
from streaming.benchmark import machine
from streaming.commands.progress import Progress
from voice.endpointing import TurnPolicy
from voice.fixtures import Clip

__all__ = ["Run", "Sizes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    spoken: int = 10
    """Commands in each language that are spoken to Parley; half as much open speech."""
    compared: int = 4
    """Commands in each language that are spoken to pipecat too."""
    replayed: int = 24
    """Commands in each language for the false cut-ins."""
    rounds: int = 4
    """Of speaking over replies, in each language."""
    dealt: int = 12
    """Recordings for one and for eight sessions."""
    turns: int = 400
    """Of random conversations, for wrong effects."""


QUICK = Sizes(spoken=2, compared=2, replayed=3, rounds=1, dealt=2, turns=100)

REPORT = Path("reports")

DEADLINE_S = 300.0
"""Of a part in real time: longer, and it is given up."""


def replay(observed: Observed, sizes: Sizes, cache: Path) -> None:
    """False cut-ins of the policy as shipped, by kind of speech."""
    listener = Listener(cache)
    heard = []
    with Progress(len(LANGUAGES), "replaying") as progress:
        for language in LANGUAGES:
            heard += [
                (clip, listener.hear(clip))
                for clip in synthetic(language, sizes.replayed, seed=2)
                if clip.drawn and clip.pauses
            ]
            progress.step()
    commit = turn_policy(TurnPolicy(), DECIDING)
    made = takes(heard)
    for kind in ("command", "open"):
        of: list[Take] = [take for take in made if take.clip.kind == kind]
        outcomes = [outcome(take, commit) for take in of]
        observed.cut_ins[kind] = score(outcomes)
        observed.pauses[kind] = sum(one.pauses for one in outcomes)


async def spoken(
    served: Served, clips: Sequence[PausedClip], observed: Observed
) -> None:
    """Waits of Parley alone; one session for each language at the same time."""
    with Progress(len(clips), "speaking") as progress:

        async def hold(language: str) -> None:
            for clip in clips:
                if clip.language == language:
                    observed.answers.append((clip, await ask(served.url, clip)))
                    progress.step()

        async with asyncio.TaskGroup() as group:
            for language in LANGUAGES:
                group.create_task(hold(language))


async def spoken_to_both(observed: Observed, sizes: Sizes, peers: Path) -> None:
    """Waits of Parley and of pipecat, clip by clip."""
    chosen = contenders(peers, ("parley", "pipecat"))
    if len(chosen) < 2:
        return
    clips = choose(LANGUAGES, sizes.compared, 0)
    observed.compared_clips = len(clips)
    for name, result in (await compare(chosen, clips)).items():
        observed.compared_cut_ins[name] = sum(one.cut_in for _, one in result.answers)
        observed.compared[name] = [
            answer.wait
            for clip, answer in result.answers
            if clip.kind == "command" and answer.wait is not None
        ]


def effects(sizes: Sizes, file: Path) -> tuple[Walk, Walk]:
    """What `benchmarks.effects` found, or a shorter walk now."""
    if not file.is_file():
        return enumerated(), randomised(sizes.turns)
    moves, walk = json.loads(file.read_text(encoding="utf-8"))["walks"]
    return Walk(**moves), Walk(**walk)


# --- All of it ------------------------------------------------------------------


class Run:
    """Measures part by part, and keeps what it has when one fails."""

    def __init__(self, sizes: Sizes, folder: Path) -> None:
        self.sizes = sizes
        self.folder = folder
        self.observed = Observed()
        self.rows: list[Row] = []
        self.failed: list[str] = []

    def add(self, *rows: Row) -> None:
        """Note rows, and tell them."""
        for row in rows:
            self.rows.append(row)
            print(f"{row.verdict}  {row.name}: {row.measured}", file=sys.stderr)
        self.write()

    @contextlib.contextmanager
    def part(self, name: str) -> Iterator[None]:
        """A part of the measurement; what goes wrong in it stays in it."""
        try:
            yield
        except Exception:  # noqa: BLE001 - the other parts go on, and this one is told
            traceback.print_exc()
            self.failed.append(name)

    async def live(self, name: str, work: Awaitable[None]) -> None:
        """A part in real time."""
        with self.part(name):
            async with asyncio.timeout(DEADLINE_S):
                await work

    async def talk(self) -> None:
        """All parts that need Parley's server."""
        sizes, observed = self.sizes, self.observed
        clips = choose(LANGUAGES, sizes.spoken, sizes.spoken // 2)
        tried = bargein.plans(LANGUAGES, sizes.rounds)
        fixtures = concurrency.spoken_clips(LANGUAGES)
        dealt = random.Random(0).sample(fixtures, min(sizes.dealt, len(fixtures)))
        async with serving() as served:
            # The first turns of a server are slower; they do not count.
            await concurrency.load(served, dealt[:1], 1)
            await self.live("waits", spoken(served, clips, observed))
            self.add(wait_row(observed, "command"), wait_row(observed, "open"))
            await self.live("8 sessions", self._crowd(served, dealt))
            self.add(final_row(observed), load_row(observed), frame_row(observed))
            await self.live("barge-in", self._interrupt(served, tried))

    async def _crowd(self, served: Served, dealt: Sequence[Clip]) -> None:
        self.observed.eight = await concurrency.load(served, dealt, 8)
        self.observed.one = await concurrency.load(served, dealt, 1)

    async def _interrupt(self, served: Served, tried: bargein.Plans) -> None:
        self.add(*barge_in_rows(await bargein.measure(served.url, tried)))

    async def measure(self, cache: Path, peers: Path) -> None:
        """Everything."""
        with self.part("false cut-ins"):
            replay(self.observed, self.sizes, cache)
        with self.part("Parley's server"):
            await self.talk()
        await self.live("pipecat", spoken_to_both(self.observed, self.sizes, peers))
        self.add(pipecat_row(self.observed))
        with self.part("effects"):
            file = self.folder / "effects.json"
            self.add(effects_row(*effects(self.sizes, file)))

    def write(self) -> None:
        """What there is so far, as JSON."""
        document = {
            "machine": machine(),
            "rows": [asdict(row) for row in self.rows],
            "failed": self.failed,
            "waits": {kind: self.observed.waits(kind) for kind in ("command", "open")},
            "compared": self.observed.compared,
        }
        text = json.dumps(document, indent=1, ensure_ascii=False)
        self.folder.mkdir(parents=True, exist_ok=True)
        file = self.folder / "targets.json"
        file.write_text(text + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true", help="to see that it works")
    parser.add_argument("--cache", type=Path, default=CACHE, help="what was heard")
    parser.add_argument("--peers", type=Path, default=PEERS, help="its Python")
    parser.add_argument("--report", type=Path, default=REPORT, help="folder of results")
    arguments = parser.parse_args()
    run = Run(QUICK if arguments.quick else Sizes(), arguments.report)
    asyncio.run(run.measure(arguments.cache, arguments.peers))
    with run.part("plot"):
        plot(run.observed, run.folder / "targets.png")
    run.write()
    print(page(run.rows))
    print(machine())
    if run.failed:
        print(f"failed, and told above: {', '.join(run.failed)}")
    sys.exit(bool(run.failed) or any(row.met is False for row in run.rows))


if __name__ == "__main__":
    main()
