"""The pitch of a voice: how long a period is, and whether there is any."""

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["RATE", "WINDOW", "halved", "periods"]

RATE = 8000
"""Hertz of the audio in which pitch is looked for."""

WINDOW = 320
"""Samples that `periods` looks at."""

_LOWEST, _HIGHEST = 60, 400
"""Hertz of a voice."""

_LONGER = 0.8
"""What the longest period counts, against the shortest."""

_FOURIER = 512


def halved(audio: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Audio of 16 kHz at `RATE`; an odd sample at the end is left out."""
    pairs = audio[: len(audio) // 2 * 2].reshape(-1, 2)
    half: npt.NDArray[np.float32] = pairs.mean(axis=1)
    return half


def periods(
    windows: npt.NDArray[np.floating[Any]],
) -> tuple[npt.NDArray[np.float64], ...]:
    """Samples of the likeliest period of each window, and how periodic it is, 0 to 1.

    Args:
        windows: [windows, `WINDOW`] at `RATE`, shaped by a Hann window.
    """
    spectrum = np.fft.rfft(windows - windows.mean(axis=1, keepdims=True), _FOURIER)
    alike = np.fft.irfft(np.abs(spectrum) ** 2, _FOURIER)[:, : RATE // _LOWEST + 1]
    shape = np.hanning(WINDOW)
    expected = np.correlate(shape, shape, "full")[WINDOW - 1 :]
    alike /= expected[: alike.shape[1]] / expected[0]
    shortest = RATE // _HIGHEST
    # Two periods are as alike as one: the shorter is meant.
    candidates = alike[:, shortest:] * np.linspace(
        1, _LONGER, alike.shape[1] - shortest
    )
    best = candidates.argmax(axis=1)
    periodic = candidates[np.arange(len(best)), best] / (alike[:, 0] + 1e-9)
    return (best + shortest).astype(np.float64), np.clip(periodic, 0, 1)
