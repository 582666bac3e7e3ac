"""A text that Wyoming brings in pieces, as a language model writes it."""

from collections.abc import Sequence

from streaming.protocols.wyoming import MAX_TEXT, Voice
from streaming.reading_aloud import chosen_language, language_of_voice
from voice.errors import ClientError
from voice.sentences import SentenceSplitter

__all__ = ["RATE", "StreamedText"]

RATE = 22_050
"""Hertz of all speech. Home Assistant writes one header for a whole reply, so that a
voice with another rate must not change it in the middle; most voices have this one."""

ENOUGH = 40
"""Characters from which on a guess at the language of a text is made."""


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
        self._spoken = spoken
        self._recent = recent
        self._waiting = ""
        self._length = 0
        self._splitter: SentenceSplitter | None = None
        wish = language_of_voice(voice.name, voice.language)
        self.language = wish if wish in spoken else None
        """None until there is enough text to tell, if nobody chose it."""

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
            self.language = chosen_language(
                text, None, spoken=self._spoken, recent=self._recent
            )
        if self._splitter is None:
            self._splitter = SentenceSplitter(self.language)
        return self._splitter.feed(text)
