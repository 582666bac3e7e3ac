"""Several synthesisers as one: who speaks depends on the language."""

from collections.abc import Iterator, Sequence

from voice.audio import Pcm
from voice.errors import Stage, StageError
from voice.stages import Synthesizer

__all__ = ["VoiceByLanguage"]


class VoiceByLanguage:
    """Lets the first of its synthesisers speak that knows the language.

    Implements `voice.stages.Synthesizer`; the rate may differ between languages.
    """

    def __init__(self, synthesizers: Sequence[Synthesizer]) -> None:
        self._by_language: dict[str, Synthesizer] = {}
        for synthesizer in synthesizers:
            for language in synthesizer.languages:
                self._by_language.setdefault(language, synthesizer)

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags that at least one can speak, sorted."""
        return tuple(sorted(self._by_language))

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """The speech, piece by piece.

        Raises:
            StageError: ``unsupported_language``, or the synthesis broke.
        """
        if language not in self._by_language:
            raise StageError(Stage.SYNTHESIS, "unsupported_language", language)
        return self._by_language[language].speak(text, language)
