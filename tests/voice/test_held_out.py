"""Made speech: likely sentences in unheard voices, and none that training has seen."""

import math
import random
from collections import Counter

import numpy as np
import pytest

from voice.held_out import (
    VARIANTS,
    audible_errors,
    drawn,
    is_held_out,
    readings,
)
from voice.sentence_graphs import Form, SentenceGraph, joined
from voice.synthesizers.espeak import Espeak

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

NUMBERS = SentenceGraph(
    language="de",
    words=(tuple(Form(str(n), str(n)) for n in range(100)),),
    arcs=((), ((0, 0),)),
    senses=(frozenset({"a"}), frozenset()),
    rarities=((), (0.0,)),
    end_rarities=(0.0, 0.0),
    values={},
)
"""Any number below 100."""


def test_sentences_are_drawn_as_often_as_they_are_likely() -> None:
    rng = random.Random(1)
    texts = Counter(
        joined(form.written for form in drawn(GRAPH, rng)) for _ in range(2000)
    )
    assert set(texts) <= {"stop", "stop 2", "stop 3"}
    assert 400 < texts["stop"] < 600
    assert texts["stop 3"] < 20


def test_readings_differ_and_follow_from_the_seed() -> None:
    one, other = (list(readings(NUMBERS, 4, random.Random(7))) for _ in range(2))
    assert len({reading.written for reading in one}) == 4
    for first, second in zip(one, other, strict=True):
        assert (first.written, first.voice) == (second.written, second.voice)
        # The library draws the breath in a voice itself: no two readings are equal.
        assert first.seconds == pytest.approx(second.seconds, abs=0.05)
        assert first.seconds > 0.3
        assert np.abs(first.pcm.samples).max() > 1000


def test_only_what_was_kept_out_of_training_is_read() -> None:
    read = list(readings(NUMBERS, 50, random.Random(1)))
    texts = [reading.written for reading in read]
    assert sorted(texts, key=int) == [str(n) for n in range(100) if is_held_out(str(n))]
    assert {reading.voice.split("+")[1] for reading in read} <= set(VARIANTS)


@pytest.mark.parametrize(
    ("language", "said", "heard", "errors"),
    [
        ("fr", "quels comptes à rebours", "quel comptes a rebours", 0),
        ("nl", "jaloeziestand op 15%", "jaloezie stand op 15 procent", 0),
        ("pt", "temporizador 3 horas", "temporizador 2 horas", 1),
        ("en", "stop", "…", 1),
        ("en", "stop the music", "stop the music now please", 2),
    ],
)
def test_an_error_that_nobody_can_hear_is_none(
    language: str, said: str, heard: str, errors: int
) -> None:
    assert audible_errors(said, heard, language) == errors


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_voice_can_be_spoken_with(variant: str) -> None:
    assert Espeak.load().has_voice(f"de+{variant}")


def test_the_recipes_train_with_none_of_the_voices() -> None:
    pytest.importorskip("torch", reason="needs the extra `train`")
    pytest.importorskip("wordfreq", reason="needs the extra `train`")
    from models.recipes.recognizer.clips import TRAINING_VARIANTS

    assert not set(TRAINING_VARIANTS) & set(VARIANTS)


def test_capitals_do_not_bring_a_sentence_back() -> None:
    texts = [f"Turn ON lamp {number}" for number in range(300)]
    assert [*map(is_held_out, texts)] == [is_held_out(text.lower()) for text in texts]
    assert 5 < sum(map(is_held_out, texts)) < 30
