"""Speech as a file that can be sent before it is complete."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import av
import numpy as np

from voice.audio import Pcm

__all__ = ["FORMATS", "RATE", "Encoder", "encoder"]

RATE = 24_000
"""Hertz. It is what ``pcm`` means to every client of this API."""

UNKNOWN = 0xFFFF_FFFF
"""The length in the header of a WAV that nobody knows yet."""


class Encoder(Protocol):
    """Takes speech at `RATE`, gives the bytes of a file; blocks."""

    def feed(self, pcm: Pcm) -> bytes:
        """The bytes that are ready."""
        ...

    def finish(self) -> bytes:
        """The rest of the file."""
        ...


class _Raw:
    """Bare samples, or samples behind a header."""

    def __init__(self, header: bytes = b"") -> None:
        self._header = header

    def feed(self, pcm: Pcm) -> bytes:
        header, self._header = self._header, b""
        return header + pcm.to_bytes()

    def finish(self) -> bytes:
        header, self._header = self._header, b""
        return header


@dataclass(frozen=True, slots=True)
class _Format:
    """How FFmpeg calls a format, and what makes it fit to be streamed."""

    media_type: str
    container: str = ""
    codec: str = ""
    bit_rate: int = 0
    options: Mapping[str, str] | None = None


FORMATS = {
    "mp3": _Format(
        "audio/mpeg",
        "mp3",
        "libmp3lame",
        64_000,
        # A header with the length is written last, and by then it is gone.
        {"write_xing": "0", "id3v2_version": "0"},
    ),
    "opus": _Format("audio/ogg", "ogg", "libopus", 32_000, {"page_duration": "100000"}),
    "aac": _Format("audio/aac", "adts", "aac", 64_000),
    "flac": _Format("audio/flac", "flac", "flac"),
    "wav": _Format("audio/wav"),
    "pcm": _Format("audio/pcm"),
}
"""By the name that clients use."""


def encoder(name: str) -> Encoder:
    """A fresh encoder of one of `FORMATS`."""
    if name == "pcm":
        return _Raw()
    if name == "wav":
        return _Raw(_wav_header())
    return _Compressed(FORMATS[name])


def _wav_header() -> bytes:
    form = struct.pack("<4sIHHIIHH", b"fmt ", 16, 1, 1, RATE, 2 * RATE, 2, 16)
    return (
        struct.pack("<4sI4s", b"RIFF", UNKNOWN, b"WAVE")
        + form
        + struct.pack("<4sI", b"data", UNKNOWN)
    )


class _Outlet:
    """Where FFmpeg writes; it cannot be rewound, like the client's connection."""

    def __init__(self) -> None:
        self._bytes = bytearray()

    def write(self, data: bytes) -> int:
        self._bytes += data
        return len(data)

    def take(self) -> bytes:
        taken = bytes(self._bytes)
        self._bytes.clear()
        return taken


class _Compressed:
    def __init__(self, format_: _Format) -> None:
        self._outlet = _Outlet()
        self._container = av.open(
            self._outlet,
            "w",
            format=format_.container,
            options={"flush_packets": "1", **(format_.options or {})},
        )
        stream = self._container.add_stream(format_.codec, rate=RATE, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if format_.bit_rate:
            stream.bit_rate = format_.bit_rate
        self._stream = stream
        self._samples = 0

    def feed(self, pcm: Pcm) -> bytes:
        if len(pcm):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(pcm.samples.reshape(1, -1)),
                format="s16",
                layout="mono",
            )
            frame.sample_rate = RATE
            frame.pts = self._samples
            self._samples += len(pcm)
            self._container.mux(self._stream.encode(frame))
        return self._outlet.take()

    def finish(self) -> bytes:
        self._container.mux(self._stream.encode(None))
        self._container.close()
        return self._outlet.take()
