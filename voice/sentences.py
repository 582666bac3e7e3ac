"""Where a reply may be cut, so that its beginning is spoken before its end is known.

The first chunk is a clause if there is one: the sooner it is spoken, the better. The
others are sentences, which sound better whole. A cut falls after white space, and
the chunks put together are the text again.

Whether a full stop ends a sentence is a question of the language. The rules, in order:

1. A new line ends a sentence, whatever stands before it.
2. ``!``, ``?`` and ``…`` end one; so does ``;`` in Greek, which asks with it.
3. A full stop ends one, but not after a single letter ("z. B.", "M. Dupont"), not
   after an abbreviation that names or numbers follow ("Dr.", "no. 5"), and not after
   the number of a day in German, where the month has a capital.
4. No full stop or ``…`` before a small letter ends one ("3. toukokuuta").
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

__all__ = ["LONGEST_CHUNK", "SentenceSplitter", "chunks"]

LONGEST_CHUNK = 240
"""Characters of a chunk, white space at its end not counted; a longer sentence is cut
at a clause, or between words, or within a word if it must be."""

FIRST_CLAUSE_WORDS = 3
"""Words that the first chunk needs: fewer are over before the next is ready."""

CLOSING = "\"'”’»“‘›)]}*_"
OPENING = "\"'“‘«„‚»›([{*_¿¡"

CLAUSE_MARKS = frozenset(",;:–—")

GREEK_QUESTION_MARK = ";"

ABBREVIATIONS: Mapping[str, frozenset[str]] = {
    language: frozenset(words.split())
    for language, words in {
        "bg": "г т.е гр ул бул др проф инж напр вкл стр ном",
        "ca": "sr sra srta dr dra prof av núm tel pl p.ex ex aprox",
        "cs": "např tzv resp cca tj dr ing mgr prof str č ul nám tel sv",
        "da": "f.eks eks bl.a ca dr prof hr kl nr sct tlf inkl ekskl dvs",
        "de": "z.b d.h u.a o.ä i.d.r bzw ca evtl ggf inkl exkl zzgl nr str st dr prof"
        " hr fr hl med mio mrd max min std sek tel vgl jh abs geb",
        "el": "π.χ δηλ κ.λπ κ.ά κος κα δρ αρ οδ λεωφ τηλ περ",
        "en": "e.g i.e mr mrs ms dr prof st mt no vs approx fig vol tel jr",
        "es": "p.ej ej ee sr sra srta dr dra prof av avda núm nº tel aprox d.ª ud uds",
        "et": "nt st s.o s.t jne ca dr prof hr pr nr tel lk",
        "fi": "esim ns ts mm yms n klo nro puh tri prof hra rva s",
        "fr": "p.ex ex c.-à-d m mm mme mlle dr pr prof st ste av bd n° tél env",
        "ga": "m.sh .i uimh dr prof lch",
        "hr": "npr tj tzv dr prof mr ing ul br tel g gđa str sv",
        "hu": "pl kb ún ill dr prof id ifj u sz tel stb özv",
        "it": "p.es es sig sig.ra dott dott.ssa prof ing avv n nr tel pag ca v.le",
        "lt": "pvz t.y dr prof g pr al nr tel p vad",
        "lv": "piem t.i dr plkst prof nr tel lpp u.c",
        "mt": "eż dr prof nru tel",
        "nb": "f.eks eks bl.a ca dr prof hr fr kl nr tlf inkl ekskl dvs",
        "nl": "bijv bv d.w.z o.a ca dr ir mr drs prof dhr mevr nr tel st",
        "pl": "np tj tzn tzw m.in godz dr hab inż mgr prof ul al nr tel św str ok",
        "pt": "p.ex ex sr sra dr dra prof av n.º tel aprox eng",
        "ro": "ex dl d-na dna dr prof ing str nr tel bd aprox",
        "sk": "napr tzv resp cca tj t.j dr ing mgr prof str č ul nám tel sv",
        "sl": "npr tj dr prof mag g ga ul št tel sv str",
        "sv": "t.ex ex bl.a d.v.s dvs ca dr kl prof nr tel st inkl exkl",
        "uk": "напр див вул бул просп ім проф др м стор тел",
    }.items()
}
"""Without their last full stop, small letters; only those that a capital or a number
follows within a sentence, since rule 4 covers the others."""

ONLY_BEFORE_NUMBERS = frozenset({"no", "ok"})
"""Abbreviations that are words of their own as well."""

DAYS_WITH_CAPITAL_MONTHS = frozenset({"de"})

_GAP = re.compile(r"\s+")
_DAY = re.compile(r"\d{1,2}\.")


class _Break(Enum):
    """What a gap between two words separates."""

    WORDS = 0
    CLAUSES = 1
    SENTENCES = 2


@dataclass(frozen=True, slots=True)
class _Gap:
    """White space between two words, or at the end of the text."""

    start: int
    end: int
    kind: _Break


def chunks(text: str, language: str) -> list[str]:
    """Cut a whole reply.

    Args:
        text: the reply.
        language: BCP 47 tag; in one without a table the general rules hold.

    Returns:
        The chunks, which put together are `text`; none if it is empty.
    """
    splitter = SentenceSplitter(language)
    return [*splitter.feed(text), *splitter.finish()]


class SentenceSplitter:
    """Cuts a reply that arrives in pieces, at the same places as `chunks`."""

    def __init__(self, language: str) -> None:
        self._language = language
        self._rest = ""
        self._first = True

    def feed(self, piece: str) -> list[str]:
        """The chunks that `piece` completes; a cut waits for the word after it."""
        self._rest += piece
        return list(self._cut_off(last=False))

    def finish(self) -> list[str]:
        """What is left, when no more text comes."""
        found = list(self._cut_off(last=True))
        if self._rest:
            found.append(self._rest)
        self._rest = ""
        self._first = True
        return found

    def _cut_off(self, *, last: bool) -> Iterator[str]:
        while (cut := self._next_cut(last=last)) is not None:
            chunk, self._rest = self._rest[:cut], self._rest[cut:]
            self._first = False
            yield chunk

    def _next_cut(self, *, last: bool) -> int | None:
        """Where the next chunk ends; None if that cannot be told yet, or it is all."""
        best: _Gap | None = None
        for number, gap in enumerate(self._gaps()):
            if gap.end == len(self._rest):
                return None if not last else gap.end
            if gap.kind is _Break.SENTENCES or (
                self._first
                and gap.kind is _Break.CLAUSES
                and number + 1 >= FIRST_CLAUSE_WORDS
            ):
                return gap.end
            if best is None or gap.kind.value >= best.kind.value:
                best = gap
        if len(self._rest) <= LONGEST_CHUNK:
            return None
        return best.end if best else LONGEST_CHUNK

    def _gaps(self) -> Iterator[_Gap]:
        """Every gap that a chunk of at most `LONGEST_CHUNK` could end with."""
        rest = self._rest
        word_start = 0
        for match in _GAP.finditer(rest):
            start, end = match.span()
            if start > LONGEST_CHUNK:
                return
            if start:
                following = rest[end : end + 1]
                word = rest[word_start:start]
                kind = _classify(word, match.group(), following, self._language)
                yield _Gap(start, end, kind)
            word_start = end


def _classify(word: str, gap: str, following: str, language: str) -> _Break:
    """What separates `word` from the text that begins with `following`."""
    if "\n" in gap:
        return _Break.SENTENCES
    bare = word.rstrip(CLOSING)
    mark = bare[-1:]
    if mark in ("!", "?") or (mark == GREEK_QUESTION_MARK and language == "el"):
        return _Break.SENTENCES
    if mark == "…" or bare.endswith(".."):
        return _Break.WORDS if following.islower() else _Break.SENTENCES
    if mark == ".":
        ends = not following.islower() and _stop_ends(bare, following, language)
        return _Break.SENTENCES if ends else _Break.WORDS
    return _Break.CLAUSES if mark in CLAUSE_MARKS else _Break.WORDS


def _stop_ends(word: str, following: str, language: str) -> bool:
    """Whether the full stop at the end of `word` can end a sentence."""
    stem = word.lstrip(OPENING)[:-1].casefold()
    if len(stem) == 1 and stem.isalpha():
        # English ends sentences with "I", and with nothing else of one letter.
        return language == "en" and stem == "i"
    if stem in ABBREVIATIONS.get(language, frozenset()):
        return stem in ONLY_BEFORE_NUMBERS and not following.isdigit()
    return not (language in DAYS_WITH_CAPITAL_MONTHS and _DAY.fullmatch(word))
