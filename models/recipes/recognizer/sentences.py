"""What people may say: sentences sampled at random from the assistant's grammar, and everyday speech around them."""

import random
import re
import tomllib
from functools import cache
from pathlib import Path
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
from home_assistant_intents import get_intents
from wordfreq import top_n_list

from models.recipes.recognizer.text import spoken
from voice.held_out import is_held_out

LANGUAGES = ("en", "de", "fr", "es")
LONGEST = 75
"""Characters."""

FAVORITES = {
    "HassTurnOn": 6.0,
    "HassTurnOff": 6.0,
    "HassLightSet": 5.0,
    "HassGetState": 5.0,
    "HassStartTimer": 5.0,
    "HassClimateSetTemperature": 3.0,
    "HassClimateGetTemperature": 3.0,
    "HassSetPosition": 2.0,
    "HassGetWeather": 2.0,
    "HassCancelTimer": 2.0,
    "HassTimerStatus": 2.0,
    "HassShoppingListAddItem": 2.0,
    "HassListAddItem": 2.0,
}
"""How often an intent is sampled; 1 where it is not named."""

ROUND_NUMBERS = (5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 70, 75, 80, 90, 100)
_LIST_OF_SLOT = {
    "area": "areas",
    "floor": "floors",
    "message": "messages",
    "search_query": "media",
    "shopping_list_item": "items",
    "todo_list_item": "tasks",
    "timer_name": "timers",
    "timer_command": "commands",
    "zone": "zones",
}
_STRANGE = re.compile(r"[^\w' \-]|_")


class _UnsayableError(Exception):
    """This way through a template needs something that we have no words for."""


@cache
def words_of(language: str) -> dict[str, list[str]]:
    """The word lists of one language."""
    path = Path(__file__).parent / "words" / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


@cache
def _frequent_words(language: str) -> tuple[str, ...]:
    words = top_n_list(language, 15_000)
    return tuple(
        word for word in words if len(word) > 1 and word.replace("'", "").isalpha()
    )


class Sentences:
    """Random sentences of one language.

    Args:
        language: one of `LANGUAGES`.
        rng: where the choices come from.
        test: sample the test split, not the training split.
    """

    def __init__(
        self, language: str, rng: random.Random, *, test: bool = False
    ) -> None:
        self.language = language
        self._rng = rng
        self._test = test
        self._words = words_of(language)
        self._grammar = _grammar(language)
        self._templates: list[list[tuple[Expression, Any]]] = []
        self._weights: list[float] = []
        for name, intent in self._grammar.intents.items():
            templates = [
                (sentence.expression, data)
                for data in intent.data
                for sentence in data.sentences
            ]
            if templates:
                self._templates.append(templates)
                self._weights.append(FAVORITES.get(name, 1.0))

    def command(self) -> str:
        """A whole command, normalised."""
        return self._of_split(self._template)

    def phrase(self) -> str:
        """Something short that people say to an assistant."""
        return spoken(self._rng.choice(self._words["phrases"]), self.language)

    def filler(self) -> str:
        """One to five words of the open vocabulary, in no order."""

        def pick() -> str:
            return " ".join(
                self._open_word()
                for _ in range(self._rng.choice((1, 1, 2, 2, 3, 4, 5)))
            )

        return self._of_split(pick)

    def piece(self) -> str:
        """One or two neighbouring words of a command."""

        def cut() -> str:
            words = self._template().split()
            count = min(len(words), self._rng.randint(1, 2))
            first = self._rng.randint(0, len(words) - count)
            return " ".join(words[first : first + count])

        return self._of_split(cut)

    def _of_split(self, make: Any) -> str:
        while True:
            text: str = make()
            if text and is_held_out(text) == self._test:
                return text

    def _template(self) -> str:
        while True:
            (templates,) = self._rng.choices(self._templates, self._weights)
            expression, data = self._rng.choice(templates)
            try:
                text = spoken(self._expand(expression, data, 0), self.language)
            except (_UnsayableError, RecursionError):
                continue
            if 2 <= len(text) <= LONGEST and not _STRANGE.search(text):
                return text

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
        if name == "name":
            return self._name()
        if name in _LIST_OF_SLOT:
            return self._rng.choice(self._words[_LIST_OF_SLOT[name]])
        if (inline := node.get_inline_range()) is not None:
            return str(self._number(*inline))
        values = (data.slot_lists or {}).get(name) or self._grammar.slot_lists.get(name)
        if isinstance(values, TextSlotList):
            text = self._rng.choice(values.values).text_in
            return self._expand(getattr(text, "expression", text), data, depth + 1)
        if isinstance(values, RangeSlotList):
            return str(self._number(values.start, values.stop, values.step))
        raise _UnsayableError(name)

    def _number(self, start: int, stop: int, step: int) -> int:
        common = [number for number in ROUND_NUMBERS if start <= number <= stop]
        if common and self._rng.random() < 0.4:
            return self._rng.choice(common)
        if stop >= 30 > start and self._rng.random() < 0.4:
            return self._rng.randrange(start, 30, step)
        return self._rng.randrange(start, stop + 1, step)

    def _name(self) -> str:
        return self._rng.choice(self._words["name_patterns"]).format(
            device=self._rng.choice(self._words["devices"]),
            area=self._rng.choice(self._words["areas"]),
            word=self._open_word(),
        )

    def _open_word(self) -> str:
        frequent = _frequent_words(self.language)
        # Cubing favours frequent words, as speech does, without hiding the rare ones.
        return frequent[int(len(frequent) * self._rng.random() ** 3)]


@cache
def _grammar(language: str) -> Intents:
    source = get_intents(language)
    assert source is not None
    return Intents.from_dict(source)
