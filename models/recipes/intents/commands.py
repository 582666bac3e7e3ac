"""Commands with what they mean: sampled from the grammar, word by word labelled.

A slot that takes the user's own words (a name, a number, an item) labels the words
that fill it, so that a sentence can be bent, misheard and cut without losing its
meaning. A slot with machine words (a kind of device, a color) is known by its value.
"""

import random
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from hassil.expression import (
    Alternative,
    Expression,
    Group,
    ListReference,
    Permutation,
    RuleReference,
    TextChunk,
)
from hassil.intents import IntentData, Intents, RangeSlotList, TextSlotList

from models.recipes.acoustic.texts import frequent_words
from voice.home import spoken_names
from voice.home_files import demo_home
from voice.responders.numerals import Numerals
from voice.responders.parsing import number_rules
from voice.responders.pointing import NUMBERS, words_of
from voice.responders.sentences import load_sentences

__all__ = ["NOTHING", "Command", "Commands", "Word"]

NOTHING = ""
"""The intent of what is no command."""

LONGEST = 16
"""Words."""

NOT_LEARNED = frozenset({"HassNevermind", "HassRespond"})
"""Small talk, which no model may propose (`voice.responders.wishes`)."""

FAVORITES = {
    "HassTurnOn": 6.0,
    "HassTurnOff": 6.0,
    "HassLightSet": 5.0,
    "HassGetState": 5.0,
    "HassStartTimer": 4.0,
    "HassClimateSetTemperature": 3.0,
    "HassClimateGetTemperature": 3.0,
    "HassSetPosition": 2.5,
    "HassGetWeather": 2.0,
    "HassSetVolume": 2.0,
    "HassListAddItem": 2.0,
    "HassShoppingListAddItem": 2.0,
}
"""How often an intent is sampled; 1 where it is not named."""

ROUND_NUMBERS = (5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 70, 75, 80, 90, 100)

_DELAYED = "conversation_command"
_STRANGE = re.compile(r"[^\w' \-%°]|_")
_WORDS = Path(__file__).parents[1] / "recognizer" / "words"


class _UnsayableError(Exception):
    """This way through a template needs something that we have no words for."""


@dataclass(frozen=True, slots=True)
class Word:
    """A word and the slots that it helps to fill."""

    text: str
    slots: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Command:
    """A sentence and what it asks for."""

    language: str
    words: tuple[Word, ...]
    intent: str
    """`NOTHING` if it asks for nothing that can be done at once."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Machine words by slot."""

    @property
    def text(self) -> str:
        """As it is said."""
        return " ".join(word.text for word in self.words)

    @property
    def open_slots(self) -> frozenset[str]:
        """The slots that words of it fill."""
        return frozenset().union(*(word.slots for word in self.words))

    def span(self, slot: str) -> tuple[int, int] | None:
        """First and last word that fill `slot`; None if others stand between them."""
        at = [i for i, word in enumerate(self.words) if slot in word.slots]
        if not at or at[-1] - at[0] + 1 != len(at):
            return None
        return at[0], at[-1]


@dataclass(slots=True)
class _Sample:
    """A sentence in the making: letters, and the slot that each belongs to."""

    letters: list[str] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    fixed: dict[str, str] = field(default_factory=dict)

    def add(self, text: str, slot: str = "") -> None:
        self.letters.extend(text)
        self.slots.extend([slot] * len(text))

    def words(self) -> tuple[Word, ...]:
        found: list[Word] = []
        text, slots = "", set[str]()
        for letter, slot in zip([*self.letters, " "], [*self.slots, ""], strict=True):
            if letter.isspace():
                if text:
                    found.append(Word(text, frozenset(slots - {""})))
                text, slots = "", set()
                continue
            text += letter
            slots.add(slot)
        return tuple(found)


