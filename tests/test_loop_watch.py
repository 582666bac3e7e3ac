"""The watch over event loops: what it must see, and what it must not blame."""

import asyncio
import os
import subprocess
import sys
import time

import pytest

from tests.loop_watch import LoopWatch, can_watch

pytestmark = pytest.mark.skipif(
    not can_watch(), reason="the system does not tell how long a thread waited (Linux)"
)

BUSY = "import time\nend = time.time() + 3\nwhile time.time() < end: pass"


def compute(seconds):
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        pass


@pytest.mark.parametrize("hold_up", [time.sleep, compute], ids=["asleep", "computing"])
async def test_a_planted_stall_is_seen(hold_up):
    async with LoopWatch() as watch:
        await asyncio.sleep(0.05)
        hold_up(0.15)
        await asyncio.sleep(0.05)
    assert watch.longest > 100


async def test_many_small_deeds_are_no_stall():
    async with LoopWatch() as watch:
        for _ in range(100):
            compute(0.005)
            await asyncio.sleep(0)
    assert watch.longest < 100
    assert watch.beats > 20


@pytest.fixture
def crowd():
    """Processes that want every core there is, four times over."""
    count = 4 * (os.cpu_count() or 1)
    crowd = [subprocess.Popen([sys.executable, "-c", BUSY]) for _ in range(count)]
    yield
    for process in crowd:
        process.kill()
        process.wait()


@pytest.mark.usefixtures("crowd")
async def test_a_busy_machine_is_not_blamed():
    async with LoopWatch() as watch:
        end = time.monotonic() + 2
        while time.monotonic() < end:
            compute(0.004)
            await asyncio.sleep(0.001)
    assert watch.longest < 100, watch.held_up
