"""How likely people are to say the sentences of a grammar, as far as its templates tell.

Nobody has counted. But templates are written from what people say: what stands in many
of them is said often, and what only an unusual order of words leads to is not. So
sentences are drawn from the templates at random, intents that are asked for most more
often, and the arcs of the graph of sentences are counted.
"""

import math
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

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

from voice.responders.parsing import Grammar
from voice.responders.templates import folded, suits
from voice.sentence_graphs import Arc, Form

__all__ = [
    "FREQUENT",
    "USUAL_COUNTS",
    "USUAL_SHARES",
    "Rarities",
    "draw_sentences",
    "number_rarity",
    "rarities",
]

FREQUENT = {
    "HassTurnOn": 6.0,
    "HassTurnOff": 6.0,
    "HassLightSet": 4.0,
    "HassGetState": 3.0,
    "HassStartTimer": 4.0,
    "HassClimateSetTemperature": 2.0,
    "HassClimateGetTemperature": 2.0,
    "HassSetPosition": 2.0,
    "HassGetWeather": 2.0,
    "HassGetCurrentTime": 2.0,
    "HassCancelTimer": 2.0,
    "HassTimerStatus": 2.0,
}
"""How often people ask for what; 1 where it is not named. An estimate."""

USUAL_SHARES = (10, *range(15, 26), 30, 40, 50, 60, 70, 75, 80, 90, 100)
"""What most numbers of a range from 0 are: percentages, and degrees in a room."""

USUAL_COUNTS = (1, 2, 3, 4, 5, 10, 15, 20, 25, 30, 40, 45, 50, 60, 90)
"""What most numbers of a range from 1 are: seconds, minutes, hours."""

_USUAL = 0.65
"""Share of the usual numbers among all. An estimate."""

_IN_ORDER = 0.5
"""Chance that what may be said in any order is said as the template has it."""

_UNSEEN = 2.0
"""How many sentences more, as many by each arc, are added to those that were drawn."""

_RAREST = 9.0
"""More is not believed: a hundred sentences in a million were not drawn at all."""

_DEEPEST = 40
_SPACES = re.compile(r" +")
_DIGITS = re.compile(r"\d+")


Rarities: TypeAlias = "tuple[tuple[tuple[float, ...], ...], tuple[float, ...]]"
"""Of arcs and of ends; see `SentenceGraph`."""


class _UnsayableError(Exception):
    """Here anything may be said."""


def draw_sentences(grammar: Grammar, count: int) -> Iterator[str]:
    """Sentences as they are compared, numbers in digits; the same every time.

    Fewer than `count`, where templates can be said only with a wildcard.
    """
    rng = random.Random(grammar.language)  # noqa: S311 - nothing secret
    drawer = _Drawer(grammar, rng)
    blocks = [
        (name, [block for block in intent.data if any(block.sentences)])
        for name, intent in grammar.intents.intents.items()
    ]
    blocks = [(name, data) for name, data in blocks if data]
    weights = [FREQUENT.get(name, 1.0) for name, _ in blocks]
    for _, data in rng.choices(blocks, weights, k=count):
        block = rng.choice(data)
        sentence = rng.choice(list(block.sentences))
        try:
            text = drawer.expand(sentence.expression, block, 0)
        except _UnsayableError:
            continue
        yield _SPACES.sub(" ", folded(text)).strip()


class _Drawer:
    def __init__(self, grammar: Grammar, rng: random.Random) -> None:
        self._rng = rng
        self._rules = grammar.intents.expansion_rules
        self._lists = grammar.slot_lists

    def expand(self, node: Expression, block: IntentData, depth: int) -> str:
        if depth > _DEEPEST:
            raise _UnsayableError
        match node:
            case TextChunk(text=text):
                return str(text)
            case Alternative(items=items):
                return self.expand(self._rng.choice(items), block, depth + 1)
            case Permutation(items=items):
                said = self._ordered(items)
                return " ".join(self.expand(item, block, depth + 1) for item in said)
            case Group(items=items):
                return "".join(self.expand(item, block, depth + 1) for item in items)
            case RuleReference(rule_name=name):
                rule = block.expansion_rules.get(name) or self._rules[name]
                return self.expand(rule.expression, block, depth + 1)
            case ListReference():
                return self._slot(node, block, depth)
            case _:
                raise AssertionError(f"no such expression: {node!r}")

    def _ordered(self, items: Sequence[Any]) -> Sequence[Any]:
        if self._rng.random() < _IN_ORDER:
            return items
        return self._rng.sample(items, len(items))

    def _slot(self, node: ListReference, block: IntentData, depth: int) -> str:
        name = node.list_name
        match block.slot_lists.get(name) or self._lists.get(name):
            case TextSlotList(values=values):
                kept = [value for value in values if suits(value.context, block)]
                if not kept:
                    raise _UnsayableError
                return self.expand(self._rng.choice(kept).text_in, block, depth + 1)
            case RangeSlotList(start=start, stop=stop):
                return self._number(start, stop)
            case _:
                start, _, rest = name.partition("..")
                if not rest:
                    raise _UnsayableError
                return self._number(int(start), int(rest.partition(",")[0]))

    def _number(self, lowest: int, highest: int) -> str:
        common = _usual(lowest, highest)
        if common and self._rng.random() < _USUAL:
            return str(self._rng.choice(common))
        return str(self._rng.randint(lowest, highest))