class Commands:
    """Random commands of one language.

    Args:
        language: one with a grammar.
        rng: where the choices come from.
    """

    def __init__(self, language: str, rng: random.Random) -> None:
        self.language = language
        self._rng = rng
        source = load_sentences(language)
        assert source is not None, f"no grammar for {language}"
        self._grammar = Intents.from_dict(source)
        self._lists = _OpenLists(language)
        self._numerals = Numerals(number_rules(language))
        self._templates: list[list[tuple[str, Expression, IntentData]]] = []
        self._weights: list[float] = []
        for name, intent in self._grammar.intents.items():
            templates = [
                [(name, sentence.expression, data) for sentence in data.sentences]
                for data in intent.data
                if data.sentences
            ]
            # A block with many sentences is not said more often for it.
            self._templates += templates
            weight = FAVORITES.get(name, 1.0) / max(1, len(templates))
            self._weights += [weight] * len(templates)

    def __iter__(self) -> Iterator[Command]:
        """Commands without end."""
        while True:
            command = self._one()
            if command is not None:
                yield command

    def name(self) -> str:
        """What somebody may call a device or a room."""
        return self._lists.name((), self._rng)

    def _one(self) -> Command | None:
        (block,) = self._rng.choices(self._templates, self._weights)
        intent, expression, data = self._rng.choice(block)
        sample = _Sample()
        try:
            self._expand(expression, data, sample, 0)
        except (_UnsayableError, RecursionError):
            return None
        words = tuple(
            Word(text, word.slots)
            for word in sample.words()
            for text in words_of(word.text)
        )
        if not 0 < len(words) <= LONGEST or _STRANGE.search(
            " ".join(word.text for word in words)
        ):
            return None
        delayed = any(_DELAYED in word.slots for word in words)
        if delayed or intent in NOT_LEARNED:
            bare = tuple(Word(word.text) for word in words)
            return Command(self.language, bare, NOTHING)
        fixed = {slot: str(value) for slot, value in data.slots.items()}
        return Command(self.language, words, intent, {**sample.fixed, **fixed})

    def _expand(
        self, node: Expression, data: IntentData, out: _Sample, depth: int
    ) -> None:
        if depth > 40:
            raise RecursionError
        if isinstance(node, TextChunk):
            out.add(node.original_text)
        elif isinstance(node, Alternative):
            self._expand(self._rng.choice(node.items), data, out, depth + 1)
        elif isinstance(node, Permutation):
            for item in self._rng.sample(node.items, len(node.items)):
                out.add(" ")
                self._expand(item, data, out, depth + 1)
            out.add(" ")
        elif isinstance(node, Group):
            for item in node.items:
                self._expand(item, data, out, depth + 1)
        elif isinstance(node, RuleReference):
            rules = {**self._grammar.expansion_rules, **(data.expansion_rules or {})}
            if node.rule_name not in rules:
                raise _UnsayableError(node.rule_name)
            self._expand(rules[node.rule_name].expression, data, out, depth + 1)
        elif isinstance(node, ListReference):
            self._slot(node, data, out, depth)
        else:
            raise _UnsayableError(type(node).__name__)

    def _slot(
        self, node: ListReference, data: IntentData, out: _Sample, depth: int
    ) -> None:
        name, slot = node.list_name, node.slot_name
        inline = node.get_inline_range()
        values = (data.slot_lists or {}).get(name) or self._grammar.slot_lists.get(name)
        if inline is not None:
            self._number(*inline, slot, out)
        elif isinstance(values, TextSlotList) and values.values:
            value = self._rng.choice(values.values)
            if slot in out.fixed and out.fixed[slot] != str(value.value_out):
                raise _UnsayableError(slot)
            out.fixed[slot] = str(value.value_out)
            if isinstance(value.text_in, Expression):
                self._expand(value.text_in, data, out, depth + 1)
            else:
                out.add(str(value.text_in))
        elif isinstance(values, RangeSlotList):
            self._number(values.start, values.stop, values.step, slot, out)
        else:
            domains = data.requires_context.get("domain") or ()
            kinds = (domains,) if isinstance(domains, str) else tuple(domains)
            out.add(self._lists.value(name, kinds, self._rng), slot)

    def _number(
        self, start: int, stop: int, step: int, slot: str, out: _Sample
    ) -> None:
        if slot not in NUMBERS:
            raise _UnsayableError(slot)
        stop = min(stop, 100) if start <= 100 else stop
        common = [n for n in ROUND_NUMBERS if start <= n <= stop]
        if common and self._rng.random() < 0.4:
            number = self._rng.choice(common)
        else:
            number = self._rng.randrange(start, stop + 1, step)
        text = str(number)
        if self._rng.random() < 0.7:
            words = self._numerals.spoken(number)
            text = self._rng.choice(words) if words else text
        out.add(text, slot)


