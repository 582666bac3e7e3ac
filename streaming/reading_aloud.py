"""Texts read aloud for those who bring their own: in which voice, and at which rate."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from streaming.inference import Stages
from streaming.workers import Priority
from voice.audio import Pcm, Resampler
from voice.events import Millis
from voice.languages import LANGUAGES, canonical
from voice.sentences import chunks
from voice.text_language import guess

__all__ = [
    "chosen_language",
    "language_of_voice",
    "read_aloud",
    "speak_phrase",
    "spoken_languages",
    "voice_name",
]

_PREFIX = "parley-"


def spoken_languages(served: Sequence[str]) -> tuple[str, ...]:
    """The languages with a voice, those of the conversation first.

    eSpeak speaks all that Parley knows, and a Piper voice speaks in its place.
    """
    return (*served, *(tag for tag in LANGUAGES if tag not in served))


def voice_name(language: str) -> str:
    """The name under which the voice of a language can be chosen."""
    return f"{_PREFIX}{language}"


def language_of_voice(name: str | None, language: str | None = None) -> str | None:
    """The language that a client chose; a name beats a language, as in Wyoming.

    None if it chose none, or a voice that is none of ours (``alloy``).
    """
    if name:
        return canonical(name.removeprefix(_PREFIX))
    return canonical(language) if language else None


def chosen_language(
    text: str, wish: str | None, *, spoken: Sequence[str], recent: str | None
) -> str:
    """The language to speak `text` in: the one that is wished, else the text's own.

    Args:
        text: what is to be said.
        wish: what the client chose, if anything.
        spoken: languages with a voice.
        recent: the language that this client used a moment ago.
    """
    if wish is not None and wish in spoken:
        return wish
    return guess(text, spoken, recent=recent)


async def read_aloud(
    stages: Stages, text: str, language: str, *, rate: int
) -> AsyncIterator[Pcm]:
    """The speech at `rate`, piece by piece, whatever the voice has.

    Raises:
        StageError: the synthesis broke.
    """
    for phrase in chunks(text, language):
        async for pcm in speak_phrase(stages, phrase, language, rate=rate):
            yield pcm


async def speak_phrase(
    stages: Stages, text: str, language: str, *, rate: int
) -> AsyncIterator[Pcm]:
    """The speech of one phrase at `rate`.

    Raises:
        StageError: the synthesis broke.
    """
    resampler: Resampler | None = None
    stream = stages.speak(text, language, priority=Priority.FINAL)
    async with contextlib.aclosing(stream) as pieces:
        async for pcm in pieces:
            resampler = resampler or Resampler(pcm.rate, rate)
            yield resampler.feed(pcm)
    if resampler is not None:
        yield resampler.feed(Pcm.silence(Millis(0), resampler.source), last=True)
