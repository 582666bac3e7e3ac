"""Text to speech for Wyoming: a text as a whole, or in pieces as they come."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from streaming.inference import Stages
from streaming.protocols.wyoming import MAX_TEXT, Voice
from streaming.workers import Priority
from streaming.wyoming.info import language_of_voice
from voice.audio import Pcm, Resampler
from voice.errors import ClientError
from voice.events import Millis
from voice.sentences import SentenceSplitter, chunks
from voice.text_language import guess

__all__ = ["RATE", "StreamedText", "chosen_language", "speak"]

RATE = 22_050
"""Hertz of all speech. Home Assistant writes one header for a whole reply, so that a
voice with another rate must not change it in the middle; most voices have this one."""

ENOUGH = 40
"""Characters from which on a guess at the language of a text is made."""


def chosen_language(
    text: str, voice: Voice, *, spoken: Sequence[str], recent: str | None
) -> str:
    """The language to speak `text` in: that of the voice, else the text's own.

    Args:
        text: what is to be said.
        voice: what the client chose.
        spoken: languages with a voice.
        recent: the language that this client used a moment ago.
    """
    language = language_of_voice(voice)
    if language is not None and language in spoken:
        return language
    return guess(text, spoken, recent=recent)


async def speak(stages: Stages, text: str, language: str) -> AsyncIterator[Pcm]:
    """The speech at `RATE`, piece by piece.

    Raises:
        StageError: the synthesis broke.
    """
    for phrase in chunks(text, language):
        async for pcm in speak_phrase(stages, phrase, language):
            yield pcm


async def speak_phrase(stages: Stages, text: str, language: str) -> AsyncIterator[Pcm]:
    """The speech of one phrase at `RATE`.

    Raises:
        StageError: the synthesis broke.
    """
    resampler: Resampler | None = None
    stream = stages.speak(text, language, priority=Priority.FINAL)
    async with contextlib.aclosing(stream) as pieces:
        async for pcm in pieces:
            resampler = resampler or Resampler(pcm.rate, RATE)
            yield resampler.feed(pcm)
    if resampler is not None:
        yield resampler.feed(Pcm.silence(Millis(0), resampler.source), last=True)


class StreamedText:
    """A text that arrives in pieces, cut into phrases that can be spoken.

    Args:
        voice: what the client chose.
        spoken: languages with a voice.
        recent: the language that this client used a moment ago.
    """

    def __init__(
        self, voice: Voice, *, spoken: Sequence[str], recent: str | None
    ) -> None:
        self._voice = voice
        self._spoken = spoken
        self._recent = recent
        self._waiting = ""
        self._length = 0
        self._splitter: SentenceSplitter | None = None
        self.language = language_of_voice(voice)
        """None until it is chosen or there is enough text to tell."""
        if self.language not in spoken:
            self.language = None

    def feed(self, piece: str) -> list[str]:
        """The phrases that `piece` completes.

        Raises:
            ClientError: ``text_too_long``.
        """
        self._length += len(piece)
        if self._length > MAX_TEXT:
            raise ClientError("text_too_long", f"a text may have {MAX_TEXT} characters")
        self._waiting += piece
        if self.language is None and len(self._waiting) < ENOUGH:
            return []
        text, self._waiting = self._waiting, ""
        return self._cut(text)

    def finish(self) -> list[str]:
        """The phrases that are left."""
        rest = self._cut(self._waiting) if self._waiting else []
        self._waiting = ""
        return [*rest, *(self._splitter.finish() if self._splitter else [])]

    def _cut(self, text: str) -> list[str]:
        if self.language is None:
            self.language = guess(text, self._spoken, recent=self._recent)
        if self._splitter is None:
            self._splitter = SentenceSplitter(self.language)
        return self._splitter.feed(text)
