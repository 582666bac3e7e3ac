"""The whole recipe in small: pools, training, export, and asking what was exported."""

import random

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

import ctranslate2
import torch

from models.recipes.intents.confusions import Confusions
from models.recipes.intents.examples import Codec, Mixture
from models.recipes.intents.export import export
from models.recipes.intents.pools import Pool, make_pool
from models.recipes.intents.train import Settings, load_run, train
from voice.home_files import demo_home
from voice.responders.pointing_model import PointingModel, Proposal, Sureness

QUICK = Settings(steps=30, batch=24, pieces=600, width=64, layers=2, hidden=96)


@pytest.fixture(scope="module")
def pool() -> Pool:
    return make_pool("en", 150, random.Random(1), test=10)


@pytest.fixture(scope="module")
def run(pool, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run")
    torch.set_num_threads(1)
    mixture = Mixture({"en": pool}, confusions=Confusions())
    codec = Codec.learn([pool], QUICK.pieces)
    losses = train(folder, mixture, codec, QUICK)
    return folder, losses


@pytest.fixture(scope="module")
def exported(run, tmp_path_factory):
    model, codec, _ = load_run(run[0])
    folder = tmp_path_factory.mktemp("exported")
    export(model, codec, folder, least=Sureness(), quantization="float32")
    return folder


def test_the_loss_falls(run) -> None:
    _, losses = run
    assert sum(losses[-5:]) < 0.8 * sum(losses[:5])


def test_a_run_goes_on_where_it_stopped(run, pool) -> None:
    folder, losses = run
    mixture = Mixture({"en": pool}, confusions=Confusions())
    assert len(losses) == QUICK.steps
    assert train(folder, mixture, Codec.load(folder), QUICK) == []


def test_what_was_exported_gives_the_same_scores(run, exported, pool) -> None:
    model, codec, _ = load_run(run[0])
    generator = ctranslate2.Generator(str(exported))
    for command in pool.commands[:5]:
        example = codec.example(command)
        with torch.no_grad():
            scores = model.scores(torch.tensor(example.tokens)[None])[0].log_softmax(-1)
        told = range(example.prompt, len(example.tokens))
        wanted = [scores[i - 1, example.tokens[i]].item() for i in told]
        tokens = [codec.tokens[number] for number in example.tokens]
        (result,) = generator.score_batch([tokens])
        assert result.log_probs[example.prompt - 1 :] == pytest.approx(wanted, abs=1e-3)


def test_what_was_exported_can_be_asked(exported) -> None:
    model = PointingModel.load(exported, demo_home(), ["en", "de"])
    assert model.languages == ("en",)
    sure = model.proposal("turn on the lights in the kitchen", "en").sure
    assert 0 <= sure.whole <= sure.intent <= 1
    assert model.proposal("schalte das licht an", "de") == Proposal()
