"""How speech is written down: lower case, no punctuation, numbers as words.

The synthesiser and the target text see the same words, so a number is spoken exactly as it is written.
"""

import re
import unicodedata
from dataclasses import dataclass
from functools import cache

from unicode_rbnf import RbnfEngine

_KEPT = re.compile(r"[^\w'\- ]+")
_SPACES = re.compile(r"\s+")
_LOOSE_MARKS = re.compile(r"(?<!\w)['\-]+|['\-]+(?!\w)")
_NUMBER = re.compile(r"\d+")
_SIGNS = {
    "en": {"%": " percent", "°": " degrees"},
    "de": {"%": " Prozent", "°": " Grad"},
    "fr": {"%": " pour cent", "°": " degrés"},
    "es": {"%": " por ciento", "°": " grados"},
}


@dataclass(frozen=True, slots=True)
class _Counted:
    """A noun that follows numbers: singular, plural, and the word for one before it."""

    one: str
    singular: str
    plural: str


_COUNTED = {
    "en": (
        _Counted("one", "second", "seconds"),
        _Counted("one", "minute", "minutes"),
        _Counted("one", "hour", "hours"),
        _Counted("one", "degree", "degrees"),
    ),
    "de": (
        _Counted("eine", "sekunde", "sekunden"),
        _Counted("eine", "minute", "minuten"),
        _Counted("eine", "stunde", "stunden"),
        _Counted("ein", "grad", "grad"),
        _Counted("ein", "prozent", "prozent"),
    ),
    "fr": (
        _Counted("une", "seconde", "secondes"),
        _Counted("une", "minute", "minutes"),
        _Counted("une", "heure", "heures"),
        _Counted("un", "degré", "degrés"),
    ),
    "es": (
        _Counted("un", "segundo", "segundos"),
        _Counted("un", "minuto", "minutos"),
        _Counted("una", "hora", "horas"),
        _Counted("un", "grado", "grados"),
    ),
}


@cache
def _engine(language: str) -> RbnfEngine:
    return RbnfEngine.for_language(language)


def number_words(number: int, language: str) -> str:
    """`number` as it is counted, e.g. "einundzwanzig"."""
    return _engine(language).format_number(number).text.replace("\xad", "")


@cache
def _counted_pattern(language: str) -> tuple[re.Pattern[str], dict[str, _Counted]]:
    forms = {
        form: noun
        for noun in _COUNTED[language]
        for form in (noun.singular, noun.plural)
    }
    longest_first = "|".join(sorted(forms, key=len, reverse=True))
    return re.compile(rf"(\d+) ({longest_first})\b"), forms


def spoken(text: str, language: str) -> str:
    """`text` as it is said and as the model shall write it.

    >>> spoken("Set a timer for 1 minutes!", "en")
    'set a timer for one minute'
    """
    text = unicodedata.normalize("NFC", text).replace("’", "'")
    for sign, word in _SIGNS[language].items():
        text = text.replace(sign, word)
    text = text.lower()
    pattern, forms = _counted_pattern(language)

    def agree(match: re.Match[str]) -> str:
        number, noun = int(match[1]), forms[match[2]]
        if number == 1:
            return f"{noun.one} {noun.singular}"
        return f"{number_words(number, language)} {noun.plural}"

    text = pattern.sub(agree, _SPACES.sub(" ", text))
    text = _NUMBER.sub(lambda match: f" {number_words(int(match[0]), language)} ", text)
    text = _LOOSE_MARKS.sub(" ", _KEPT.sub(" ", text).replace("_", " "))
    return _SPACES.sub(" ", text).strip()
