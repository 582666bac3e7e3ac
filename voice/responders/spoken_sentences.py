"""Compiles the templates of a language to a graph of spoken words.

The graph of templates has parts of words at its arcs; here they become whole words,
numbers in range become the words for them, and states after which the same may
follow become one. Wildcards are left out, and so is every sentence that needs one:
nobody can list what they take.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple, TypeAlias

from hassil.expression import TextChunk
from hassil.sample import sample_expression

from voice.home import Home
from voice.responders.numerals import Numerals
from voice.responders.parsing import Grammar, number_rules
from voice.responders.sentences import load_sentences
from voice.responders.templates import Label, Sense, TemplateGraph, Token, folded
from voice.responders.usage import draw_sentences, number_rarity, rarities
from voice.scoring import PERCENT
from voice.sentence_graphs import Arc, Form, SentenceGraph

__all__ = ["spoken_sentences"]

MOST_PARTS = 3
"""Of a word with a name in it: a name, what joins, and a word or an ending."""

FEWER_PARTS = 2
"""Where `MOST_PARTS` leads to more than `MOST_ARCS`: names that are glued to names."""

MOST_ARCS = 150_000

DRAWN = 8000
"""Sentences that tell how likely each is; takes a second."""

MOST_COUNTED = 100
"""Numbers beyond have no words here."""

MOST_SPELLINGS = 50
"""Of one value of a list."""

_UNSPOKEN = frozenset("°/")
"""Words with these are for readers; beside them stand words for speakers."""

_MISHEARD = re.compile(r"\|<\w+_dirty>")
"""What recognisers of any text write instead: "étant" for "éteins"."""

_OVER = -1
"""Stands for the end of the sentence."""


def spoken_sentences(home: Home, language: str) -> SentenceGraph | None:
    """What may be said to a home in a language, None where there is no grammar."""
    data = load_sentences(language)
    if data is None:
        return None
    rules = data.get("expansion_rules", {})
    for name, text in rules.items():
        rules[name] = _MISHEARD.sub("", text)
    grammar = Grammar(language, data, home)
    compiler = _Compiler(language, grammar.templates, MOST_PARTS)
    if not compiler.run():
        compiler = _Compiler(language, grammar.templates, FEWER_PARTS)
        compiler.run()
    of_arcs, of_ends = rarities(
        compiler.arcs,
        compiler.words,
        [bool(senses) for senses in compiler.senses],
        draw_sentences(grammar, DRAWN),
    )
    return SentenceGraph(
        language=language,
        words=compiler.words,
        arcs=tuple(compiler.arcs),
        senses=tuple(frozenset(map(_named, senses)) for senses in compiler.senses),
        rarities=of_arcs,
        end_rarities=of_ends,
        values=_values(grammar),
    )


def _named(sense: Sense) -> str:
    return " ".join([sense.intent, *(f"{slot}={value}" for slot, value in sense.fixed)])


class _Part(NamedTuple):
    """The rest of a word, from some node of the templates on."""

    text: str
    number: tuple[int, int] | None
    """Lowest and highest of the number that it begins with."""
    after: int
    """The node before the next word, or `_OVER`."""
    parts: int
    named: bool
    """Whether a part is the name of something in the home."""
    senses: frozenset[Sense] = frozenset()
    """If the sentence is over."""


class _Place(NamedTuple):
    """Between two words."""

    node: int
    """Of the templates; `_OVER` after the last word."""
    owed: str = ""
    """A sign that follows a number at once, as "%" does, and is a word in speech."""
    senses: frozenset[Sense] = frozenset()


_Label: TypeAlias = "tuple[str, tuple[int, int] | None]"
"""A word, or a range of numbers."""

_State: TypeAlias = "frozenset[_Place]"


class _Compiler:
    def __init__(self, language: str, templates: TemplateGraph, most: int) -> None:
        self._numerals = Numerals(number_rules(language))
        self._percent = PERCENT[language]
        self._templates = templates
        self._most_parts = most
        self._parts: list[set[_Part]] = []
        for arcs in templates.arcs:  # ends come first: what an arc leads to is known
            parts: set[_Part] = set()
            for label, target in arcs:
                parts.update(self._first(label, target))
            self._parts.append(parts)
        self._ways: dict[int, tuple[frozenset[_Place], frozenset[Sense]]] = {}
        self._classes: dict[_Label, int | None] = {}
        self._words: list[tuple[Form, ...]] = []
        self._reached: dict[_State, int | None] = {}
        self._numbers: dict[object, int] = {}
        self.arcs: list[tuple[Arc, ...]] = []
        self.senses: list[frozenset[Sense]] = []

    def _first(self, label: Label, target: int) -> Iterator[_Part]:
        """The parts of words that begin with an arc of the templates."""
        match label.token:
            case Token.END:
                senses = frozenset([label.sense] if label.sense else [])
                yield _Part("", None, _OVER, 0, named=False, senses=senses)
            case Token.SPACE:
                yield _Part("", None, target, 0, named=False)
            case Token.SLOT:
                yield from self._parts[target]
            case Token.PIECE | Token.NAME if label.text.endswith("'"):
                yield _Part(label.text, None, target, 1, named=False)
            case Token.PIECE | Token.NAME:
                for part in self._parts[target]:
                    named = part.named or label.token is Token.NAME
                    if part.number is None and (
                        not named or part.parts < self._most_parts
                    ):
                        yield part._replace(
                            text=label.text + part.text,
                            parts=part.parts + 1,
                            named=named,
                        )
            case Token.NUMBER:
                for part in self._parts[target]:
                    if part.number is None:
                        yield part._replace(number=(label.lowest, label.highest))
            case Token.WORD:
                pass

    # --- One state for all places after the same words ------------------------

    def run(self) -> bool:
        """Fill `arcs` and `senses`; the last state is the start. False if too many."""
        start = self._closed([_Place(self._templates.root)])
        self._number(start)
        return sum(map(len, self.arcs)) <= MOST_ARCS

    @property
    def words(self) -> tuple[tuple[Form, ...], ...]:
        return tuple(self._words)

    def _closed(self, places: Iterable[_Place]) -> _State:
        """With the places that can be come to without a word."""
        reached = set(places)
        todo = list(reached)
        while todo:
            place = todo.pop()
            if place.owed or place.node == _OVER:
                continue
            for part in self._parts[place.node]:
                if not part.text and part.number is None:
                    further = _Place(part.after, "", part.senses)
                    if further not in reached:
                        reached.add(further)
                        todo.append(further)
        return frozenset(reached)

    def _number(self, state: _State) -> int | None:
        """The number of the state for these places, None if nothing ends there."""
        if state in self._reached:
            return self._reached[state]
        after: dict[_Label, set[_Place]] = {}
        for place in state:
            for label, further in self._steps(place):
                after.setdefault(label, set()).add(further)
        targets = {
            class_: self._number(self._closed(after[label]))
            # In order, so that the graph is the same every time.
            for label in sorted(after, key=lambda label: (label[0], label[1] or ()))
            if (class_ := self._class(label)) is not None
        }
        arcs = tuple(
            sorted((class_, to) for class_, to in targets.items() if to is not None)
        )
        senses = frozenset[Sense]().union(*(place.senses for place in state))
        found: int | None = None
        if arcs or senses:
            key = (arcs, senses)
            found = self._numbers.setdefault(key, len(self.arcs))
            if found == len(self.arcs):
                self.arcs.append(arcs)
                self.senses.append(senses)
        self._reached[state] = found
        return found

    def _steps(self, place: _Place) -> Iterator[tuple[_Label, _Place]]:
        if place.owed:
            yield (place.owed, None), _Place(place.node, "", place.senses)
        elif place.node != _OVER:
            for part in self._parts[place.node]:
                if part.number is not None:
                    yield (
                        ("", part.number),
                        _Place(part.after, part.text.strip(), part.senses),
                    )
                elif part.text:
                    yield (part.text, None), _Place(part.after, "", part.senses)

    def _class(self, label: _Label) -> int | None:
        """The number of the word class, None if it cannot be spoken."""
        if label not in self._classes:
            forms = tuple(self._forms(label))
            self._classes[label] = len(self._words) if forms else None
            if forms:
                self._words.append(forms)
        return self._classes[label]

    def _forms(self, label: _Label) -> Iterator[Form]:
        text, number = label
        if number is not None:
            for value in range(number[0], min(number[1], MOST_COUNTED) + 1):
                rarity = number_rarity(value, *number)
                for spoken in self._numerals.spoken(value):
                    yield Form(str(value), spoken, rarity)
        elif _UNSPOKEN.isdisjoint(text):
            yield Form(text, text.replace("%", self._percent))


def _values(grammar: Grammar) -> dict[str, str]:
    """What the lists of a grammar and the names of its home stand for."""
    values: dict[str, str] = {}
    for list_ in grammar.lists:
        for value in list_.values:
            if isinstance(value.text_in, TextChunk):
                texts: Iterable[str] = [value.text_in.text]
            else:
                texts = islice(sample_expression(value.text_in), MOST_SPELLINGS)
            for text in texts:
                values.setdefault(" ".join(folded(text).split()), str(value.value_out))
    return values
