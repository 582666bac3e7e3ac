"""What people leave out or slur that a synthesizer says in full.

The rules hold for a language, not for words: they are the reductions that descriptions
of its everyday speech agree on. Each gives one more way to say a word, and all together
give one where more than one applies.
"""

import re
from collections.abc import Iterator
from functools import cache

__all__ = ["reduced"]

_VOWEL = "[aɑɐɛeəiɪɨɔouʊʉyøæ]"
_CONSONANT = "[pbtdkɡfvszʃʒθðxɣhçmnɲŋlrɹʁj]"

_RULES = {
    "ca": (
        # "apagar" has lost its last sound in all but the south.
        (r" r$", ""),
    ),
    "da": ((r" ə$", ""),),
    "de": (
        # "Lichten": the n, or after a lip the m, is a syllable by itself.
        (r"(?<=[tdszʃflçxkɡpb]) ə n$", " n"),
        (rf"(?<={_VOWEL}) r(?= {_CONSONANT}|$)", " ɐ"),
        # "Fenster": by eSpeak a neutral vowel, in most mouths an open one.
        (r"(?<=[tdslmnfv]) ə$", " ɐ"),
        (r" ɪ ç$", " ɪ k"),
    ),
    "en": (
        (r"(?<=ɪ) ŋ$", " n"),
        (r"(?<=n) d$", ""),
        (rf"(?<={_VOWEL}) t(?= {_VOWEL})", " d"),
        # At the end of a word it is held and not heard.
        (r"(?<=[aɐɛɪiʊu]) t$", ""),
        (r"^h ", ""),
    ),
    "es": (
        (r"(?<=a) d o$", " o"),
        (r"(?<=[aeiou]) d$", ""),
        (r"(?<=[aeo]) s$", ""),
    ),
    "fr": (
        # "fenêtre", "règle": what stands after another consonant at the end.
        (r"(?<=[ptkbdɡfv]) [ʁl]$", ""),
        (r" ə(?= |$)", ""),
        # In the south the nose is heard as a sound of its own.
        (r"ɑ̃", "ɑ n"),
        (r"ɛ̃", "a n"),
        (r"ɔ̃", "ɔ n"),
    ),
    "nb": ((r" r$", ""), (r"(?<=[nl]) d$", "")),
    "nl": (
        (r" ə n$", " ə"),
        (r"ɣ", "x"),
        (rf"(?<={_VOWEL}) r(?= {_CONSONANT}|$)", " ɹ"),
    ),
    "pt": ((r" [ɨə]$", ""), (r" [ɹr]$", "")),
    "ro": ((r"(?<=u) l$", ""),),
    "sl": ((r" i$", ""),),
    "sv": ((r" r$", ""), (r"(?<=[aɑ]) d e$", " a")),
}
"""By language: what is replaced in the sounds of a word, with a space between each two,
and by what."""


def reduced(
    phones: tuple[str, ...], language: str
) -> Iterator[tuple[tuple[str, ...], int]]:
    """Other ways to say a word, each with how many rules lead to it.

    Args:
        phones: of the word, in full.
        language: canonical tag.

    >>> list(reduced(("k", "a", "t", "ʁ"), "fr"))
    [(('k', 'a', 't'), 1)]
    """
    full = " ".join(phones)
    together, used = full, 0
    for pattern, said in _compiled(language):
        way = _tidy(pattern.sub(said, full))
        if way and way != full:
            yield tuple(way.split()), 1
        further = _tidy(pattern.sub(said, together))
        if further and further != together:
            together, used = further, used + 1
    if used > 1:
        yield tuple(together.split()), used


def _tidy(phones: str) -> str:
    """Nothing, where no vowel is left: no ear would know the word."""
    return phones.strip() if re.search(f"{_VOWEL}|\\b[ld]$", phones) else ""


@cache
def _compiled(language: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    return tuple((re.compile(rule), said) for rule, said in _RULES.get(language, ()))
