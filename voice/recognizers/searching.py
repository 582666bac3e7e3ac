"""Finds what was said: the sentence of a graph whose sounds fit the audio best.

Every frame scores every sound (the acoustic model's part). The search keeps, for each
sound of the graph, the best score with which a sentence can have come so far: a few
array operations a frame, over all sounds at once. From the end of the audio it then
walks back, best first, and gives the best sentences in order, one after the other.

How sure that is tells a comparison with the *free path*: any sounds in any order. Audio
that holds no sentence of the graph is told far better by the free path.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

from voice.recognizers.phone_graphs import PhoneGraph
from voice.sentence_graphs import Meaning, joined

__all__ = ["Found", "Search", "Weights", "search"]

Scores = npt.NDArray[np.float32]
Ahead = npt.NDArray[np.float64]

LONGEST_FRAMES = 500
"""Longer audio is no command; it bounds the memory of a search."""

MOST_STEPS = 3000
"""Back from the end, for all sentences together."""

_IMPOSSIBLE = np.float32(-1e30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weights:
    """How the search weighs things; all are natural logarithms."""

    phone: float = -0.5
    """For going on to the next sound."""
    word: float = -1.0
    """For every word."""
    free: float = -2.0
    """For every sound of the free path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One sentence that may have been said."""

    text: str
    score: float
    """Of the whole audio, log."""
    meaning: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found in one utterance."""

    sentences: tuple[Found, ...]
    """Best first, no text twice; empty if the audio is too short for any, or too long."""
    free: float
    """Score of the free path."""
    phones: tuple[int, ...]
    """Of the free path, silence left out."""
    frames: int
    """In which the free path hears a sound."""

    @property
    def fit(self) -> float:
        """By how much each frame speaks for the best sentence, against the free path.

        0 is the best there is; -inf without a sentence.
        """
        if not self.sentences:
            return -np.inf
        return (self.sentences[0].score - self.free) / max(self.frames, 1)

    @property
    def margin(self) -> float:
        """By how much the best sentence is better than the best that means otherwise.

        Log of the whole audio; inf if there is none among `sentences`.
        """
        if not self.sentences:
            return 0.0
        best = self.sentences[0]
        return next(
            (
                best.score - other.score
                for other in self.sentences
                if not other.meaning.agrees_with(best.meaning)
            ),
            np.inf,
        )


def search(
    scores: Scores, graph: PhoneGraph, *, weights: Weights, most: int = 8
) -> Search:
    """The best sentences of `graph` for an utterance.

    Args:
        scores: [frames, phones], log posterior less log prior, silence first.
        graph: what may be said.
        weights: how to weigh things.
        most: sentences; one that means otherwise than the best is looked for beyond.
    """
    free, phones, frames = _free_path(scores, weights.free)
    sentences: tuple[Found, ...] = ()
    if 0 < len(scores) <= LONGEST_FRAMES:
        trellis = _Trellis(scores, graph, weights)
        sentences = tuple(trellis.sentences(most))
    return Search(sentences=sentences, free=free, phones=phones, frames=frames)


def _free_path(scores: Scores, penalty: float) -> tuple[float, tuple[int, ...], int]:
    """Score and sounds of the best path through any sounds, and its frames of sound."""
    if not len(scores):
        return 0.0, (), 0
    best = np.empty_like(scores)
    value = best[0] = scores[0]
    for at in range(1, len(scores)):
        value = best[at] = scores[at] + np.maximum(value, value.max() + penalty)
    phone = int(value.argmax())
    path = [phone]
    for at in range(len(scores) - 2, -1, -1):
        change = int(best[at].argmax())
        if best[at, phone] < best[at, change] + penalty:
            phone = change
        path.append(phone)
    path.reverse()
    starts = [p for at, p in enumerate(path) if at == 0 or path[at - 1] != p]
    sounds = tuple(phone for phone in starts if phone)
    return float(value.max()), sounds, sum(phone > 0 for phone in path)


@dataclass(frozen=True, slots=True)
class _Way:
    """A way from a node to the end of the audio."""

    node: int
    after: "_Way | None"
    ahead: Ahead | None
    """Of `after`, by time."""


