"""Noise without a word: every kind, at many levels, the same from the same seed."""

import numpy as np
import pytest

from voice.wordless import KINDS, wordless


def test_the_clips_are_as_long_as_was_asked_for_together() -> None:
    clips = list(wordless(31.0, 1))
    assert sum(len(clip.pcm) for clip in clips) == 31 * 16_000
    assert all(clip.pcm.duration <= 8000 for clip in clips)


def test_the_same_seed_makes_the_same_noise_and_another_one_another() -> None:
    one, same, other = (list(wordless(20.0, seed)) for seed in (1, 1, 2))
    assert [clip.kind for clip in one] == [clip.kind for clip in same]
    assert all(
        np.array_equal(a.pcm.samples, b.pcm.samples)
        for a, b in zip(one, same, strict=True)
    )
    assert [clip.pcm.duration for clip in one] != [clip.pcm.duration for clip in other]


def test_a_few_minutes_hold_every_kind_at_many_levels() -> None:
    clips = list(wordless(120.0, 3))
    assert {clip.kind.split("+")[0] for clip in clips} == set(KINDS)
    loud = [clip for clip in clips if clip.kind != "silence"]
    powers = [np.sqrt(np.mean(clip.pcm.to_floats() ** 2)) for clip in loud]
    levels = 20 * np.log10(np.array(powers) + 1e-9)
    assert levels.min() < -35
    assert levels.max() > -15


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_heard_and_only_silence_not(kind: str) -> None:
    wave = KINDS[kind](16_000, np.random.default_rng(5))
    assert wave.shape == (16_000,)
    assert np.isfinite(wave).all()
    assert bool(np.abs(wave).max() > 1e-3) == (kind != "silence")
