"""Wrong effects: twice, before the commit, or for other words than were told.

    python -m benchmarks.effects [--turns 10000] [--processes 2] [--json FILE]

Two runs. Every reachable state of the turn machine is visited, with stages that may do
anything, and an impossible command is an error. Then somebody says and does anything at
any moment to whole sessions in virtual time, with slow, broken and late stages, and what
was done to the home is compared with what was committed and told. Both are those of the
tests, where a few hundred turns must do. 10,000 turns take four minutes of two cores.
"""

import argparse
import asyncio
import json
import logging
import multiprocessing
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from random import Random

from streaming.benchmark import machine
from streaming.messages import ResponseCreated
from tests.streaming.rehearsal import rehearsal
from tests.streaming.test_random_conversations import (
    Anybody,
    Moody,
    Obeying,
    check,
)
from tests.virtual_time import VirtualTimeLoop
from tests.voice.exploration import explore
from voice.testing import SpellingRecognizer, ToneSynthesizer

__all__ = ["Walk", "enumerated", "randomised"]

IN_A_SESSION = 100
"""Turns of one session."""

MOST_FAULTS = 5
"""Descriptions of wrong effects that are kept."""


@dataclass(frozen=True, slots=True)
class Walk:
    """What a run found."""

    steps: int
    """Edges or turns."""
    wrong: tuple[str, ...]
    """One line for each wrong effect or other broken promise."""


def enumerated() -> Walk:
    """Every move that the turn machine can make."""
    try:
        _, edges = explore()
    except AssertionError as error:
        return Walk(0, (str(error) or "an impossible command",))
    return Walk(len(edges), ())


def randomised(turns: int, *, seed: int = 0) -> Walk:
    """So many turns of random conversations, in virtual time."""
    logging.disable(logging.ERROR)  # stages break on purpose
    done = 0
    wrong: list[str] = []
    while done < turns and len(wrong) < MOST_FAULTS:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            try:
                done += runner.run(_conversation(seed, min(IN_A_SESSION, turns - done)))
            except AssertionError as error:
                wrong.append(f"seed {seed}: {error}")
                done += IN_A_SESSION
        seed += 1
    return Walk(done, tuple(wrong))


async def _conversation(seed: int, turns: int) -> int:
    random = Random(seed)
    stages = {
        "recognizer": SpellingRecognizer(breaks_at=("bang",)),
        "responder": Obeying(breaks_at=("peng",)),
        "synthesizer": ToneSynthesizer(breaks_at=("boom",)),
    }
    async with rehearsal(slowed=lambda s: Moody(s, random), **stages) as talk:
        somebody = Anybody(talk, random)
        while len(talk.of(ResponseCreated)) < turns:
            await somebody.act()
        await talk.pause(20_000)
        check(talk)
        return len(talk.of(ResponseCreated))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--turns", type=int, default=10_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--json", type=Path, help="write what was found there")
    arguments = parser.parse_args()
    begun = time.monotonic()
    walk = enumerated()
    print(f"enumerated: {walk.steps} moves, {len(walk.wrong)} wrong")
    share = -(-arguments.turns // arguments.processes)
    with multiprocessing.get_context("spawn").Pool(arguments.processes) as pool:
        walks = pool.starmap(
            _walk, [(share, 1_000_000 * n) for n in range(arguments.processes)]
        )
    wrong = [line for one in (walk, *walks) for line in one.wrong]
    turns = sum(one.steps for one in walks)
    print(f"randomised: {turns} turns, {sum(len(one.wrong) for one in walks)} wrong")
    for line in wrong:
        print(line)
    print(f"{time.monotonic() - begun:.0f} s; {machine()}")
    if arguments.json:
        both = (walk, Walk(turns, tuple(line for one in walks for line in one.wrong)))
        document = {"machine": machine(), "walks": [asdict(one) for one in both]}
        arguments.json.parent.mkdir(parents=True, exist_ok=True)
        text = json.dumps(document, indent=1, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    sys.exit(1 if wrong else 0)


def _walk(turns: int, seed: int) -> Walk:
    return randomised(turns, seed=seed)


if __name__ == "__main__":
    main()