_WORDS_OF_LIST = {
    "floor": "floors",
    "message": "messages",
    "search_query": "media",
    "shopping_list_item": "items",
    "todo_list_item": "tasks",
    "timer_name": "timers",
    "timer_command": "commands",
    "zone": "zones",
}
_WORDY = {"message": (2, 7), "search_query": (1, 4), "timer_command": (2, 5)}
"""How many words stand in a slot for which a language has no list."""


@cache
def _words_of(language: str) -> dict[str, list[str]]:
    path = _WORDS / f"{language}.toml"
    return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


class _OpenLists:
    """What users put into slots: names of the demo home, mixed, and any words."""

    def __init__(self, language: str) -> None:
        home = demo_home()
        self._own = _words_of(language)
        self._by_domain: dict[str, list[str]] = {}
        for device in home.devices:
            names = spoken_names(device.names, language)
            self._by_domain.setdefault(device.domain, []).extend(names)
        self._areas = [n for a in home.areas for n in spoken_names(a.names, language)]
        self._floors = [n for f in home.floors for n in spoken_names(f.names, language)]
        self._areas += self._own.get("areas", [])
        self._floors += self._own.get("floors", [])
        self._devices = [name for names in self._by_domain.values() for name in names]
        self._devices += self._own.get("devices", [])
        self._any = frequent_words(language) or tuple(
            word for name in (*self._devices, *self._areas) for word in name.split()
        )

    def value(
        self, list_name: str, domains: tuple[str, ...], rng: random.Random
    ) -> str:
        """Something for a slot."""
        if list_name == "name":
            return self.name(domains, rng)
        if list_name == "area":
            return rng.choice(self._areas) if rng.random() < 0.85 else self._open(rng)
        if list_name == "floor":
            return rng.choice(self._floors)
        listed = self._own.get(_WORDS_OF_LIST.get(list_name, ""), [])
        if listed and rng.random() < 0.6:
            return rng.choice(listed)
        least, most = _WORDY.get(list_name, (1, 2))
        return " ".join(self._open(rng) for _ in range(rng.randint(least, most)))

    def name(self, domains: tuple[str, ...], rng: random.Random) -> str:
        """A device's name: the demo home's, one made of pieces of names, or any."""
        fitting = [n for domain in domains for n in self._by_domain.get(domain, ())]
        kind = rng.random()
        if kind < 0.4 and fitting:
            return rng.choice(fitting)
        if kind < 0.55:
            return rng.choice(fitting or self._devices)
        if kind < 0.75:
            device = rng.choice(fitting or self._devices)
            other = rng.choice((rng.choice(self._areas), self._open(rng)))
            return " ".join(rng.sample((device, other), 2))
        if kind < 0.85 and self._own:
            return rng.choice(self._own["name_patterns"]).format(
                device=rng.choice(self._devices),
                area=rng.choice(self._areas),
                word=self._open(rng),
            )
        return " ".join(self._open(rng) for _ in range(rng.choice((1, 1, 2))))

    def _open(self, rng: random.Random) -> str:
        # Squaring favours frequent words, as speech does, without hiding the rare.
        return self._any[int(len(self._any) * rng.random() ** 2)]
