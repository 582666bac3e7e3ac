"""Finds what was said: the sentence of a graph whose sounds fit the audio best.

Every frame scores every sound (the acoustic model's part). The search keeps, for each
sound of the graph, the best score with which a sentence can have come so far, in all
candidate languages at once (`voice.recognizers.trellis`). The language is the one of
the best sentence; in it the search walks back from the end of the audio, best first.

How sure that is tells a comparison with the *free path*: any sounds in any order. Audio
that holds no sentence of the graph is told far better by the free path. Who pauses after
"turn on the" is told far better by a sentence that is not finished: were only whole ones
looked for, half of the pauses within commands would pass for the end of some command.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from voice.recognizers.joint_graphs import JointGraph, Part, Weights
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.trellis import IMPOSSIBLE, Scores, Trellis, Way
from voice.sentence_graphs import Meaning, joined

__all__ = ["UNFINISHED", "Found", "Search", "Searches", "search"]

LONGEST_FRAMES = 500
"""Longer audio is no command; it bounds the memory of a search."""

UNFINISHED = 3.0
"""By how much a sentence that goes on must be better than every whole one. Of 185
silences within and after commands by held-out voices, nine of ten ends are better by 10
as a whole, and nineteen of twenty pauses after half a command by 5 as a beginning."""

FAR = 10.0
"""Who means otherwise and is so much worse is no rival."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """One sentence that may have been said."""

    text: str
    score: float
    """Of the whole audio, log."""
    meaning: Meaning


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What was found in one utterance, to a listener of one language."""

    sentences: tuple[Found, ...]
    """Best first, no text twice; empty if the audio is too short for any, or too long,
    or another language fits it far better."""
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


