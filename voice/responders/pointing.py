"""The prompt and the answer of the starter model, which points instead of spelling.

A prompt is the language, then each word in pieces with its number after it::

    <en> turn <0> on <1> the <2> read ing <3> lamp <4> <?>

and the answer an intent with its slots. A machine word is part of the token; what the
user named is given by the numbers of its first and last word, so that the model need
never have seen the word::

    <HassTurnOn> <name> <3> <4> <end>

What names a device or a place is then looked for in the home by likeness, as it may be
misheard; what is a number must be one, and everything else is taken word for word.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from voice.home import Device, Home, Names, spoken_names
from voice.responders.numerals import Numerals
from voice.responders.parsing import number_rules
from voice.responders.targets import domains_of
from voice.responders.templates import folded
from voice.stages import Intent, SlotValue

__all__ = [
    "ANSWER",
    "END",
    "MOST_WORDS",
    "NONE",
    "NUMBERS",
    "NameFinder",
    "Reading",
    "fixed_token",
    "intent_token",
    "language_token",
    "likeness",
    "prompt",
    "read_answer",
    "slot_token",
    "word_token",
    "words_of",
]

MOST_WORDS = 24
"""Of a prompt; what is longer is no command."""

ANSWER = "<?>"
"""The last token of a prompt."""

END = "<end>"
NONE = "<none>"
"""The answer to what is no command."""

NUMBERS = frozenset(
    {
        "brightness",
        "hours",
        "minutes",
        "percentage",
        "position",
        "seconds",
        "start_hours",
        "start_minutes",
        "start_seconds",
        "temperature",
        "volume_level",
        "volume_step",
    }
)
"""Slots that numbers fill."""

_MOST_DIGITS = 6
"""Of a number; no slot takes as many."""

_MARKS = re.compile(r"[^\w'\-%°]+|_")
_OPEN = re.compile(r"<([a-z_]+)>")
_FIXED = re.compile(r"<([a-z_]+)=(.*)>")
_INTENT = re.compile(r"<(Hass\w+)>")
_NUMBERED = re.compile(r"<(\d+)>")


# --- Tokens -------------------------------------------------------------------


def language_token(language: str) -> str:
    """The first token of a prompt."""
    return f"<{language}>"


def word_token(number: int) -> str:
    """What stands after a word, and for it in the answer."""
    return f"<{number}>"


def intent_token(intent: str) -> str:
    """The first token of an answer."""
    return f"<{intent}>"


def slot_token(slot: str) -> str:
    """What the numbers of the first and the last word follow."""
    return f"<{slot}>"


def fixed_token(slot: str, value: str) -> str:
    """A slot with a machine word."""
    return f"<{slot}={value}>"


def words_of(text: str) -> list[str]:
    """The words of a transcript as the model reads them: lower case, without marks."""
    return _MARKS.sub(" ", text.lower()).split()


def prompt(
    words: Sequence[str], language: str, pieces: Callable[[str], Sequence[str]]
) -> list[str]:
    """The tokens of a question.

    Args:
        words: from `words_of`, at most `MOST_WORDS`.
        language: canonical tag.
        pieces: splits a word into tokens.
    """
    tokens = [language_token(language)]
    for number, word in enumerate(words):
        tokens += [*pieces(word), word_token(number)]
    return [*tokens, ANSWER]


# --- Answers ------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """An answer, taken apart: nothing of it was held against the home yet."""

    intent: str
    fixed: Mapping[str, str]
    spans: Mapping[str, tuple[int, int]]
    """Numbers of the first and the last word, by slot."""


def read_answer(tokens: Sequence[str], *, words: int) -> Reading | None:
    """The answer, None if it says that there is no command, or breaks the format.

    Args:
        tokens: without the one that ends it.
        words: how many there are to point at.
    """
    named = _INTENT.fullmatch(tokens[0]) if tokens else None
    if named is None:
        return None
    fixed: dict[str, str] = {}
    spans: dict[str, tuple[int, int]] = {}
    rest = iter(tokens[1:])
    for token in rest:
        if found := _FIXED.fullmatch(token):
            fixed[found[1]] = found[2]
        elif found := _OPEN.fullmatch(token):
            span = _span(next(rest, ""), next(rest, ""), words)
            if span is None or found[1] in spans:
                return None
            spans[found[1]] = span
        else:
            return None
    if fixed.keys() & spans.keys():
        return None
    return Reading(intent=named[1], fixed=fixed, spans=spans)


def _span(first: str, last: str, words: int) -> tuple[int, int] | None:
    begin, end = _NUMBERED.fullmatch(first), _NUMBERED.fullmatch(last)
    if begin is None or end is None:
        return None
    span = int(begin[1]), int(end[1])
    return span if span[0] <= span[1] < words else None


# --- Names --------------------------------------------------------------------

LIKE_ENOUGH = 0.72
"""Likeness of what was heard to a name, 0 to 1, from which on it may be meant."""

MARGIN = 0.08
"""By how much it must be more like that name than like any other."""

_PART = 0.9
"""Likeness of a compound to the name that it contains ("küchenlicht")."""

_LEAST_PART = 4
"""Letters."""


class NameFinder:
    """From what the model pointed at to a proposal, in one language and home."""

    def __init__(self, home: Home, language: str) -> None:
        """Take what can be meant."""
        self._home = home
        self._language = language
        numerals = Numerals(number_rules(language))
        self._numbers = {
            folded(spelling).replace("-", " "): number
            for number in range(101)
            for spelling in numerals.spoken(number)
        }

    def proposal(self, reading: Reading, words: Sequence[str]) -> Intent | None:
        """What the answer proposes; None if it names what the home does not have."""
        slots: dict[str, SlotValue] = {}
        for slot, word in reading.fixed.items():
            slots[slot] = _machine_value(word)
        for slot, (first, last) in reading.spans.items():
            said = " ".join(words[first : last + 1])
            value = self._value(reading, slot, said)
            if value is None:
                return None
            slots[slot] = value
        return Intent(name=reading.intent, slots=tuple(sorted(slots.items())))

    def _value(self, reading: Reading, slot: str, said: str) -> SlotValue | None:
        if slot in NUMBERS:
            return self._number(said)
        if slot == "name" and "Timer" not in reading.intent:
            kinds = domains_of(reading.intent)
            domain = reading.fixed.get("domain")
            return self._device(said, (domain,) if domain else kinds)
        if slot == "area":
            return self._like(said, ((a.id, a.names) for a in self._home.areas))
        if slot == "floor":
            return self._like(said, ((f.id, f.names) for f in self._home.floors))
        return said

    def _number(self, said: str) -> int | None:
        digits = said.rstrip("%° ")
        if digits.isdecimal() and len(digits) <= _MOST_DIGITS:
            return int(digits)
        return self._numbers.get(folded(said).replace("-", " "))

    def _device(self, said: str, domains: Sequence[str]) -> str | None:
        suitable: Iterable[Device] = [
            device
            for device in self._home.devices
            if not domains or device.domain in domains
        ]
        return self._like(said, ((device.id, device.names) for device in suitable))

    def _like(self, said: str, things: Iterable[tuple[str, Names]]) -> str | None:
        """The id of the one thing whose name is like what was said."""
        ranked = sorted(
            (
                max(
                    (likeness(said, n) for n in spoken_names(names, self._language)),
                    default=0.0,
                ),
                id_,
            )
            for id_, names in things
        )
        if not ranked or ranked[-1][0] < LIKE_ENOUGH:
            return None
        best, id_ = ranked[-1]
        second = ranked[-2][0] if len(ranked) > 1 else 0.0
        # Things that go by one and the same name are told apart later, or asked about.
        return id_ if best == 1.0 or best - second >= MARGIN else None


def likeness(said: str, name: str) -> float:
    """How like a name sounds that was heard, 0 to 1: the share of letters that stay."""
    a, b = _letters(said), _letters(name)
    if not a or not b:
        return 0.0
    if a == b:
        return 1.0
    alike = 1 - _distance(a, b) / max(len(a), len(b))
    if len(b) >= _LEAST_PART and b in a:
        return max(alike, _PART * len(b) / len(a))
    return alike


def _letters(text: str) -> str:
    return "".join(letter for letter in folded(text) if letter.isalnum())


def _distance(a: str, b: str) -> int:
    """Letters to change, add or leave out."""
    row = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        diagonal, row[0] = row[0], i
        for j, y in enumerate(b, 1):
            diagonal, row[j] = (
                row[j],
                min(row[j] + 1, row[j - 1] + 1, diagonal + (x != y)),
            )
    return row[-1]


def _machine_value(value: str) -> SlotValue:
    try:
        return int(value)
    except ValueError:
        return value
