"""How the words of a graph may sound: alone, and as their neighbours change them.

A synthesizer says each word by itself and within sentences of the graph. What differs
there (French liaison, a vowel that weakens in a phrase) becomes another way to say the
word, if it is not rare. So does what another accent makes of it, and, at a cost, what
people leave out (`voice.recognizers.reductions`).
"""

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeAlias

from voice.recognizers.reductions import reduced
from voice.sentence_graphs import Form, SentenceGraph, joined

__all__ = ["Lexicon", "Phones", "Pronounce", "lexicon"]

Phones: TypeAlias = tuple[str, ...]
"""Sounds, as `voice.phones.PHONES` has them."""

Pronounce: TypeAlias = Callable[[str], Phones]
"""How a text of one language is said."""

Lexicon: TypeAlias = "tuple[tuple[tuple[Form, Phones], ...], ...]"
"""By word class: its forms, and how each may sound."""

MOST_PRONUNCIATIONS = 4
"""Of one word in one accent, before reductions."""

MOST_REDUCTIONS = 3
"""Of one pronunciation."""

REDUCTION = 1.0
"""What one is rarer than the full form: negative log of a probability."""

SENTENCES = 1500
"""That are said to hear the words among others."""

SENTENCES_AROUND = 1000
"""More of them, with what may stand around sentences."""

_LEAST_SHARE = 0.1
_LEAST_OFTEN = 2
_OVER_EARLY = 0.4
"""Chance that a sampled sentence ends where it may."""


def lexicon(
    graph: SentenceGraph, *accents: Pronounce, within: SentenceGraph | None = None
) -> Lexicon:
    """All ways to say the words of `graph`; takes a second or two for each accent.

    Args:
        graph: whose words are said.
        accents: in which they are said.
        within: the sentences that those of the graph only have words around. They are
            listened to by themselves too: were there many words around them, they would
            come too seldom to tell how their own words sound.
    """
    samples = _sentences(within or graph, SENTENCES)
    if within is not None:
        samples += _sentences(graph, SENTENCES_AROUND)
    ways: dict[Form, dict[Phones, float]] = {}
    for pronounce in accents:
        for form, phones in _full(graph, samples, pronounce):
            ways.setdefault(form, {})[phones] = 0.0
    for known in ways.values():
        for phones in tuple(known):
            others = islice(reduced(phones, graph.language), MOST_REDUCTIONS)
            for other, rules in others:
                known.setdefault(other, REDUCTION * rules)
    return tuple(
        tuple(
            (replace(form, rarity=form.rarity + rarity), phones)
            for form in forms
            for phones, rarity in ways.get(form, {}).items()
        )
        for forms in graph.words
    )


def _full(
    graph: SentenceGraph, samples: Sequence[list[Form]], pronounce: Pronounce
) -> Iterator[tuple[Form, Phones]]:
    """The ways of one accent to say each form, alone and in sentences."""
    alone = {
        form: _alone(form.spoken, pronounce) for forms in graph.words for form in forms
    }
    heard: dict[Form, Counter[Phones]] = {}
    for forms in samples:
        text = joined(form.spoken for form in forms)
        apart = [alone[form] for form in forms]
        for form, phones in zip(forms, _shares(apart, pronounce(text)), strict=True):
            heard.setdefault(form, Counter())[phones] += 1
    for form, phones in alone.items():
        for way in _ways(phones, heard.get(form, Counter())):
            yield form, way


def _alone(spoken: str, pronounce: Pronounce) -> Phones:
    if spoken.endswith("'"):
        # By itself it would be spelled.
        return pronounce(f"{spoken}a")[:-1]
    return pronounce(spoken)


def _ways(alone: Phones, heard: Counter[Phones]) -> list[Phones]:
    often = max(_LEAST_OFTEN, _LEAST_SHARE * heard.total())
    ways = [alone, *(phones for phones, n in heard.most_common() if n >= often)]
    return list(dict.fromkeys(filter(None, ways)))[:MOST_PRONUNCIATIONS]


def _sentences(graph: SentenceGraph, count: int) -> list[list[Form]]:
    """Some sentences, the same every time."""
    rng = random.Random(graph.language)  # noqa: S311 - nothing secret
    return [_sentence(graph, rng) for _ in range(count)]


def _sentence(graph: SentenceGraph, rng: random.Random) -> list[Form]:
    state, forms = graph.start, list[Form]()
    while graph.arcs[state]:
        if graph.senses[state] and rng.random() < _OVER_EARLY:
            break
        class_, state = rng.choice(graph.arcs[state])
        forms.append(rng.choice(graph.words[class_]))
    return forms


def _shares(apart: Sequence[Phones], together: Phones) -> list[Phones]:
    """Which of the phones said together belong to each word.

    They are aligned with what the words are apart; what has no counterpart belongs to
    the word before it.
    """
    owners = [at for at, phones in enumerate(apart) for _ in phones]
    flat = [phone for phones in apart for phone in phones]
    if tuple(flat) == together:
        return list(apart)
    shares: list[list[str]] = [[] for _ in apart]
    for at, owner in zip(together, _owners(flat, owners, together), strict=True):
        shares[owner].append(at)
    return [tuple(share) for share in shares]


def _owners(
    flat: Sequence[str], owners: Sequence[int], together: Sequence[str]
) -> list[int]:
    costs = [list(range(len(together) + 1))]
    for at, one in enumerate(flat, 1):
        row, above = [at], costs[-1]
        for along, other in enumerate(together, 1):
            row.append(
                min(above[along - 1] + (one != other), above[along] + 1, row[-1] + 1)
            )
        costs.append(row)
    found: list[int] = []
    at, along = len(flat), len(together)
    while along:
        if at and costs[at][along] == costs[at - 1][along - 1] + (
            flat[at - 1] != together[along - 1]
        ):
            found.append(owners[at - 1])
            at, along = at - 1, along - 1
        elif at and costs[at][along] == costs[at - 1][along] + 1:
            at -= 1
        else:
            found.append(owners[max(at - 1, 0)])
            along -= 1
    return found[::-1]
