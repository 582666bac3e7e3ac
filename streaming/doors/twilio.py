"""The door `/v1/twilio`: telephone calls, as Twilio's Media Streams carry them."""

import asyncio
from typing import Self

from streaming.client_mistakes import MessageBudget
from streaming.connection import CloseCode, Connection, in_slices
from streaming.household import Announcement
from streaming.keys import Keys
from streaming.messages import (
    Ducked,
    Playback,
    ReplyAudioDone,
    ResponseCreated,
    ResponseDone,
    ServerMessage,
    SessionUpdate,
)
from streaming.protocols import twilio
from streaming.protocols.g711 import G711_RATE, decode_ulaw, encode_ulaw
from streaming.services import Services
from streaming.session import Session
from voice import languages as known
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis

__all__ = ["TwilioDoor"]

MARK_EVERY = Millis(200)
"""Audio between two marks, which tell how much of a reply was heard."""

START_WITHIN = 10.0
"""Seconds in which a call must begin: until then nobody has shown a key."""

EVENTS_PER_SECOND, EVENTS_AT_ONCE = 200, 500
"""Twilio sends fifty in a second."""


class TwilioDoor:
    """One call. Implements `streaming.connection.Door` and `streaming.services.Listener`.

    Args:
        connection: to Twilio.
        services: for the session.
        name: of the session.
        keys: of which TwiML must give one, as ``<Parameter name="key">``: Twilio can
            send no header of ours.
    """

    largest = twilio.MAX_TEXT

    def __init__(
        self, connection: Connection, services: Services, *, name: str, keys: Keys
    ) -> None:
        self.session = Session(services, self, name=name)
        self._connection = connection
        self._keys = keys
        self._budget = MessageBudget(per_second=EVENTS_PER_SECOND, burst=EVENTS_AT_ONCE)
        self._stream: str | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._turn = 0
        self._sent = self._marked = 0
        """Samples of the reply: its place in it, and that of the newest mark."""
        self._cleared = 0
        """How often what was not played was forgotten; marks from before tell nothing."""

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        await self.session.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """The call is over."""
        if self._timer is not None:
            self._timer.cancel()
        await self.session.__aexit__()

    @property
    def now(self) -> Millis:
        """Audio received so far."""
        return self.session.now

    def greet(self) -> None:
        """Twilio speaks first, and soon."""
        self._timer = asyncio.get_running_loop().call_later(
            START_WITHIN, self._connection.end, CloseCode.POLICY, "no call began"
        )

    # --- From the caller ---------------------------------------------------------

    async def take(self, frame: str | bytes) -> None:
        """Obey a frame.

        Raises:
            ClientError: it cannot be obeyed; the session stays as it was.
        """
        if isinstance(frame, bytes):
            raise ClientError("invalid_value", "Media Streams are JSON, also the audio")
        if not self._budget.spend(asyncio.get_running_loop().time()):
            raise ClientError("too_many_messages", "more messages than a call can have")
        match twilio.parse(frame):
            case twilio.Start() as start:
                self._start(start)
            case twilio.Media(data) if self._stream is not None:
                pcm = Pcm(decode_ulaw(data), G711_RATE)
                for part in in_slices(pcm.to_bytes(), G711_RATE):
                    self.session.hear(part)
                    await asyncio.sleep(0)
            case twilio.Media():
                raise ClientError("invalid_value", "media came before start")
            case twilio.Mark(name):
                self._played(name)
            case twilio.Stop():
                self._connection.end(CloseCode.NORMAL, "the call is over")
            case twilio.Other():
                pass

    def refuse(self, error: ClientError, message: str) -> None:
        """Twilio takes no messages about errors; they are counted."""

    def _start(self, start: twilio.Start) -> None:
        if self._stream is not None:
            raise ClientError("invalid_value", "the call has already begun")
        if not self._keys.admit([start.parameters.get("key", "")]):
            self._connection.end(CloseCode.POLICY, "api_key")
            return
        asked = [tag for tag in start.parameters.get("languages", "").split(",") if tag]
        update = SessionUpdate(
            languages=tuple(asked), input_rate=G711_RATE, output_rate=G711_RATE
        )
        try:
            self.session.receive(update)
        except ClientError as error:
            # The log is where whoever wrote the TwiML finds it.
            where = f'{error.code}: <Parameter name="languages"> of TwiML'
            self._connection.end(CloseCode.POLICY, where)
            raise
        assert self._timer is not None
        self._timer.cancel()
        self._stream = start.stream
        language = self.session.settings.languages[0]
        greeting = known.get(language).disclosure
        self.session.announce(Announcement(greeting, language))

    def _played(self, name: str) -> None:
        cleared, _, place = name.partition(":")
        turn, _, position = place.partition(":")
        if cleared == str(self._cleared) and turn.isdecimal() and position.isdecimal():
            self.session.receive(
                Playback(turn=int(turn), position_ms=int(position[:9]))
            )

    # --- To the caller -----------------------------------------------------------

    def send(self, message: ServerMessage) -> None:
        """See `streaming.services.Listener`."""
        match message:
            case ResponseCreated(turn=turn):
                self._turn, self._sent, self._marked = turn, 0, 0
            case Ducked(ducked=True) | ResponseDone(status="cancelled"):
                self._clear()
            case Ducked(position_ms=position):
                self._sent = self._marked = position * G711_RATE // 1000
            case ReplyAudioDone():
                self._mark()
            case _:
                pass

    def send_audio(self, pcm: Pcm) -> None:
        """See `streaming.services.Listener`."""
        if self._stream is None:
            return
        self._connection.put(twilio.media(self._stream, encode_ulaw(pcm.samples)))
        self._sent += len(pcm)
        if self._sent - self._marked >= MARK_EVERY * G711_RATE // 1000:
            self._mark()

    def fail(self, error: BaseException) -> None:
        """See `streaming.services.Listener`."""
        self._connection.fail(error)

    def _mark(self) -> None:
        if self._stream is not None:
            self._marked = self._sent
            position = self._sent * 1000 // G711_RATE
            name = f"{self._cleared}:{self._turn}:{position}"
            self._connection.put(twilio.mark(self._stream, name))

    def _clear(self) -> None:
        self._cleared += 1
        if self._stream is not None:
            self._connection.put(twilio.clear(self._stream))
