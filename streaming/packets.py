"""What one client's binary frames hold: bare samples, or packets of Opus."""

import asyncio
import importlib
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from streaming.messages import ReplyAudioDone, ResponseCreated, ServerMessage
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis

if TYPE_CHECKING:
    from streaming.protocols.opus import OpusDecoder, OpusEncoder

__all__ = ["Packets"]

PACKET = Millis(20)
"""Of what is sent: small enough to stop at, and what every decoder takes."""


class Packets:
    """The audio of one session, both ways.

    Args:
        put: takes a binary frame for the client.
        packet: how long the packets are that are sent.
    """

    def __init__(
        self, put: Callable[[bytes], None], *, packet: Millis = PACKET
    ) -> None:
        self._put = put
        self._packet = packet
        self._decoder: OpusDecoder | None = None
        self._encoder: OpusEncoder | None = None

    @staticmethod
    async def load() -> None:
        """Load the codec, which takes a while, without holding up other sessions."""
        await asyncio.to_thread(importlib.import_module, "streaming.protocols.opus")

    # --- From the client ---------------------------------------------------------

    def take(self, packet: bytes, rate: int) -> tuple[Pcm, ClientError | None]:
        """The audio of a packet; an empty one is one that was lost on the way.

        Returns:
            Audio in any case, so that time goes on; and what is wrong with the packet.
        """
        from streaming.protocols.opus import OpusDecoder

        if self._decoder is None or self._decoder.rate != rate:
            self._decoder = OpusDecoder(rate)
        if not packet:
            return self._decoder.conceal(), None
        try:
            return self._decoder.feed(packet), None
        except ClientError as error:
            return self._decoder.conceal(), error

    # --- To the client -----------------------------------------------------------

    def note(self, message: ServerMessage, format_: str) -> ServerMessage:
        """Keep up with the replies; returns the message as the client shall get it."""
        match message:
            case ResponseCreated(rate=rate) if format_ == "opus":
                from streaming.protocols.opus import OpusEncoder

                self._encoder = OpusEncoder(rate, self._packet)
                return replace(message, format=format_)
            case ResponseCreated():
                self._encoder = None
            case ReplyAudioDone() if self._encoder is not None:
                for packet in self._encoder.finish():
                    self._put(packet)
            case _:
                pass
        return message

    def send(self, pcm: Pcm) -> None:
        """A piece of the reply."""
        if self._encoder is None:
            self._put(pcm.to_bytes())
            return
        for packet in self._encoder.feed(pcm):
            self._put(packet)
