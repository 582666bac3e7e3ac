"""The audio formats of the API: PCM at 24 kHz unless said otherwise, and G.711."""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass

from streaming.messages import RATES
from streaming.protocols.g711 import (
    G711_RATE,
    decode_alaw,
    decode_ulaw,
    encode_alaw,
    encode_ulaw,
)
from streaming.protocols.realtime.fields import Fields, RealtimeError
from voice.audio import Pcm

__all__ = ["DEFAULT_FORMAT", "AudioFormat"]

PCM, ULAW, ALAW = "audio/pcm", "audio/pcmu", "audio/pcma"


@dataclass(frozen=True, slots=True)
class AudioFormat:
    """What the bytes of audio are."""

    kind: str
    rate: int
    """Hertz."""

    @classmethod
    def read(cls, fields: Fields) -> "AudioFormat":
        """What a client asks for; a rate of PCM other than 24,000 is our extension.

        Raises:
            RealtimeError: there is no such format.
        """
        kind = fields.choice("type", (PCM, ULAW, ALAW), None)
        if kind != PCM:
            return cls(kind, G711_RATE)
        if not fields.given("rate"):
            return DEFAULT_FORMAT
        rate = fields.whole("rate", least=min(RATES), most=max(RATES))
        if rate not in RATES:
            raise fields.invalid("rate", f"use 24000, or one of {RATES}")
        return cls(kind, rate)

    @property
    def resource(self) -> Mapping[str, object]:
        """As events tell it."""
        rate = {"rate": self.rate} if self.kind == PCM else {}
        return {"type": self.kind, **rate}

    def decode(self, text: str) -> Pcm:
        """Audio that a client sent.

        Raises:
            RealtimeError: ``invalid_value``, none of it can be used.
        """
        try:
            data = base64.b64decode(text, validate=True)
        except (binascii.Error, ValueError) as error:
            raise _bad_audio("it is not base64") from error
        if self.kind == ULAW:
            return Pcm(decode_ulaw(data), self.rate)
        if self.kind == ALAW:
            return Pcm(decode_alaw(data), self.rate)
        if len(data) % 2:
            raise _bad_audio("it ends within a sample of 16 bit")
        return Pcm.of_bytes(data, self.rate)

    def encode(self, pcm: Pcm) -> str:
        """Audio for a client; `pcm` has this format's rate."""
        assert pcm.rate == self.rate
        match self.kind:
            case "audio/pcmu":
                data = encode_ulaw(pcm.samples)
            case "audio/pcma":
                data = encode_alaw(pcm.samples)
            case _:
                data = pcm.to_bytes()
        return base64.b64encode(data).decode("ascii")


DEFAULT_FORMAT = AudioFormat(PCM, 24_000)


def _bad_audio(why: str) -> RealtimeError:
    return RealtimeError("invalid_value", f"invalid audio: {why}", param="audio")
