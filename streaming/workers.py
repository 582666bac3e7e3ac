"""Inference in processes that can be killed: the parent's side.

A `Pool` runs one stage in a few worker processes. Calls wait by priority, each
with a deadline for each attempt; a worker that crashes or does not answer in time
is killed and replaced, and the call, which depends on nothing but its arguments, is
tried once more if nothing of its answer was passed on yet.
"""

import asyncio
import contextlib
import heapq
import itertools
import logging
import os
import socket
import sys
import time
from collections import deque
from collections.abc import AsyncGenerator, Coroutine, Iterator
from enum import IntEnum
from typing import Self

from streaming.worker import (
    HEADER,
    Call,
    Cancel,
    Done,
    Failed,
    Frame,
    Item,
    Load,
    Ready,
    decode,
    decode_length,
    encode,
)
from voice.errors import ConfigError, Stage, StageError

__all__ = ["Pool", "Priority"]

log = logging.getLogger(__name__)

START_DEADLINE = 600.0
"""Seconds for loading and warming up; large models come from slow disks, and the starter
prepares all sentences of every language."""

CANCEL_DEADLINE = 2.0
"""Seconds in which a worker must acknowledge a cancelled call, or be killed."""

RESTART_LIMIT = (3, 60.0)
"""More restarts than this in as many seconds: something is broken for good."""


class Priority(IntEnum):
    """Who goes first when workers are scarce, and who is shed last."""

    FINAL = 0
    SPECULATIVE = 1
    PARTIAL = 2


