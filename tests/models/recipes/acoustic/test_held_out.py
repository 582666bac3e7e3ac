"""The sentences that unheard voices read: whole ones, likely ones, the same every time."""

import math
import random
from collections import Counter

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")

from models.recipes.acoustic.held_out import drawn, readings
from voice.sentence_graphs import Form, SentenceGraph, joined

GRAPH = SentenceGraph(
    language="en",
    words=((Form("stop", "stop"),), (Form("2", "two"), Form("3", "three", 9.0))),
    arcs=((), ((1, 0),), ((0, 1),)),
    senses=(frozenset({"a"}), frozenset({"b"}), frozenset()),
    rarities=((), (-math.log(0.75),), (0.0,)),
    end_rarities=(0.0, -math.log(0.25), 0.0),
    values={},
)
"""Three times in four "stop 2", seldom "stop 3"; else "stop"."""


def test_sentences_are_drawn_as_often_as_they_are_likely() -> None:
    rng = random.Random(1)
    texts = Counter(
        joined(form.written for form in drawn(GRAPH, rng)) for _ in range(2000)
    )
    assert set(texts) <= {"stop", "stop 2", "stop 3"}
    assert 400 < texts["stop"] < 600
    assert texts["stop 3"] < 20


def test_readings_are_as_many_as_asked_for_and_follow_from_the_seed() -> None:
    one, other = (list(readings(GRAPH, 3, random.Random(7))) for _ in range(2))
    assert len(one) == 3
    for first, second in zip(one, other, strict=True):
        assert first.written == second.written
        # The library draws the breath in a voice itself: no two readings are equal.
        assert first.seconds == pytest.approx(second.seconds, abs=0.05)
        assert first.seconds > 0.5
        assert np.abs(first.pcm.samples).max() > 1000
