"""One reply on its way: synthesised phrase by phrase, held, released, stopped."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import dataclass
from enum import Enum

from streaming.inference import Stages
from streaming.outbox import Outbox
from streaming.workers import Priority
from voice.audio import Pcm, Resampler
from voice.errors import StageError
from voice.events import Millis, TurnId
from voice.sentences import SentenceSplitter, chunks

__all__ = ["Heard", "Reply", "ReplyEnd"]


class ReplyEnd(Enum):
    """How a reply ended; the values are those of the wire."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Heard:
    """What the listener got of a reply."""

    end: ReplyEnd
    ms: Millis
    text: str


class Reply:
    """Speaks one text into an outbox and the outbox to the listener.

    Synthesis begins at once, with the priority of a guess; no sound leaves before
    `release`, from which on every phrase is urgent. The owner awaits
    `run`, which ends when the listener has heard all of it, or calls `stop`.

    Args:
        turn: whose reply it is.
        text: what to say.
        more: what to say instead, if it is only being made up; an empty piece means
            that what came before it is not to wait for what comes after.
        language: of the text.
        stages: for the synthesiser.
        rate: Hertz for the listener.
        send: takes each piece when it is due; must not block.
        clock: seconds, monotonic.
        spawn: starts the synthesis as a task whose end, and whose bugs, the owner
            minds.
    """

    def __init__(
        self,
        turn: TurnId,
        text: str,
        language: str,
        *,
        stages: Stages,
        rate: int,
        send: Callable[[Pcm], None],
        clock: Callable[[], float],
        spawn: Callable[[Coroutine[None, None, None]], asyncio.Task[None]],
        more: AsyncGenerator[str, None] | None = None,
    ) -> None:
        self.turn = turn
        self.text = text
        """As far as it is known."""
        self.is_whole = more is None
        """Whether that is all of it."""
        self.language = language
        self.outbox = Outbox(rate)
        self.begun = clock()
        """When its synthesis was asked for, by `clock`."""
        self.first_piece: float | None = None
        """Seconds from the beginning of the synthesis to its first piece."""
        self.synthesis_took = 0.0
        """Seconds that were spent waiting for pieces so far."""
        self.started: float | None = None
        """When the first piece left for the listener, by `clock`."""
        self.error: StageError | None = None
        self._more = more
        self._stages = stages
        self._send = send
        self._clock = clock
        self._released = asyncio.Event()
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._synthesis = spawn(self._synthesize())

    def release(self) -> None:
        """Let it be heard."""
        self._released.set()

    def report(self, position: Millis) -> None:
        """The client says how much it has played."""
        self.outbox.report(position, self._now())
        self._news.set()

    def hold(self) -> Millis:
        """Fall silent for the time being; returns how much was heard."""
        return self.outbox.hold(self._now())

    def go_on(self) -> Millis:
        """Be heard again, and return from where: a little before it fell silent."""
        position = self.outbox.go_on(self._now())
        self._news.set()
        return position

    async def run(
        self,
        *,
        on_start: Callable[[], None],
        on_sent: Callable[[], None],
        on_text: Callable[[], None] = lambda: None,
    ) -> Heard:
        """Send the audio as it is due, until the listener has heard all of it.

        Args:
            on_start: called before the first piece is sent.
            on_sent: called after the last piece was sent; again if the reply went
                on from before it.
            on_text: called when more of the text may be known.
        """
        await self._released.wait()
        outbox = self.outbox
        sent = False
        while not outbox.played(self._now()):
            self._news.clear()
            on_text()
            for piece in outbox.due(self._now()):
                if self.started is None:
                    self.started = self._clock()
                    on_start()
                self._send(piece)
            if not outbox.full:
                self._room.set()
            if outbox.all_sent and not sent:
                on_sent()
            sent = outbox.all_sent
            wait = outbox.wait(self._now())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(None if wait is None else wait / 1000):
                    await self._news.wait()
        on_text()
        return self.heard(ReplyEnd.FAILED if self.error else ReplyEnd.COMPLETED)

    def heard(self, end: ReplyEnd) -> Heard:
        """What the listener got so far."""
        now = self._now()
        return Heard(end, self.outbox.heard(now), self.outbox.heard_text(now))

    def stop(self) -> Heard:
        """Say nothing more; what was sent and not heard is lost."""
        heard = self.heard(ReplyEnd.CANCELLED)
        self._synthesis.cancel()
        return heard

    async def _synthesize(self) -> None:
        begun = self._clock()
        try:
            async with contextlib.aclosing(self._phrases()) as phrases:
                async for phrase in phrases:
                    await self._phrase(phrase, begun)
        except StageError as error:
            self.error = error
        finally:
            self.is_whole = True
            self.outbox.complete()
            self._news.set()

    async def _phrases(self) -> AsyncGenerator[str, None]:
        if self._more is None:
            for phrase in chunks(self.text, self.language):
                yield phrase
            return
        splitter = SentenceSplitter(self.language)
        async with contextlib.aclosing(self._more) as pieces:
            async for piece in pieces:
                self.text += piece
                self._news.set()
                for phrase in splitter.feed(piece) if piece else splitter.finish():
                    yield phrase
        self.is_whole = True
        self._news.set()
        for phrase in splitter.finish():
            yield phrase

    async def _phrase(self, text: str, begun: float) -> None:
        self.outbox.begin_phrase(text)
        resampler: Resampler | None = None
        released = self._released.is_set()
        priority = Priority.FINAL if released else Priority.SPECULATIVE
        stream = self._stages.speak(text, self.language, priority=priority)
        asked = self._clock()
        async with contextlib.aclosing(stream) as pieces:
            async for pcm in pieces:
                now = self._clock()
                self.synthesis_took += now - asked
                if self.first_piece is None:
                    self.first_piece = now - begun
                resampler = resampler or Resampler(pcm.rate, self.outbox.rate)
                # Before a "t" a voice is silent for 60 ms, and the user would wait.
                heard = pcm if self.outbox.total else pcm.from_first_sound()
                await self._deliver(resampler.feed(heard))
                asked = self._clock()
        if resampler is not None:
            rest = Pcm.silence(Millis(0), resampler.source)
            await self._deliver(resampler.feed(rest, last=True))

    async def _deliver(self, pcm: Pcm) -> None:
        self.outbox.feed(pcm)
        self._news.set()
        while self.outbox.full:
            self._room.clear()
            await self._room.wait()

    def _now(self) -> int:
        return int(self._clock() * 1000)
