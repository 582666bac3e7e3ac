"""G.711, the sound of telephones: 8 bits a sample at 8 kHz, mu-law and A-law.

Both are tables: 256 codes decode to samples, 65,536 samples encode to codes. The
tables follow ITU-T G.711 for samples of 16 bit.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voice.audio import Samples

__all__ = ["G711_RATE", "decode_alaw", "decode_ulaw", "encode_alaw", "encode_ulaw"]

G711_RATE = 8_000
"""Hertz."""

BIAS = 0x84
"""What mu-law adds to a magnitude, so that every segment has a leading one."""

CLIP = 32_635
"""The greatest magnitude of mu-law."""

ALAW_MASK = 0x55
"""The bits that A-law inverts, so that silence is no run of zeros on the line."""

Codes: TypeAlias = npt.NDArray[np.uint8]


def decode_ulaw(data: bytes) -> Samples:
    """Samples, shape [n], of n bytes of mu-law."""
    return _ULAW_SAMPLES[np.frombuffer(data, np.uint8)]


def encode_ulaw(samples: Samples) -> bytes:
    """One byte of mu-law a sample."""
    return _ULAW_CODES[samples.view(np.uint16)].tobytes()


def decode_alaw(data: bytes) -> Samples:
    """Samples, shape [n], of n bytes of A-law."""
    return _ALAW_SAMPLES[np.frombuffer(data, np.uint8)]


def encode_alaw(samples: Samples) -> bytes:
    """One byte of A-law a sample."""
    return _ALAW_CODES[samples.view(np.uint16)].tobytes()


def _ulaw_samples() -> Samples:
    codes = ~np.arange(256, dtype=np.uint8)
    segment, step = (codes >> 4 & 7).astype(int), (codes & 15).astype(int)
    magnitude = ((step << 3) + BIAS << segment) - BIAS
    signed: Samples = np.where(codes & 0x80, -magnitude, magnitude).astype(np.int16)
    return signed


def _ulaw_codes() -> Codes:
    samples = _all_samples()
    magnitude = np.minimum(np.abs(samples), CLIP) + BIAS
    segment = np.floor(np.log2(magnitude)).astype(int) - 7
    step = magnitude >> segment + 3 & 15
    sign = np.where(samples < 0, 0x80, 0)
    codes: Codes = (~(sign | segment << 4 | step) & 0xFF).astype(np.uint8)
    return codes


def _alaw_samples() -> Samples:
    codes = np.arange(256, dtype=np.uint8) ^ ALAW_MASK
    segment, step = (codes >> 4 & 7).astype(int), (codes & 15).astype(int)
    first = (step << 4) + 8
    later = first + 0x100 << np.maximum(segment - 1, 0)
    magnitude = np.where(segment, later, first)
    return np.where(codes & 0x80, magnitude, -magnitude).astype(np.int16)


def _alaw_codes() -> Codes:
    samples = _all_samples()
    # A-law has no zero: -1 is the nearest to it from below.
    magnitude = np.where(samples < 0, ~samples, samples)
    segment = np.floor(np.log2(np.maximum(magnitude, 128))).astype(int) - 7
    step = magnitude >> np.maximum(segment, 1) + 3 & 15
    sign = np.where(samples < 0, 0, 0x80)
    codes: Codes = ((sign | segment << 4 | step) ^ ALAW_MASK).astype(np.uint8)
    return codes


def _all_samples() -> npt.NDArray[np.int64]:
    """Every sample, in the order of its bits."""
    return np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int64)


_ULAW_SAMPLES, _ULAW_CODES = _ulaw_samples(), _ulaw_codes()
_ALAW_SAMPLES, _ALAW_CODES = _alaw_samples(), _alaw_codes()
