"""What every recogniser refuses, what none need look at, and what nobody said."""

import re
import zlib
from collections.abc import Sequence

import numpy as np

from voice.audio import HEARING_RATE, Pcm
from voice.errors import Stage, StageError
from voice.stages import Transcript

__all__ = [
    "LONGEST_S",
    "SHORTEST_S",
    "check",
    "holds_nothing",
    "holds_words",
    "nothing",
    "repeats",
]

LONGEST_S = 30.0
"""Longer utterances are refused."""

SHORTEST_S = 0.1
"""Shorter audio holds no word."""

_SILENCE = 4
"""Samples never louder than this are silence: no model need look at them."""

LARGEST_COMPRESSION = 2.4
"""Text that repeats itself compresses better than speech ever does."""

_LOOP = re.compile(r"(.{1,30}?)\1{4,}$")


def check(pcm: Pcm, candidates: Sequence[str], languages: Sequence[str]) -> None:
    """Refuse what the port does not allow.

    Args:
        pcm: to be transcribed.
        candidates: the languages it may be in.
        languages: what the recogniser writes.

    Raises:
        StageError: ``unsupported_language``, ``wrong_rate`` or ``too_long``.
    """
    if not candidates or not set(candidates) <= set(languages):
        raise StageError(
            Stage.RECOGNITION, "unsupported_language", ", ".join(candidates)
        )
    if pcm.rate != HEARING_RATE:
        raise StageError(Stage.RECOGNITION, "wrong_rate", f"{pcm.rate} Hz")
    if len(pcm) > LONGEST_S * HEARING_RATE:
        raise StageError(Stage.RECOGNITION, "too_long", f"{pcm.duration} ms")


def holds_nothing(pcm: Pcm) -> bool:
    """Whether 16 kHz audio is too short or too silent to hold a word."""
    loudest = int(np.abs(pcm.samples.astype(np.int32)).max(initial=0))
    return len(pcm) < SHORTEST_S * HEARING_RATE or loudest <= _SILENCE


def nothing(candidates: Sequence[str]) -> Transcript:
    """That there were no words."""
    return Transcript(
        text="",
        language=candidates[0],
        language_probability=1 / len(candidates),
        confidence=0.0,
        no_speech=1.0,
    )


def holds_words(text: str) -> bool:
    """Whether a recogniser's text can be what somebody said."""
    return any(letter.isalnum() for letter in text) and not repeats(text)


def repeats(text: str) -> bool:
    """Whether the decoder was caught in a loop."""
    encoded = text.encode()
    compressed = zlib.compress(encoded)
    return (
        len(encoded) > LARGEST_COMPRESSION * len(compressed)
        or _LOOP.search(text) is not None
    )
