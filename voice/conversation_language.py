"""Which language a conversation is in: it changes when the evidence carries a change.

A recogniser tells the language of each utterance among the session's candidates, and is
least sure where it matters most: "ja" lasts a third of a second and is a word of many
languages. So the language of the turn before is kept unless the utterance was long
enough for how sure the recogniser is:

1. A mere sign of listening ("ja", "okay", "mhm") changes nothing.
2. Up to `SHORT` of speech, another language must be told with `SURE`.
3. From `LONG` on the likeliest candidate is believed; in between, what is asked for
   falls in a straight line.
4. Who is heard in the same other language twice running, insists, and is believed.

What is not believed is heard once more with the language of the conversation as the
only candidate.
"""

from collections.abc import Sequence

from voice.events import Millis
from voice.languages import is_backchannel

__all__ = ["SHORT", "ConversationLanguage"]

SHORT = Millis(700)
"""Speech that holds a word or two."""

LONG = Millis(2000)
"""Speech that holds a sentence: a recogniser that mistakes it will not be helped."""

SURE = 0.97
"""The starter gives "Licht an" (0.5 s) 0.99, "ja" 0.7 and "stop" 0.9."""


class ConversationLanguage:
    """The language of one session, turn by turn."""

    def __init__(self) -> None:
        self._settled: str | None = None
        self._insisted: str | None = None

    def among(self, candidates: Sequence[str]) -> str:
        """What to expect, and to apologise in: the language of the turn before.

        Args:
            candidates: BCP 47 tags that the user may speak, at least one.

        Returns:
            The first of them, if there was no turn yet in one of them.
        """
        if self._settled is not None and self._settled in candidates:
            return self._settled
        return candidates[0]

    def begun(self, candidates: Sequence[str]) -> bool:
        """Whether there was a turn in one of the candidates."""
        return self._settled in candidates

    def believes(
        self,
        heard: str,
        *,
        text: str,
        probability: float,
        speech: Millis,
        candidates: Sequence[str],
    ) -> bool:
        """Whether the turn is in the language that was heard.

        Args:
            heard: the likeliest of the candidates.
            text: what was said, if it was said in that language.
            probability: of the language among the candidates, 0 to 1.
            speech: how long the utterance is, without the silence around it.
            candidates: BCP 47 tags that the user may speak.
        """
        if not self.begun(candidates) or heard == self._settled:
            return True
        if is_backchannel(text, heard):
            return False
        return heard == self._insisted or probability >= _needed(speech)

    def settle(self, language: str, *, heard: str) -> None:
        """A turn is over: it was in `language`, though `heard` may have been likelier."""
        self._insisted = heard if heard != language else None
        self._settled = language


def _needed(speech: Millis) -> float:
    """How sure a recogniser must be that the language changed."""
    part = min(max((speech - SHORT) / (LONG - SHORT), 0.0), 1.0)
    return SURE * (1 - part)
