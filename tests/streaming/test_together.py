"""Several things at once: all of them, or one clear reason."""

import asyncio

import pytest

from streaming.together import all_together
from voice.errors import ConfigError


async def test_all_are_done_at_the_same_time() -> None:
    met = asyncio.Barrier(3)
    async with asyncio.timeout(5):
        await all_together(met.wait() for _ in range(3))


async def test_the_first_error_comes_alone_and_ends_the_others() -> None:
    ended: list[str] = []

    async def wait() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async def fail() -> None:
        await asyncio.sleep(0)
        raise ConfigError("no model")

    async with asyncio.timeout(5):
        with pytest.raises(ConfigError, match="no model"):
            await all_together([wait(), fail(), wait()])
    assert ended == ["cancelled", "cancelled"]


async def test_who_is_cancelled_cancels_all() -> None:
    begun = asyncio.Event()
    ended = []

    async def wait() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(True)

    task = asyncio.create_task(all_together([wait(), wait()]))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == [True, True]
