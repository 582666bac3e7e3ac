"""Speech that was made lately, so that what is said often is said at once.

Most replies are a few sentences over and over: "Licht eingeschaltet", "I did not
understand". A sentence that is here needs no worker. It is kept in memory, nowhere
else, and what was not said for longest goes first.
"""

import asyncio
from collections import OrderedDict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing
from datetime import datetime

from streaming.inference import Stages
from streaming.workers import Priority
from voice.audio import Pcm
from voice.errors import StageError
from voice.home import HomeState
from voice.sentences import chunks
from voice.stages import Plan, Transcript

__all__ = ["RememberingStages", "SpeechCache", "rehearse"]

CAPACITY = 32 * 2**20
"""Bytes: ten minutes or more of speech, at the rates of the voices."""

LARGEST = 16
"""No sentence takes more than this part of the capacity."""

RETREAT = 1.0
"""Seconds to leave the worker alone that had no time."""


class SpeechCache:
    """Sentences with their audio; each language has one voice, so it names the voice.

    Args:
        capacity: bytes of samples.
    """

    def __init__(self, capacity: int = CAPACITY) -> None:
        self.capacity = capacity
        self.size = 0
        """Bytes of samples that are kept."""
        self._kept: OrderedDict[tuple[str, str], Pcm] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, text: str, language: str) -> Pcm | None:
        """The speech, or None if it is not kept."""
        found = self._kept.get((language, text))
        if found is not None:
            self._kept.move_to_end((language, text))
        return found

    def put(self, text: str, language: str, pieces: Sequence[Pcm]) -> None:
        """Keep the whole speech of a text; too much of it, or none, is not kept."""
        if not pieces:
            return
        speech = Pcm.joined(list(pieces), pieces[0].rate)
        if speech.samples.nbytes * LARGEST > self.capacity:
            return
        self._forget((language, text))
        self._kept[language, text] = speech
        self.size += speech.samples.nbytes
        while self.size > self.capacity:
            self._forget(next(iter(self._kept)))

    def _forget(self, key: tuple[str, str]) -> None:
        speech = self._kept.pop(key, None)
        if speech is not None:
            self.size -= speech.samples.nbytes


class RememberingStages:
    """Stages that speak from a cache what they have spoken before.

    Implements `streaming.inference.Stages`.
    """

    def __init__(self, stages: Stages, cache: SpeechCache) -> None:
        self._stages = stages
        self._cache = cache

    async def transcribe(
        self, pcm: Pcm, candidates: Sequence[str], *, priority: Priority
    ) -> Transcript:
        """Transcribe."""
        return await self._stages.transcribe(pcm, candidates, priority=priority)

    async def plan(
        self,
        text: str,
        language: str,
        *,
        home: HomeState,
        now: datetime,
        priority: Priority,
    ) -> Plan:
        """Plan."""
        return await self._stages.plan(
            text, language, home=home, now=now, priority=priority
        )

    async def speak(
        self, text: str, language: str, *, priority: Priority
    ) -> AsyncGenerator[Pcm, None]:
        """Speak: at once if it is kept."""
        kept = self._cache.get(text, language)
        if kept is not None:
            # Not all at once: who takes it has other things to do in between.
            for start in range(0, len(kept), kept.rate):
                yield Pcm(kept.samples[start : start + kept.rate], kept.rate)
            return
        pieces: list[Pcm] = []
        # A sentence has an end, so the queue has one too.
        made: asyncio.Queue[Pcm | None] = asyncio.Queue()
        stream = self._stages.speak(text, language, priority=priority)
        work = asyncio.create_task(_fill(made, stream))
        try:
            while (piece := await made.get()) is not None:
                pieces.append(piece)
                yield piece
            await work
        finally:
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
        # Only here is it known to be whole: who stops listening never comes so far.
        self._cache.put(text, language, pieces)


async def _fill(
    made: asyncio.Queue[Pcm | None], stream: AsyncGenerator[Pcm, None]
) -> None:
    """Take what a worker makes as fast as it is made, then None.

    A worker is busy until all of its answer is taken. Who listens takes it at the pace
    of life, or not at all: then nobody else would be spoken to.
    """
    try:
        async with aclosing(stream) as pieces:
            async for piece in pieces:
                made.put_nowait(piece)
    finally:
        made.put_nowait(None)


async def rehearse(stages: Stages, replies: Iterable[str], language: str) -> None:
    """Have replies spoken that will be needed, so that they are kept.

    It takes at most half of the time of a worker, and gives way to every user.

    Args:
        stages: that remember what they speak.
        replies: the commonest first.
        language: of the replies.
    """
    loop = asyncio.get_running_loop()
    for text in replies:
        for phrase in chunks(text, language):
            begun = loop.time()
            try:
                async for _ in stages.speak(
                    phrase, language, priority=Priority.PARTIAL
                ):
                    pass
            except StageError:
                # Users need the worker more, or there is none now.
                await asyncio.sleep(RETREAT)
            await asyncio.sleep(loop.time() - begun)
