"""Sentences that people may say: sampled from the grammar, and open speech.

The sampler walks the templates themselves, not the compiled graph of them, so that
it can be used to test that graph.
"""

import random
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from hassil import Intents
from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    TextChunk,
)
from hassil.intents import IntentData, RangeSlotList, TextSlotList
from hassil.numbers import get_rbnf_engine

from voice.home import Home, spoken_names
from voice.responders.sentences import load_sentences

__all__ = ["Sampler", "open_speech"]

_EVERYDAY = {
    "HassTurnOn": 6,
    "HassTurnOff": 6,
    "HassLightSet": 4,
    "HassGetState": 4,
    "HassStartTimer": 4,
    "HassGetCurrentTime": 2,
    "HassClimateSetTemperature": 3,
    "HassClimateGetTemperature": 2,
    "HassSetPosition": 2,
    "HassListAddItem": 2,
}
"""How often an intent is drawn; once where it is not named."""

_NUMBERS_BY = {"nb": "no"}


class _UnsayableError(Exception):
    """The walk came to a list that is empty or takes anything."""


@dataclass(frozen=True, slots=True)
class _Block:
    intent: str
    data: IntentData


class Sampler:
    """Draws sentences of one language, about one home."""

    def __init__(self, language: str, home: Home, rng: random.Random) -> None:
        data = load_sentences(language)
        assert data is not None, language
        self._rng = rng
        self._intents = Intents.from_dict(data)
        self._engine = get_rbnf_engine(_NUMBERS_BY.get(language, language))
        self._names: Mapping[str, list[str]] = {
            "name": [n for d in home.devices for n in spoken_names(d.names, language)],
            "area": [n for a in home.areas for n in spoken_names(a.names, language)],
            "floor": [n for f in home.floors for n in spoken_names(f.names, language)],
        }
        self._blocks = [
            _Block(name, block)
            for name, intent in self._intents.intents.items()
            for block in intent.data
            for _ in range(_EVERYDAY.get(name, 1))
        ]

    def sentences(self) -> Iterator[str]:
        """Without end, in lower case, numbers in words; few wishes are sensible."""
        while True:
            block = self._rng.choice(self._blocks)
            sentence = self._rng.choice(block.data.sentences)
            try:
                text = self._say(sentence.expression, block.data)
            except _UnsayableError:
                continue
            yield " ".join(text.casefold().split())

    def _say(self, expression: Expression, block: IntentData) -> str:
        match expression:
            case TextChunk(text=text):
                return str(text)
            case RuleReference(rule_name=name):
                rules = {**self._intents.expansion_rules, **block.expansion_rules}
                return self._say(rules[name].expression, block)
            case ListReference():
                return self._value(expression, block)
            case Alternative(items=items, is_optional=True):
                # Most people leave out most of what may be left out.
                left_out = self._rng.random() < 0.7 and not _holds_name(items)
                return "" if left_out else self._say(self._rng.choice(items), block)
            case Alternative(items=items):
                return self._say(self._rng.choice(items), block)
            case Permutation(items=items):
                order = self._rng.sample(items, len(items))
                return "".join(self._say(item, block) for item in order)
            case Group(items=items):
                return "".join(self._say(item, block) for item in items)
            case _:
                raise AssertionError(f"no such expression: {expression!r}")

    def _value(self, reference: ListReference, block: IntentData) -> str:
        name = reference.list_name
        if name in self._names:
            return self._rng.choice(self._names[name])
        lists = {**self._intents.slot_lists, **block.slot_lists}
        match lists.get(name):
            case RangeSlotList(start=start, stop=stop):
                lowest = max(start, 2)
                number = self._rng.randint(lowest, max(lowest, min(stop, 60)))
                return str(self._engine.format_number(number).text)
            case TextSlotList(values=values) if values:
                return self._say(self._rng.choice(values).text_in, block)
            case _:
                raise _UnsayableError(name)


def _holds_name(items: list[Any]) -> bool:
    return any(isinstance(item, ListReference) for item in items)


@cache
def open_speech() -> Mapping[str, tuple[str, ...]]:
    """By language: what people say to an assistant or beside it, no command."""
    source = Path(__file__).with_name("open_speech.toml")
    table = tomllib.loads(source.read_text(encoding="utf-8"))
    return {language: tuple(texts) for language, texts in table.items()}
