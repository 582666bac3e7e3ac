"""Compiles the sentence templates of a language, with the names of a home, to a graph.

The graph has every sentence that the grammar knows as a path from its root. It is
built from the ends of the sentences backwards, and equal nodes are one node, so
that a rule or a list of names exists once for all the sentences that go on alike
after it: what would be hundreds of thousands of states is a few thousand nodes.
It has no cycles: a wildcard is a chain of as many words as it may swallow.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from typing import Any, TypeAlias

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
from hassil.intents import IntentData, RangeSlotList, TextSlotList, WildcardSlotList

from voice.responders.acceptance import MOST_WORDS, several

__all__ = ["Arc", "Label", "Sense", "TemplateGraph", "Token", "folded", "suits"]

Node: TypeAlias = int
Arc: TypeAlias = "tuple[Label, Node]"

_DEAD = 0
"""The node that no sentence goes through."""

_FROM_HOME = frozenset({"name", "area", "floor"})
"""Lists whose words are the home's and no sign of a request."""

_MARKS = str.maketrans(dict.fromkeys('.,;:!?¿¡…"«»„“”()') | {"’": "'", "-": " "})


def folded(text: str) -> str:
    """Templates and transcripts as they are compared: no capitals, no marks."""
    return text.translate(_MARKS).casefold()


class Token(Enum):
    """What an arc of the graph takes."""

    PIECE = auto()
    """A word or a part of one, from a template."""
    NAME = auto()
    """The same, from the name of something in the home."""
    NUMBER = auto()
    """A number in digits, or one word for it."""
    WORD = auto()
    """Any word: a wildcard."""
    SPACE = auto()
    """The end of a word."""
    SLOT = auto()
    """Nothing; a slot was filled."""
    END = auto()
    """Nothing; the sentence is whole."""


