"""One utterance into words: a session that listens and never answers.

The end of the utterance is decided as in any session, by the same gate, the same turn
machine and the same judgement of the words; a plan is made for that judgement, and
nothing of it is spoken or done.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

from streaming.household import Household
from streaming.household import Listener as Announced
from streaming.inference import Stages
from streaming.messages import (
    ErrorMessage,
    FloorChanged,
    InputCommit,
    ServerMessage,
    TranscriptCompleted,
)
from streaming.services import Services
from streaming.session import Session
from streaming.workers import Priority
from voice.audio import HEARING_RATE, Pcm, Resampler
from voice.errors import Stage, StageError
from voice.events import Millis
from voice.home import Effect, HomeState
from voice.stages import Plan, Transcript
from voice.turns import Floor

__all__ = ["Dictated", "Dictation"]

LONGEST_WAIT = Millis(15_000)
"""Without a word for so long, nobody is going to speak: as long as Home Assistant waits."""

LONGEST = Millis(60_000)
"""Of all audio; noise may have taken the place of words."""

FLUSH = Millis(64)
"""Silence that brings the last piece of a frame to the ear."""

Dictated = TranscriptCompleted | None
"""What was said; None if nothing was."""


class Dictation:
    """Listens until one utterance is over.

    Use as an asynchronous context manager.

    Args:
        services: shared with the sessions.
        languages: the candidates, at least one, all served.
        rate: Hertz of the audio to come.
        name: for the log.
    """

    def __init__(
        self, services: Services, *, languages: tuple[str, ...], rate: int, name: str
    ) -> None:
        self.result: asyncio.Future[Dictated] = (
            asyncio.get_running_loop().create_future()
        )
        """Done as soon as the utterance is over; may hold a `StageError`, or a bug."""
        self.rate = rate
        self._resampler = Resampler(rate, HEARING_RATE)
        self._ended = False
        quiet = replace(
            services,
            stages=_Listening(services.stages),
            household=_Untouched(services.household),
            languages=languages,
            assistant=None,
        )
        self._session = Session(quiet, self, name=name)

    async def __aenter__(self) -> Self:
        await self._session.__aenter__()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self._session.__aexit__(*exception)
        if self.result.done() and not self.result.cancelled():
            self.result.exception()  # whoever did not ask does not want to know
        self.result.cancel()

    def hear(self, pcm: Pcm) -> None:
        """Take audio; what comes after the utterance is not heard."""
        if self.result.done():
            return
        heard = self._resampler.feed(pcm)
        self._session.hear(heard.to_bytes())
        waited = self._session.now
        silent = self._session.floor is Floor.OPEN
        if waited >= LONGEST or (silent and waited >= LONGEST_WAIT):
            self.end()

    def end(self) -> None:
        """There is no more audio: what was said until now is all of it."""
        if self.result.done() or self._ended:
            return
        rest = self._resampler.feed(Pcm.silence(Millis(0), self.rate), last=True)
        self._session.hear(rest.to_bytes())
        self._session.hear(Pcm.silence(FLUSH, HEARING_RATE).to_bytes())
        self._ended = True
        self._session.receive(InputCommit())
        if self._session.floor is Floor.OPEN:
            self._answer(None)

    # A session's `Listener`.

    def send(self, message: ServerMessage) -> None:
        """See `streaming.services.Listener`."""
        match message:
            case TranscriptCompleted() if message.transcript.strip():
                self._answer(message)
            case FloorChanged(floor=Floor.OPEN.value) if self._ended:
                self._answer(None)
            case ErrorMessage(code=code) if not self.result.done():
                self.result.set_exception(StageError(Stage.RECOGNITION, code))
            case _:
                pass

    def send_audio(self, pcm: Pcm) -> None:
        """See `streaming.services.Listener`."""

    def fail(self, error: BaseException) -> None:
        """See `streaming.services.Listener`."""
        if not self.result.done():
            self.result.set_exception(error)

    def _answer(self, dictated: Dictated) -> None:
        if not self.result.done():
            self.result.set_result(dictated)


_NO_SOUND: tuple[Pcm, ...] = ()


class _Listening:
    """The stages of a session whose words nobody hears. Implements `Stages`."""

    def __init__(self, stages: Stages) -> None:
        self._stages = stages

    async def transcribe(
        self, pcm: Pcm, candidates: Sequence[str], *, priority: Priority
    ) -> Transcript:
        """Only what may be the whole: nobody reads a partial transcript here."""
        if priority is Priority.PARTIAL:
            await asyncio.sleep(LONGEST / 1000)
            raise StageError(Stage.RECOGNITION, "unwanted")
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
        """For the judgement of the words; a reply would take time and say nothing."""
        plan = await self._stages.plan(
            text, language, home=home, now=now, priority=priority
        )
        return replace(plan, reply="", effects=())

    async def speak(
        self, text: str, language: str, *, priority: Priority
    ) -> AsyncGenerator[Pcm, None]:
        """Silence."""
        for piece in _NO_SOUND:
            yield piece


class _Untouched(Household):
    """The home as it is at the beginning; nothing happens to it."""

    def __init__(self, household: Household) -> None:
        super().__init__(household.state, household.clock)

    def commit(self, effects: Sequence[Effect], by: Announced) -> None:
        """There is nothing to do."""