class Searches:
    """What was found in one utterance, in every language that it may be in.

    Args:
        scores: by language that it may be in, all in the graph: [frames, phones], log
            posterior less log prior, silence first.
        graph: what may be said.
    """

    def __init__(self, scores: Mapping[str, Scores], graph: JointGraph) -> None:
        self._scores = scores
        self._graph = graph
        self._parts = {tag: graph.parts_in(tag) for tag in scores}
        frames = len(next(iter(scores.values())))
        self._trellis = (
            self._trellis_of(frames) if 0 < frames <= LONGEST_FRAMES else None
        )

    def _trellis_of(self, frames: int) -> Trellis:
        graph = self._graph
        shape = frames, len(graph.languages), graph.phones
        together = np.full(shape, IMPOSSIBLE, np.float32)
        for tag, own in self._scores.items():
            together[:, graph.languages.index(tag)] = own
        parts = [part for own in self._parts.values() for part in own]
        return Trellis(graph, together, parts)

    def score(self, language: str) -> float:
        """Of the best sentence in a language, whole or not; -inf if there is none."""
        if self._trellis is None:
            return -np.inf
        parts = self._parts[language]
        whole = max(self._whole(part).max(initial=IMPOSSIBLE) for part in parts)
        begun = max(self._begun(part).max(initial=IMPOSSIBLE) for part in parts)
        best = float(begun if begun >= whole + UNFINISHED else whole)
        return best if best > IMPOSSIBLE / 2 else -np.inf

    def of(self, language: str, *, most: int = 1) -> Search:
        """What was found in a language.

        Args:
            language: one that was searched.
            most: sentences; one that means otherwise than the best is looked for
                beyond. If one is enough, none is found that is worse by `FAR`.
        """
        free, phones, frames = _free_path(
            self._scores[language], self._graph.weights.free
        )
        sentences = tuple(self._sentences(language, most))
        whole = sentences[0].score if sentences else -np.inf
        return Search(
            sentences=sentences,
            free=free,
            phones=phones,
            frames=frames,
            beginning=self._beginning(language, whole),
        )

    def _whole(self, part: Part) -> Scores:
        """By end: the score of the best sentence there."""
        assert self._trellis is not None
        ends, costs = self._graph.ends_of(part)
        whole: Scores = self._trellis.last(ends) + costs
        return whole

    def _begun(self, part: Part) -> Scores:
        """By junction: the score of the best sentence that goes on there."""
        assert self._trellis is not None
        junctions = np.arange(part.junctions, part.start, dtype=np.int32)
        begun = self._trellis.last(junctions)
        begun[part.graph.ends] = IMPOSSIBLE
        return begun

    def _sentences(self, language: str, most: int) -> Iterator[Found]:
        """The best, no text twice, until `most` and one that means otherwise."""
        if self._trellis is None:
            return
        ends, costs = zip(
            *(self._graph.ends_of(part) for part in self._parts[language]), strict=True
        )
        texts: set[str] = set()
        first: Found | None = None
        for score, way in self._trellis.ways(
            np.concatenate(ends),
            np.concatenate(costs),
            within=FAR if most == 1 else np.inf,
        ):
            found = self._found(score, way)
            if found.text in texts:
                continue
            texts.add(found.text)
            yield found
            first = first or found
            if len(texts) >= most and not found.meaning.agrees_with(first.meaning):
                return

    def _beginning(self, language: str, whole: float) -> Found | None:
        """The best sentence that goes on, if it is far better than a whole one's score."""
        if self._trellis is None:
            return None
        parts = self._parts[language]
        part = max(parts, key=lambda part: self._begun(part).max(initial=IMPOSSIBLE))
        begun = self._begun(part)
        if begun.max(initial=IMPOSSIBLE) <= max(IMPOSSIBLE / 2, whole + UNFINISHED):
            return None
        best = np.array([part.junctions + begun.argmax()], np.int32)
        ways = self._trellis.ways(best, np.zeros(1, np.float32), within=FAR)
        return next((self._found(score, way) for score, way in ways), None)

    def _found(self, score: float, way: Way) -> Found:
        part = self._graph.part_of(way.node)
        graph = part.graph
        words: list[str] = []
        state, said = way.node - part.junctions, list[int]()
        meant = state
        while way.after is not None:
            way = way.after
            if way.node < part.junctions:
                said.append(int(graph.phones[way.node - part.first]))
                continue
            to = way.node - part.junctions
            words.append(graph.written(state, tuple(said), to))
            state, said = to, []
            meant = state if state >= graph.sentences.closings else meant
        sentences = graph.sentences
        meaning = sentences.meaning(words, sentences.senses[meant])
        return Found(text=joined(words), score=score, meaning=meaning)


def search(
    scores: Scores, graph: PhoneGraph, *, weights: Weights, most: int = 8
) -> Search:
    """What is found in one graph alone.

    Args:
        scores: [frames, phones].
        graph: what may be said.
        weights: how to weigh things.
        most: see `Searches.of`.
    """
    language = graph.sentences.language
    alone = JointGraph.of({language: [graph]}, phones=scores.shape[1], weights=weights)
    return Searches({language: scores}, alone).of(language, most=most)


def _free_path(scores: Scores, penalty: float) -> tuple[float, tuple[int, ...], int]:
    """Score and sounds of the best path through any sounds, and its frames of sound."""
    if not len(scores):
        return 0.0, (), 0
    best = np.empty_like(scores)
    value = best[0] = scores[0]
    for at in range(1, len(scores)):
        value = best[at] = scores[at] + np.maximum(value, value.max() + penalty)
    changes = best.argmax(axis=1).tolist()
    phone = changes[-1]
    path = [phone]
    for at in range(len(scores) - 2, -1, -1):
        change = changes[at]
        if best[at, phone] < best[at, change] + penalty:
            phone = change
        path.append(phone)
    path.reverse()
    starts = [p for at, p in enumerate(path) if at == 0 or path[at - 1] != p]
    sounds = tuple(phone for phone in starts if phone)
    return float(value.max()), sounds, sum(phone > 0 for phone in path)
