"""A recogniser that only gives words: somebody else listens, on another server."""

from collections.abc import Callable, Sequence

from voice.audio import Pcm
from voice.recognizers.bounds import check, holds_nothing, nothing
from voice.recognizers.plain_text import transcript
from voice.stages import Transcript

__all__ = ["ServedRecognizer"]


class ServedRecognizer:
    """Implements `voice.stages.Recognizer`.

    Args:
        words: takes 16 kHz audio, gives what was said in it; may raise `StageError`.
        languages: canonical tags of what it can write.
    """

    windows_s = ()
    """It needs no warm-up by us."""

    def __init__(self, words: Callable[[Pcm], str], languages: Sequence[str]) -> None:
        self.languages = tuple(languages)
        self._words = words

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Ask for the words; their language is told by the words themselves.

        Raises:
            StageError: ``unsupported_language``, ``wrong_rate``, ``too_long``, or
                whatever went wrong with the server.
        """
        check(pcm, candidates, self.languages)
        if holds_nothing(pcm):
            return nothing(candidates)
        return transcript(self._words(pcm), (), candidates)
