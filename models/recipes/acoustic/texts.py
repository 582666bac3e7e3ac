"""What is read aloud to the acoustic model: commands, pieces of them, loose words.

The model learns sounds, not sentences, so nothing here need make sense: what counts is
that every sound of every language comes in every neighbourhood.
"""

import random
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    TextChunk,
)
from hassil.intents import Intents, RangeSlotList, TextSlotList
from wordfreq import available_languages, top_n_list

from voice.held_out import is_held_out
from voice.home import spoken_names
from voice.home_files import demo_home
from voice.responders.sentences import load_sentences

_LONGEST = 70
_POOL = 2500
_STRANGE = re.compile(r"[^\w' \-]|_")
_SPACES = re.compile(r"\s+")
_FREQUENT_WORDS = 8000


class _UnsayableError(Exception):
    """This way through a template needs something that we have no words for."""


class Texts:
    """Random texts of one language.

    Args:
        language: one with a grammar.
        rng: where the choices come from.
        test: give sentences of the test split, not of the training split.
    """

    def __init__(
        self, language: str, rng: random.Random, *, test: bool = False
    ) -> None:
        self.language = language
        self._rng = rng
        self._test = test
        source = load_sentences(language)
        assert source is not None, f"no grammar for {language}"
        self._grammar = Intents.from_dict(source)
        self._names = [
            name
            for thing in (*demo_home().devices, *demo_home().areas)
            for name in spoken_names(thing.names, language)
        ]
        self._templates = [
            [(s.expression, data) for data in intent.data for s in data.sentences]
            for intent in self._grammar.intents.values()
            if any(data.sentences for data in intent.data)
        ]
        # Where no list of words is at hand, the names of the demo home are the words.
        self._words = frequent_words(language) or tuple(
            word for name in self._names for word in name.split()
        )
        self._commands = list(self._sampled())

    def command(self) -> str:
        """A whole command."""
        return self._rng.choice(self._commands)

    def piece(self) -> str:
        """One to three neighbouring words of a command."""
        words = self.command().split()
        count = min(len(words), self._rng.randint(1, 3))
        first = self._rng.randint(0, len(words) - count)
        return " ".join(words[first : first + count])

    def words(self) -> str:
        """One to six frequent words in no order, or a number."""
        if self._rng.random() < 0.1:
            return str(self._rng.randint(0, self._rng.choice((30, 100, 2000))))
        count = self._rng.choice((1, 1, 2, 3, 4, 5, 6))
        return " ".join(self.word() for _ in range(count))

    def word(self) -> str:
        """One word; frequent ones more often, as in speech."""
        return self._words[int(len(self._words) * self._rng.random() ** 2)]

    def _sampled(self) -> Iterator[str]:
        count = tries = 0
        while count < _POOL and tries < 12 * _POOL:
            tries += 1
            expression, data = self._rng.choice(self._rng.choice(self._templates))
            try:
                text = self._expand(expression, data, 0)
            except (_UnsayableError, RecursionError):
                continue
            text = _SPACES.sub(" ", text).strip()
            if (
                2 <= len(text) <= _LONGEST
                and not _STRANGE.search(text)
                and is_held_out(text.lower()) == self._test
            ):
                count += 1
                yield text

    def _expand(self, node: Expression, data: Any, depth: int) -> str:
        if depth > 40:
            raise RecursionError
        if isinstance(node, TextChunk):
            return node.original_text
        if isinstance(node, Alternative):
            return self._expand(self._rng.choice(node.items), data, depth + 1)
        if isinstance(node, Permutation):
            order = self._rng.sample(node.items, len(node.items))
            return " ".join(self._expand(item, data, depth + 1) for item in order)
        if isinstance(node, Group):
            return "".join(self._expand(item, data, depth + 1) for item in node.items)
        if isinstance(node, RuleReference):
            rules = {**self._grammar.expansion_rules, **(data.expansion_rules or {})}
            if node.rule_name not in rules:
                raise _UnsayableError(node.rule_name)
            return self._expand(rules[node.rule_name].expression, data, depth + 1)
        if isinstance(node, ListReference):
            return self._slot(node, data, depth)
        raise _UnsayableError(type(node).__name__)

    def _slot(self, node: ListReference, data: Any, depth: int) -> str:
        name = node.list_name
        if (inline := node.get_inline_range()) is not None:
            return str(self._rng.randrange(inline[0], inline[1] + 1, inline[2]))
        values = (data.slot_lists or {}).get(name) or self._grammar.slot_lists.get(name)
        if isinstance(values, TextSlotList) and values.values:
            text = self._rng.choice(values.values).text_in
            return self._expand(getattr(text, "expression", text), data, depth + 1)
        if isinstance(values, RangeSlotList):
            return str(self._rng.randrange(values.start, values.stop + 1, values.step))
        # Names of things are the user's own: some of the demo home, some of any words.
        if self._rng.random() < 0.5:
            return self._rng.choice(self._names)
        return " ".join(self.word() for _ in range(self._rng.choice((1, 1, 2))))


_CYRILLIC = re.compile(r"[а-яА-Я]")


@cache
def frequent_words(language: str) -> tuple[str, ...]:
    """The frequent words of a language; empty where no list of them is at hand."""
    listed = available_languages()
    tag = {"hr": "sh"}.get(language, language)
    if tag not in listed:
        return ()
    words = top_n_list(tag, _FREQUENT_WORDS)
    if language == "hr":
        words = [word for word in words if word.isascii() or not _CYRILLIC.search(word)]
    return tuple(
        word for word in words if len(word) > 1 and word.replace("'", "").isalpha()
    )
