"""Audio values: samples at a known rate, and how they become frames and time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import soundfile
import soxr

from voice.errors import ClientError
from voice.events import Millis
from voice.resampling import Polyphase

__all__ = ["HEARING_RATE", "Framer", "Pcm", "Resampler", "Samples", "read_audio"]

Samples: TypeAlias = npt.NDArray[np.int16]

HEARING_RATE = 16_000
"""Hertz; what voice activity models and recognisers hear."""

FULL_SCALE = 32_768

INAUDIBLE = 30
"""Sample value, of 32 768, up to which nobody hears anything: -61 dBFS."""


@dataclass(frozen=True, slots=True, eq=False)
class Pcm:
    """Mono 16-bit audio.

    Attributes:
        samples: shape [n], int16.
        rate: Hertz.
    """

    samples: Samples
    rate: int

    @classmethod
    def of_bytes(cls, data: bytes, rate: int) -> "Pcm":
        """Read little-endian 16-bit samples.

        Raises:
            ClientError: ``invalid_audio`` if `data` ends within a sample.
        """
        if len(data) % 2:
            raise ClientError(
                "invalid_audio",
                f"{len(data)} bytes are no whole number of 16-bit samples",
            )
        return cls(np.frombuffer(data, dtype="<i2").astype(np.int16, copy=False), rate)

    @classmethod
    def of_floats(cls, samples: npt.NDArray[np.floating], rate: int) -> "Pcm":
        """Take samples between -1 and 1; what lies outside is clipped."""
        scaled = np.clip(samples * FULL_SCALE, -FULL_SCALE, FULL_SCALE - 1)
        return cls(scaled.astype(np.int16), rate)

    @classmethod
    def silence(cls, duration: Millis, rate: int) -> "Pcm":
        """Digital silence."""
        return cls(np.zeros(duration * rate // 1000, dtype=np.int16), rate)

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def duration(self) -> Millis:
        """How long it lasts, rounded down."""
        return Millis(len(self.samples) * 1000 // self.rate)

    def to_bytes(self) -> bytes:
        """Little-endian 16-bit samples."""
        return self.samples.astype("<i2", copy=False).tobytes()

    def to_floats(self) -> npt.NDArray[np.float32]:
        """Samples between -1 and 1, shape [n]."""
        return self.samples.astype(np.float32) / np.float32(FULL_SCALE)

    def slice(self, start: Millis, end: Millis | None = None) -> "Pcm":
        """The part between two times."""
        last = None if end is None else end * self.rate // 1000
        return Pcm(self.samples[start * self.rate // 1000 : last], self.rate)

    def from_first_sound(self) -> "Pcm":
        """What follows the silence at the beginning; empty if it is all silence."""
        loud = np.flatnonzero(np.abs(self.samples.astype(np.int32)) > INAUDIBLE)
        start = int(loud[0]) if len(loud) else len(self.samples)
        return Pcm(self.samples[start:], self.rate)

    def resampled(self, rate: int) -> "Pcm":
        """The whole clip at another rate; for a stream use `Resampler`."""
        if rate == self.rate:
            return self
        return Pcm(soxr.resample(self.samples, self.rate, rate), rate)

    @staticmethod
    def joined(parts: "list[Pcm]", rate: int) -> "Pcm":
        """Parts of one rate, one after the other."""
        assert all(part.rate == rate for part in parts)
        empty = np.zeros(0, dtype=np.int16)
        return Pcm(np.concatenate([empty, *(part.samples for part in parts)]), rate)


class Resampler:
    """Changes the rate of a stream, piece by piece, without seams."""

    def __init__(self, source: int, target: int) -> None:
        self.source = source
        self.target = target
        self._stream = Polyphase(source, target) if source != target else None

    def feed(self, pcm: Pcm, *, last: bool = False) -> Pcm:
        """The next piece at the target rate; it may be empty and lags a little."""
        assert pcm.rate == self.source
        if self._stream is None:
            return pcm
        return Pcm(self._stream.feed(pcm.samples, last=last), self.target)


class Framer:
    """Cuts a stream into frames of equal length; the rest waits for more."""

    def __init__(self, frame_samples: int, rate: int) -> None:
        self.frame_samples = frame_samples
        self.rate = rate
        self._rest: Samples = np.zeros(0, dtype=np.int16)

    def feed(self, pcm: Pcm) -> Iterator[Pcm]:
        """The whole frames that `pcm` completes."""
        assert pcm.rate == self.rate
        samples = np.concatenate([self._rest, pcm.samples])
        whole = len(samples) - len(samples) % self.frame_samples
        self._rest = samples[whole:]
        for start in range(0, whole, self.frame_samples):
            yield Pcm(samples[start : start + self.frame_samples], self.rate)


def read_audio(path: Path) -> Pcm:
    """A recording at its own rate; several channels are averaged.

    Raises:
        ClientError: ``unreadable_audio``, naming the file.
    """
    if not path.is_file():
        raise ClientError("unreadable_audio", f"{path}: there is no such file")
    try:
        data, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except (soundfile.LibsndfileError, OSError) as error:
        raise ClientError(
            "unreadable_audio",
            f"{path}: not a recording that can be read; use WAV, FLAC, Ogg or MP3"
            f" ({error})",
        ) from error
    if not len(data):
        raise ClientError("unreadable_audio", f"{path}: holds no samples")
    return Pcm.of_floats(data.mean(axis=1), rate)
