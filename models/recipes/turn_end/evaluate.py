"""How well ends are told from pauses: by people and by eSpeak, and by what was cut."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch

from models.recipes.turn_end.network import TurnEnd
from models.recipes.turn_end.prepare import Tails

__all__ = ["Told", "as_figures", "by_group", "probabilities", "told"]

RECALLS = (0.3, 0.5, 0.7)
"""Shares of the ends that are recognised."""


@dataclass(frozen=True, slots=True)
class Told:
    """How well some ends are told from some places that are none."""

    ends: int
    others: int
    area: float
    """Under the curve: how often an end is likelier than another place; 0.5 is chance."""
    mistaken: tuple[float, ...]
    """Of the others, those taken for ends where `RECALLS` of the ends are recognised."""


def probabilities(model: TurnEnd, tails: Tails) -> np.ndarray:
    """How likely each is over; [n]."""
    with torch.no_grad():
        odds = model(torch.from_numpy(tails.frames.astype(np.float32)))
    return np.asarray(torch.sigmoid(odds).numpy(), np.float64)


def told(likely: np.ndarray, over: np.ndarray) -> Told:
    """The receiver's curve in few numbers.

    Args:
        likely: that it is over; [n].
        over: whether it is; bool, [n].
    """
    ends, others = likely[over], likely[~over]
    wins = (ends[:, None] > others).mean() + 0.5 * (ends[:, None] == others).mean()
    limits = [np.quantile(ends, 1 - recall) for recall in RECALLS]
    return Told(
        ends=len(ends),
        others=len(others),
        area=float(wins),
        mistaken=tuple(float((others >= limit).mean()) for limit in limits),
    )


def by_group(model: TurnEnd, tails: Tails) -> Iterator[tuple[str, Told]]:
    """Of each kind of voice: each kind of place that is no end, against the ends."""
    likely = probabilities(model, tails)
    for voices in np.unique(tails.voices):
        of = tails.voices == voices
        for place in np.unique(tails.place[of & ~tails.over]):
            chosen = of & (tails.over | (tails.place == place))
            if (chosen & tails.over).any():
                yield f"{voices} {place}", told(likely[chosen], tails.over[chosen])


def as_figures(result: Told) -> Mapping[str, float]:
    """For a manifest."""
    figures = {
        f"mistaken_at_{r:.0%}".rstrip("%"): m
        for r, m in zip(RECALLS, result.mistaken, strict=True)
    }
    return {
        "ends": result.ends,
        "others": result.others,
        "area": round(result.area, 3),
        **{key: round(value, 3) for key, value in figures.items()},
    }
