"""How the wait grows with the number of people who talk at once.

    python -m benchmarks.concurrency [--sessions 1,2,4,8,16] [--clips 24]

One server in processes of its own, the shipped fixtures, in real time. Each session
speaks, listens to the answer to its end, and rests for a while, as people do; the share
of the time in which somebody speaks is printed. The same recordings are dealt out for
every number of sessions, so that the rows differ in nothing but the load. The ratio to
the first row is what can be compared between machines.
"""

import argparse
import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.processes import Served, serving
from streaming.benchmark import SPOKEN, machine
from streaming.client import Client, connected
from streaming.commands.progress import Progress
from streaming.commands.tables import percent, table
from streaming.records import TurnRecord, clips_of, speak_clip
from voice.fixtures import Clip
from voice.manifests import data_root
from voice.timings import percentiles

__all__ = ["Load", "load", "spoken_clips", "summary"]

RESTS = (1.0, 4.0)
"""Seconds between an answer and the next question, least and most."""

FRAME_S = 0.02
"""What the client sends at a time."""

LEAST_TURNS = 3
"""In each session: more recordings than there are are dealt out twice."""


@dataclass(slots=True)
class Load:
    """What was observed with some number of sessions."""

    sessions: int
    records: list[TurnRecord] = field(default_factory=list)
    unanswered: int = 0
    seconds: float = 0.0
    """Of all sessions together."""
    gateway_us: float | None = None
    """Microseconds of CPU of the gateway for each frame of 20 ms that it received, with
    everything that it does: sockets, voice activity, turn taking, replies."""

    @property
    def waits(self) -> list[float]:
        """Voice to voice, in milliseconds."""
        found = (record.voice_to_voice_ms for record in self.records)
        return [wait for wait in found if wait is not None]

    @property
    def talk(self) -> float:
        """The share of the time in which the users spoke."""
        spoken = sum(record.spoken_ms for record in self.records) / 1000
        return spoken / self.seconds if self.seconds else 0.0


def spoken_clips(languages: Sequence[str]) -> list[Clip]:
    """The shipped fixtures that stand for a turn, in some languages."""
    clips = clips_of(data_root() / "audio_fixtures")
    return [
        clip for clip in clips if clip.kind in SPOKEN and clip.language in languages
    ]


async def load(
    served: Served, clips: Sequence[Clip], sessions: int, seed: int = 0
) -> Load:
    """Speak all recordings, dealt out to so many sessions at once."""
    observed, before = Load(sessions), served.cpu_s()
    order = random.Random(seed)
    rounds = -(-LEAST_TURNS * sessions // len(clips))
    deck = [clip for _ in range(rounds) for clip in order.sample(clips, len(clips))]
    with Progress(len(deck), f"{sessions} sessions") as progress:

        async def talk(number: int) -> None:
            rests = random.Random(f"{seed} {number}")
            async with connected(served.url) as client:
                begun = client.now
                await _rest(client, rests.uniform(0, RESTS[1]))
                for clip in deck[number::sessions]:
                    assert clip.language is not None
                    await client.set_languages(clip.language)
                    records = await speak_clip(client, clip)
                    observed.records += records
                    observed.unanswered += not records
                    progress.step()
                    await _rest(client, rests.uniform(*RESTS))
                observed.seconds += client.now - begun

        async with asyncio.TaskGroup() as group:
            for number in range(sessions):
                group.create_task(talk(number))
    after = served.cpu_s()
    if before is not None and after is not None:
        observed.gateway_us = 1e6 * (after - before) / (observed.seconds / FRAME_S)
    return observed


async def _rest(client: Client, seconds: float) -> None:
    """Be in the room without a word."""
    until = client.now + seconds
    await client.wait_in_the_room(lambda: client.now >= until)


def summary(loads: Sequence[Load]) -> str:
    """A table, each row compared with the first one."""
    first = percentiles(loads[0].waits)
    rows = []
    for one in loads:
        spread = percentiles(one.waits)
        if spread is None or first is None:
            rows.append([str(one.sessions), *["-"] * 9])
            continue
        rows.append(
            [
                str(one.sessions),
                f"{spread.p50:.0f}",
                f"{spread.p95:.0f}",
                f"{spread.p99:.0f}",
                f"{spread.p50 / first.p50:.2f}",
                f"{spread.p95 / first.p95:.2f}",
                f"{len(one.records)}",
                str(sum(record.cut_in for record in one.records)),
                percent(one.talk),
                "-" if one.gateway_us is None else f"{one.gateway_us:.0f}",
            ]
        )
    header = ["sessions", "p50 ms", "p95 ms", "p99 ms", "p50 ratio", "p95 ratio"]
    return table([*header, "turns", "cut in", "talk", "µs/frame"], rows)


async def _run(counts: Sequence[int], clips: Sequence[Clip]) -> list[Load]:
    async with serving() as served:
        # The first turns of a server are slower; they do not count.
        await load(served, clips[:2], 1)
        return [await load(served, clips, count) for count in counts]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sessions", default="1,2,4,8,16", help="numbers, with commas")
    parser.add_argument("--clips", type=int, default=24, help="recordings dealt out")
    parser.add_argument("--languages", default="en,de,fr,es")
    arguments = parser.parse_args()
    counts = [int(word) for word in arguments.sessions.split(",")]
    clips = spoken_clips(arguments.languages.split(","))
    chosen = random.Random(0).sample(clips, min(arguments.clips, len(clips)))
    print(summary(asyncio.run(_run(counts, chosen))))
    print(machine())


if __name__ == "__main__":
    main()
