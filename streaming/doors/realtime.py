"""The door `/v1/realtime`: the OpenAI Realtime API, see docs/realtime.md.

The translation is sans I/O, in `streaming.protocols.realtime`; this is what it asks of
the server. A session that is spoken to in this API has stages of its own, which let
the translation see each plan before it is carried out: what calls a function of the
client's must not be done, and not be said, by us.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Self

from streaming.client_mistakes import MessageBudget
from streaming.connection import Connection, in_slices
from streaming.inference import Stages
from streaming.messages import ClientMessage, ServerMessage
from streaming.protocols.realtime.events import Event
from streaming.protocols.realtime.fields import MAX_FRAME, RealtimeError
from streaming.protocols.realtime.items import Item
from streaming.protocols.realtime.translation import Realtime
from streaming.services import Services
from streaming.session import Session
from streaming.workers import Priority
from voice.audio import HEARING_RATE, Pcm
from voice.endpointing import TurnPolicy
from voice.errors import ClientError, StageError
from voice.events import Millis
from voice.home import HomeState
from voice.stages import Plan, Transcript

__all__ = ["RealtimeDoor"]

EVENTS_PER_SECOND, EVENTS_AT_ONCE = 200, 1000
"""Of one client: audio comes in events too, at most a hundred a second."""


class RealtimeDoor:
    """One client of `/v1/realtime`.

    Implements `streaming.connection.Door`, `streaming.services.Listener` and the
    translation's `Desk`. Use as an asynchronous context manager; it owns its tasks.

    Args:
        connection: to the client.
        services: for the session.
        name: of the session.
        kind: ``realtime`` or ``transcription``.
    """

    largest = MAX_FRAME

    def __init__(
        self, connection: Connection, services: Services, *, name: str, kind: str
    ) -> None:
        self._connection = connection
        self._services = services
        self._tasks: set[asyncio.Task[None]] = set()
        self._timers: set[asyncio.TimerHandle] = set()
        self._budget = MessageBudget(per_second=EVENTS_PER_SECOND, burst=EVENTS_AT_ONCE)
        self._realtime = Realtime(name, self, served=services.languages, kind=kind)
        shaped = _ShapedStages(services.stages, self._realtime)
        self.session = Session(replace(services, stages=shaped), self, name=name)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self.session.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """The client is gone."""
        for timer in self._timers:
            timer.cancel()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.session.__aexit__()

    # --- A door ---------------------------------------------------------------

    @property
    def now(self) -> Millis:
        """Audio received so far: what the session heard, or is kept for it."""
        return self._realtime.now

    def greet(self) -> None:
        """Tell how the session begins."""
        self._realtime.greet()

    async def take(self, frame: str | bytes) -> None:
        """Obey a frame.

        Raises:
            ClientError: it cannot be obeyed; the session stays as it was.
        """
        if isinstance(frame, bytes):
            raise RealtimeError(
                "invalid_event",
                "audio comes in events, as base64 in input_audio_buffer.append;"
                " /v1/stream takes binary frames",
            )
        if not self._budget.spend(asyncio.get_running_loop().time()):
            raise RealtimeError(
                "rate_limit_exceeded",
                f"over {EVENTS_PER_SECOND} events in a second: this one was not obeyed;"
                " send 20 to 100 ms of audio in each",
            )
        pcm = self._realtime.receive(frame)
        if pcm is not None:
            for part in in_slices(pcm.to_bytes(), pcm.rate):
                self.session.hear(part)
                await asyncio.sleep(0)

    def refuse(self, error: ClientError, message: str) -> None:
        """Tell the client what it did wrong."""
        self._realtime.refuse(error, message)

    # --- A listener of the session --------------------------------------------

    def send(self, message: ServerMessage) -> None:
        """See `streaming.services.Listener`."""
        self._realtime.tell(message)

    def send_audio(self, pcm: Pcm) -> None:
        """See `streaming.services.Listener`."""
        self._realtime.sound(pcm)

    def fail(self, error: BaseException) -> None:
        """See `streaming.services.Listener`."""
        self._connection.fail(error)

    # --- The desk of the translation ------------------------------------------

    @property
    def heard(self) -> Millis:
        """See `Desk`."""
        return self.session.now

    def put(self, event: Event) -> None:
        """See `Desk`."""
        self._connection.put(json.dumps(event, ensure_ascii=False))

    def receive(self, message: ClientMessage) -> None:
        """See `Desk`."""
        self.session.receive(message)

    def pace(self, change: Callable[[TurnPolicy], TurnPolicy]) -> None:
        """See `Desk`."""
        self.session.pace(change(self._services.turns))

    def transcribe(self, item: Item, clip: Pcm, languages: tuple[str, ...]) -> None:
        """See `Desk`."""
        self._spawn(self._transcribe(item, clip, languages))

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """See `Desk`."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            self._timers.discard(timer)
            call()

        timer = loop.call_later(seconds, ring)
        self._timers.add(timer)

    async def _transcribe(
        self, item: Item, clip: Pcm, languages: tuple[str, ...]
    ) -> None:
        try:
            transcript = await self._services.stages.transcribe(
                clip.resampled(HEARING_RATE), languages, priority=Priority.FINAL
            )
        except StageError as error:
            self._services.telemetry.failed(f"{error.stage.value}_failed")
            self._realtime.unrecognized(item, f"{error.stage.value}_failed")
            return
        self._realtime.recognized(item, transcript, clip.duration)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self.fail(error)


class _ShapedStages:
    """The stages, whose plans the translation shapes. Implements `Stages`."""

    def __init__(self, stages: Stages, realtime: Realtime) -> None:
        self._stages = stages
        self._realtime = realtime

    async def transcribe(
        self, pcm: Pcm, candidates: Sequence[str], *, priority: Priority
    ) -> Transcript:
        """As ever."""
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
        """What is left of the plan for the session, or a text of the client's."""
        plan = self._realtime.dictated(text)
        if plan is None:
            plan = await self._stages.plan(
                text, language, home=home, now=now, priority=priority
            )
        return self._realtime.shaped(plan)

    def speak(
        self, text: str, language: str, *, priority: Priority
    ) -> AsyncGenerator[Pcm, None]:
        """As ever."""
        return self._stages.speak(text, language, priority=priority)
