"""How the wait grows with the number of people who talk at once.

    python -m benchmarks.concurrency [--sessions 1,2,4,8] [--turns 6]

One server, the shipped fixtures, in real time. Each session rests between turns as
people do: it listens to the answer to its end before it goes on. The ratio to the
first row is what can be compared between machines.
"""

import argparse
import asyncio
import os

from streaming.benchmark import machine, measure
from streaming.commands.tables import table
from streaming.config import load_config
from streaming.records import clips_of
from streaming.running import running
from streaming.settings import Setting
from voice.manifests import data_root
from voice.timings import Percentiles, percentiles


async def run(counts: list[int], turns: int) -> list[tuple[int, Percentiles]]:
    """The voice-to-voice spread for each number of sessions."""
    port = Setting("server.port", "0", "here", is_text=True)
    config = load_config(None, os.environ, [port])
    clips = clips_of(data_root() / "audio_fixtures")
    rows = []
    async with running(config) as server:
        for count in counts:
            observed = await measure(server.url, clips, sessions=count, turns=turns)
            waits = (record.voice_to_voice_ms for record in observed.records)
            spread = percentiles(wait for wait in waits if wait is not None)
            if spread is not None:
                rows.append((count, spread))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sessions", default="1,2,4,8", help="numbers, with commas")
    parser.add_argument("--turns", type=int, default=6, help="in each session")
    arguments = parser.parse_args()
    counts = [int(word) for word in arguments.sessions.split(",")]
    rows = asyncio.run(run(counts, arguments.turns))
    first = rows[0][1]
    print(
        table(
            [
                "sessions",
                "p50 ms",
                "p95 ms",
                "p99 ms",
                "turns",
                "p50 ratio",
                "p95 ratio",
            ],
            [
                [
                    str(count),
                    f"{spread.p50:.0f}",
                    f"{spread.p95:.0f}",
                    f"{spread.p99:.0f}",
                    str(spread.count),
                    f"{spread.p50 / first.p50:.2f}",
                    f"{spread.p95 / first.p95:.2f}",
                ]
                for count, spread in rows
            ],
        )
    )
    print(machine())


if __name__ == "__main__":
    main()
