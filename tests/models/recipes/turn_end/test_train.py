"""The whole recipe in small: eSpeak's clips, hearing, training, export."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

import torch

from models.recipes.turn_end import prepare, train
from models.recipes.turn_end.evaluate import probabilities, told
from models.recipes.turn_end.export import export
from voice.phones import PHONES
from voice.recognizers.turn_ends import FRAMES, MELODY, MODEL, TurnEnds

QUICK = train.Config(
    seed=1,
    people=0,
    espeak=24,
    texts=40,
    epochs=30,
    batch=8,
    beside=4,
    rate=2e-2,
    decay=0.0,
    threads=1,
    languages={"en": 1.0, "de": 1.0},
)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> tuple[train.Material, Path]:
    out = tmp_path_factory.mktemp("run")
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prepare, "PART", 12)
        return train.prepared(QUICK, out, recordings=None), out


def test_clips_are_heard_once_and_kept(heard, monkeypatch) -> None:
    material, out = heard
    tails = material.tails
    assert (len(tails), len(material.texts)) == (24, 40)
    assert tails.frames.shape == (24, FRAMES, len(PHONES) + MELODY)
    assert set(tails.place[tails.over]) == {"end"}
    assert not set(tails.place[~tails.over]) & {"end"}
    monkeypatch.setattr(prepare, "PART", 12)
    monkeypatch.setattr(prepare, "_heard", None)  # whoever hears again fails
    again = train.prepared(QUICK, out, recordings=None)
    assert np.array_equal(again.tails.frames, tails.frames)
    assert np.array_equal(again.texts.phones, material.texts.phones)


def test_the_loss_falls_and_the_export_says_the_same(heard, tmp_path) -> None:
    material, _ = heard
    tails = material.tails
    trainer = train.Trainer(QUICK, tmp_path, material)
    losses = list(trainer.run())
    assert losses[-1] < 0.8 * losses[0]

    model, state = train.load_run(tmp_path)
    assert state == {"epoch": QUICK.epochs, "clips": 24}
    export(model, tmp_path / MODEL)
    ends = TurnEnds.load(tmp_path, sounds=len(PHONES))
    likely = probabilities(model, tails)
    exported = [ends.over(one.astype(np.float32)) for one in tails.frames]
    assert np.allclose(likely, exported, atol=1e-4)
    # What it has seen it tells apart: the clips reach the network with their labels.
    assert told(likely, tails.over).area > 0.8


def test_a_run_that_was_interrupted_goes_on_as_it_would_have(heard, tmp_path) -> None:
    material, _ = heard
    short = dataclasses.replace(QUICK, epochs=3)
    whole = list(train.Trainer(short, tmp_path / "whole", material).run())

    begun = train.Trainer(short, tmp_path / "cut", material).run()
    before = [next(begun)]
    torch.manual_seed(99)
    trainer = train.Trainer(short, tmp_path / "cut", material)
    trainer.resume()
    assert before + list(trainer.run()) == pytest.approx(whole, abs=1e-6)
