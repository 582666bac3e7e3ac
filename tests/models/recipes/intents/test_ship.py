"""A run becomes a starter: weights, threshold, figures, manifest."""

import json
import random

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

import torch

from models.recipes import manifests
from models.recipes.intents import evaluate
from models.recipes.intents.confusions import Confusions
from models.recipes.intents.examples import Codec, Mixture
from models.recipes.intents.pools import make_pool
from models.recipes.intents.ship import NAME, ship
from models.recipes.intents.train import Settings, train
from voice.manifests import read_manifest, verify

TINY = Settings(steps=2, batch=4, pieces=400, width=32, layers=1, hidden=32)

HEARD = {
    "command": {
        "language": "en",
        "words": [{"text": word, "slots": []} for word in ("what", "time", "is", "it")],
        "intent": "HassGetCurrentTime",
        "fixed": {},
    },
    "text": "what time is it",
    "plain": "what time is it",
}


def test_a_run_becomes_a_starter_whose_every_byte_is_listed(tmp_path, monkeypatch):
    torch.set_num_threads(1)
    pool = make_pool("en", 40, random.Random(1), test=0)
    codec = Codec.learn([pool], TINY.pieces)
    train(tmp_path / "run", Mixture({"en": pool}, confusions=Confusions()), codec, TINY)
    (tmp_path / "heard.jsonl").write_text(2 * (json.dumps(HEARD) + "\n"), "utf-8")
    old = tmp_path / "models" / "starter" / "intents"
    (tmp_path / "models" / "manifests").mkdir(parents=True)
    old.mkdir(parents=True)
    (old / "left_over.bin").touch()
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr(manifests, "data_root", lambda: tmp_path)
    monkeypatch.setattr(evaluate, "TYPED", 4)

    ship(
        *(tmp_path / "run", tmp_path / "heard.jsonl"),
        version="7",
        scratch=tmp_path / "scratch",
    )

    manifest = read_manifest(tmp_path / "models" / "manifests" / f"{NAME}.toml")
    assert (manifest.version, manifest.languages) == ("7", ("en",))
    assert verify(manifest, tmp_path) == old
    assert not (old / "left_over.bin").exists()
    assert manifest.quality["heard_all"]["grammar_right"] == 1.0
