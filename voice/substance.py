"""What there is in an utterance, as far as the floor is concerned: words, or less."""

from collections.abc import Iterable

from voice.events import Millis, Substance
from voice.languages import get, is_backchannel
from voice.stop_words import is_stop

__all__ = ["of_utterance", "over_reply", "so_far"]

UNSURE = 0.58
"""Confidence below which a short sound over the reply is not believed to be words. Of
the starter's transcripts of 32 signs of listening in four languages a fifth are wrong,
most of them below; of 38 short interruptions ("stop", "lauter") two are below."""

LESS_SURE = 0.35
"""The same for words to stop with (`voice.stop_words`), which nothing else is taken for:
in 26 languages none of 360 signs of listening, and of 406 such words 20 lie between."""

SHORT = Millis(600)
"""Detected speech: signs of listening are shorter."""

FEW = 2
"""Words."""


def of_utterance(text: str, language: str) -> Substance:
    """What somebody said who has the floor."""
    if not text.strip():
        return Substance.NOTHING
    if is_backchannel(text, language):
        return Substance.BACKCHANNEL
    return Substance.WORDS


def over_reply(
    text: str, language: str, *, confidence: float, speech: Millis
) -> Substance:
    """What somebody said over the reply and then fell silent.

    Who interrupts in vain says it again; a reply that stops at every sound is no
    reply. So what is short and not certain is taken for a sign of listening; words to
    stop with need not be quite as certain.

    Args:
        text: all of it.
        language: of the text.
        confidence: of the recogniser, 0 to 1.
        speech: how long it was.
    """
    substance = of_utterance(text, language)
    few = len(text.split()) <= FEW and speech < SHORT
    least = LESS_SURE if is_stop(text, language) else UNSURE
    if substance is Substance.WORDS and few and confidence < least:
        return Substance.BACKCHANNEL
    return substance


def so_far(committed: str, languages: Iterable[str]) -> Substance:
    """What somebody is saying over the reply, of which this much is certain.

    Args:
        committed: words that stand; more may follow.
        languages: tags that it may be in.
    """
    if not committed:
        return Substance.NOTHING
    if any(_may_be_backchannel(committed, tag) for tag in languages):
        return Substance.BACKCHANNEL
    return Substance.WORDS


def _may_be_backchannel(text: str, tag: str) -> bool:
    """Whether it is a sign of listening, or the beginning of one."""
    return is_backchannel(text, tag) or any(
        sign.startswith(f"{text.casefold()} ") for sign in get(tag).backchannels
    )
