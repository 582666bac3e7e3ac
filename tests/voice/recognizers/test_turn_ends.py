"""What is read of the end of an utterance, and what a model of turn ends refuses."""

import numpy as np
import pytest

from voice.errors import ConfigError
from voice.recognizers.turn_ends import FRAMES, MELODY, MODEL, TurnEnds, tail

RATE, STEP = 16_000, 480
SOUNDS = 5


def glide(frames: int, begin: float, end: float) -> np.ndarray:
    """A voice whose pitch moves from `begin` to `end` Hertz."""
    pitch = np.geomspace(begin, end, frames * STEP)
    phase = np.cumsum(pitch) / RATE
    return (0.3 * np.sign(np.sin(2 * np.pi * phase))).astype(np.float32)


def posteriors(pattern: str) -> np.ndarray:
    """A frame for each letter: ``.`` is silence, a digit a sound."""
    sounds = np.full((len(pattern), SOUNDS), 1e-4, np.float32)
    for frame, letter in enumerate(pattern):
        sounds[frame, 0 if letter == "." else int(letter)] = 1
    return np.log(sounds)


def read(pattern: str, audio: np.ndarray | None = None) -> np.ndarray:
    if audio is None:
        audio = glide(len(pattern), 150, 150)
    return tail(posteriors(pattern), audio, 30)


def sounds_in(frames: np.ndarray) -> str:
    names = ".1234"
    used = frames[frames[:, :SOUNDS].any(axis=1)]
    return "".join(names[int(row[:SOUNDS].argmax())] for row in used)


def test_the_silence_behind_says_nothing() -> None:
    quiet = np.zeros(6 * STEP, np.float32)
    audio = np.concatenate([glide(5, 150, 120), quiet])
    long, short = read("12344......", audio), read("12344..", audio[: 7 * STEP])
    assert np.allclose(long, short, atol=1e-5)
    assert sounds_in(long) == "12344"


def test_earlier_silences_are_cut_short() -> None:
    assert sounds_in(read("..12.........34...")) == "12....34"
    assert sounds_in(read("1..2.34")) == "1..2.34"


def test_the_newest_frames_are_read_and_zeros_stand_before() -> None:
    few, many = read("1234"), read("1" * FRAMES + "4" * 3)
    assert few.shape == many.shape == (FRAMES, SOUNDS + MELODY)
    assert not few[:-4].any()
    assert sounds_in(many) == "1" * (FRAMES - 3) + "444"
    assert not read("....").any()


@pytest.mark.parametrize(("begin", "end"), [(200, 100), (100, 200)])
def test_the_melody_is_heard(begin, end) -> None:
    pitch = read("1" * 40, glide(40, begin, end))[-40:, SOUNDS + 1]
    moved = pitch[-4:].mean() - pitch[:4].mean()
    assert moved == pytest.approx(np.log2(end / begin), abs=0.25)


def test_loudness_counts_from_the_loudest() -> None:
    voice = glide(40, 150, 150) * np.repeat(np.geomspace(1, 0.1, 40), STEP)
    level = read("1" * 40, voice.astype(np.float32))[-40:, SOUNDS]
    assert level.max() == pytest.approx(0, abs=0.01)
    assert level[-1] == pytest.approx(-20 / 50, abs=0.05)
    assert np.allclose(read("1" * 40, 0.1 * voice)[-40:, SOUNDS], level, atol=0.01)


def test_a_missing_or_damaged_file_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match="is missing; restore"):
        TurnEnds.load(tmp_path, sounds=SOUNDS)
    (tmp_path / MODEL).write_bytes(b"no network")
    with pytest.raises(ConfigError, match="cannot be loaded as a model of turn ends"):
        TurnEnds.load(tmp_path, sounds=SOUNDS)
