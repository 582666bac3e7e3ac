"""The whole recipe in small: texts, voices, training, alignment, export."""

import dataclasses
import json
import random
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("wordfreq", reason="needs the extra `train`")

import torch

from models.recipes.acoustic import train
from models.recipes.acoustic.align import FRAME, align, best_paths, pronounced
from models.recipes.acoustic.batches import (
    Library,
    Mixture,
    load_recordings,
    save_recordings,
)
from models.recipes.acoustic.evaluate import heard, load_run
from models.recipes.acoustic.export import export, priors
from models.recipes.acoustic.features import colorless
from models.recipes.acoustic.lending import Lender
from models.recipes.acoustic.network import STRIDE
from models.recipes.acoustic.texts import Texts
from models.recipes.acoustic.voices import (
    UNKNOWN,
    Recording,
    read_by_espeak,
    timed_labels,
)
from voice.held_out import is_held_out
from voice.phones import PHONES, SILENCE
from voice.synthesizers.espeak import Phoneme

QUICK = train.Config(
    seed=1,
    minutes=0,
    steps=60,
    threads=1,
    rate=4e-3,
    checkpoint_minutes=99,
    aligned=(0.8,),
    readings=0,
    shape={"width": 64, "layers": 3},
    languages={"en": 1.0, "it": 1.0},
    mixture=Mixture(seconds=20, clips=12, longest=4.0),
)


@pytest.fixture(scope="module")
def run(
    tmp_path_factory: pytest.TempPathFactory,
) -> tuple[Path, list[dict[str, float]]]:
    out = tmp_path_factory.mktemp("run")
    trainer = train.Trainer(QUICK, out, recordings=None)
    return out, list(trainer.run())


def test_the_loss_falls(run: tuple[Path, list[dict[str, float]]]) -> None:
    _, reports = run
    assert reports[-1]["step"] == QUICK.steps
    assert reports[-1]["loss"] < reports[0]["loss"] - 0.4
    assert reports[-1]["right"] > reports[0]["right"]


def test_a_run_goes_on_from_its_checkpoint(
    run: tuple[Path, list[dict[str, float]]],
) -> None:
    out, _ = run
    longer = dataclasses.replace(QUICK, steps=QUICK.steps + 10)
    trainer = train.Trainer(longer, out, recordings=None)
    trainer.resume()
    (report,) = list(trainer.run())
    assert report["step"] == QUICK.steps + 10


def test_the_exported_model_hears_what_the_trained_one_hears(
    run: tuple[Path, list[dict[str, float]]], tmp_path: Path
) -> None:
    import voice  # noqa: F401 - switches telemetry off before what follows

    onnxruntime = pytest.importorskip("onnxruntime")
    out, _ = run
    model, facts = load_run(out)
    assert facts["step"] >= QUICK.steps
    mel = torch.randn(1, 80, 250)
    listeners = model.numbers(["it", "en", "xx"])
    assert listeners.tolist() == [2, 1, 0]
    with torch.inference_mode():
        expected = model(mel, listeners).log_softmax(-1).numpy()
    assert np.abs(expected[0] - expected[1]).max() > 1e-3
    for quantized, tolerance in ((False, 1e-3), (True, 1.0)):
        path = tmp_path / f"{quantized}.onnx"
        export(model, path, quantized=quantized)
        session = onnxruntime.InferenceSession(str(path))
        (found,) = session.run(
            None, {"mel": mel.numpy(), "languages": listeners.numpy()}
        )
        assert found.shape == expected.shape == (3, 84, len(PHONES))
        assert np.abs(found - expected).max() < tolerance


def test_priors_add_up(run: tuple[Path, list[dict[str, float]]]) -> None:
    shares = priors(run[0])
    assert len(shares) == len(PHONES)
    assert sum(shares) == pytest.approx(1, abs=1e-3)


# --- Alignment ----------------------------------------------------------------


def test_the_best_path_follows_what_is_sure() -> None:
    """Three sounds, a pause after the first; columns: pause, then the sounds."""
    truth = [-1, 0, 0, -1, 1, 2, 2]
    emission = np.full((len(truth), 4), -5.0)
    for frame, sound in enumerate(truth):
        emission[frame, sound + 1] = -0.1
    shorter = emission[[1, 4, 5]]
    assert [path.tolist() for path in best_paths([emission, shorter])] == [
        truth,
        [0, 1, 2],
    ]


def test_a_sound_is_never_skipped() -> None:
    emission = np.full((4, 4), -5.0)
    emission[:, 1] = -0.1
    (path,) = best_paths([emission])
    assert path.tolist() == [0, 0, 1, 2]