class _Trellis:
    """The best score with which each node can have been come to, by time.

    Row t of `values` stands before frame t. A junction may last: it hears silence.
    """

    def __init__(self, scores: Scores, graph: PhoneGraph, weights: Weights) -> None:
        self._scores = scores
        self._graph = graph
        self._weights = weights
        self.values = self._forward()

    @cached_property
    def _sums(self) -> Ahead:
        """[frames + 1, phones]: scores up to each frame."""
        sums = np.zeros((len(self._scores) + 1, self._scores.shape[1]), np.float64)
        np.cumsum(self._scores, axis=0, out=sums[1:])
        return sums

    def _forward(self) -> Scores:
        graph, weights = self._graph, self._weights
        sounds, singles = len(graph.phones), len(graph.only_parents)
        values = np.full(
            (len(self._scores) + 1, sounds + graph.junctions), _IMPOSSIBLE, np.float32
        )
        values[0, -1] = 0
        come = np.empty(sounds, np.float32)
        heard = np.empty(sounds, np.float32)
        more = np.empty(len(graph.parents), np.float32)
        last = np.empty(len(graph.last_sounds), np.float32)
        for at, scores in enumerate(self._scores):
            now, then = values[at], values[at + 1]
            now.take(graph.only_parents, out=come[:singles], mode="clip")
            if len(more):
                now.take(graph.parents, out=more, mode="clip")
                np.maximum.reduceat(more, graph.parents_start, out=come[singles:])
            come += weights.phone
            scores.take(graph.phones, out=heard, mode="clip")
            np.maximum(come, now[:sounds], out=then[:sounds])
            then[:sounds] += heard
            then.take(graph.last_sounds, out=last, mode="clip")
            arrived = np.maximum.reduceat(last, graph.last_sounds_start)
            arrived += weights.word
            np.maximum(arrived, now[sounds:] + scores[0], out=then[sounds:])
        return values

    # --- Back from the end ----------------------------------------------------

    def sentences(self, most: int) -> Iterator[Found]:
        """The best, no text twice, until `most` and one that means otherwise."""
        texts: set[str] = set()
        first: Meaning | None = None
        for score, way in self._ways():
            found = self._found(score, way)
            if found.text in texts:
                continue
            texts.add(found.text)
            yield found
            first = first or found.meaning
            if len(texts) >= most and not found.meaning.agrees_with(first):
                return

    def _ways(self) -> Iterator[tuple[float, _Way]]:
        """Ways through the graph, best first.

        What lies before a node is known exactly, so that no step is taken that does
        not belong to one of the next best ways.
        """
        graph, sounds = self._graph, len(self._graph.phones)
        order = count()
        ends = self.values[-1, sounds + graph.ends]
        queue: list[tuple[float, int, _Way]] = [
            (-float(score), next(order), _Way(int(sounds + node), None, None))
            for node, score in zip(graph.ends, ends, strict=True)
            if score > _IMPOSSIBLE / 2
        ]
        heapq.heapify(queue)
        start = sounds + graph.junctions - 1
        for _ in range(MOST_STEPS):
            if not queue:
                return
            score, _, way = heapq.heappop(queue)
            if way.node == start:
                yield -score, way
                continue
            ahead = self._ahead(way)
            nodes = graph.before(way.node)
            # A junction is come to by its last sound, a sound by going on.
            step = self._weights.word if way.node >= sounds else self._weights.phone
            totals = (self.values[:, nodes] + (ahead + step)[:, None]).max(axis=0)
            for node, total in zip(nodes, totals, strict=True):
                if total > _IMPOSSIBLE / 2:
                    further = _Way(int(node), way, ahead)
                    heapq.heappush(queue, (-float(total), next(order), further))

    def _ahead(self, way: _Way) -> Ahead:
        """By time: the score from there to the end, for coming to the node there."""
        sounds = len(self._graph.phones)
        is_sound = way.node < sounds
        if way.after is None or way.ahead is None:
            onward: Ahead = np.full(len(self._scores) + 1, float(_IMPOSSIBLE))
            onward[-1] = 0
        else:
            to_junction = way.after.node >= sounds
            onward = way.ahead + (
                self._weights.word if to_junction else self._weights.phone
            )
        sums = self._sums[:, self._graph.phones[way.node] if is_sound else 0]
        best = np.maximum.accumulate((onward + sums)[::-1])[::-1]
        if is_sound:
            # It lasts a frame at least.
            best = np.append(best[1:], _IMPOSSIBLE)
        return best - sums

    def _found(self, score: float, way: _Way) -> Found:
        sounds = len(self._graph.phones)
        words: list[str] = []
        state, said = way.node - sounds, list[int]()
        while way.after is not None:
            way = way.after
            if way.node < sounds:
                said.append(int(self._graph.phones[way.node]))
                continue
            to = way.node - sounds
            words.append(self._graph.written(state, tuple(said), to))
            state, said = to, []
        sentences = self._graph.sentences
        meaning = sentences.meaning(words, sentences.senses[state])
        return Found(text=joined(words), score=score, meaning=meaning)
