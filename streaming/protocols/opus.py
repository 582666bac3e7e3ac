"""Opus as bare packets, one in each message: no Ogg, no RTP.

FFmpeg's libopus does the work; it comes with the package av, which costs a sixth of a
second to import: import this module where Opus is first wanted, not before.
"""

from typing import Literal

import av
import numpy as np

from voice.audio import Framer, Pcm, Resampler, Samples
from voice.errors import ClientError
from voice.events import Millis

__all__ = ["LARGEST", "OpusDecoder", "OpusEncoder", "packet_us"]

DECODED_RATE = 48_000
"""Hertz. FFmpeg decodes to no other rate; the packets say nothing about theirs."""

LARGEST = 7_662
"""Bytes of a packet: 6 frames of 1,275 with their lengths (RFC 6716, section 3.4)."""

LONGEST_US = 120_000
"""Of a packet (RFC 6716, section 3.2.5)."""

BIT_RATE = 28_000
"""Bits a second of what is sent: speech at 24 kHz is hard to tell from the original."""

COMPLEXITY = 5
"""Of 10. What more would buy is not heard, and it runs on the event loop."""

LOOK_AHEAD = Millis(10)
"""The encoder is behind by 6.5 ms: so much silence pushes the end of speech out."""

SILK_US = (10_000, 20_000, 40_000, 60_000)
HYBRID_US = (10_000, 20_000)
CELT_US = (2_500, 5_000, 10_000, 20_000)


def packet_us(packet: bytes) -> int | None:
    """How long a packet lasts in microseconds; None if it is no packet of Opus.

    From its first byte and the count of its frames: RFC 6716, section 3.1.
    """
    if not packet or len(packet) > LARGEST:
        return None
    config, code = packet[0] >> 3, packet[0] & 3
    if config < 12:
        frame = SILK_US[config & 3]
    elif config < 16:
        frame = HYBRID_US[config & 1]
    else:
        frame = CELT_US[config & 3]
    if code == 3 and len(packet) < 2:
        return None
    frames = packet[1] & 63 if code == 3 else 1 if code == 0 else 2
    whole = frames * frame
    return whole if 0 < whole <= LONGEST_US else None


class OpusDecoder:
    """One stream of packets to audio.

    Args:
        rate: Hertz of the audio.
    """

    def __init__(self, rate: int) -> None:
        self.rate = rate
        self._codec = _codec("r", DECODED_RATE)
        self._resampler = Resampler(DECODED_RATE, rate)
        self._last: Samples = np.zeros(DECODED_RATE // 50, np.int16)
        """What a packet that is lost would have gone on with."""

    def feed(self, packet: bytes) -> Pcm:
        """The audio of a packet.

        Raises:
            ClientError: ``invalid_audio``; call `conceal` in its place.
        """
        if packet_us(packet) is None:
            ogg = " (it is a page of Ogg)" if packet.startswith(b"OggS") else ""
            raise ClientError(
                "invalid_audio",
                f"{len(packet)} bytes are no packet of Opus{ogg}; send each packet"
                " as a message of its own",
            )
        try:
            frames = self._codec.decode(av.Packet(packet))
        except av.error.FFmpegError as error:
            raise ClientError(
                "invalid_audio", f"a packet of Opus is damaged ({error.strerror})"
            ) from error
        samples = [np.asarray(frame.to_ndarray()).reshape(-1) for frame in frames]
        if samples:
            self._last = np.concatenate(samples)
        return self._resampled(self._last if samples else self._last[:0])

    def conceal(self) -> Pcm:
        """What stands in for a packet that was lost: the last one, fading away."""
        faded = self._last * np.linspace(1, 0, len(self._last))
        self._last = np.zeros_like(self._last)
        return self._resampled(faded.astype(np.int16))

    def _resampled(self, samples: Samples) -> Pcm:
        return self._resampler.feed(Pcm(samples, DECODED_RATE))


class OpusEncoder:
    """One reply to packets.

    Args:
        rate: Hertz of the audio: 8, 12, 16, 24 or 48 kHz.
        packet: how long each packet is: 10, 20, 40 or 60 ms.
    """

    def __init__(self, rate: int, packet: Millis) -> None:
        self.rate = rate
        self._codec = _codec("w", rate)
        self._codec.bit_rate = BIT_RATE
        self._codec.options = {
            "application": "voip",
            "frame_duration": str(packet),
            "compression_level": str(COMPLEXITY),
        }
        self._packet = packet
        self._framer = Framer(packet * rate // 1000, rate)
        self._samples = 0

    def feed(self, pcm: Pcm) -> list[bytes]:
        """The packets that are full; the rest waits for more."""
        return [
            data for frame in self._framer.feed(pcm) for data in self._encode(frame)
        ]

    def finish(self) -> list[bytes]:
        """The last packets, filled up with silence."""
        padding = Millis(self._packet + LOOK_AHEAD)
        return self.feed(Pcm.silence(padding, self.rate))

    def _encode(self, pcm: Pcm) -> list[bytes]:
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(pcm.samples.reshape(1, -1)),
            format="s16",
            layout="mono",
        )
        frame.sample_rate = self.rate
        frame.pts = self._samples
        self._samples += len(pcm)
        return [bytes(packet) for packet in self._codec.encode(frame)]


def _codec(mode: Literal["r", "w"], rate: int) -> "av.AudioCodecContext":
    codec = av.CodecContext.create("libopus", mode)
    assert isinstance(codec, av.AudioCodecContext)
    codec.sample_rate = rate
    codec.layout = "mono"
    codec.format = "s16"
    return codec
