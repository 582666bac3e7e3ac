"""The sounds that an acoustic model tells apart: one inventory for all languages.

eSpeak NG has some three hundred symbols for the sounds of 27 languages. Most differ
in stress, in length or in a finer point that a language does not need to tell words
apart. Folded together, every language teaches the sounds of every other one.
"""

import unicodedata
from functools import cache

__all__ = ["PHONES", "SILENCE", "atoms"]

SILENCE = 0
"""The number of "nobody speaks" in `PHONES`."""

PHONES = (
    "",
    *("p", "b", "t", "d", "k", "ɡ", "c", "ɟ"),
    *("f", "v", "s", "z", "ʃ", "ʒ", "θ", "ð", "x", "ɣ", "h", "ç", "β"),
    *("m", "n", "ɲ", "ŋ", "l", "ʎ", "r", "ɹ", "ʁ", "j", "w"),
    *("a", "ɑ", "ɐ", "ɛ", "e", "ə", "i", "ɪ", "ɨ", "ɔ", "o", "u", "ʊ", "ʉ"),
    *("y", "ø", "æ", "ɑ̃", "ɔ̃", "ɛ̃", "ɐ̃"),
)
"""Symbols of the IPA; a sound is known by its place here."""

_FOLDED = {
    "g": "ɡ",
    "ɾ": "r",
    "ɭ": "l",
    "ɫ": "l",
    "ɱ": "m",
    "ʝ": "j",
    "ʂ": "ʃ",
    "ɕ": "ʃ",
    "ʑ": "ʒ",
    "ʋ": "v",
    "ʌ": "ɐ",
    "ɒ": "ɔ",
    "ɜ": "ə",
    "ɵ": "ʉ",
    "œ": "ø",
    "ʏ": "y",
    "ε": "ɛ",
    "A": "ɑ",
}
"""Sounds that share a class with another one."""

_NASAL = {"ɑ": "ɑ̃", "a": "ɑ̃", "ɔ": "ɔ̃", "o": "ɔ̃", "ɛ": "ɛ̃", "ø": "ɛ̃", "ɐ": "ɐ̃"}
_TILDE = "\N{COMBINING TILDE}"
_RAISED_R = "r\N{COMBINING UP TACK BELOW}"


@cache
def atoms(symbol: str) -> tuple[str, ...]:
    """The sounds of `PHONES` that make up one of eSpeak's symbols, in order.

    Stress, length and palatalisation are dropped, diphthongs and affricates taken
    apart; a mark of another language, as in "(en)", is no sound.

    >>> atoms("ˈaʊ"), atoms("tʃ"), atoms("(en)")
    (('a', 'ʊ'), ('t', 'ʃ'), ())
    """
    if symbol.startswith("("):
        return ()
    symbol = unicodedata.normalize("NFD", symbol).replace(_RAISED_R, "rʒ")
    # "ç" is a letter of its own here, not a c with a mark.
    symbol = symbol.replace("c\N{COMBINING CEDILLA}", "ç")
    found: list[str] = []
    for letter in symbol:
        sound = _FOLDED.get(letter, letter)
        if letter == _TILDE and found and found[-1] in _NASAL:
            found[-1] = _NASAL[found[-1]]
        elif sound in PHONES:
            found.append(sound)
    return tuple(found)