class _LostError(Exception):
    """The worker died or had to be killed during a call."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@contextlib.contextmanager
def _lost() -> Iterator[None]:
    """Say in one way how a worker was lost."""
    try:
        yield
    except TimeoutError as error:
        raise _LostError("deadline") from error
    except (OSError, asyncio.IncompleteReadError) as error:
        raise _LostError("crashed") from error


class _Worker:
    """One child process, seen from the parent."""

    def __init__(
        self,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.process = process
        self._reader = reader
        self._writer = writer
        self._awaited: int | None = None
        """Length of a body whose header was read before its caller left."""

    @classmethod
    async def start(cls, load: Load, threads: int) -> "_Worker":
        """Start a process and have it load.

        Raises:
            _LostError: it did not start, or the system has no room for it.
            ConfigError: the stage cannot be loaded, and why.
        """
        try:
            worker = await cls._born(threads)
            try:
                first = await worker.load(load)
            except BaseException:
                await worker.end()
                raise
        except (OSError, asyncio.IncompleteReadError) as error:
            raise _LostError("start") from error
        if isinstance(first, Failed):
            await worker.end()
            raise ConfigError(first.detail)
        assert isinstance(first, Ready)
        return worker

    @classmethod
    async def _born(cls, threads: int) -> "_Worker":
        ours, theirs = socket.socketpair()
        with theirs:
            try:
                reader, writer = await asyncio.open_connection(sock=ours)
            except BaseException:
                ours.close()
                raise
            spawn = asyncio.create_task(_spawn_child(theirs, threads))
            try:
                return cls(await asyncio.shield(spawn), reader, writer)
            except asyncio.CancelledError:
                # A child that is being born cannot be unborn, only buried.
                with contextlib.suppress(OSError):
                    await cls(await spawn, reader, writer).end()
                writer.close()
                raise
            except BaseException:
                writer.close()
                raise

    async def load(self, load: Load) -> object:
        async with asyncio.timeout(START_DEADLINE):
            self._writer.write(encode(load))
            await self._writer.drain()
            return await self._receive()

    async def send(self, frame: Frame, end: float) -> None:
        """Send a frame.

        Raises:
            _LostError: the worker crashed, or does not read and `end` came.
        """
        with _lost():
            async with asyncio.timeout_at(end):
                self._writer.write(encode(frame))
                await self._writer.drain()

    async def receive(self, end: float) -> object:
        """The next frame.

        Raises:
            _LostError: the worker crashed, or `end` came.
        """
        with _lost():
            async with asyncio.timeout_at(end):
                return await self._receive()

    async def _receive(self) -> object:
        if self._awaited is None:
            header = await self._reader.readexactly(HEADER.size)
            self._awaited = decode_length(header)
        body = await self._reader.readexactly(self._awaited)
        self._awaited = None
        return decode(body)

    @property
    def alive(self) -> bool:
        return self.process.returncode is None and not self._writer.is_closing()

    def kill(self) -> None:
        self._writer.close()
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()

    async def end(self) -> None:
        self.kill()
        await self.process.wait()


class Pool:
    """Worker processes of one stage.

    Use as an asynchronous context manager: it owns its processes and tasks.

    Args:
        stage: for the errors.
        load: what each worker loads; must be picklable.
        size: number of processes.
        threads: computing threads of each.
        max_waiting: calls that may wait for a worker; beyond it the least urgent
            is refused.
    """

    def __init__(
        self,
        stage: Stage,
        load: Load,
        *,
        size: int = 1,
        threads: int = 1,
        max_waiting: int = 64,
    ) -> None:
        self.stage = stage
        self.size = size
        self.max_waiting = max_waiting
        self._load = load
        self._threads = threads
        self._idle: list[_Worker] = []
        self._all: set[_Worker] = set()
        self._dying: set[_Worker] = set()
        self._waiting: list[tuple[Priority, int, asyncio.Future[_Worker]]] = []
        self._order = itertools.count()
        self._restarts: deque[float] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._broken = False

    async def __aenter__(self) -> Self:
        """Start all workers.

        Raises:
            ConfigError: the stage cannot be loaded, and why.
        """
        starts = (_Worker.start(self._load, self._threads) for _ in range(self.size))
        started = await asyncio.gather(*starts, return_exceptions=True)
        self._all = {worker for worker in started if isinstance(worker, _Worker)}
        for result in started:
            if isinstance(result, BaseException):
                await self.aclose()
                if isinstance(result, _LostError):
                    raise ConfigError(
                        f"the {self.stage.value} worker did not start"
                        f" ({result.__cause__!r}); its own message, if it had one,"
                        " stands above"
                    ) from result
                raise result
        self._idle = list(self._all)
        for worker in self._idle:
            self._spawn(self._watch(worker))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End every worker and every call that waits for one."""
        self._closing = True
        for _, _, future in self._waiting:
            future.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(worker.end() for worker in self._all | self._dying))

    @property
    def ready(self) -> bool:
        """Whether a worker is up."""
        return bool(self._all) and not self._broken

    @property
    def waiting(self) -> int:
        """Calls that wait for a worker."""
        return sum(not future.done() for _, _, future in self._waiting)

    @property
    def processes(self) -> list[int]:
        """Process ids of the workers that are up."""
        return [worker.process.pid for worker in self._all]

    async def one(
        self, *arguments: object, priority: Priority, deadline: float
    ) -> object:
        """The answer of a stage that gives exactly one item; see `stream`."""
        stream = self.stream(*arguments, priority=priority, deadline=deadline)
        async with contextlib.aclosing(stream) as items:
            async for item in items:
                return item
        raise StageError(self.stage, "empty")

    async def stream(
        self, *arguments: object, priority: Priority, deadline: float
    ) -> AsyncGenerator[object, None]:
        """Call the stage and pass on what it yields.

        Args:
            arguments: of the stage; they must be picklable.
            priority: who goes first.
            deadline: seconds until the first item, waiting for a worker included;
                again for each later item, and again, once, if the call is tried
                a second time.

        Raises:
            StageError: the stage gave up, or (``deadline``, ``crashed``,
                ``overloaded``, ``unavailable``) could not be brought to answer.
        """
        for last_try in (False, True):
            end = _now() + deadline
            worker = await self._acquire(priority, end)
            hurried = end - _now() < deadline / 2
            passed_on = finished = False
            try:
                await worker.send(Call(arguments), end)
                while not finished:
                    match await worker.receive(end):
                        case Item(value):
                            passed_on = True
                            yield value
                            end = _now() + deadline
                        case Done():
                            finished = True
                        case Failed(stage, reason, detail):
                            finished = True
                            raise StageError(stage or self.stage, reason, detail)
                        case frame:
                            # Only its type: its content is nothing for a log.
                            raise AssertionError(f"the worker sent {type(frame)}")
            except _LostError as error:
                if error.reason == "deadline" and hurried and not passed_on:
                    # The queue took the time: the worker is asked to end, not killed.
                    raise StageError(self.stage, "overloaded") from error
                worker.kill()
                log.warning("%s worker lost: %s", self.stage.value, error.reason)
                if passed_on or last_try:
                    raise StageError(self.stage, error.reason) from error
            else:
                return
            finally:
                self._give_back(worker, finished=finished)

    async def _acquire(self, priority: Priority, end: float) -> _Worker:
        if self._broken or self._closing:
            raise StageError(self.stage, "unavailable")
        while self._idle:
            worker = self._idle.pop()
            if worker.alive:
                return worker
            self._replace(worker)
        future: asyncio.Future[_Worker] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (priority, next(self._order), future))
        self._shed()
        try:
            async with asyncio.timeout_at(end):
                return await future
        except (TimeoutError, asyncio.CancelledError) as error:
            # The worker may have been handed over in the same moment.
            if future.done() and not future.cancelled() and not future.exception():
                self._give_back(future.result(), finished=True)
            if isinstance(error, TimeoutError):
                raise StageError(self.stage, "overloaded") from error
            raise

    def _shed(self) -> None:
        """Refuse the least urgent of the calls that wait, if there are too many."""
        self._waiting = [entry for entry in self._waiting if not entry[2].done()]
        heapq.heapify(self._waiting)
        if len(self._waiting) > self.max_waiting:
            worst = max(self._waiting)
            self._waiting.remove(worst)
            heapq.heapify(self._waiting)
            worst[2].set_exception(StageError(self.stage, "overloaded"))

    def _give_back(self, worker: _Worker, *, finished: bool) -> None:
        if self._closing:
            return
        if not worker.alive:
            self._replace(worker)
        elif finished:
            self._offer(worker)
        else:
            self._spawn(self._drain(worker))

    def _offer(self, worker: _Worker) -> None:
        while self._waiting:
            _, _, future = heapq.heappop(self._waiting)
            if not future.done():
                future.set_result(worker)
                return
        self._idle.append(worker)

    async def _drain(self, worker: _Worker) -> None:
        """Bring a worker whose caller has left to the end of its call."""
        end = _now() + CANCEL_DEADLINE
        try:
            await worker.send(Cancel(), end)
            while not isinstance(await worker.receive(end), Done | Failed):
                pass
        except _LostError:
            worker.kill()
        self._give_back(worker, finished=True)

    def _replace(self, worker: _Worker) -> None:
        if worker in self._all:
            self._all.discard(worker)
            self._dying.add(worker)
            self._spawn(self._restart(worker))

    async def _restart(self, lost: _Worker) -> None:
        await lost.end()
        self._dying.discard(lost)
        while True:
            limit, window = RESTART_LIMIT
            now = time.monotonic()
            self._restarts.append(now)
            while self._restarts[0] < now - window:
                self._restarts.popleft()
            if len(self._restarts) > limit:
                # Calls fail at once from now on; they are tried again afterwards.
                self._broken = True
                log.error("%s worker keeps failing", self.stage.value)
                await asyncio.sleep(window)
                self._broken = False
            try:
                worker = await _Worker.start(self._load, self._threads)
            except (_LostError, ConfigError):
                log.exception("%s worker did not start", self.stage.value)
                continue
            self._all.add(worker)
            self._spawn(self._watch(worker))
            self._offer(worker)
            return

    async def _watch(self, worker: _Worker) -> None:
        """Notice the death of a worker that has nothing to do: no call would."""
        await worker.process.wait()
        if worker in self._idle:
            log.warning("%s worker lost: died while idle", self.stage.value)
            self._idle.remove(worker)
            self._replace(worker)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _spawn_child(end: socket.socket, threads: int) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        "from streaming.worker import main; main()",
        str(end.fileno()),
        pass_fds=[end.fileno()],
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        env=_environment(threads),
    )


def _now() -> float:
    """Seconds on the clock of the event loop, as the deadlines are."""
    return asyncio.get_running_loop().time()


def _environment(threads: int) -> dict[str, str]:
    """The child's environment: ours, with its share of the cores, and offline."""
    return {
        **os.environ,
        "OMP_NUM_THREADS": str(threads),
        "HF_HUB_OFFLINE": "1",
        "PYTHONUNBUFFERED": "1",
    }
