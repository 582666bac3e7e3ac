"""Word and character errors, as counts, after a normaliser that has a name.

The normaliser `parley-1` takes away what cannot be heard, and nothing else:

1. Unicode NFC and case folding (so "ß" is "ss"); accents and umlauts stay. Romanian
   letters with a cedilla become those with a comma.
2. Numbers in digits become words, as `unicode-rbnf` spells them in that language;
   "%" becomes the word for it. Digits can be read in several ways (French 1 is "un"
   or "une"): the reading that fits the other text best counts (`word_counts`).
3. Every apostrophe becomes "'". In French, Italian and Catalan it ends a word
   (l'eau is two words); elsewhere it stays within one (don't, пʼять), and falls at
   the edge of one.
4. Hyphens, other punctuation and symbols end a word; soft hyphens vanish.

What it does not do: unify spellings (grey, gray), fillers, abbreviations, units, or
numbers that are already words ("zwei tausend"). Results are therefore upper bounds.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from unicode_rbnf import FormatPurpose, RbnfEngine

__all__ = [
    "NORMALIZER",
    "Counts",
    "align",
    "character_counts",
    "normalize",
    "readings",
    "word_counts",
]

NORMALIZER = "parley-1"
"""Results with another name cannot be compared."""

ELIDING = frozenset({"ca", "fr", "it"})
"""Languages in which an apostrophe stands between two words."""

APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼ`´ʹ′＇", "'"))

SOFT_HYPHEN = "\N{SOFT HYPHEN}"

CEDILLAS = str.maketrans("şţŞŢ", "șțȘȚ")

NUMBER = re.compile(r"\d+(?:[.,]\d+)?")

LARGEST_SPELLED = 10**12
"""A longer row of digits is no number that anybody reads as one."""

RULES_FROM = {"nb": "no"}
"""Languages whose number words have another tag."""

PERCENT = {
    "bg": "процента",
    "ca": "per cent",
    "cs": "procent",
    "da": "procent",
    "de": "prozent",
    "el": "τοις εκατό",
    "en": "percent",
    "es": "por ciento",
    "et": "protsenti",
    "fi": "prosenttia",
    "fr": "pour cent",
    "ga": "faoin gcéad",
    "hr": "posto",
    "hu": "százalék",
    "it": "per cento",
    "lt": "procentų",
    "lv": "procenti",
    "mt": "fil-mija",
    "nb": "prosent",
    "nl": "procent",
    "pl": "procent",
    "pt": "por cento",
    "ro": "la sută",
    "sk": "percent",
    "sl": "odstotkov",
    "sv": "procent",
    "uk": "відсотків",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What became of the words (or characters) of a reference; they add up."""

    hits: int = 0
    substitutions: int = 0
    deletions: int = 0
    insertions: int = 0

    def __add__(self, other: "Counts") -> "Counts":
        return Counts(
            hits=self.hits + other.hits,
            substitutions=self.substitutions + other.substitutions,
            deletions=self.deletions + other.deletions,
            insertions=self.insertions + other.insertions,
        )

    @property
    def errors(self) -> int:
        """The fewest edits that make the reference of the hypothesis."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def length(self) -> int:
        """Of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def rate(self) -> float | None:
        """Errors per word (or character) of the reference, which may exceed 1.

        None if the reference is empty.
        """
        return self.errors / self.length if self.length else None


def word_counts(reference: str, hypothesis: str, language: str) -> Counts:
    """Compare two texts word by word, in the readings that agree best."""
    return min(
        (
            align(one.split(), other.split())
            for one, other in _pairs(reference, hypothesis, language)
        ),
        key=lambda counts: counts.errors,
    )


def character_counts(reference: str, hypothesis: str, language: str) -> Counts:
    """Compare two texts character by character; the space between words is one."""
    return min(
        (align(one, other) for one, other in _pairs(reference, hypothesis, language)),
        key=lambda counts: counts.errors,
    )


def _pairs(reference: str, hypothesis: str, language: str) -> Iterator[tuple[str, str]]:
    for one in readings(reference, language):
        for other in readings(hypothesis, language):
            yield one, other


# --- Alignment ----------------------------------------------------------------


