"""Where somebody speaks, told by loudness."""

import numpy as np

from voice.loudness import voiced

RATE = 16_000


def test_spans_are_voices_and_no_bangs() -> None:
    sound = np.random.default_rng(0).normal(0, 1e-4, RATE)
    time = np.arange(RATE // 4) / RATE
    sound[2000 : 2000 + len(time)] += np.sin(2 * np.pi * 200 * time)
    sound[12_000:12_100] += 1.0
    ((begin, end),) = voiced(sound, RATE)
    assert abs(begin - 2000) + abs(end - 6000) < 320


def test_in_less_than_a_frame_nobody_speaks() -> None:
    assert voiced(np.ones(RATE // 200), RATE) == []
