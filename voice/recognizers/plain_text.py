"""Recognisers that give a text and do not say in which language it is."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voice.audio import Pcm
from voice.errors import ConfigError, Stage, StageError
from voice.languages import canonical
from voice.recognizers.bounds import check, holds_nothing, holds_words, nothing
from voice.stages import Transcript
from voice.text_language import weigh

__all__ = [
    "UNKNOWN_CONFIDENCE",
    "Audio",
    "PlainTextRecognizer",
    "Write",
    "language_codes",
    "transcript",
]

Audio: TypeAlias = npt.NDArray[np.float32]

Write: TypeAlias = Callable[[Audio, str | None], tuple[str, Sequence[float]]]
"""From samples, shape [n], and the model's code of their language if there is only one
candidate, to the text and the log probabilities of its tokens."""

UNKNOWN_CONFIDENCE = 0.5
"""Where a model does not tell how likely its tokens were."""


class PlainTextRecognizer:
    """Speech to text by a model that another library runs.

    Args:
        write: runs the model; whatever it raises is a fault of the model.
        codes: what the model calls each language that is used, by tag.
    """

    def __init__(self, write: Write, codes: Mapping[str, str]) -> None:
        self._write = write
        self._codes = codes

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of what it can write."""
        return tuple(self._codes)

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Put one utterance into words.

        Args:
            pcm: 16 kHz, up to 30 s.
            candidates: the languages it may be in, at least one, all supported.

        Raises:
            StageError: ``unsupported_language``, ``wrong_rate``, ``too_long`` or
                ``crashed``.
        """
        check(pcm, candidates, self.languages)
        if holds_nothing(pcm):
            return nothing(candidates)
        code = self._codes[candidates[0]] if len(candidates) == 1 else None
        try:
            text, log_probabilities = self._write(pcm.to_floats(), code)
        except Exception as error:  # the libraries have no base class for their errors
            raise StageError(
                Stage.RECOGNITION, "crashed", type(error).__name__
            ) from error
        return transcript(text, log_probabilities, candidates)


def language_codes(names: Sequence[str], languages: Sequence[str]) -> Mapping[str, str]:
    """What the model calls each language that is to be used, by tag.

    Args:
        names: the model's own codes of all that it writes.
        languages: tags to use; all of the model's if empty.

    Raises:
        ConfigError: it does not write one of them.
    """
    codes = {tag: name for name in names if (tag := canonical(name))}
    if unknown := sorted(set(languages) - set(codes)):
        raise ConfigError(
            f"the model does not write {', '.join(unknown)}; it writes"
            f" {', '.join(sorted(codes))}"
        )
    return {tag: codes[tag] for tag in languages or sorted(codes)}


def transcript(
    text: str, log_probabilities: Sequence[float], candidates: Sequence[str]
) -> Transcript:
    """What was heard, in the language that the words of the text tell.

    Args:
        text: as the model wrote it.
        log_probabilities: of its tokens; empty if the model does not tell them.
        candidates: the languages it may be in, at least one.
    """
    if not holds_words(text):
        return nothing(candidates)
    language, probability = weigh(text, candidates)
    mean = sum(log_probabilities) / max(1, len(log_probabilities))
    return Transcript(
        text=text.strip(),
        language=language,
        language_probability=probability,
        confidence=min(1.0, math.exp(mean))
        if log_probabilities
        else UNKNOWN_CONFIDENCE,
        no_speech=0.0,
    )