class _Certain(torch.nn.Module):
    """Hears what it was told, whatever the audio."""

    def __init__(self, sounds: list[int]) -> None:
        super().__init__()
        self.scores = torch.full((1, len(sounds), len(PHONES)), -9.0)
        for frame, sound in enumerate(sounds):
            self.scores[0, frame, sound] = 9.0

    def numbers(self, languages: list[str]) -> torch.Tensor:
        return torch.zeros(len(languages), dtype=torch.long)

    def forward(self, mel: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        return self.scores.expand(len(mel), -1, -1)


def _recording(text: str, frames: int) -> Recording:
    rng = np.random.default_rng(1)
    samples = (rng.standard_normal(frames * FRAME) * 3000).astype(np.int16)
    return Recording("a", "en", "test", text, samples)


def test_sounds_get_their_times_from_the_network() -> None:
    sounds, _ = pronounced("no", "en")
    heard_ = [SILENCE, *np.repeat(sounds, 3).tolist(), SILENCE]
    recording = _recording("no", len(heard_))
    ((name, labels),) = align(_Certain(heard_), [recording])  # type: ignore[arg-type]
    assert name == "a"
    # The middle step of each frame carries what was heard in the frame.
    assert labels[::STRIDE].tolist() == heard_


def test_a_transcript_that_does_not_fit_is_not_believed() -> None:
    sounds, _ = pronounced("no", "en")
    recording = _recording("a very different sentence", 60)
    assert not list(align(_Certain([int(sounds[0])] * 60), [recording]))  # type: ignore[arg-type]


def test_without_a_transcript_only_what_is_sure_is_believed() -> None:
    model = _Certain([3] * 20)
    model.scores[0, 10:] = 0.0
    ((_, labels),) = align(model, [_recording("", 20)])  # type: ignore[arg-type]
    assert labels[:27].tolist() == [3] * 27
    assert labels[33:].tolist() == [UNKNOWN] * 27


# --- Voices and texts ---------------------------------------------------------


def test_a_diphthong_is_shared_out_and_a_mark_lengthens() -> None:
    phonemes = [Phoneme("aʊ", 0), Phoneme("ʲ", 320), Phoneme("", 480)]
    labels = timed_labels(phonemes, [320, 480, 640], 800)
    a, u = PHONES.index("a"), PHONES.index("ʊ")
    assert labels.tolist() == [a, u, u, SILENCE, SILENCE]


def test_espeak_says_when_its_sounds_begin() -> None:
    said = read_by_espeak("on", "en", random.Random(3), strength=0.0)
    assert said is not None
    assert said.labels is not None
    changes = said.labels[np.flatnonzero(np.diff(said.labels, prepend=-1))]
    assert [sound for sound in changes if sound] == list(said.sounds)


def test_test_sentences_are_no_training_sentences() -> None:
    rng = random.Random(1)
    for test in (False, True):
        texts = Texts("en", rng, test=test)
        assert all(is_held_out(texts.command().lower()) == test for _ in range(50))


@pytest.mark.parametrize("language", ["et", "ga"])
def test_a_language_without_a_list_of_words_has_words(language: str) -> None:
    assert Texts(language, random.Random(1)).words()


def test_readings_survive_on_disk(tmp_path: Path) -> None:
    recordings = [_recording("one", 3), _recording("two", 5)]
    save_recordings(recordings, tmp_path / "r.npz")
    for kept, first in zip(
        load_recordings(tmp_path / "r.npz"), recordings, strict=True
    ):
        assert (kept.text, kept.samples.tolist()) == (
            first.text,
            first.samples.tolist(),
        )
    save_recordings([], tmp_path / "none.npz")
    assert load_recordings(tmp_path / "none.npz") == []


def test_a_library_draws_only_what_has_times() -> None:
    one, two = _recording("x", 5), dataclasses.replace(_recording("y", 5), name="b")
    library = Library([one, two], {"b": np.full(15, 7, np.int16)}, favor={"test": 2.0})
    said = library.draw(random.Random(1), strength=1.0)
    assert len(library) == 1
    assert said.labels is not None
    assert set(said.labels.tolist()) == {7}


def test_features_do_not_tell_the_channel() -> None:
    mel = torch.randn(2, 80, 50)
    frames = torch.tensor([50, 30])
    color = torch.randn(1, 80, 1) * 0.01
    color = color - color.mean(1, keepdim=True)
    assert torch.allclose(
        colorless(mel, frames), colorless(mel + color, frames), atol=1e-4
    )


def test_what_is_heard_is_told_once_and_without_silence() -> None:
    scores = np.eye(len(PHONES))[[0, 1, 1, 0, 1, 2]]
    assert heard(scores) == [PHONES[1], PHONES[1], PHONES[2]]


def test_an_unknown_key_of_the_configuration_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    source = Path(train.__file__).with_name("config.toml").read_text(encoding="utf-8")
    path.write_text("color = 1\n" + source, encoding="utf-8")
    with pytest.raises(TypeError, match="color"):
        train.Config.load(path)
    assert json.dumps(
        train.Config.load(Path(train.__file__).with_name("config.toml")).shape
    )


def test_spectra_of_people_are_lent_to_espeak_where_the_sound_is_known() -> None:
    sounds = {text: pronounced(text, "en")[0] for text in ("see", "far")}
    recordings, alignments = [], {}
    rng = np.random.default_rng(2)
    for number in range(40):
        text = ("see", "far")[number % 2]
        recording = dataclasses.replace(
            _recording(text, 20), name=str(number), text=text
        )
        recordings.append(recording)
        alignments[recording.name] = rng.choice(sounds[text], 60).astype(np.int16)
    lender = Lender(recordings, alignments, random.Random(1))
    mel = torch.zeros(3, 80, 30)
    labels = torch.full((3, 30), UNKNOWN)
    labels[:2, 10:20] = int(sounds["see"][-1])
    # With enough tries, each row that may get other spectra does.
    lent = mel
    for seed in range(5):
        lent = lender.lend(lent, labels, (0, 2), random.Random(seed))
    assert lent[0, :, 12:18].abs().max() > 0.1
    assert not lent[0, :, :7].any()
    assert not lent[1:].any()


def test_with_nobody_to_lend_nothing_changes() -> None:
    mel, labels = torch.randn(1, 80, 9), torch.ones(1, 9, dtype=torch.long)
    lender = Lender([], {}, random.Random(1))
    assert torch.equal(lender.lend(mel, labels, (0,), random.Random(4)), mel)
