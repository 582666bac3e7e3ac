"""What recognisers share that give a text and do not say in which language it is."""

import math
from collections.abc import Mapping, Sequence

from voice.errors import ConfigError
from voice.languages import canonical
from voice.recognizers.bounds import holds_words, nothing
from voice.stages import Transcript
from voice.text_language import weigh

__all__ = ["UNKNOWN_CONFIDENCE", "language_codes", "transcript"]

UNKNOWN_CONFIDENCE = 0.5
"""Where a model does not tell how likely its tokens were."""


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
