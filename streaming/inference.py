"""The stages as a session sees them: asynchronous, with a deadline each.

`WorkerStages` runs them in worker processes; `InlineStages` calls them on the
spot, for tests and for tools that have nothing else to do meanwhile.
"""

import contextlib
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol, Self

import numpy as np

from streaming.together import all_together
from streaming.worker import Run
from streaming.workers import Pool, Priority
from voice.audio import HEARING_RATE, Pcm
from voice.dialogue import ChatModel, Message, Role
from voice.errors import Stage
from voice.home import HomeState
from voice.stages import Plan, Recognizer, Responder, Synthesizer, Transcript

__all__ = [
    "Deadlines",
    "InlineStages",
    "Loaders",
    "Stages",
    "WorkerStages",
    "conversation",
]


WARM_UP_S = (1.5, 3.5, 8.0)
"""Lengths of audio to warm up a recogniser with that has no windows of its own."""

WARM_UP_TEXT = "1"
"""It can be read aloud in every language."""


class Stages(Protocol):
    """The chain, one asynchronous call for each stage.

    Every call may raise `StageError`; cancelling a call stops its work.
    """

    async def transcribe(
        self, pcm: Pcm, candidates: Sequence[str], *, priority: Priority
    ) -> Transcript:
        """See `voice.stages.Recognizer`."""
        ...

    async def plan(
        self,
        text: str,
        language: str,
        *,
        home: HomeState,
        now: datetime,
        priority: Priority,
    ) -> Plan:
        """See `voice.stages.Responder`."""
        ...

    def speak(
        self, text: str, language: str, *, priority: Priority
    ) -> AsyncGenerator[Pcm, None]:
        """See `voice.stages.Synthesizer`."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadlines:
    """Seconds that a stage may take, waiting for a worker included.

    They hold for one attempt. A call whose worker crashed or hung is tried once more
    with a deadline of its own, so that it takes at most twice as long.
    """

    recognize: float = 5.0
    respond: float = 4.0
    synthesize: float = 3.0
    """For the first piece of audio, and for each after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaders:
    """How each stage is loaded, in whichever process it runs; all picklable."""

    recognizer: Callable[[], Recognizer]
    responder: Callable[[], Responder]
    synthesizer: Callable[[], Synthesizer]


class InlineStages:
    """Calls the stages in this process, on this thread."""

    def __init__(
        self, recognizer: Recognizer, responder: Responder, synthesizer: Synthesizer
    ) -> None:
        self._recognizer = recognizer
        self._responder = responder
        self._synthesizer = synthesizer

    async def transcribe(
        self,
        pcm: Pcm,
        candidates: Sequence[str],
        *,
        priority: Priority,
    ) -> Transcript:
        """Transcribe at once."""
        return self._recognizer.transcribe(pcm, candidates)

    async def plan(
        self,
        text: str,
        language: str,
        *,
        home: HomeState,
        now: datetime,
        priority: Priority,
    ) -> Plan:
        """Plan at once."""
        return self._responder.plan(text, language, home=home, now=now)

    async def speak(
        self,
        text: str,
        language: str,
        *,
        priority: Priority,
    ) -> AsyncGenerator[Pcm, None]:
        """Speak at once."""
        for pcm in self._synthesizer.speak(text, language):
            yield pcm


class WorkerStages:
    """Runs each stage in worker processes of its own.

    Use as an asynchronous context manager; entering it loads and warms up every
    model, in parallel.
    """

    def __init__(
        self,
        loaders: Loaders,
        *,
        deadlines: Deadlines,
        sizes: tuple[int, int, int] = (1, 1, 1),
        threads: int = 1,
    ) -> None:
        self.deadlines = deadlines
        recognize, respond, synthesize = sizes
        self.recognition = Pool(
            Stage.RECOGNITION,
            partial(_recognition, loaders.recognizer),
            size=recognize,
            threads=threads,
        )
        self.response = Pool(
            Stage.RESPONSE, partial(_response, loaders.responder), size=respond
        )
        self.synthesis = Pool(
            Stage.SYNTHESIS, partial(_synthesis, loaders.synthesizer), size=synthesize
        )
        self._open = contextlib.AsyncExitStack()

    @property
    def pools(self) -> tuple[Pool, Pool, Pool]:
        """The worker processes of recognition, response and synthesis."""
        return self.recognition, self.response, self.synthesis

    @property
    def ready(self) -> bool:
        """Whether every stage has a worker that is loaded and warm."""
        return all(pool.ready for pool in self.pools)

    async def __aenter__(self) -> Self:
        """Start all workers; raises `ConfigError` if one cannot load."""
        async with contextlib.AsyncExitStack() as stack:
            for pool in self.pools:
                stack.push_async_exit(pool)
            await all_together(pool.__aenter__() for pool in self.pools)
            self._open = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._open.aclose()

    async def transcribe(
        self, pcm: Pcm, candidates: Sequence[str], *, priority: Priority
    ) -> Transcript:
        """Transcribe in a worker."""
        result = await self.recognition.one(
            pcm, tuple(candidates), priority=priority, deadline=self.deadlines.recognize
        )
        assert isinstance(result, Transcript)
        return result

    async def plan(
        self,
        text: str,
        language: str,
        *,
        home: HomeState,
        now: datetime,
        priority: Priority,
    ) -> Plan:
        """Plan in a worker."""
        result = await self.response.one(
            text,
            language,
            home,
            now,
            priority=priority,
            deadline=self.deadlines.respond,
        )
        assert isinstance(result, Plan)
        return result

    async def speak(
        self, text: str, language: str, *, priority: Priority
    ) -> AsyncGenerator[Pcm, None]:
        """Speak in a worker."""
        stream = self.synthesis.stream(
            text, language, priority=priority, deadline=self.deadlines.synthesize
        )
        async with contextlib.aclosing(stream) as pieces:
            async for piece in pieces:
                assert isinstance(piece, Pcm)
                yield piece


# --- In the worker ------------------------------------------------------------


def _recognition(load: Callable[[], Recognizer]) -> Run:
    recognizer = load()

    def run(pcm: Pcm, candidates: Sequence[str]) -> Iterator[Transcript]:
        yield recognizer.transcribe(pcm, candidates)

    for seconds in getattr(recognizer, "windows_s", WARM_UP_S):
        recognizer.transcribe(_noise(seconds), recognizer.languages)
    return run


def _noise(seconds: float) -> Pcm:
    """Loud enough that no recogniser takes it for silence and skips its model."""
    samples = np.random.default_rng(1).normal(0, 0.1, int(seconds * HEARING_RATE))
    return Pcm.of_floats(samples, HEARING_RATE)


def _response(load: Callable[[], Responder]) -> Run:
    responder = load()  # which warms up every language

    def run(text: str, language: str, home: HomeState, now: datetime) -> Iterator[Plan]:
        yield responder.plan(text, language, home=home, now=now)

    return run


def conversation(load: Callable[[], ChatModel]) -> Run:
    """What a worker does for `streaming.chat.WorkerChat`; loads and warms up the model."""
    model = load()
    for _ in model.converse([Message(role=Role.USER, text=WARM_UP_TEXT)], ()):
        break
    return model.converse


def _synthesis(load: Callable[[], Synthesizer]) -> Run:
    synthesizer = load()
    for _ in synthesizer.speak(WARM_UP_TEXT, synthesizer.languages[0]):
        pass
    return synthesizer.speak