def align(reference: Sequence[str], hypothesis: Sequence[str]) -> Counts:
    """The cheapest way (Levenshtein) from the hypothesis to the reference."""
    start, end = _common(reference, hypothesis)
    one = reference[start : len(reference) - end]
    other = hypothesis[start : len(hypothesis) - end]
    return Counts(hits=start + end) + _trace(_costs(one, other), one, other)


def _common(one: Sequence[str], other: Sequence[str]) -> tuple[int, int]:
    """How many items are the same at the start, and of the rest at the end."""
    most = min(len(one), len(other))
    start = 0
    while start < most and one[start] == other[start]:
        start += 1
    end = 0
    while end < most - start and one[-1 - end] == other[-1 - end]:
        end += 1
    return start, end


def _costs(one: Sequence[str], other: Sequence[str]) -> list[list[int]]:
    """Fewest edits between the first i of `one` and the first j of `other`."""
    rows = [list(range(len(other) + 1))]
    for i, item in enumerate(one, start=1):
        above, row = rows[-1], [i]
        for j, candidate in enumerate(other, start=1):
            row.append(
                min(above[j - 1] + (item != candidate), above[j] + 1, row[j - 1] + 1)
            )
        rows.append(row)
    return rows


def _trace(costs: list[list[int]], one: Sequence[str], other: Sequence[str]) -> Counts:
    """Walk back along a cheapest path, diagonally wherever that is one."""
    hits = substitutions = deletions = insertions = 0
    i, j = len(one), len(other)
    while i or j:
        differ = bool(i and j) and one[i - 1] != other[j - 1]
        if i and j and costs[i][j] == costs[i - 1][j - 1] + differ:
            substitutions += differ
            hits += not differ
            i, j = i - 1, j - 1
        elif i and costs[i][j] == costs[i - 1][j] + 1:
            deletions += 1
            i -= 1
        else:
            insertions += 1
            j -= 1
    return Counts(
        hits=hits,
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
    )


# --- The normaliser -----------------------------------------------------------


def normalize(text: str, language: str) -> str:
    """What can be heard of `text`: words with a space between each two.

    Args:
        text: anything that somebody wrote.
        language: canonical tag; for an unknown one digits and "%" are left out of it.
    """
    return readings(text, language)[0]


def readings(text: str, language: str) -> tuple[str, ...]:
    """`normalize` for every way in which the digits of `text` may be read."""
    forms = max((len(_spellings(n, language)) for n in NUMBER.findall(text)), default=1)
    spelled = (_spelled(text, language, form) for form in range(forms))
    return tuple(dict.fromkeys(_plain(words, language) for words in spelled))


def _spelled(text: str, language: str, form: int) -> str:
    """`text` with every number in words, read in the given way."""

    def spell(match: re.Match[str]) -> str:
        spellings = _spellings(match.group(), language)
        return f" {spellings[min(form, len(spellings) - 1)]} "

    percent = f" {PERCENT.get(language, '')} "
    return NUMBER.sub(spell, text).replace("%", percent)


@cache
def _spellings(number: str, language: str) -> tuple[str, ...]:
    """The ways to say a number, at least one: itself, if nothing else is known."""
    engine = _engine(RULES_FROM.get(language, language))
    if engine is None or float(number.replace(",", ".")) >= LARGEST_SPELLED:
        return (number,)
    spelled = engine.format_number(
        number.replace(",", "."), purpose=FormatPurpose.CARDINAL
    )
    return tuple(dict.fromkeys([spelled.text, *spelled.text_by_ruleset.values()]))


@cache
def _engine(language: str) -> RbnfEngine | None:
    if language not in RbnfEngine.get_supported_languages():
        return None
    return RbnfEngine.for_language(language)


def _plain(text: str, language: str) -> str:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFC", text).casefold())
    if language == "ro":
        folded = folded.translate(CEDILLAS)
    folded = folded.translate(APOSTROPHES).replace(SOFT_HYPHEN, "")
    if language in ELIDING:
        folded = folded.replace("'", " ")
    kept = "".join(c if _is_heard(c) else " " for c in folded)
    words = (word.strip("'") for word in kept.split())
    return " ".join(word for word in words if word)


def _is_heard(character: str) -> bool:
    """Whether it belongs to a word: a letter, its accent, a digit, an apostrophe."""
    return character == "'" or unicodedata.category(character)[0] in "LMN"
