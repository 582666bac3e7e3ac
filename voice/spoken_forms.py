"""Text as it is read aloud: numbers with their units, times, dates, abbreviations.

Synthesisers read digits well and nearly everything around them badly: "21.5 °C" is
"einundzwanzig Punkt fünf Grad C", "−3" is "three", "z. B." is two letters. So what
stands around digits is put into words here; whole numbers stay digits, which each voice
reads in its own way. `spoken_forms.toml` has a table for each language:

- ``comma``: the word between a number and its decimals; ``point`` says that the
  language writes it as a point, and reads decimals one by one; ``fractions`` names
  tenths, hundredths and so on where they are named;
- ``minus``;
- ``plural``: which of the words of a unit goes with which number (`voice.plurals`);
- ``time``, ``hour``, ``early``: the time of day, on the hour, and in its first ten
  minutes; ``clock`` words come before a time, ``o_clock`` and ``half_day`` after it;
  ``gender`` is that of the hours;
- ``months``, ``days`` and ``date``; ``endings`` of the days by the word before;
- ``units`` and ``abbreviations``, each with what is read in its place;
- ``genders`` of the units where a number depends on it ("eine Stunde", "dwie godziny"):
  which units have which, ``*`` stands for the others.
"""

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from unicode_rbnf import RbnfEngine

from voice.plurals import PLURALS

__all__ = ["in_words", "spoken"]

_RBNF = {"nb": "no"}
"""Tags by which the rules for number words go."""

_NUMBER = r"\d+(?:[.,]\d+)?"
_MINUS = r"(?:(?<=\s)|(?<=\()|^)[−–-]\s?(?=\d)"


def spoken(text: str, language: str) -> str:
    """`text` with all that a voice would misread in words.

    Args:
        text: a reply, as it is shown.
        language: BCP 47 tag; in one without a table the text stays as it is.
    """
    if not any(character.isdigit() or character in ".°€" for character in text):
        return text
    reader = _reader(language)
    return text if reader is None else reader.read(text)