def number_rarity(number: int, lowest: int, highest: int) -> float:
    """Negative log of the probability of a number among those of a range."""
    common = _usual(lowest, highest)
    share = _USUAL if common else 0.0
    chance = (1 - share) / (highest - lowest + 1)
    if number in common:
        chance += share / len(common)
    return -math.log(chance)


def _usual(lowest: int, highest: int) -> list[int]:
    usual = USUAL_COUNTS if lowest == 1 else USUAL_SHARES
    return [number for number in usual if lowest <= number <= highest]


# --- Counting -----------------------------------------------------------------


def rarities(
    arcs: Sequence[Sequence[Arc]],
    words: Sequence[Sequence[Form]],
    ends: Sequence[bool],
    sentences: Iterable[str],
) -> Rarities:
    """How seldom each arc is gone, and each end met, when `sentences` are said.

    Args:
        arcs: by state, as in `SentenceGraph`.
        words: by class, likewise.
        ends: by state, whether a sentence may be over.
        sentences: as `draw_sentences` gives them.
    """
    counter = _Counter(arcs, words, ends)
    for sentence in sentences:
        counter.count(sentence)
    return counter.rarities()


class _Counter:
    def __init__(
        self,
        arcs: Sequence[Sequence[Arc]],
        words: Sequence[Sequence[Form]],
        ends: Sequence[bool],
    ) -> None:
        self._arcs = arcs
        self._ends = ends
        self._classes: dict[str, list[int]] = {}
        for class_, forms in enumerate(words):
            for written in {form.written for form in forms}:
                self._classes.setdefault(written, []).append(class_)
        self._rows: dict[int, dict[int, int]] = {}
        self._gone = [[0] * len(row) for row in arcs]
        self._ended = [0] * len(arcs)

    def count(self, sentence: str) -> None:
        """Follow a sentence, if it leads to an end, and count its arcs."""
        way = self._way(len(self._arcs) - 1, sentence)
        for state, at in way or ():
            if at < 0:
                self._ended[state] += 1
            else:
                self._gone[state][at] += 1

    def _way(self, state: int, rest: str) -> list[tuple[int, int]] | None:
        """States and places of arcs from `state` to an end, the end as -1."""
        if not rest:
            return [(state, -1)] if self._ends[state] else None
        row = self._rows.get(state)
        if row is None:
            row = {class_: at for at, (class_, _) in enumerate(self._arcs[state])}
            self._rows[state] = row
        for word in _beginnings(rest):
            for class_ in self._classes.get(word, ()):
                at = row.get(class_)
                if at is None:
                    continue
                target = self._arcs[state][at][1]
                further = self._way(target, rest[len(word) :].lstrip())
                if further is not None:
                    return [(state, at), *further]
        return None

    def rarities(self) -> Rarities:
        of_arcs: list[tuple[float, ...]] = []
        of_ends: list[float] = []
        for gone, ended, may_end in zip(
            self._gone, self._ended, self._ends, strict=True
        ):
            ways = len(gone) + may_end
            total = sum(gone) + ended + _UNSEEN
            chances = [(n + _UNSEEN / ways) / total for n in (*gone, ended)]
            *arcs, end = (min(-math.log(chance), _RAREST) for chance in chances)
            of_arcs.append(tuple(arcs))
            of_ends.append(end)
        return tuple(of_arcs), tuple(of_ends)


def _beginnings(text: str) -> Iterator[str]:
    """What may be the first word of a text."""
    word = text.partition(" ")[0]
    yield word
    number = _DIGITS.match(word)
    if number is not None:
        yield number.group()
    apostrophe = word.find("'") + 1
    if 0 < apostrophe < len(word):
        yield word[:apostrophe]
