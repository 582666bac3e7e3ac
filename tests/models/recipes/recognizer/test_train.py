"""The whole recipe in small: sentences, voices, training, export, recognition."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

import torch
from faster_whisper.feature_extractor import FeatureExtractor

from models.recipes.recognizer import train
from models.recipes.recognizer.batches import Mixture
from models.recipes.recognizer.evaluate import edits, plain
from models.recipes.recognizer.export import export, load_run
from models.recipes.recognizer.features import LogMel
from models.recipes.recognizer.optimizer import orthogonalized
from voice.audio import Pcm
from voice.recognizers.whisper import WhisperRecognizer

QUICK = train.Config(
    languages=("en", "de"),
    pieces=320,
    seed=1,
    minutes=0,
    steps=40,
    threads=1,
    rate=4e-3,
    checkpoint_minutes=99,
    shape={"width": 64, "encoder_layers": 2, "decoder_layers": 1},
    mixture=Mixture(seconds=20, clips=12, longest=4.0),
)


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[dict[str, float]]]:
    out = tmp_path_factory.mktemp("run")
    trainer = train.Trainer(QUICK, out, recordings=None)
    return out, list(trainer.run())


def test_the_losses_fall(run: tuple[Path, list[dict[str, float]]]) -> None:
    _, reports = run
    first, last = reports[0], reports[-1]
    assert last["step"] == QUICK.steps
    assert last["text"] < first["text"] - 0.5
    assert last["phonemes"] < first["phonemes"] - 0.3
    assert last["letters"] < first["letters"]


def test_a_run_goes_on_from_its_checkpoint(
    run: tuple[Path, list[dict[str, float]]],
) -> None:
    out, _ = run
    longer = dataclasses.replace(QUICK, steps=QUICK.steps + 10)
    trainer = train.Trainer(longer, out, recordings=None)
    trainer.resume()
    assert trainer.step == QUICK.steps
    (report,) = trainer.run()
    assert report["text"] < run[1][0]["text"]


def test_the_exported_model_hears_and_writes_what_the_trained_one_does(
    run: tuple[Path, list[dict[str, float]]], tmp_path: Path
) -> None:
    model, vocabulary, _ = load_run(run[0])
    export(model, vocabulary, tmp_path, quantization=None)
    recognizer = WhisperRecognizer.load(tmp_path, device="cpu")
    assert recognizer.languages == QUICK.languages
    pcm = Pcm.of_floats(np.random.default_rng(0).normal(0, 0.1, 30_000), 16_000)
    window = recognizer._window(len(pcm))
    audio = torch.from_numpy(np.pad(pcm.to_floats(), (0, window - len(pcm))))
    with torch.no_grad():
        memory, _ = model.encode(LogMel()(audio[None]))
        tokens = vocabulary.prompt("en")
        for _ in range(10):
            tokens.append(
                int(model.decode(torch.tensor([tokens]), memory)[0, -1].argmax())
            )
    encoded = recognizer._encode(pcm.to_floats(), window)
    np.testing.assert_allclose(np.array(encoded), memory.numpy(), atol=1e-3)
    # The loop above is greedy.
    recognizer._hearing = dataclasses.replace(recognizer._hearing, beams=1)
    piece = recognizer._write(encoded, "en", len(pcm))
    assert vocabulary.tokenizer.decode(tokens).strip().startswith(piece.text[:10])


def test_int8_stays_close(
    run: tuple[Path, list[dict[str, float]]], tmp_path: Path
) -> None:
    model, vocabulary, _ = load_run(run[0])
    export(model, vocabulary, tmp_path)
    recognizer = WhisperRecognizer.load(tmp_path, device="cpu")
    audio = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    with torch.no_grad():
        memory, _ = model.encode(LogMel()(torch.from_numpy(audio)[None]))
    close = np.array(recognizer._encode(audio, 32_000)) - memory.numpy()
    assert np.abs(close).mean() < 0.1
    assert json.loads((tmp_path / "parley.json").read_text())["languages"] == [
        "en",
        "de",
    ]


def test_training_and_use_compute_the_same_features() -> None:
    audio = np.random.default_rng(0).normal(0, 0.1, 32_000).astype(np.float32)
    audio[20_000:] = 0
    trained = LogMel()(torch.from_numpy(audio)[None])[0].numpy()
    used = FeatureExtractor(feature_size=80)(audio, padding=0)
    assert trained.shape == used.shape == (80, 200)
    np.testing.assert_allclose(trained, used, atol=1e-3)


def test_orthogonal_updates_have_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((2, 48, 48), (3, 64, 16), (1, 16, 64)):
        values = torch.linalg.svdvals(orthogonalized(torch.randn(shape)))
        assert 0.4 < values.min() < values.max() < 1.4


@pytest.mark.parametrize(
    ("wanted", "heard", "count"),
    [
        ("a b c", "a b c", 0),
        ("a b c", "a x c", 1),
        ("a b", "", 2),
        ("", "a", 1),
        ("a b c", "b c d", 2),
    ],
)
def test_edits_are_counted(wanted: str, heard: str, count: int) -> None:
    assert edits(wanted.split(), heard.split()) == count


def test_plain_text_has_no_marks_inside_words() -> None:
    assert plain("reste-t-il what's") == "reste t il what s"