def in_words(text: str, language: str) -> str:
    """`text` with every whole number in words, for voices that know no digits."""
    engine = _engine(language)
    if engine is None:
        return text
    return re.sub(r"\d+", lambda match: _cardinal(engine, int(match[0])), text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Table:
    """One language of `spoken_forms.toml`."""

    comma: str
    minus: str
    time: str
    hour: str
    months: str
    units: tuple[str, ...]
    abbreviations: tuple[str, ...]
    date: str = "{day} {month} {year}"
    days: tuple[str, ...] = ()
    genders: Mapping[str, str] = field(default_factory=dict)
    endings: Mapping[str, str] = field(default_factory=dict)
    early: str = ""
    clock: tuple[str, ...] = ()
    o_clock: str = ""
    half_day: str = ""
    gender: str = ""
    fractions: str = ""
    plural: str = "two"
    point: bool = False


class _Reader:
    """Reads one language aloud."""

    def __init__(self, language: str, table: _Table) -> None:
        self._table = table
        self._language = language
        self._months = table.months.split()
        self._units = dict(_pairs(table.units))
        self._genders = _genders(table, self._units)
        self._abbreviations = _pairs_with_gaps(table.abbreviations)
        self._patterns = self._compile()

    def read(self, text: str) -> str:
        """`text` in words."""
        for pattern, replace in self._patterns:
            text = pattern.sub(replace, text)
        return text

    def _compile(self) -> list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]]:
        """What is looked for, in this order: a date would else be a decimal number.

        What is counted in words comes first: later there are such words after decimals.
        """
        table = self._table
        group = "," if table.point else r"[.\u00a0\u202f]"
        months = _any(self._months)
        clock, after = _any(table.clock), _any(table.o_clock.split())
        half_day = _any(table.half_day.split())
        before = rf"(?:(?P<clock>{clock})\s)?"
        marks = rf"(?:\s?(?P<half>{half_day})(?!\w))?(?:\s?(?:{after})(?!\w))?"
        units = _any(self._units)
        counted = _any(self._genders)
        first = r"1°?" if len(table.days) == 1 else r"(?!)"
        return [
            (
                re.compile(
                    rf"(?P<minus>{_MINUS})?(?<![\w.,:])(?P<number>\d{{1,3}})"
                    rf"(?=\s(?P<word>{counted})(?!\w))"
                ),
                self._counted,
            ),
            (
                re.compile(r"(?<![\w-])(?P<y>\d{4})-(?P<m>\d\d)-(?P<d>\d\d)(?![\w-])"),
                self._date,
            ),
            (
                re.compile(
                    r"(?<![\w.])(?P<d>\d{1,2})([./])\s?(?P<m>\d{1,2})\2\s?(?P<y>\d{4})(?!\w)"
                ),
                self._date,
            ),
            (
                re.compile(r"(?<=\s)(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.(?!\w)"),
                self._date_without_year,
            ),
            (
                re.compile(
                    rf"(?<![\w.])(?P<d>\d{{1,2}})\.\s(?={months})", re.IGNORECASE
                ),
                self._day_before_month,
            ),
            (
                re.compile(
                    rf"(?<![\w.,:])(?:{first})(?=\s(?:{months})(?!\w))", re.IGNORECASE
                ),
                lambda _: table.days[0],
            ),
            (
                re.compile(
                    rf"(?P<month>{months})\s(?P<d>\d{{1,2}})(?P<dot>\.)(?!\d)",
                    re.IGNORECASE,
                ),
                self._day_after_month,
            ),
            (
                re.compile(
                    rf"(?<![\w.,:]){before}(?<![\w.,:])(?P<h>[01]?\d|2[0-4])(?::|\s?h\s?)"
                    rf"(?P<min>[0-5]\d)(?![\w:]|[.,]\d|\s?(?:min|мин|хв)){marks}",
                    re.IGNORECASE,
                ),
                self._time,
            ),
            (
                re.compile(
                    rf"(?<!\w)(?P<clock>{clock})\s(?P<h>[01]?\d|2[0-4])\."
                    rf"(?P<min>[0-5]\d)(?!\w)(?:\s(?:{after})(?!\w))?",
                    re.IGNORECASE,
                ),
                self._time,
            ),
            (
                re.compile(
                    rf"(?<![\w.,])(?P<h>[01]?\d|2[0-4])\.(?P<min>[0-5]\d)\s(?:{after})(?!\w)"
                ),
                self._time,
            ),
            (
                re.compile(rf"(?<![\w.,])\d{{1,3}}(?:{group}\d{{3}})+(?!\w|{group}\d)"),
                lambda match: re.sub(r"\D", "", match[0]),
            ),
            (re.compile(rf"€\s?(?P<number>{_NUMBER})"), self._in_euro),
            (
                re.compile(
                    rf"(?P<minus>{_MINUS})?(?<![\w.,])(?P<number>{_NUMBER})\s?"
                    rf"(?P<unit>{units})(?![\w°])(?P<dot>\.(?=\s[a-zß-öø-ÿа-яα-ω]))?"
                ),
                self._measure,
            ),
            (
                re.compile(
                    rf"(?P<minus>{_MINUS})?(?<![\w.,])(?P<number>{_NUMBER})(?!\w|[.,]\d)"
                ),
                self._plain,
            ),
            (
                re.compile(rf"(?<![\w.])(?P<short>{_any(self._abbreviations)})(?!\w)"),
                self._expand,
            ),
        ]

    def _date(self, match: re.Match[str]) -> str:
        day, month = int(match["d"]), int(match["m"])
        if not (1 <= day <= 31 and 1 <= month <= 12):
            return match[0]
        return self._table.date.format(
            day=self._day(day, match), month=self._months[month - 1], year=match["y"]
        )

    def _date_without_year(self, match: re.Match[str]) -> str:
        day, month = int(match["d"]), int(match["m"])
        before = match.string[: match.start()].split()
        follows = before and before[-1].casefold() in self._table.endings
        if not follows or not (1 <= day <= 31 and 1 <= month <= 12):
            return match[0]
        stop = "." if match.end() == len(match.string) else ""
        return f"{self._day(day, match)} {self._months[month - 1]}{stop}"

    def _day_before_month(self, match: re.Match[str]) -> str:
        if len(self._table.days) < 31:
            return match[0]  # the voice knows
        return f"{self._day(int(match['d']), match)} "

    def _day_after_month(self, match: re.Match[str]) -> str:
        if len(self._table.days) < 31 or self._table.half_day:
            return match[0]
        return f"{match['month']} {self._day(int(match['d']), match)}"

    def _day(self, day: int, match: re.Match[str]) -> str:
        days = self._table.days
        if not 1 <= day <= len(days):
            return str(day)
        before = match.string[: match.start()].split()
        endings = self._table.endings
        ending = endings.get(before[-1].casefold() if before else "")
        return days[day - 1] + (endings.get("", "") if ending is None else ending)

    def _time(self, match: re.Match[str]) -> str:
        table, groups = self._table, match.groupdict()
        hour, minute = int(match["h"]), int(match["min"])
        clock, half_day = groups.get("clock"), groups.get("half")
        if minute:
            early = table.early or table.time.replace("{h} {m}", "{h} 0 {m}")
            form = early if minute < 10 else table.time
        else:
            form = "{h}" if half_day or (clock and not table.o_clock) else table.hour
        said = self._form(form, hour).format(
            h=self._count(hour, table.gender), m=minute
        )
        return " ".join(part for part in (clock, said, half_day) if part)

    def _count(self, number: int | str, gender: str) -> str:
        """In words, if the gender of what is counted can be heard in it."""
        engine = _engine(self._language) if gender else None
        if engine is None:
            return str(number)
        words = _cardinal(engine, int(number), gender)
        return str(number) if words == _cardinal(engine, int(number)) else words

    def _in_euro(self, match: re.Match[str]) -> str:
        return self._quantity("", match["number"], "€")

    def _measure(self, match: re.Match[str]) -> str:
        before, after = match.string[: match.start()], match.string[match.end() :]
        if match["unit"] == "s" and re.match(r"\s\w", after):
            return match[0]  # "with" in four languages
        if match["unit"] == "s" and (
            re.fullmatch(r"\d{4}", match["number"])
            or before.rstrip("'’")[-4:] == "the "
        ):
            return match[0]  # "the 90s"
        return self._quantity(match["minus"] or "", match["number"], match["unit"])

    def _quantity(self, minus: str, number: str, unit: str) -> str:
        whole, _, decimals = number.replace(",", ".").partition(".")
        word = self._form(self._units[unit], int(whole), whole=not decimals)
        return f"{self._number(minus, number, self._genders.get(word, ''))} {word}"

    def _plain(self, match: re.Match[str]) -> str:
        number, minus = match["number"], match["minus"] or ""
        if not minus and number.isdecimal():
            return match[0]
        return self._number(minus, number)

    def _counted(self, match: re.Match[str]) -> str:
        gender = self._genders[match["word"]]
        return self._number(match["minus"] or "", match["number"], gender)

    def _number(self, minus: str, number: str, gender: str = "") -> str:
        whole, _, decimals = number.replace(",", ".").partition(".")
        sign = f"{self._table.minus} " if minus else ""
        if not decimals.strip("0"):
            return f"{sign}{self._count(whole, gender)}"
        comma = self._form(self._table.comma, int(whole))
        return f"{sign}{whole} {comma} {self._decimals(decimals)}"

    def _decimals(self, decimals: str) -> str:
        names = self._table.fractions.split()
        if names and len(decimals) <= len(names):
            return f"{int(decimals)} {names[len(decimals) - 1]}"
        if self._table.point or len(decimals) > 2 or decimals.startswith("0"):
            return " ".join(decimals)
        return decimals

    def _form(self, forms: str, number: int, *, whole: bool = True) -> str:
        each = forms.split("|")
        place = PLURALS[self._table.plural](number, whole=whole)
        return each[min(place, len(each) - 1)]

    def _expand(self, match: re.Match[str]) -> str:
        words = self._abbreviations[match["short"]]
        ends = match.end() == len(match.string) and match["short"].endswith(".")
        return f"{words}." if ends else words


