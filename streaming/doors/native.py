"""The door `/v1/stream`: PCM or Opus in binary frames, JSON messages beside it."""

import asyncio
from dataclasses import replace
from typing import Self

from streaming.attending import Attendant
from streaming.client_mistakes import AudioCheck, MessageBudget
from streaming.connection import Connection, in_slices
from streaming.messages import (
    ClientMessage,
    ErrorMessage,
    InputClear,
    InputCommit,
    ResponseCancel,
    ServerMessage,
    SessionCreated,
    SessionUpdate,
    TextInput,
    WarningMessage,
)
from streaming.packets import Packets
from streaming.protocols.native import PROTOCOL, parse_client, serialize
from streaming.services import Services
from streaming.session import Session
from voice import languages as known
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis
from voice.turns import Floor

__all__ = ["NativeDoor"]

MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 100, 300
"""JSON messages of one client: a busy one sends ten in a second."""


class NativeDoor:
    """One client of `/v1/stream`. Implements `streaming.connection.Door`.

    Args:
        connection: to the client.
        services: for the session.
        name: of the session.
        largest: bytes of a message.
    """

    def __init__(
        self, connection: Connection, services: Services, *, name: str, largest: int
    ) -> None:
        self.largest = largest
        self._connection = connection
        self._attendant = Attendant(
            services.stages,
            services.wake,
            now=lambda: self.session.now,
            tell=self.send,
            dismiss=self._dismiss,
            hush=lambda: self.session.receive(ResponseCancel()),
            has_model=services.assistant is not None,
        )
        self._packets = Packets(put=connection.put)
        self.session = Session(
            replace(services, stages=self._attendant), self, name=name
        )
        self.session.settings = replace(
            self.session.settings, attention=services.attention
        )
        self._check = AudioCheck()
        self._budget = MessageBudget(
            per_second=MESSAGES_PER_SECOND, burst=MESSAGES_AT_ONCE
        )

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self.session.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """The client is gone."""
        await self.session.__aexit__()

    @property
    def now(self) -> Millis:
        """Audio received so far."""
        return self.session.now

    def greet(self) -> None:
        """Tell how the session begins."""
        settings = self.session.settings
        self.send(
            SessionCreated(
                session_id=self.session.name,
                protocol=PROTOCOL,
                languages=settings.languages,
                input_rate=settings.input_rate,
                output_rate=settings.output_rate,
                disclosure=known.get(settings.languages[0]).disclosure,
                attention=settings.attention,
            )
        )
        self._attend()

    def send(self, message: ServerMessage) -> None:
        """See `streaming.services.Listener`."""
        message = self._packets.note(message, self.session.settings.output_format)
        self._connection.put(serialize(message))
        self._attendant.note(message)

    def send_audio(self, pcm: Pcm) -> None:
        """See `streaming.services.Listener`."""
        self._packets.send(pcm)

    def fail(self, error: BaseException) -> None:
        """See `streaming.services.Listener`."""
        self._connection.fail(error)

    async def take(self, frame: str | bytes) -> None:
        """Obey a frame.

        Raises:
            ClientError: it cannot be obeyed; the session stays as it was.
        """
        clock = asyncio.get_running_loop().time()
        if isinstance(frame, str):
            if not self._budget.spend(clock):
                raise ClientError(
                    "too_many_messages",
                    f"over {MESSAGES_PER_SECOND} messages in a second: this one was"
                    " not obeyed; audio belongs into binary frames",
                )
            await self._obey(parse_client(frame))
            return
        rate = self.session.settings.input_rate
        if self.session.settings.input_format == "opus":
            heard, fault = self._packets.take(frame, rate)
            await self._hear(heard.to_bytes(), rate)
            if fault is not None:
                raise fault
            return
        Pcm.of_bytes(frame, rate)  # refuses all of it, before any of it is heard
        if complaint := self._check.look(frame, rate=rate, now=clock):
            self.send(WarningMessage(code="suspicious_audio", message=complaint))
        await self._hear(frame, rate)

    def refuse(self, error: ClientError, message: str) -> None:
        """Tell the client what it did wrong."""
        self.send(ErrorMessage(code=error.code, message=message))

    async def _obey(self, message: ClientMessage) -> None:
        match message:
            case (
                SessionUpdate(input_format="opus") | SessionUpdate(output_format="opus")
            ):
                await self._packets.load()
            case InputCommit() | TextInput():
                self._attendant.call()
            case _:
                pass
        self.session.receive(message)
        if isinstance(message, SessionUpdate):
            self._attend()

    async def _hear(self, data: bytes, rate: int) -> None:
        for part in in_slices(data, rate):
            self.session.hear(part)
            self._attendant.listen()
            await asyncio.sleep(0)

    def _attend(self) -> None:
        if self.session.settings.attention == "phrase":
            self._attendant.begin()
        else:
            self._attendant.end()

    def _dismiss(self) -> None:
        """Forget what is being considered, committed or not."""
        waits = self.session.floor is Floor.PENDING
        self.session.receive(ResponseCancel() if waits else InputClear())
