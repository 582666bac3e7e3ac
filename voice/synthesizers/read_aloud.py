"""What every voice needs: text that it can read, in pieces worth sending."""

from collections.abc import Iterator

from voice.audio import Pcm
from voice.events import Millis
from voice.spoken_forms import spoken
from voice.stages import Synthesizer

__all__ = ["ReadAloud"]

PIECE = Millis(200)
"""Audio of a piece, at least, but for the first and the last: eSpeak makes pieces of
60 ms, and each costs the server as much as a long one."""


class ReadAloud:
    """A synthesiser that reads numbers, units, times and abbreviations right.

    Implements `voice.stages.Synthesizer`.

    Args:
        synthesizer: speaks the words.
    """

    def __init__(self, synthesizer: Synthesizer) -> None:
        self._synthesizer = synthesizer

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags that it can speak."""
        return self._synthesizer.languages

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """The speech; the first piece as soon as it is there.

        Raises:
            StageError: ``unsupported_language`` at once, or the synthesis broke.
        """
        return _gathered(self._synthesizer.speak(spoken(text, language), language))


def _gathered(pieces: Iterator[Pcm]) -> Iterator[Pcm]:
    first = next(pieces, None)
    if first is None:
        return
    yield first
    waiting: list[Pcm] = []
    length = 0
    for piece in pieces:
        waiting.append(piece)
        length += piece.duration
        if length >= PIECE:
            yield Pcm.joined(waiting, piece.rate)
            waiting, length = [], 0
    if waiting:
        yield Pcm.joined(waiting, first.rate)
