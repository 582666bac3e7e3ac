"""A change of rate for sound that is still arriving.

The usual libraries work in blocks of their own: soxr's stream holds back 21 ms on
average from 24 to 16 kHz, and 64 ms from 8 kHz, which people would wait for at the end of
each turn. This is a plain polyphase filter. It gives every sample that it can, and lags
by half the length of the filter: 2 to 4 ms.
"""

from functools import cache
from math import gcd

import numpy as np
import numpy.typing as npt

__all__ = ["Polyphase"]

CROSSINGS = 32
"""Zero crossings of the sinc on each side. More is steeper, and lags longer."""

PASSED = 0.93
"""Of the lower of both bands; what lies above is on the slope, or gone."""

BETA = 8.0
"""Of the Kaiser window: about 80 dB of what lies beyond are taken away."""

BLOCK = 32
"""Samples of the new rate that are made at a time, at least: what matrices are good at."""

Floats = npt.NDArray[np.float64]


class Polyphase:
    """Changes the rate of one stream; how it is cut into pieces makes no difference.

    Args:
        source: Hertz.
        target: Hertz.
    """

    def __init__(self, source: int, target: int) -> None:
        shared = gcd(source, target)
        self._up, self._down = target // shared, source // shared
        taps = _taps(self._up, self._down)
        self._length = taps.shape[1]
        self._groups = max(1, BLOCK // self._up)
        self._matrix = _matrix(self._up, self._down, self._groups)
        # The first sample has silence before it.
        self._held = np.zeros(self._length // 2 - 1)
        self._given = 0
        """Of the samples whose windows begin within the first `down` that are held."""

    def feed(
        self, samples: npt.NDArray[np.int16], *, last: bool = False
    ) -> npt.NDArray[np.int16]:
        """What can be given of the new rate.

        Args:
            samples: shape [n], the next piece at the old rate.
            last: nothing follows, so that what is held back comes too.

        Returns:
            shape [m], about n x target / source.
        """
        end = np.zeros(self._length // 2 if last else 0)
        held = np.concatenate([self._held, samples, end])
        windows = max(0, len(held) - self._length + 1)
        count = -(-windows * self._up // self._down)
        made = self._made(held, count)[self._given :]
        groups = count // self._up
        self._held = held[groups * self._down :]
        self._given = count - groups * self._up
        return np.clip(np.rint(made), -32_768, 32_767).astype(np.int16)

    def _made(self, held: Floats, count: int) -> Floats:
        """The first `count` samples; shape [count]."""
        width, step = self._matrix.shape[0], self._groups * self._down
        blocks = -(-count // (self._groups * self._up))
        if not blocks:
            return np.zeros(0)
        # The last block may reach beyond what there is; of it less is taken.
        beyond = max(0, (blocks - 1) * step + width - len(held))
        whole = np.concatenate([held, np.zeros(beyond)])
        pieces = np.lib.stride_tricks.sliding_window_view(whole, width)[::step][:blocks]
        made: Floats = np.ascontiguousarray(pieces) @ self._matrix
        return made.reshape(-1)[:count]


@cache
def _matrix(up: int, down: int, groups: int) -> Floats:
    """What makes a block: shape [samples held, groups x up]."""
    taps = _taps(up, down)
    starts = np.arange(groups * up) * down // up
    matrix = np.zeros((starts[-1] + taps.shape[1], groups * up))
    for column, start in enumerate(starts):
        phase = column * down % up
        matrix[start : start + taps.shape[1], column] = taps[phase]
    return matrix


@cache
def _taps(up: int, down: int) -> Floats:
    """The filter: shape [up, taps], a row for each place between two samples."""
    # In cycles for each sample of the source.
    cutoff = 0.5 * PASSED * min(1.0, up / down)
    half = round(CROSSINGS / (2 * cutoff))
    places = np.arange(1 - half, half + 1)[None, :] - (np.arange(up) / up)[:, None]
    window = np.i0(BETA * np.sqrt(np.maximum(0.0, 1 - (places / half) ** 2)))
    rows: Floats = np.sinc(2 * cutoff * places) * window
    rows /= rows.sum(axis=1, keepdims=True)
    return rows
