"""Texts as the ear might hear them: their sounds in order, the newest last, no melody."""

import random

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

from models.recipes.turn_end import spoken
from models.recipes.turn_end.spoken import Spoken
from models.recipes.turn_end.texts import Sayings
from voice.phones import PHONES
from voice.recognizers.turn_ends import FRAMES, MELODY

LANGUAGES = {"en": 1.0, "de": 1.0, "ca": 1.0}

READ = [{"language": "ca", "transcript": "quin dia que fa avui"}]


@pytest.fixture(scope="module")
def sayings() -> Sayings:
    return Sayings(READ, LANGUAGES)


@pytest.fixture(scope="module")
def read(sayings: Sayings) -> Spoken:
    return Spoken.of(sayings, 60, random.Random(1))


def test_patterns_are_filled_and_other_languages_say_what_is_read(sayings) -> None:
    rng = random.Random(1)
    said = {tag: {sayings.saying(tag, rng) for _ in range(200)} for tag in LANGUAGES}
    assert len(said["en"]) > 80
    assert said["ca"] == {"quin dia que fa avui"}
    assert not any("{" in text for some in said.values() for text in some)


def test_wholes_are_longer_than_their_beginnings(read) -> None:
    lengths = (read.phones >= 0).sum(axis=1)
    assert len(read) == 60
    assert 20 <= read.over.sum() <= 40
    assert lengths[read.over].mean() > 1.3 * lengths[~read.over].mean()
    assert (read.phones[lengths < read.phones.shape[1], 0] == -1).all()


def test_without_mistakes_the_sounds_are_those_of_the_text(read, monkeypatch) -> None:
    monkeypatch.setattr(spoken, "MISTAKEN", 0.0)
    monkeypatch.setattr(spoken, "LOST", 0.0)
    some = np.arange(len(read))
    frames = read.heard(some, np.random.default_rng(1))
    assert frames.shape == (60, FRAMES, len(PHONES) + MELODY)
    assert not frames[:, :, len(PHONES) :].any()
    for phones, frame in zip(read.phones, frames, strict=True):
        heard = frame[frame.any(axis=1)]
        assert np.allclose(heard.sum(axis=1), 1)
        order = heard.argmax(axis=1)
        runs = order[np.flatnonzero(np.diff(order, prepend=-1))]
        said = phones[phones >= 0].astype(int)
        said = said[np.flatnonzero(np.diff(said, prepend=-1))]
        assert runs.tolist() == said[len(said) - len(runs) :].tolist()
        assert frame[-1].any()


def test_sounds_are_mistaken_for_others_of_their_kind(read, monkeypatch) -> None:
    monkeypatch.setattr(spoken, "LOST", 0.0)
    frames = read.heard(np.zeros(400, int), np.random.default_rng(1))
    last = frames[:, -1].argmax(axis=1)
    right = int(read.phones[0, -1])
    share = (last == right).mean()
    assert 0.6 < share < 1
    assert set(last) <= set(spoken._LIKE[right].tolist())
