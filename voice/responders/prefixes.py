"""How far a transcript goes along the sentences of a grammar, word by word.

The graph of templates is determinised lazily: what may follow some words is worked
out when somebody says them, and remembered. The first walk over a sentence costs
milliseconds, the next one microseconds. What is remembered is bounded.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from voice.responders.templates import Arc, Label, Sense, TemplateGraph, Token

__all__ = ["Prefixes", "Reading", "Tail"]

MOST_REMEMBERED = 20_000
"""Steps from one word to the next; beyond, all are forgotten."""

MOST_WORDS = 40
"""Longer utterances are not followed; no sentence is as long."""

ENOUGH = 2
"""Words of templates after which a beginning is taken for one."""

_MANY = 16
"""Arcs of a node that are worth an index by letter."""

_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")


@dataclass(frozen=True, slots=True)
class Tail:
    """A way to go on to a whole sentence, by at least one word."""

    sense: Sense
    """Of the sentence."""
    slots: frozenset[str]
    """That the words to come fill."""
    wild: bool
    """Whether a slot of them takes whatever is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What is known of some words, taken for the beginning of a sentence."""

    senses: frozenset[Sense] = frozenset()
    """What they mean if nothing follows; empty if they are no whole sentence."""
    tails: frozenset[Tail] = frozenset()
    """How they may go on. Told for whole sentences without a wildcard only."""
    literal_words: int = 0
    """Words of templates in the beginning of a sentence that goes on, and names and
    numbers after the first such word; at most 2."""
    intents: frozenset[str] = frozenset()
    """What the sentences that begin like this are about."""
    in_number: bool = False
    """Whether a number at the end may go on, or want a unit."""

    def __or__(self, other: "Reading") -> "Reading":
        """What either of two ways to write the same words tells."""
        return Reading(
            senses=self.senses | other.senses,
            tails=self.tails | other.tails,
            literal_words=max(self.literal_words, other.literal_words),
            intents=self.intents | other.intents,
            in_number=self.in_number or other.in_number,
        )


_Thread: TypeAlias = "tuple[int, int, bool]"
"""A node before a word, the literal words so far, whether a wildcard took some."""


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """After a word; equal states are one object."""

    threads: frozenset[_Thread]
    senses: frozenset[Sense]


class _Place(NamedTuple):
    """Within a word. A tuple, as thousands are made for a word said first."""

    node: int
    at: int
    """Letters of the word taken."""
    literal: bool
    """Whether a template had some of them."""
    wild: bool
    breakable: bool
    """Whether a new word may begin here without a space."""


class Prefixes:
    """The sentences of one language and home, ready to be compared with speech."""

    def __init__(self, graph: TemplateGraph, numbers: Mapping[str, int]) -> None:
        """Take a compiled graph.

        Args:
            graph: of the templates.
            numbers: words for numbers that are one word each, folded.
        """
        self._arcs = graph.arcs
        self._numbers = numbers
        self._states: dict[tuple[object, object], _State] = {}
        self._start = self._state(frozenset({(graph.root, 0, False)}), frozenset())
        self._steps: dict[tuple[_State, str], _State] = {}
        self._readings: dict[_State, Reading] = {}
        self._tails: dict[int, frozenset[Tail]] = {}
        self._indices: dict[int, dict[str, list[Arc]]] = {}
        self._intents: list[str] = []
        self._whole: list[int] = []
        self._ahead: list[int] = []
        self._look_ahead()

    def read(self, words: Sequence[str]) -> Reading:
        """Follow `words`, folded, from the beginning of a sentence."""
        if len(words) > MOST_WORDS:
            return Reading()
        if len(self._steps) > MOST_REMEMBERED:
            self._forget()
        state = self._start
        for word in words:
            key = (state, word)
            found = self._steps.get(key)
            if found is None:
                found = self._steps[key] = self._after(state, word)
            state = found
        reading = self._readings.get(state)
        if reading is None:
            reading = self._readings[state] = self._reading(state)
        return reading

    def _forget(self) -> None:
        for remembered in (self._steps, self._readings, self._states, self._tails):
            remembered.clear()
        self._states[self._start.threads, self._start.senses] = self._start

    def _reading(self, state: _State) -> Reading:
        tails: frozenset[Tail] = frozenset()
        if state.senses:
            # Not where a wildcard took what another reading understands.
            strict = (node for node, _, wild in state.threads if not wild)
            tails = tails.union(*map(self._tails_of, strict))
        # After a wildcard, one literal word proves nothing: all speech goes on so.
        sure = [t for t in state.threads if not t[2] or t[1] >= ENOUGH]
        most = max((literal for _, literal, _ in sure), default=0)
        about = 0
        for node, literal, _ in sure:
            if literal == most:
                about |= self._ahead[node]
        return Reading(
            senses=state.senses,
            tails=tails,
            literal_words=most,
            intents=frozenset(
                name for bit, name in enumerate(self._intents) if about >> bit & 1
            ),
        )

    def _state(self, threads: frozenset[_Thread], senses: frozenset[Sense]) -> _State:
        found = self._states.get((threads, senses))
        if found is None:
            found = self._states[threads, senses] = _State(threads, senses)
        return found

    # --- From one word to the next --------------------------------------------

    def _after(self, state: _State, word: str) -> _State:
        threads: dict[tuple[int, bool], int] = {}
        senses: set[Sense] = set()
        for evidence in range(ENOUGH + 1):
            places = [
                _Place(node, 0, literal=False, wild=wild, breakable=True)
                for node, literal, wild in state.threads
                if literal == evidence
            ]
            for place in self._through(word, places):
                # Names and numbers are no request, but after its first word they are.
                counts = place.literal or (evidence > 0 and not place.wild)
                literal = min(evidence + counts, ENOUGH)
                for node in self._next_words(place, senses):
                    known = (node, place.wild)
                    threads[known] = max(threads.get(known, 0), literal)
        return self._state(
            frozenset((node, lit, wild) for (node, wild), lit in threads.items()),
            frozenset(senses),
        )

    def _through(self, word: str, places: list[_Place]) -> Iterable[_Place]:
        """All places at the end of `word` that can be come to from `places`."""
        seen = set(places)
        while places:
            place = places.pop()
            if place.at == len(word):
                yield place
            for further in self._moves(place, word):
                if further not in seen:
                    seen.add(further)
                    places.append(further)

    def _next_words(self, place: _Place, senses: set[Sense]) -> Iterable[int]:
        """Nodes before the next word, at the end of a word; notes what is whole."""
        if place.breakable and self._ahead[place.node]:
            yield place.node
        for label, target in self._arcs[place.node]:
            if label.sense is not None:
                senses.add(label.sense)
            elif label.token is Token.SPACE and self._ahead[target]:
                yield target

    def _moves(self, place: _Place, word: str) -> Iterable[_Place]:
        at, literal, wild = place.at, place.literal, place.wild
        for label, target in self._arcs_for(place.node, word[at : at + 1]):
            match label.token:
                case Token.PIECE | Token.NAME:
                    if word.startswith(label.text, at):
                        yield _Place(
                            target,
                            at + len(label.text),
                            literal=literal or label.token is Token.PIECE,
                            wild=wild,
                            breakable=label.text.endswith("'"),
                        )
                case Token.NUMBER:
                    taken = self._number(label, word, at)
                    if taken:
                        yield _Place(target, at + taken, literal, wild, breakable=False)
                case Token.WORD:
                    if at < len(word):
                        yield _Place(
                            target, len(word), literal, wild=True, breakable=False
                        )
                case Token.SPACE:
                    if place.breakable or at == len(word):
                        yield _Place(
                            target, at, literal, wild, breakable=at < len(word)
                        )
                case Token.SLOT:
                    yield _Place(target, at, literal, wild, breakable=at > 0)
                case Token.END:
                    pass

    def _arcs_for(self, node: int, letter: str) -> Sequence[Arc]:
        """Arcs that may take `letter`, and those that take nothing."""
        arcs = self._arcs[node]
        if len(arcs) < _MANY:
            return arcs
        index = self._indices.get(node)
        if index is None:
            index = self._indices[node] = {"": []}
            for arc in arcs:
                index.setdefault(arc[0].text[:1] if arc[0].token in _TEXT else "", [])
            for arc in arcs:
                if arc[0].token in _TEXT:
                    index[arc[0].text[0]].append(arc)
                else:
                    for sorted_in in index.values():
                        sorted_in.append(arc)
        return index.get(letter, index[""])

    def _number(self, label: Label, word: str, at: int) -> int:
        """How many letters of `word` are a number of the range."""
        match = _NUMBER.match(word, at)
        if match is not None:
            number = float(match.group().replace(",", "."))
            taken = match.end() - at
        else:
            number = self._numbers.get(word[at:], -1)
            taken = len(word) - at
        return taken if label.lowest <= number <= label.highest else 0

    # --- What there may be in the end -----------------------------------------

    def _look_ahead(self) -> None:
        """Note of every node the intents at and after it, as bits."""
        bits: dict[str, int] = {}
        for arcs in self._arcs:  # ends come first: what an arc leads to is known
            whole = ahead = 0
            for label, target in arcs:
                if label.sense is not None:
                    whole |= bits.setdefault(label.sense.intent, 1 << len(bits))
                elif label.token in _SILENT:
                    whole |= self._whole[target]
                    ahead |= self._ahead[target]
                else:
                    ahead |= self._whole[target] | self._ahead[target]
            self._whole.append(whole)
            self._ahead.append(ahead)
        self._intents = list(bits)

    def _tails_of(self, node: int) -> frozenset[Tail]:
        found = self._tails.get(node)
        if found is None:
            tails: set[Tail] = set()
            for label, target in self._arcs[node]:
                if label.sense is not None or not (
                    self._ahead[target] or self._whole[target]
                ):
                    continue
                further = self._tails_of(target)
                if label.token not in _SILENT:
                    further |= self._ends_at(target)
                tails.update(_filled(label, further))
            found = self._tails[node] = frozenset(tails)
        return found

    def _ends_at(self, node: int) -> frozenset[Tail]:
        """Of the sentences that need no further word from `node` on."""
        ends: set[Tail] = set()
        for label, target in self._arcs[node]:
            if label.sense is not None:
                ends.add(Tail(label.sense, frozenset(), wild=False))
            elif label.token in _SILENT:
                ends.update(_filled(label, self._ends_at(target)))
        return frozenset(ends)


_TEXT = (Token.PIECE, Token.NAME)
_SILENT = (Token.SPACE, Token.SLOT)


def _filled(label: Label, tails: Iterable[Tail]) -> Iterable[Tail]:
    if label.token is not Token.SLOT:
        return tails
    return [
        Tail(tail.sense, tail.slots | {label.text}, tail.wild or label.wild)
        for tail in tails
    ]
