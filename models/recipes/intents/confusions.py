"""What recognisers make of words, learned from what one of them heard.

Two things are learned: which words became which, in the languages that were heard; and
which letters became which, for every language. Letters of other alphabets go wrong as
the Latin letters do that stand for the same sounds.
"""

import random
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace

from models.recipes.intents.commands import Command, Word
from models.recipes.intents.hearing import Heard, aligned_places

__all__ = ["Confusions"]

_LATIN = {
    **dict(zip("абвгдезийклмнопрстуфхц", "abvgdezijklmnoprstufhc", strict=True)),
    **dict(zip("αβγδεζηικλμνξοπρστυφχω", "avgdezikklmnxoprstufho", strict=True)),
}

_EVEN = {
    **dict.fromkeys("aeiouy", "aeiou"),
    "b": "pvd", "p": "bt", "d": "tb", "t": "dk", "g": "kd", "k": "gt", "v": "fbw",
    "f": "vs", "s": "zf", "z": "s", "m": "n", "n": "m", "r": "l", "l": "rn",
}  # fmt: skip
"""Likely confusions where nothing was heard of a letter."""

LETTER_RATE = 0.08
"""Of letters that go wrong at strength 1."""

WORD_RATE = 0.2
"""Of words that are replaced by what was heard for them, at strength 1."""


class Confusions:
    """Mishears commands.

    Args:
        heard: pairs to learn from; without any, only likely letters are confused.
    """

    def __init__(self, heard: Sequence[Heard] = ()) -> None:
        self._letters: dict[str, Counter[str]] = defaultdict(Counter)
        self._words: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for pair in heard:
            self._learn(pair)
        for letter, others in _EVEN.items():
            for other in others:
                self._letters[letter][other] += 1
        self._back: dict[str, list[str]] = defaultdict(list)
        for letter, latin in _LATIN.items():
            self._back[latin].append(letter)

    def misheard(
        self, command: Command, rng: random.Random, strength: float
    ) -> Command:
        """`command` as a recogniser might write it.

        Args:
            command: what was said.
            rng: where the choices come from.
            strength: 0 leaves it as it is, 1 is a bad recogniser.
        """
        words = []
        for word in command.words:
            known = self._words.get((command.language, word.text))
            if known and rng.random() < WORD_RATE * strength:
                (text,) = rng.choices(list(known), list(known.values()))
            else:
                text = self._misspelled(word.text, rng, strength)
            words += [Word(part, word.slots) for part in text.split()]
        words = self._joined(words, rng, strength)
        if rng.random() < 0.15 * strength:
            words = [replace(word, text=_plain(word.text)) for word in words]
        return replace(command, words=tuple(words))

    def _misspelled(self, word: str, rng: random.Random, strength: float) -> str:
        if word.isdecimal() or rng.random() > 2.5 * strength * LETTER_RATE * 4:
            return word
        out = []
        for letter in word:
            if rng.random() >= LETTER_RATE * strength * 1.6:
                out.append(letter)
                continue
            kind = rng.random()
            if kind < 0.25:
                continue
            out.append(letter if kind < 0.4 else self._other(letter, rng))
            if kind < 0.4:
                out.append(self._other(letter, rng))
        return "".join(out) or word

    def _other(self, letter: str, rng: random.Random) -> str:
        base = _plain(letter)
        latin = _LATIN.get(base, base)
        others = self._letters.get(latin)
        if not others:
            return letter
        (other,) = rng.choices(list(others), list(others.values()))
        if latin != base:
            return rng.choice(self._back.get(other, [letter]))
        return other

    def _joined(
        self, words: list[Word], rng: random.Random, strength: float
    ) -> list[Word]:
        """Now and then two words become one, or one becomes two."""
        out: list[Word] = []
        for word in words:
            if out and rng.random() < 0.03 * strength:
                last = out.pop()
                out.append(Word(last.text + word.text, last.slots | word.slots))
            elif len(word.text) > 5 and rng.random() < 0.03 * strength:
                at = rng.randint(2, len(word.text) - 2)
                out += [Word(word.text[:at], word.slots)]
                out += [Word(word.text[at:], word.slots)]
            else:
                out.append(word)
        return out

    def _learn(self, pair: Heard) -> None:
        said, heard = pair.command.text, pair.text
        if not heard:
            return
        places = aligned_places(said, heard)
        matched = sum(
            p is not None and heard[i] == said[p] for i, p in enumerate(places)
        )
        if matched < 0.6 * max(len(said), len(heard)):
            # Nothing of it was understood, and nothing can be learned from it.
            return
        for i, place in enumerate(places):
            if place is not None and said[place] != heard[i]:
                a, b = _plain(said[place]), _plain(heard[i])
                if a.isalpha() and b.isalpha() and a != b:
                    self._letters[a][b] += 1
        self._learn_words(pair.command, heard, places)

    def _learn_words(
        self, command: Command, heard: str, places: Sequence[int | None]
    ) -> None:
        word_at = [
            number
            for number, word in enumerate(command.words)
            for _ in range(len(word.text) + 1)
        ]
        parts: dict[int, list[str]] = defaultdict(list)
        at = 0
        for text in heard.split():
            sources = [word_at[p] for p in places[at : at + len(text)] if p is not None]
            at += len(text) + 1
            if sources:
                parts[max(set(sources), key=sources.count)].append(text)
        for number, texts in parts.items():
            said, text = command.words[number].text, " ".join(texts)
            if text != said:
                self._words[command.language, said][text] += 1


def _plain(text: str) -> str:
    """Without accents."""
    parts = unicodedata.normalize("NFD", text)
    return "".join(p for p in parts if not unicodedata.combining(p))
