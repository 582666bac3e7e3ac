"""Real processes that crash, hang and are abandoned."""

import asyncio
import contextlib
import os
import signal
import time

import pytest

from streaming.workers import Pool, Priority
from tests.streaming import loads
from voice.errors import ConfigError, Stage, StageError

FINAL, PARTIAL = Priority.FINAL, Priority.PARTIAL


@pytest.fixture
async def pool():
    async with Pool(Stage.RESPONSE, loads.load, max_waiting=3) as opened:
        yield opened


async def ask(pool, *arguments, priority=FINAL, deadline=5.0):
    return await pool.one(*arguments, priority=priority, deadline=deadline)


async def until(condition):
    while not condition():  # noqa: ASYNC110 - the pool has no event for it
        await asyncio.sleep(0.01)


async def test_a_call_is_answered_by_another_process(pool):
    assert await ask(pool, "echo", "hello") == "hello"
    assert await ask(pool, "process") != os.getpid()


async def test_items_come_one_by_one(pool):
    stream = pool.stream("count", 3, priority=FINAL, deadline=5)
    assert [item async for item in stream] == [0, 1, 2]


async def test_an_error_of_the_stage_arrives_as_one(pool):
    with pytest.raises(StageError) as caught:
        await ask(pool, "fail")
    assert (caught.value.stage, caught.value.reason) == (Stage.RESPONSE, "unsupported")


async def test_a_bug_in_one_call_leaves_the_worker_to_the_next(pool):
    before = await ask(pool, "process")
    with pytest.raises(StageError, match="ZeroDivisionError"):
        await ask(pool, "bug")
    assert await ask(pool, "process") == before


async def test_a_crashed_worker_is_replaced_and_the_call_tried_again(pool, tmp_path):
    marker = str(tmp_path / "crashed")
    assert await ask(pool, "crash once", marker) == "the second time"


async def test_a_call_that_always_crashes_fails_and_the_next_is_answered(pool):
    with pytest.raises(StageError) as caught:
        await ask(pool, "crash")
    assert caught.value.reason == "crashed"
    assert await ask(pool, "echo", 1) == 1


async def test_what_was_passed_on_is_not_said_twice(pool):
    stream = pool.stream("crash after one", priority=FINAL, deadline=5)
    assert await anext(stream) == 1
    with pytest.raises(StageError):
        await anext(stream)


async def test_a_stuck_native_call_is_killed_and_the_pool_recovers(pool):
    stuck = set(pool.processes)
    begun = time.monotonic()
    with pytest.raises(StageError) as caught:
        await ask(pool, "hang", deadline=0.3)
    assert caught.value.reason in {"deadline", "overloaded"}
    assert await ask(pool, "echo", 2) == 2
    assert not stuck & set(pool.processes)
    assert time.monotonic() - begun < 10


async def test_an_abandoned_stream_frees_its_worker(pool):
    before = await ask(pool, "process")
    stream = pool.stream("count", 1000, priority=FINAL, deadline=5)
    async with contextlib.aclosing(stream) as items:
        async for _ in items:
            break
    assert await ask(pool, "process") == before


async def test_a_cancelled_call_that_does_not_end_costs_the_worker(pool, monkeypatch):
    monkeypatch.setattr("streaming.workers.CANCEL_DEADLINE", 0.2)
    task = asyncio.create_task(ask(pool, "hang", deadline=60))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await ask(pool, "echo", 3) == 3


async def test_the_urgent_overtakes_and_the_least_urgent_is_shed(pool):
    order = []

    async def record(name, priority):
        try:
            await ask(pool, "echo", name, priority=priority)
        except StageError as error:
            order.append((name, error.reason))
        else:
            order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask(pool, "sleep", 0.2))
        await asyncio.sleep(0.05)
        for name, priority in [
            ("partial 1", PARTIAL),
            ("partial 2", PARTIAL),
            ("speculative", Priority.SPECULATIVE),
            ("final", FINAL),
        ]:
            group.create_task(record(name, priority))
            await asyncio.sleep(0.01)
    assert order == [("partial 2", "overloaded"), "final", "speculative", "partial 1"]


async def test_a_worker_that_dies_with_nothing_to_do_is_missed(pool):
    (idle,) = pool.processes
    os.kill(idle, signal.SIGKILL)
    async with asyncio.timeout(5):
        await until(lambda: not pool.ready)
        await until(lambda: pool.ready)
    assert pool.processes != [idle]
    assert await ask(pool, "process", deadline=0.2) == pool.processes[0]


async def test_no_worker_in_time_is_an_error_of_its_own(pool):
    busy = asyncio.create_task(ask(pool, "sleep", 0.5))
    await asyncio.sleep(0.05)
    with pytest.raises(StageError) as caught:
        await ask(pool, "echo", 1, deadline=0.1)
    assert caught.value.reason == "overloaded"
    await busy


async def test_a_stage_that_cannot_load_says_why():
    with pytest.raises(ConfigError, match="models/nothing"):
        async with Pool(Stage.RECOGNITION, loads.refuse):
            pytest.fail("it cannot have started")


async def test_nothing_is_left_running():
    async with Pool(Stage.RESPONSE, loads.load, size=2) as opened:
        processes = opened.processes
        assert len(processes) == 2
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)
