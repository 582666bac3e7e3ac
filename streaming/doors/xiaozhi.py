"""The door `/v1/xiaozhi`: small devices with the firmware xiaozhi-esp32."""

import asyncio
from dataclasses import replace
from typing import Self

from streaming.client_mistakes import MessageBudget
from streaming.connection import Connection, in_slices
from streaming.messages import (
    InputCommit,
    InputEnd,
    ReplyText,
    ResponseCancel,
    ResponseCreated,
    ResponseDone,
    ServerMessage,
    SessionUpdate,
    TranscriptCompleted,
)
from streaming.packets import Packets
from streaming.protocols import xiaozhi
from streaming.services import Services
from streaming.session import Session
from voice.audio import HEARING_RATE, Pcm
from voice.endpointing import TurnPolicy
from voice.errors import ClientError
from voice.events import Millis

__all__ = ["XiaozhiDoor"]

PACKET = Millis(60)
"""What the firmware's player is made for."""

OUTPUT_RATE = 24_000

BUTTON_HELD = Millis(60_000)
"""Longer than any utterance: no pause ends one while a button is held."""

MESSAGES_PER_SECOND, MESSAGES_AT_ONCE = 50, 200


class XiaozhiDoor:
    """One device. Implements `streaming.connection.Door` and `streaming.services.Listener`.

    Args:
        connection: to the device.
        services: for the session.
        name: of the session.
        largest: bytes of a message.
    """

    def __init__(
        self, connection: Connection, services: Services, *, name: str, largest: int
    ) -> None:
        self.largest = largest
        self.session = Session(services, self, name=name)
        self._connection = connection
        self._turns = services.turns
        self._budget = MessageBudget(
            per_second=MESSAGES_PER_SECOND, burst=MESSAGES_AT_ONCE
        )
        self._hello: xiaozhi.Hello | None = None
        self._packets = Packets(put=self._put_packet, packet=PACKET)
        self._sent = Millis(0)

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        # Before hello, for what the house has to say may come first.
        await self._packets.load()
        await self.session.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        """The device is gone."""
        await self.session.__aexit__()

    @property
    def now(self) -> Millis:
        """Audio received so far."""
        return self.session.now

    def greet(self) -> None:
        """The device speaks first."""

    # --- From the device ---------------------------------------------------------

    async def take(self, frame: str | bytes) -> None:
        """Obey a frame.

        Raises:
            ClientError: it cannot be obeyed.
        """
        if isinstance(frame, bytes):
            await self._hear(frame)
            return
        if not self._budget.spend(asyncio.get_running_loop().time()):
            raise ClientError("too_many_messages", "more messages than a device needs")
        match xiaozhi.parse(frame):
            case xiaozhi.Hello() as hello:
                self._begin(hello)
            case xiaozhi.Listen(state="start", mode=mode):
                held = mode == "manual"
                self.session.pace(_patient(self._turns) if held else self._turns)
            case xiaozhi.Listen(state="stop"):
                self.session.receive(InputCommit())
                self.session.receive(InputEnd())
            case xiaozhi.Abort():
                self.session.receive(ResponseCancel())
            case xiaozhi.Listen() | xiaozhi.Other():
                pass

    def refuse(self, error: ClientError, message: str) -> None:
        """Show it on the display of the device."""
        self._say("alert", status=error.code, message=message, emotion="sad")

    def _begin(self, hello: xiaozhi.Hello) -> None:
        self._hello = hello
        self.session.receive(
            SessionUpdate(input_rate=HEARING_RATE, output_rate=OUTPUT_RATE)
        )
        audio = {
            "format": "opus",
            "sample_rate": OUTPUT_RATE,
            "channels": 1,
            "frame_duration": PACKET,
        }
        self._say("hello", version=1, transport="websocket", audio_params=audio)

    async def _hear(self, frame: bytes) -> None:
        if self._hello is None:
            raise ClientError("invalid_audio", "audio came before hello")
        packet = xiaozhi.unpack(frame, self._hello.version)
        heard, fault = self._packets.take(packet, HEARING_RATE)
        for part in in_slices(heard.to_bytes(), HEARING_RATE):
            self.session.hear(part)
            await asyncio.sleep(0)
        if fault is not None:
            raise fault

    # --- To the device -----------------------------------------------------------

    def send(self, message: ServerMessage) -> None:
        """See `streaming.services.Listener`."""
        self._packets.note(message, "opus")
        match message:
            case TranscriptCompleted(transcript=text) if text:
                self._say("stt", text=text)
            case ResponseCreated():
                self._sent = Millis(0)
                self._say("tts", state="start")
            case ReplyText(transcript=text):
                self._say("tts", state="sentence_start", text=text)
            case ResponseDone():
                self._say("tts", state="stop")
            case _:
                pass

    def send_audio(self, pcm: Pcm) -> None:
        """See `streaming.services.Listener`."""
        self._packets.send(pcm)

    def fail(self, error: BaseException) -> None:
        """See `streaming.services.Listener`."""
        self._connection.fail(error)

    def _put_packet(self, packet: bytes) -> None:
        if self._hello is None:
            return
        frame = xiaozhi.pack(packet, self._hello.version, at=self._sent)
        self._connection.put(frame)
        self._sent = Millis(self._sent + PACKET)

    def _say(self, type_: str, **values: object) -> None:
        if self._hello is not None or type_ == "alert":
            self._connection.put(xiaozhi.written(type_, self.session.name, **values))


def _patient(turns: TurnPolicy) -> TurnPolicy:
    return replace(
        turns,
        complete=BUTTON_HELD,
        extendable=BUTTON_HELD,
        prefix=BUTTON_HELD,
        open=BUTTON_HELD,
    )
