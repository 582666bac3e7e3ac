"""Number words to digits, for sentences whose templates only know digits."""

from hassil.numbers import get_rbnf_engine

__all__ = ["Numerals"]

_HIGHEST = 100

_EXTRA: dict[str, dict[str, int]] = {
    "da": {"halvtreds": 50, "tres": 60, "firs": 80},
    "de": {"hundert": 100, "zwo": 2},
    "en": {"a hundred": 100, "an": 1},
    "fr": {"septante": 70, "huitante": 80, "nonante": 90},
    "hu": {"két": 2, "tizenkét": 12, "huszonkét": 22},
    "lt": {
        "dviem": 2,
        "trims": 3,
        "keturioms": 4,
        "penkioms": 5,
        "šešioms": 6,
        "septynioms": 7,
        "aštuonioms": 8,
        "devynioms": 9,
        "dešimčiai": 10,
    },
    "lv": {
        "divām": 2,
        "trim": 3,
        "četrām": 4,
        "piecām": 5,
        "sešām": 6,
        "septiņām": 7,
        "astoņām": 8,
        "deviņām": 9,
    },
    "nl": {"één": 1},
    "no": {"et": 1, "ei": 1, "hundre": 100},
    "ro": {"o": 1, "un": 1},
    "sl": {"eno": 1, "en": 1, "dve": 2},
    "sv": {"hundra": 100},
    "uk": {"одну": 1},
}
"""What people say and the rules leave out."""

_HALVES: dict[str, tuple[str, ...]] = {
    "ca": ("i mig", "i mitja"),
    "cs": ("a půl",),
    "da": ("en halv", "og en halv"),
    "de": ("komma fünf", "einhalb"),
    "en": ("and a half", "point five"),
    "es": ("y medio", "y media", "coma cinco"),
    "fr": ("et demi", "et demie", "virgule cinq"),
    "hu": ("és fél",),
    "it": ("e mezzo", "e mezza"),
    "nl": ("en een half", "en een halve", "komma vijf"),
    "pl": ("i pół",),
    "pt": ("e meio", "e meia"),
    "sk": ("a pol",),
    "sl": ("in pol",),
    "sv": ("och en halv", "komma fem"),
    "no": ("og en halv", "komma fem"),
    "uk": ("з половиною",),
}
"""What makes a number half a unit more."""


class Numerals:
    """The numbers 0 to 100 of one language, in words."""

    def __init__(self, language: str) -> None:
        """Learn the words.

        Args:
            language: as `unicode-rbnf` calls it; unknown ones have no words.
        """
        self._words: dict[tuple[str, ...], int] = {}
        self._halves = {_tokens(half) for half in _HALVES.get(language, ())}
        self._by_number: dict[int, list[tuple[str, ...]]] = {}
        for words, number in _spelled(language).items():
            self._words[_tokens(words)] = number
        for tokens, number in self._words.items():
            self._by_number.setdefault(number, []).append(tokens)
        self._longest = max(map(len, self._words), default=0)
        self._beginnings = {
            words[:end]
            for words in self._words
            for end in range(1, len(words))
            if words[0] in {first for (first, *rest) in self._words if not rest}
        }

    @property
    def single_words(self) -> dict[str, int]:
        """Numbers by word, where one word is the number."""
        return {words[0]: n for words, n in self._words.items() if len(words) == 1}

    def spoken(self, number: int) -> tuple[str, ...]:
        """All ways to say a number from 0 to 100."""
        return tuple(" ".join(words) for words in self._by_number.get(number, ()))

    def may_go_on(self, text: str) -> bool:
        """Whether `text` ends in words that begin a longer number ("twenty")."""
        return self._begun(text) > 0

    def without_begun(self, text: str) -> str:
        """`text` without the end of which only a longer number makes sense.

        "vingt et" is "vingt", as nobody knows yet that it will be "vingt et un".
        """
        words = text.replace("-", " ").split()
        start = len(words) - self._begun(text)
        for end in range(len(words), start, -1):
            if tuple(map(_fold, words[start:end])) in self._words:
                return " ".join(words[:end])
        return text

    def _begun(self, text: str) -> int:
        """How many words at the end begin a number that is longer."""
        words = [_fold(word) for word in text.replace("-", " ").split()]
        for length in range(min(self._longest - 1, len(words)), 0, -1):
            if tuple(words[-length:]) in self._beginnings:
                return length
        return 0

    def to_digits(self, text: str) -> str:
        """`text` with every number in words replaced by digits."""
        words = text.replace("-", " ").split()
        folded = [_fold(word) for word in words]
        kept: list[str] = []
        at = 0
        replaced = False
        while at < len(words):
            length, number = self._number_at(folded, at)
            if not length:
                kept.append(words[at])
                at += 1
                continue
            at += length
            half = self._half_at(folded, at)
            at += half
            kept.append(f"{number}.5" if half else str(number))
            replaced = True
        return " ".join(kept) if replaced else text

    def _number_at(self, words: list[str], at: int) -> tuple[int, int]:
        for length in range(min(self._longest, len(words) - at), 0, -1):
            number = self._words.get(tuple(words[at : at + length]))
            if number is None:
                continue
            if number == 1 and not self._half_at(words, at + length):
                # An article, more often than not; the templates know the word.
                break
            return length, number
        if words[at].isdecimal() and self._half_at(words, at + 1):
            return 1, int(words[at])
        return 0, 0

    def _half_at(self, words: list[str], at: int) -> int:
        for half in self._halves:
            if tuple(words[at : at + len(half)]) == half:
                return len(half)
        return 0


def _spelled(language: str) -> dict[str, int]:
    spelled: dict[str, int] = {}
    try:
        engine = get_rbnf_engine(language)
    except ValueError:
        return dict(_EXTRA.get(language, {}))
    for number in range(_HIGHEST + 1):
        try:
            forms = engine.format_number(number).text_by_ruleset.values()
        except ValueError:
            break
        for form in forms:
            spelled.setdefault(form, number)
            # Irish numbers are told with a particle that units do without.
            if language == "ga" and form.startswith("a "):
                spelled.setdefault(form[2:], number)
    for words, number in _EXTRA.get(language, {}).items():
        spelled.setdefault(words, number)
    return spelled


_ALIKE = str.maketrans({"ş": "ș", "ţ": "ț", "ʼ": "'", "’": "'", "\u00ad": None})


def _tokens(words: str) -> tuple[str, ...]:
    return tuple(_fold(word) for word in words.replace("-", " ").split())


def _fold(word: str) -> str:
    # The number rules write Romanian with cedillas where everyone else has commas,
    # Ukrainian with a letter for an apostrophe, and break long words softly.
    return word.casefold().translate(_ALIKE).strip(".,;:!?")