@dataclass(frozen=True, slots=True)
class Sense:
    """What a whole sentence means, its slots aside."""

    intent: str
    fixed: tuple[tuple[str, str], ...] = ()
    """Slots that the sentence fills without a word for them, sorted."""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands at an arc."""

    token: Token
    text: str = ""
    """Of a piece; the name of a slot."""
    lowest: int = 0
    highest: int = 0
    wild: bool = False
    """Whether the slot took whatever was said."""
    sense: Sense | None = None


@dataclass(frozen=True, slots=True)
class _Scope:
    """Where rules and lists of a block of sentences come from."""

    key: int
    """Equal for scopes in which everything means the same."""
    rules: Mapping[str, Any]
    lists: Mapping[str, Any]
    block: IntentData


@dataclass(slots=True)
class TemplateGraph:
    """All sentences of a grammar as one graph without cycles."""

    arcs: list[tuple[Arc, ...]] = field(default_factory=list)
    """By node: what may come next, and what then."""
    root: Node = _DEAD

    @classmethod
    def compile(
        cls, intents: Intents, names: Mapping[str, TextSlotList]
    ) -> "TemplateGraph":
        """The graph of `intents`, with the lists `names` in place of its own.

        A sentence that begins with a wildcard is left out: all speech begins so.
        """
        builder = _Builder(intents, names)
        root = builder.sentences()
        graph = cls(arcs=builder.arcs)
        graph.root = builder.node(
            arc for arc in builder.arcs[root] if arc[0].token is not Token.WORD
        )
        return graph


class _Builder:
    def __init__(self, intents: Intents, names: Mapping[str, TextSlotList]) -> None:
        self.arcs: list[tuple[Arc, ...]] = [()]
        self._nodes: dict[frozenset[tuple[int, Node]], Node] = {frozenset(): _DEAD}
        self._single: dict[tuple[int, Node], Node] = {}
        self._labels: dict[tuple[Any, ...], Label] = {}
        self._space = self.label(Token.SPACE)
        self._built: dict[tuple[Any, ...], Node] = {}
        self._scopes: dict[str, int] = {}
        self._intents = intents
        self._lists = {**intents.slot_lists, **names}

    def node(self, arcs: Iterable[Arc]) -> Node:
        """The one node with these arcs, whose labels were made by `label`."""
        kept = {
            (id(label), target): (label, target)
            for label, target in arcs
            if target != _DEAD or label.token is Token.END
        }
        return self._kept(frozenset(kept), tuple(kept.values()))

    def _kept(self, key: frozenset[tuple[int, Node]], arcs: tuple[Arc, ...]) -> Node:
        found = self._nodes.get(key)
        if found is None:
            found = self._nodes[key] = len(self.arcs)
            self.arcs.append(arcs)
        return found

    def label(self, token: Token, text: str = "", **more: Any) -> Label:
        """The one label like this."""
        key = (token, text, *more.values())
        found = self._labels.get(key)
        if found is None:
            found = self._labels[key] = Label(token, text, **more)
        return found

    def _step(self, label: Label, after: Node) -> Node:
        """The node with that arc only."""
        if after == _DEAD:
            return _DEAD
        key = (id(label), after)
        found = self._single.get(key)
        if found is None:
            found = self._single[key] = self._kept(frozenset([key]), ((label, after),))
        return found

    def sentences(self) -> Node:
        """The node before every sentence."""
        first: list[Node] = []
        for intent in self._intents.intents.values():
            for block in intent.data:
                fixed = tuple(sorted((k, str(v)) for k, v in block.slots.items()))
                label = self.label(Token.END, sense=Sense(intent.name, fixed))
                end = self.node([(label, _DEAD)])
                scope = self._scope(block)
                first += (
                    self._before(s.expression, end, scope) for s in block.sentences
                )
        return self._any(first)

    def _scope(self, block: IntentData) -> _Scope:
        local = id(block) if block.expansion_rules or block.slot_lists else 0
        context = (
            several(block.requires_context.get("domain")),
            several(block.excludes_context.get("domain")),
        )
        return _Scope(
            self._scopes.setdefault(repr((local, context)), len(self._scopes)),
            {**self._intents.expansion_rules, **block.expansion_rules},
            {**self._lists, **block.slot_lists},
            block,
        )

    def _any(self, nodes: Iterable[Node]) -> Node:
        distinct = set(nodes)
        if len(distinct) == 1:
            return distinct.pop()
        return self.node(arc for node in distinct for arc in self.arcs[node])

    def _before(self, expression: Expression, after: Node, scope: _Scope) -> Node:
        """The node from which `expression` leads to `after`."""
        match expression:
            case TextChunk(text=text):
                return self._text(text, after, Token.PIECE)
            case RuleReference(rule_name=name):
                return self._remembered(("rule", name), after, scope)
            case ListReference(list_name=name, slot_name=slot):
                return self._remembered(("list", name, slot), after, scope)
            case Alternative(items=items):
                return self._any(self._before(item, after, scope) for item in items)
            case Permutation(items=items):
                return self._permuted(tuple(items), after, scope)
            case Group(items=items):
                for item in reversed(items):
                    after = self._before(item, after, scope)
                return after
            case _:
                raise AssertionError(f"no such expression: {expression!r}")

    def _permuted(
        self, items: tuple[Expression, ...], after: Node, scope: _Scope
    ) -> Node:
        if not items:
            return after
        return self._any(
            self._before(
                item,
                self._permuted(items[:at] + items[at + 1 :], after, scope),
                scope,
            )
            for at, item in enumerate(items)
        )

    def _text(self, text: str, after: Node, token: Token) -> Node:
        for piece in _pieces(text):
            if piece == " ":
                if all(label.token is Token.SPACE for label, _ in self.arcs[after]):
                    continue
                after = self._step(self._space, after)
            else:
                after = self._step(self.label(token, piece), after)
        return after

    def _remembered(self, what: tuple[str, ...], after: Node, scope: _Scope) -> Node:
        key = (*what, after, scope.key)
        found = self._built.get(key)
        if found is None:
            if what[0] == "rule":
                rule = scope.rules[what[1]]
                found = self._before(rule.expression, after, scope)
            else:
                found = self._list(what[1], what[2], after, scope)
            self._built[key] = found
        return found

    def _list(self, name: str, slot: str, after: Node, scope: _Scope) -> Node:
        list_ = scope.lists.get(name)
        wild = isinstance(list_, WildcardSlotList)
        filled = self._step(self.label(Token.SLOT, slot, wild=wild), after)
        match list_:
            case RangeSlotList(start=start, stop=stop):
                return self._range(start, stop, filled)
            case TextSlotList(values=values):
                token = Token.NAME if name in _FROM_HOME else Token.PIECE
                return self._any(
                    self._text(value.text_in.text, filled, token)
                    if isinstance(value.text_in, TextChunk)
                    else self._before(value.text_in, filled, scope)
                    for value in values
                    if suits(value.context, scope.block)
                )
            case WildcardSlotList():
                return self._words(MOST_WORDS.get(slot, 3), filled)
            case _:
                start, _, stop = name.partition("..")
                if not stop:
                    return _DEAD
                return self._range(int(start), int(stop.partition(",")[0]), filled)

    def _range(self, lowest: int, highest: int, filled: Node) -> Node:
        label = self.label(Token.NUMBER, lowest=lowest, highest=highest)
        return self._step(label, filled)

    def _words(self, most: int, filled: Node) -> Node:
        word = self.label(Token.WORD)
        node = self._step(word, filled)
        for _ in range(most - 1):
            more = self.node([(self._space, node), *self.arcs[filled]])
            node = self._step(word, more)
        return node


@cache
def _pieces(text: str) -> tuple[str, ...]:
    """Words and the spaces between and around them, from the last to the first."""
    return tuple(re.findall(r" |[^ ]+", folded(text)))[::-1]


def suits(context: Mapping[str, Any] | None, block: IntentData) -> bool:
    """Whether a list has this value in this block: most take some domains only."""
    domain = (context or {}).get("domain")
    if domain is None:
        return True
    required = several(block.requires_context.get("domain"))
    excluded = several(block.excludes_context.get("domain"))
    return (not required or domain in required) and domain not in excluded
