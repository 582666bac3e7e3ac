"""How likely an utterance is over, told from its sound.

A small network reads the last two seconds of speech as the acoustic model heard them:
the sounds ("the" is seldom the last word), how long each was, loudness and melody. It
is asked for each transcript that is not understood, and made by
`models/recipes/turn_end`.
"""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnxruntime

from voice.errors import ConfigError
from voice.phones import SILENCE
from voice.recognizers import pitch

__all__ = ["FRAMES", "MELODY", "MODEL", "TurnEnds", "tail"]

MODEL = "turn-end.onnx"

FRAMES = 64
"""Of the acoustic model, that the network reads: 1.9 s at 30 ms."""

MELODY = 3
"""Numbers beside the sounds: loudness, pitch, voicing."""

_SILENT = 4
"""Frames of each silence that are read."""

_VOICED = 0.5
_QUIETEST = -50.0

_REPAIR = "restore the file that came with the model"

Floats = npt.NDArray[np.float32]


def tail(posteriors: Floats, audio: Floats, frame_ms: int) -> Floats:
    """What the network reads: the end of an utterance, without the silence after it.

    Args:
        posteriors: [frames, sounds], natural logarithms, silence first.
        audio: what they were made of: 16 kHz, -1 to 1.
        frame_ms: milliseconds of a frame.

    Returns:
        [`FRAMES`, sounds + `MELODY`]; zeros before the utterance began.
    """
    sounds = np.exp(posteriors)
    chosen = _telling(sounds[:, SILENCE] >= 0.5)[-FRAMES:]
    frames = np.zeros((FRAMES, sounds.shape[1] + MELODY), np.float32)
    if len(chosen):
        here = frames[-len(chosen) :]
        here[:, : sounds.shape[1]] = sounds[chosen]
        here[:, sounds.shape[1] :] = _melody(
            audio, chosen, frame_ms * pitch.RATE // 1000
        )
    return frames


def _telling(silent: npt.NDArray[np.bool_]) -> npt.NDArray[np.int_]:
    """Which frames are read: no silence at the end, and little of each before.

    How long somebody was silent earlier says nothing, and hides what was said.
    """
    spoken = np.flatnonzero(~silent)
    if not len(spoken):
        return spoken
    numbers = np.arange(len(silent))
    since = numbers - np.maximum.accumulate(np.where(silent, -1, numbers))
    first, last = spoken[0], spoken[-1]
    inside = (numbers >= first) & (numbers <= last)
    return np.flatnonzero(inside & (since <= _SILENT))


def _melody(audio: Floats, chosen: npt.NDArray[np.int_], step: int) -> Floats:
    """Loudness, pitch and voicing of some frames; [frames, `MELODY`]."""
    margin = max(0, (pitch.WINDOW - step) // 2)
    wanted = 2 * ((int(chosen[-1]) + 1) * step + margin)
    padded = np.pad(audio, (2 * margin, max(0, wanted - len(audio))))
    first = int(chosen[0]) * step
    halved = pitch.halved(padded[2 * first : wanted + 2 * margin])
    starts = (chosen * step - first)[:, None]
    windows = halved[starts + np.arange(pitch.WINDOW)] * np.hanning(pitch.WINDOW)
    level = 10 * np.log10((windows**2).mean(axis=1) + 1e-10)
    level = np.maximum(level - level.max(), _QUIETEST) / -_QUIETEST
    period, voicing = pitch.periods(windows)
    voiced = voicing > _VOICED
    height = np.zeros(len(period))
    if voiced.any():
        octaves = np.log2(pitch.RATE / period)
        height[voiced] = octaves[voiced] - np.median(octaves[voiced])
    return np.stack([level, np.clip(height, -1, 1), voicing], 1).astype(np.float32)


class TurnEnds:
    """Tells how likely a turn is over; build it with `load`."""

    def __init__(self, session: onnxruntime.InferenceSession) -> None:
        self._session = session

    @classmethod
    def beside(cls, directory: Path, *, sounds: int) -> "TurnEnds | None":
        """What `load` gives, or None where the directory holds no such model."""
        there = (directory / MODEL).is_file()
        return cls.load(directory, sounds=sounds) if there else None

    @classmethod
    def load(cls, directory: Path, *, sounds: int) -> "TurnEnds":
        """Load a directory.

        Args:
            directory: holds `MODEL`.
            sounds: that the acoustic model tells apart.

        Raises:
            ConfigError: the file is missing or damaged, or made for another model.
        """
        path = directory / MODEL
        if not path.is_file():
            raise ConfigError(f"{path}: is missing; {_REPAIR}")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            ends = cls(
                onnxruntime.InferenceSession(
                    str(path), options, providers=["CPUExecutionProvider"]
                )
            )
            ends.over(np.zeros((FRAMES, sounds + MELODY), np.float32))
        # onnxruntime has exceptions of its own, which share no other base.
        except Exception as error:
            raise ConfigError(
                f"{path}: cannot be loaded as a model of turn ends ({error}); {_REPAIR}"
            ) from error
        return ends

    def over(self, frames: Floats) -> float:
        """How likely nothing follows, 0 to 1.

        Args:
            frames: as `tail` gives them.
        """
        (odds,) = self._session.run(None, {"frames": frames[None]})
        return float(1 / (1 + np.exp(-odds[0])))
