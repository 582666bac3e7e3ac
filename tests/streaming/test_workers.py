"""Real processes that crash, hang and are abandoned."""

import asyncio
import contextlib
import errno
import os
import signal
import time
from pathlib import Path

import pytest

from streaming.worker import Item, encode
from streaming.workers import Pool, Priority, _LostError, _Worker
from tests.streaming import loads
from voice.errors import ConfigError, Stage, StageError

FINAL, PARTIAL = Priority.FINAL, Priority.PARTIAL

SOON = 15.0
"""Seconds; a process that starts on a busy machine takes some of them."""


@pytest.fixture
async def pool():
    async with Pool(Stage.RESPONSE, loads.load, max_waiting=3) as opened:
        yield opened


async def ask(pool, *arguments, priority=FINAL, deadline=SOON):
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
    assert time.monotonic() - begun < SOON


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


async def test_the_urgent_overtakes_and_the_least_urgent_is_shed(pool, tmp_path):
    order = []
    go = tmp_path / "go"

    async def record(name, priority):
        try:
            await ask(pool, "echo", name, priority=priority)
        except StageError as error:
            order.append((name, error.reason))
        else:
            order.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(ask(pool, "wait for", str(go)))
        for number, (name, priority) in enumerate(
            [
                ("partial 1", PARTIAL),
                ("partial 2", PARTIAL),
                ("speculative", Priority.SPECULATIVE),
                ("final", FINAL),
            ]
        ):
            group.create_task(record(name, priority))
            await until(lambda due=number + 1: pool.waiting == min(due, 3))
        await until(lambda: order)
        go.touch()
    assert order == [("partial 2", "overloaded"), "final", "speculative", "partial 1"]


async def test_a_worker_that_dies_with_nothing_to_do_is_missed(pool):
    (idle,) = pool.processes
    os.kill(idle, signal.SIGKILL)
    async with asyncio.timeout(SOON):
        await until(lambda: not pool.ready)
        await until(lambda: pool.ready)
    assert pool.processes != [idle]
    assert await ask(pool, "process") == pool.processes[0]


async def test_no_worker_in_time_is_an_error_of_its_own(pool, tmp_path):
    go = tmp_path / "go"
    busy = asyncio.create_task(ask(pool, "wait for", str(go)))
    await asyncio.sleep(0)
    with pytest.raises(StageError) as caught:
        await ask(pool, "echo", 1, deadline=0.1)
    assert caught.value.reason == "overloaded"
    go.touch()
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


# --- Deadlines -----------------------------------------------------------------


async def test_the_wait_for_a_worker_is_part_of_the_deadline(pool):
    before = pool.processes
    busy = asyncio.create_task(ask(pool, "sleep", 0.5))
    await asyncio.sleep(0.05)
    with pytest.raises(StageError) as caught:
        # It would do if only its own time counted.
        await ask(pool, "sleep", 0.6, deadline=0.8)
    assert caught.value.reason == "overloaded"
    await busy
    # The queue was to blame, not the worker.
    assert await ask(pool, "process") == before[0]


async def test_a_worker_that_does_not_read_is_lost_in_time(pool):
    (deaf,) = pool.processes
    os.kill(deaf, signal.SIGSTOP)
    async with asyncio.timeout(SOON):
        # The second try may be in time, if another worker is.
        with contextlib.suppress(StageError):
            await ask(pool, "echo", bytes(2**23), deadline=0.3)
    assert await ask(pool, "process") != deaf


async def test_a_worker_that_does_not_read_is_not_drained_for_ever(pool, monkeypatch):
    monkeypatch.setattr("streaming.workers.CANCEL_DEADLINE", 0.2)
    (deaf,) = pool.processes
    os.kill(deaf, signal.SIGSTOP)
    task = asyncio.create_task(ask(pool, "echo", bytes(2**23), deadline=60))
    await asyncio.sleep(0.1)
    task.cancel()
    await asyncio.wait([task])
    assert await ask(pool, "process") != deaf


async def test_half_a_frame_is_not_taken_for_the_next_one():
    reader = asyncio.StreamReader()
    worker = _Worker(None, reader, None)
    frame = encode(Item("whole"))
    reader.feed_data(frame[:6])
    soon = asyncio.get_running_loop().time() + 0.05
    with pytest.raises(_LostError):
        await worker.receive(soon)
    reader.feed_data(frame[6:])
    assert await worker.receive(soon + 5) == Item("whole")


# --- Faults of the system, and bugs --------------------------------------------


def open_files():
    return len(list(Path("/proc/self/fd").iterdir()))


async def refused(*_):
    raise OSError(errno.EAGAIN, "no room for another process")


async def test_a_pool_outlives_a_system_without_room(pool, monkeypatch):
    monkeypatch.setattr("streaming.workers.RESTART_LIMIT", (3, 0.3))
    with monkeypatch.context() as crowded:
        crowded.setattr("streaming.workers._spawn_child", refused)
        os.kill(pool.processes[0], signal.SIGKILL)
        await asyncio.sleep(0.8)
        assert not pool.ready
    async with asyncio.timeout(SOON):
        await until(lambda: pool.ready)
    assert await ask(pool, "echo", 4) == 4


async def test_a_start_that_fails_leaves_no_socket_open(monkeypatch):
    monkeypatch.setattr("streaming.workers._spawn_child", refused)
    before = open_files()
    for _ in range(5):
        with pytest.raises(_LostError):
            await _Worker.start(loads.load, 1)
    async with asyncio.timeout(SOON):
        await until(lambda: open_files() == before)


async def test_a_bug_leaves_a_trace_without_what_was_said(capfd):
    async with Pool(Stage.RESPONSE, loads.load) as pool:
        with pytest.raises(StageError):
            await ask(pool, "bug about", "my secret")
    trace = capfd.readouterr().err
    assert "ValueError in" in trace
    assert "loads.py" in trace
    assert "secret" not in trace
