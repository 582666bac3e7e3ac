"""A real server that tells how long its event loop was held up; started by a test.

It prints its address. Then each line on its standard input is answered by a line: to
``report`` the delays so far, and to ``stall`` nothing but a pause of 0.15 s of the loop.
"""

import asyncio
import json
import sys
import time
from dataclasses import replace

import uvloop

from streaming.config import Config, ServerConfig
from streaming.running import running
from tests.loop_watch import LoopWatch

STALL = 0.15
"""Seconds."""


async def serve() -> None:
    """Until standard input ends."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    settings = ServerConfig(host="127.0.0.1", port=0, drain_timeout_s=1)
    config = replace(Config(), server=settings)
    async with running(config) as server, LoopWatch() as watch:
        tell({"url": server.url})
        while line := await reader.readline():
            if line.strip() == b"stall":
                time.sleep(STALL)  # noqa: ASYNC251 - that is the point
                await asyncio.sleep(0.1)
            tell(
                {"held_up": watch.held_up, "latest": watch.latest, "beats": watch.beats}
            )


def tell(answer: object) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(serve())
