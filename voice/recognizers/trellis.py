"""How well a sentence can have come to each node of a graph by each frame, and the ways back.

Forward, all languages advance frame by frame together, a few array operations each.
Only nodes that are at most `Weights.beam` worse than the best of all languages are left
again: what speaks one language costs the others little. Backward, from the end of the
audio, the best ways are found in order, one after the other.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from voice.recognizers.joint_graphs import JointGraph, Part
from voice.recognizers.phone_graphs import Numbers

__all__ = ["IMPOSSIBLE", "Scores", "Trellis", "Way"]

Scores = npt.NDArray[np.float32]
Ahead = npt.NDArray[np.float64]

IMPOSSIBLE = np.float32(-1e30)
"""The score of what did not happen."""

MOST_STEPS = 3000
"""Back from the end, for all ways together."""

_FIRST_ROWS = 2048


@dataclass(frozen=True, slots=True)
class Way:
    """A way from a node to the end of the audio."""

    node: int
    after: "Way | None"
    ahead: Ahead | None
    """Of `after`, by time."""


class Trellis:
    """The best score with which each node can have been come to, by time.

    Args:
        graph: what may be said.
        scores: [frames, languages, phones], log posterior less log prior, in the order
            of `JointGraph.languages`; anything for those that are not listened for.
        parts: of the graph, those that may have been spoken.
    """

    def __init__(
        self, graph: JointGraph, scores: Scores, parts: Sequence[Part]
    ) -> None:
        self._graph = graph
        self._frames = len(scores)
        self._scores = scores.reshape(self._frames, -1)
        self._added: dict[int, Ahead] = {}
        self._row = np.full(graph.nodes, -1, np.int32)
        """By node: where its values are, if it was ever come to."""
        self._rows = 0
        self._values = np.full((_FIRST_ROWS, self._frames + 1), IMPOSSIBLE, np.float32)
        """[rows, frames + 1]; column t stands before frame t."""
        self._best = np.full(self._frames + 1, IMPOSSIBLE, np.float32)
        """By time: the score of the best node."""
        self._now = np.full(graph.nodes, IMPOSSIBLE, np.float32)
        self._ticket = np.empty(graph.nodes, np.int32)
        self._live = np.array([part.start for part in parts], np.int32)
        """Nodes that may be left, and what coming there counted."""
        self._value = np.zeros(len(parts), np.float32)
        self._keep(0)
        listeners = {graph.languages.index(part.language) for part in parts}
        best = scores[:, sorted(listeners)].max(axis=(1, 2), initial=IMPOSSIBLE)
        for frame in range(self._frames):
            self._hear(self._scores[frame], float(best[frame]))
            self._keep(frame + 1)

    def _hear(self, scores: Scores, best: float) -> None:
        graph, now, live, value = self._graph, self._now, self._live, self._value
        steps, beam = graph.steps, np.float32(graph.weights.beam)
        stayed = value + scores.take(graph.scores.take(live))
        least = stayed.max() - beam
        # What could not be left again need not be come to.
        able = (value > least - best - graph.weights.phone).nonzero()[0]
        next_, origins = graph.onward.from_many(live.take(able))
        went = value.take(able).take(origins)
        went += scores.take(graph.scores.take(next_))
        went += steps.take(next_)
        least = max(least, went.max(initial=IMPOSSIBLE) - beam)
        stay, come = stayed > least, (went > least).nonzero()[0]
        live, next_ = live[stay], next_.take(come)
        now[live] = stayed[stay]
        np.maximum.at(now, next_, went.take(come))
        sounds = self._distinct(np.concatenate([live, next_]))

        heard = now.take(sounds)
        ends, origins = graph.arriving.from_many(sounds)
        ended = heard.take(origins) + np.float32(graph.weights.word)
        come = (ended > least).nonzero()[0]
        ends = ends.take(come)
        np.maximum.at(now, ends, ended.take(come))
        self._live = self._distinct(np.concatenate([sounds, ends]))
        self._value = now.take(self._live)
        now[self._live] = IMPOSSIBLE

    def _distinct(self, nodes: Numbers) -> Numbers:
        """Each of `nodes` once."""
        tickets = np.arange(len(nodes), dtype=np.int32)
        self._ticket[nodes] = tickets
        once: Numbers = nodes[self._ticket.take(nodes) == tickets]
        return once

    def _keep(self, column: int) -> None:
        """Note the values of now."""
        rows = self._row.take(self._live)
        new = self._live[rows < 0]
        if len(new):
            first, self._rows = self._rows, self._rows + len(new)
            self._row[new] = np.arange(first, self._rows, dtype=np.int32)
            rows = self._row.take(self._live)
            while self._rows > len(self._values):
                more = np.full_like(self._values, IMPOSSIBLE)
                self._values = np.concatenate([self._values, more])
        self._values[rows, column] = self._value
        self._best[column] = self._value.max(initial=IMPOSSIBLE)

    # --- The end --------------------------------------------------------------

    def last(self, nodes: Numbers) -> Scores:
        """Scores of nodes at the end of the audio; `IMPOSSIBLE` where nothing came."""
        rows = self._row[nodes]
        values = self._values[np.maximum(rows, 0), -1]
        last: Scores = np.where(rows < 0, IMPOSSIBLE, values)
        return last

    def ways(
        self, ends: Numbers, costs: Scores, *, within: float
    ) -> Iterator[tuple[float, Way]]:
        """Ways from some starts to some junctions, best first, each with its score.

        What lies before a node is known exactly, so that no step is taken that does
        not belong to one of the next best ways.

        Args:
            ends: junctions of one language.
            costs: of each: what ending there counts.
            within: by how much a way may be worse than the best.
        """
        graph = self._graph
        order = count()
        scores = self.last(ends) + costs
        least = max(scores.max(initial=IMPOSSIBLE) - within, IMPOSSIBLE / 2)
        queue: list[tuple[float, int, Way]] = [
            (-score, next(order), Way(node, None, None))
            for node, score in zip(ends.tolist(), scores.tolist(), strict=True)
            if score > least
        ]
        heapq.heapify(queue)
        starts = {part.start for part in graph.parts}
        finally_ = dict(zip(ends.tolist(), costs.tolist(), strict=True))
        for _ in range(MOST_STEPS):
            if not queue:
                return
            score, _, way = heapq.heappop(queue)
            if way.node in starts:
                yield -score, way
                continue
            ahead = self._ahead(way, finally_)
            nodes = graph.before.from_one(way.node)
            rows = self._row.take(nodes)
            nodes, rows = nodes[rows >= 0], rows[rows >= 0]
            onward = ahead + graph.steps[way.node]
            # Outside these frames not even the best of all nodes would be good enough.
            when = (self._best + onward > least).nonzero()[0]
            if not len(when):
                continue
            near = slice(int(when[0]), int(when[-1]) + 1)
            totals = (self._values[rows, near] + onward[near]).max(axis=1)
            good = totals > least
            for node, total in zip(
                nodes[good].tolist(), totals[good].tolist(), strict=True
            ):
                further = Way(node, way, ahead)
                heapq.heappush(queue, (-total, next(order), further))

    def _ahead(self, way: Way, finally_: dict[int, float]) -> Ahead:
        """By time: the score from there to the end, for coming to the node there."""
        graph = self._graph
        if way.after is None or way.ahead is None:
            onward: Ahead = np.full(self._frames + 1, float(IMPOSSIBLE))
            onward[-1] = finally_[way.node]
        else:
            onward = way.ahead + graph.steps[way.after.node]
        sums = self._sums(int(graph.scores[way.node]))
        best = np.maximum.accumulate((onward + sums)[::-1])[::-1]
        if way.node < graph.part_of(way.node).junctions:
            # It lasts a frame at least.
            best[:-1], best[-1] = best[1:], IMPOSSIBLE
        ahead: Ahead = best - sums
        return ahead

    def _sums(self, score: int) -> Ahead:
        """[frames + 1]: one of the scores before each frame, added up."""
        sums = self._added.get(score)
        if sums is None:
            sums = self._added[score] = np.zeros(self._frames + 1)
            np.cumsum(self._scores[:, score], out=sums[1:])
        return sums