def _pairs(entries: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(short, words) for short, _, words in (e.partition(" ") for e in entries)]


def _genders(table: _Table, units: Mapping[str, str]) -> dict[str, str]:
    """The gender of each word for a unit, in all its forms."""
    by_unit = {
        u: gender for gender, some in table.genders.items() for u in some.split()
    }
    others = by_unit.pop("*", "")
    found = dict.fromkeys(table.o_clock.split(), table.gender)
    for unit, words in units.items():
        found |= dict.fromkeys(words.split("|"), by_unit.get(unit, others))
    return {word: gender for word, gender in found.items() if gender}


def _pairs_with_gaps(entries: tuple[str, ...]) -> dict[str, str]:
    """Abbreviations may have gaps: the last part that ends in a stop ends them."""
    pairs = {}
    for entry in entries:
        parts = entry.split(" ")
        stops = [n for n, part in enumerate(parts) if part.endswith(".")]
        length = stops[-1] + 1 if stops else 1
        short, words = " ".join(parts[:length]), " ".join(parts[length:])
        pairs[short] = words
        pairs.setdefault(short[0].upper() + short[1:], words[0].upper() + words[1:])
    return pairs


def _any(words: Any) -> str:
    """A pattern for the longest of `words`; one that never matches, if there are none."""
    ordered = sorted(words, key=len, reverse=True)
    return "|".join(map(re.escape, ordered)) or r"(?!)"


@cache
def _reader(language: str) -> _Reader | None:
    table = _tables().get(language)
    if table is None:
        return None
    values: dict[str, Any] = {
        k: tuple(v) if isinstance(v, list) else v for k, v in table.items()
    }
    return _Reader(language, _Table(**values))


@cache
def _tables() -> dict[str, dict[str, Any]]:
    source = files("voice") / "spoken_forms.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))


@cache
def _engine(language: str) -> RbnfEngine | None:
    try:
        return RbnfEngine.for_language(_RBNF.get(language, language))
    except ValueError:
        return None


def _cardinal(engine: RbnfEngine, number: int, gender: str = "") -> str:
    rules = engine.format_number(number).text_by_ruleset
    words = rules.get(f"spellout-cardinal-{gender}") or next(iter(rules.values()))
    # The rules break long words softly, and write an apostrophe as a letter.
    return words.replace("\u00ad", "").replace("ʼ", "'")
