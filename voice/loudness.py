"""Where somebody speaks in a quiet recording, told by its loudness alone.

What says when a person ends, to measure or to teach a detector, must owe nothing to one.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

__all__ = ["voiced"]

Samples: TypeAlias = "npt.NDArray[np.floating[npt.NBitBase]]"

SOFT = -26.0
"""A voice is soft below this, in dB of the loudest 10 ms."""

ABOVE_FLOOR = 10.0
"""Decibels above the noise of a recording from which something is a voice."""

LULL = 30
"""Milliseconds; a shorter gap is none."""

BANG = 60
"""Milliseconds; what is loud for less is a door, a key, a button."""


def voiced(sound: Samples, rate: int) -> list[tuple[int, int]]:
    """The stretches of voice, first and last sample of each; gaps below `LULL` closed.

    Args:
        sound: shape [n], full scale 1.
        rate: Hertz.
    """
    step = rate // 100
    frames = sound[: len(sound) // step * step].reshape(-1, step)
    if not len(frames):
        return []
    level = 20 * np.log10(np.sqrt((frames**2).mean(axis=1)) + 1e-9)
    least = max(level.max() + SOFT, np.quantile(level, 0.05) + ABOVE_FLOOR)
    loud = np.concatenate([[False], level > least, [False]])
    edges = np.flatnonzero(np.diff(loud.astype(int))).reshape(-1, 2)
    joined: list[list[int]] = []
    for begin, stop in edges.tolist():
        if joined and (begin - joined[-1][1]) * 10 < LULL:
            joined[-1][1] = stop
        else:
            joined.append([begin, stop])
    return [(a * step, b * step) for a, b in joined if (b - a) * 10 >= BANG]
