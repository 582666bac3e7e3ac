"""Finds what was said: the sentence of a graph whose sounds fit the audio best.

Every frame scores every sound (the acoustic model's part). The search keeps, for each
sound of the graph, the best score with which a sentence can have come so far: a few
array operations a frame, over all sounds at once. From the end of the audio it then
walks back, best first, and gives the best sentences in order, one after the other.

How sure that is tells a comparison with the *free path*: any sounds in any order. Audio
that holds no sentence of the graph is told far better by the free path. Who pauses after
"turn on the" is told far better by a sentence that is not finished: were only whole ones
looked for, half of the pauses within commands would pass for the end of some command.
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count

import numpy as np
import numpy.typing as npt

from voice.recognizers.phone_graphs import Numbers, PhoneGraph
from voice.sentence_graphs import Meaning, joined

__all__ = ["UNFINISHED", "Found", "Search", "Weights", "search"]

Scores = npt.NDArray[np.float32]
Ahead = npt.NDArray[np.float64]

LONGEST_FRAMES = 500
"""Longer audio is no command; it bounds the memory of a search."""

MOST_STEPS = 3000
"""Back from the end, for all sentences together."""

UNFINISHED = 3.0
"""By how much a sentence that goes on must be better than every whole one. Of 185
silences within and after commands by held-out voices, nine of ten ends are better by 10
as a whole, and nineteen of twenty pauses after half a command by 5 as a beginning."""

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
    grammar: float = 0.5
    """How much it counts that some sentences are said more often than others."""
    beam: float = 25.0
    """What is so much worse than the best is given up."""


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
    beginning: Found | None = None
    """The best sentence that goes on, if it is better by `UNFINISHED` than every whole
    one of the graph."""

    @property
    def best(self) -> Found | None:
        """What was said, if anything: a whole sentence, or the beginning of one."""
        whole = self.sentences[0] if self.sentences else None
        if self.beginning is None or whole is None:
            return self.beginning or whole
        far_better = self.beginning.score >= whole.score + UNFINISHED
        return self.beginning if far_better else whole

    @property
    def fit(self) -> float:
        """By how much each frame speaks for `best`, against the free path.

        0 is the best there is; -inf if nothing was found.
        """
        if self.best is None:
            return -np.inf
        return (self.best.score - self.free) / max(self.frames, 1)

    @property
    def margin(self) -> float:
        """By how much `best` is better than the best sentence that means otherwise.

        Log of the whole audio; inf if there is none among `sentences`.
        """
        best = self.best
        if best is None:
            return 0.0
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
    beginning = None
    if 0 < len(scores) <= LONGEST_FRAMES:
        trellis = _Trellis(scores, graph, weights)
        trellis.advance(len(scores))
        sentences = tuple(trellis.sentences(most))
        beginning = trellis.beginning(sentences[0].score if sentences else -np.inf)
    return Search(
        sentences=sentences,
        free=free,
        phones=phones,
        frames=frames,
        beginning=beginning,
    )


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

    Column t of `values` stands before frame t. A junction may last: it hears silence.
    Only nodes that are at most `Weights.beam` worse than the best one are left again.
    """

    def __init__(self, scores: Scores, graph: PhoneGraph, weights: Weights) -> None:
        self._scores = scores
        self._graph = graph
        self._weights = weights
        self.sounds = len(graph.phones)
        nodes = self.sounds + graph.junctions
        self.values = np.full((nodes, len(scores) + 1), _IMPOSSIBLE, np.float32)
        self.values[-1, 0] = 0
        self.reached = np.zeros(nodes, np.bool_)
        self.reached[-1] = True
        self._now = np.full(nodes, _IMPOSSIBLE, np.float32)
        self._now[-1] = 0
        self._ticket = np.zeros(nodes, np.int32)
        self._steps = weights.phone - weights.grammar * graph.rarities
        """By node: for coming to it, if it is a sound."""
        self._live = np.array([nodes - 1], np.int32)
        """Nodes that may be left, rising."""
        self.best = 0.0
        self.frame = 0

    @cached_property
    def _sums(self) -> Ahead:
        """[phones, frames + 1]: scores before each frame, added up."""
        sums = np.zeros((self._scores.shape[1], len(self._scores) + 1))
        np.cumsum(self._scores.T, axis=1, out=sums[:, 1:])
        return sums

    def advance(self, until: int) -> None:
        """Hear the frames before `until`."""
        while self.frame < until:
            self._hear(self._scores[self.frame])
            self.frame += 1

    def _hear(self, scores: Scores) -> None:
        graph, weights, now = self._graph, self._weights, self._now
        live = self._live
        junctions = live[np.searchsorted(live, self.sounds) :]
        stay = live[: len(live) - len(junctions)]
        value = now[live]
        stayed = value[: len(stay)] + scores[graph.phones[stay]]
        waited = value[len(stay) :] + scores[0]
        least = max(stayed.max(initial=_IMPOSSIBLE), waited.max(initial=_IMPOSSIBLE))
        # What could not be left again need not be come to.
        least -= weights.beam
        able = np.flatnonzero(value > least - scores.max() - weights.phone)
        value = value[able]
        next_, origins = graph.onward.from_many(live[able])
        went = value[origins] + scores[graph.phones[next_]] + self._steps[next_]
        worth = np.flatnonzero(went > least)
        next_, went = next_[worth], went[worth]

        now[live] = _IMPOSSIBLE
        now[stay] = stayed
        now[junctions] = waited
        np.maximum.at(now, next_, went)
        sounds = self._distinct(np.concatenate([stay, next_]))
        heard = now[sounds]
        ends, origins = graph.arriving.from_many(sounds)
        ends += self.sounds
        np.maximum.at(now, ends, heard[origins] + weights.word)
        junctions = self._distinct(np.concatenate([junctions, ends]))
        come = np.concatenate([sounds, junctions])
        value = now[come]
        self.values[come, self.frame + 1] = value
        self.reached[come] = True
        self.best = float(value.max(initial=_IMPOSSIBLE))
        keep = value > self.best - weights.beam
        now[come[~keep]] = _IMPOSSIBLE
        self._live = np.sort(come[keep])

    def _distinct(self, nodes: Numbers) -> Numbers:
        """Each of `nodes` once."""
        tickets = np.arange(len(nodes), dtype=np.int32)
        self._ticket[nodes] = tickets
        once: Numbers = nodes[self._ticket[nodes] == tickets]
        return once

    # --- Back from the end ----------------------------------------------------

    def sentences(self, most: int) -> Iterator[Found]:
        """The best, no text twice, until `most` and one that means otherwise."""
        texts: set[str] = set()
        first: Meaning | None = None
        for score, way in self._ways(self._graph.ends):
            found = self._found(score, way)
            if found.text in texts:
                continue
            texts.add(found.text)
            yield found
            first = first or found.meaning
            if len(texts) >= most and not found.meaning.agrees_with(first):
                return

    def beginning(self, whole: float) -> Found | None:
        """The best sentence that goes on, if it is far better than a whole one's score."""
        values = self.values[self.sounds :, -1].copy()
        values[self._graph.ends] = _IMPOSSIBLE
        values[-1] = _IMPOSSIBLE  # the start: nothing was said
        best = int(values.argmax())
        if values[best] <= max(_IMPOSSIBLE / 2, whole + UNFINISHED):
            return None
        ways = self._ways(np.array([best], np.int32))
        return next((self._found(score, way) for score, way in ways), None)

    def _ways(self, ends: Numbers) -> Iterator[tuple[float, _Way]]:
        """Ways through the graph to some junctions, best first.

        What lies before a node is known exactly, so that no step is taken that does
        not belong to one of the next best ways.
        """
        graph, sounds = self._graph, self.sounds
        order = count()
        scores = self.values[sounds + ends, -1]
        queue: list[tuple[float, int, _Way]] = [
            (
                -float(score) - self._end_step(int(node)),
                next(order),
                _Way(int(sounds + node), None, None),
            )
            for node, score in zip(ends, scores, strict=True)
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
            nodes = graph.before.from_one(way.node)
            nodes = nodes[self.reached[nodes]]
            # A junction is come to by its last sound, a sound by going on.
            step = self._step_to(way.node)
            totals = (self.values[nodes] + (ahead + step)).max(axis=1)
            for node, total in zip(nodes, totals, strict=True):
                if total > _IMPOSSIBLE / 2:
                    further = _Way(int(node), way, ahead)
                    heapq.heappush(queue, (-float(total), next(order), further))

    def _end_step(self, junction: int) -> float:
        """For ending there; nothing where a sentence goes on."""
        at = int(np.searchsorted(self._graph.ends, junction))
        if at == len(self._graph.ends) or self._graph.ends[at] != junction:
            return 0.0
        return -self._weights.grammar * float(self._graph.end_rarities[at])

    def _step_to(self, node: int) -> float:
        return self._weights.word if node >= self.sounds else float(self._steps[node])

    def _ahead(self, way: _Way) -> Ahead:
        """By time: the score from there to the end, for coming to the node there."""
        is_sound = way.node < self.sounds
        if way.after is None or way.ahead is None:
            onward: Ahead = np.full(len(self._scores) + 1, float(_IMPOSSIBLE))
            onward[-1] = self._end_step(way.node - self.sounds)
        else:
            onward = way.ahead + self._step_to(way.after.node)
        sums = self._sums[self._graph.phones[way.node] if is_sound else 0]
        best = np.maximum.accumulate((onward + sums)[::-1])[::-1]
        if is_sound:
            # It lasts a frame at least.
            best = np.append(best[1:], _IMPOSSIBLE)
        ahead: Ahead = best - sums
        return ahead

    def _found(self, score: float, way: _Way) -> Found:
        sounds = self.sounds
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
