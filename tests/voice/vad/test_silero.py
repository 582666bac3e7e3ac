"""The Silero network on real (synthesised) speech, noise and long streams."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from voice.audio import HEARING_RATE, Framer, Pcm
from voice.errors import ConfigError
from voice.stages import VoiceActivity
from voice.synthesizers.espeak import Espeak
from voice.vad import silero
from voice.vad.silero import FRAME_SAMPLES, SileroModel

RANDOM_STATE = 20


@pytest.fixture(scope="module")
def model() -> SileroModel:
    return SileroModel.load()


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(RANDOM_STATE)


@pytest.fixture(scope="module")
def speech() -> Pcm:
    """A sentence at -10 dB in a quiet room, half a second after the beginning."""
    binding = Espeak.load()
    samples, _ = binding.render("Turn on the light in the kitchen, please.", "en+f4")
    clip = Pcm(samples, binding.rate).resampled(HEARING_RATE).to_floats()
    clip *= 0.3 / np.abs(clip).max()
    clip = np.concatenate([np.zeros(HEARING_RATE // 2, np.float32), clip])
    floor = np.random.default_rng(RANDOM_STATE).normal(0, 0.001, len(clip))
    return Pcm.of_floats(clip + floor, HEARING_RATE)


def listen(activity: VoiceActivity, pcm: Pcm) -> npt.NDArray[np.float64]:
    framer = Framer(activity.frame_samples, HEARING_RATE)
    return np.array([activity.probability(frame) for frame in framer.feed(pcm)])


def chords(seconds: int, random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Plucked chords with harmonics, four a second."""
    scale = [220, 247, 262, 294, 330, 349, 392, 440, 494, 523]
    beat = HEARING_RATE // 4
    time = np.arange(beat) / HEARING_RATE
    music = []
    for _ in range(4 * seconds):
        notes = random.choice(scale, 3)
        waves = [np.sin(2 * np.pi * n * k * time) / k for n in notes for k in (1, 2, 3)]
        music.append(sum(waves) * np.exp(-time / 0.2))
    return np.concatenate(music) / 10


def test_speech_is_told_from_a_quiet_room(model: SileroModel, speech: Pcm) -> None:
    probabilities = listen(model.open(), speech)
    silent, spoken = probabilities[:14], probabilities[18:-12]
    assert silent.max() < 0.2
    # Not all of it: how long eSpeak pauses depends a little on what it said before.
    assert np.mean(spoken > 0.5) > 0.85


@pytest.mark.parametrize("level", [0.0, 0.001, 0.02, 0.1])
def test_noise_is_not_speech(
    model: SileroModel, random: np.random.Generator, level: float
) -> None:
    noise = random.normal(0, 1, 10 * HEARING_RATE) * level
    probabilities = listen(model.open(), Pcm.of_floats(noise, HEARING_RATE))
    assert np.mean(probabilities > 0.5) < 0.01


@pytest.fixture(params=["noise", "music", "silence"])
def ten_minutes(
    request: pytest.FixtureRequest, random: np.random.Generator
) -> Iterator[Pcm]:
    match request.param:
        case "noise":
            white = random.normal(0, 0.05, 60 * HEARING_RATE)
            minute = np.convolve(white, np.ones(8) / 8, mode="same")
        case "music":
            minute = chords(60, random)
        case _:
            minute = np.zeros(60 * HEARING_RATE)
    return Pcm.of_floats(np.tile(minute, 10), HEARING_RATE)


@pytest.mark.slow
def test_speech_is_found_after_ten_minutes_of_anything_else(
    model: SileroModel, speech: Pcm, ten_minutes: Pcm
) -> None:
    fresh = listen(model.open(), speech) > 0.5
    activity = model.open()
    listen(activity, ten_minutes)
    weary = listen(activity, speech) > 0.5
    assert np.argmax(weary) <= np.argmax(fresh) + 1, "the onset comes late"
    assert weary.sum() >= 0.95 * fresh.sum(), "part of the speech is not found"


@pytest.mark.slow
def test_without_renewal_the_same_stream_loses_speech(
    model: SileroModel, speech: Pcm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The reason for the renewal: when this fails, the network got better."""
    monkeypatch.setattr(silero, "RENEWAL_FRAMES", 10**9)
    random = np.random.default_rng(RANDOM_STATE)
    white = random.normal(0, 0.05, 300 * HEARING_RATE)
    noise = np.convolve(white, np.ones(8) / 8, mode="same")
    activity = model.open()
    listen(activity, Pcm.of_floats(noise, HEARING_RATE))
    weary = listen(activity, speech) > 0.5
    assert weary.sum() < 0.95 * (listen(model.open(), speech) > 0.5).sum()


def test_streams_that_share_the_weights_do_not_disturb_each_other(
    model: SileroModel, speech: Pcm, random: np.random.Generator
) -> None:
    alone = listen(model.open(), speech)
    first, second = model.open(), model.open()
    together = []
    for frame in Framer(FRAME_SAMPLES, HEARING_RATE).feed(speech):
        together.append(first.probability(frame))
        noise = random.normal(0, 0.3, FRAME_SAMPLES)
        second.probability(Pcm.of_floats(noise, HEARING_RATE))
    assert np.array_equal(alone, together)


def test_reset_forgets_the_stream(model: SileroModel, speech: Pcm) -> None:
    activity = model.open()
    before = listen(activity, speech)
    assert not np.array_equal(before, listen(activity, speech))
    activity.reset()
    assert np.array_equal(before, listen(activity, speech))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.onnx.*reinstall"):
        SileroModel.load(tmp_path / "nowhere.onnx")


def test_a_file_that_is_no_network_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.onnx"
    path.write_bytes(b"not a network")
    with pytest.raises(ConfigError, match=r"broken\.onnx: not an ONNX network"):
        SileroModel.load(path)
