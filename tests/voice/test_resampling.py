"""A stream at another rate: true to the ear, without seams, and at once."""

import numpy as np
import pytest

from voice.resampling import Polyphase

RATES = [
    (24_000, 16_000),
    (48_000, 16_000),
    (8_000, 16_000),
    (16_000, 24_000),
    (22_050, 24_000),
    (44_100, 16_000),
]


def tone(hertz, rate, level=10_000.0):
    return level * np.sin(2 * np.pi * hertz * np.arange(rate) / rate)


def resampled(samples, source, target):
    return Polyphase(source, target).feed(samples.astype(np.int16), last=True)


def loudness(samples):
    """Of the middle half; at its ends a tone begins and ends at once."""
    quarter = len(samples) // 4
    return np.sqrt(np.mean(samples[quarter:-quarter].astype(float) ** 2))


@pytest.mark.parametrize(("source", "target"), RATES)
@pytest.mark.parametrize("share", [0.02, 0.3, 0.8])
def test_a_tone_stays_what_it_was_and_when_it_was(source, target, share):
    hertz = share * min(source, target) / 2
    got = resampled(tone(hertz, source), source, target)
    wanted = tone(hertz, target)
    assert len(got) == len(wanted)
    assert loudness(got - wanted) < 0.001 * loudness(wanted)


@pytest.mark.parametrize(("source", "target"), [r for r in RATES if r[0] > r[1]])
def test_what_the_new_rate_cannot_hold_does_not_come_back_as_another_tone(
    source, target
):
    above = tone(0.55 * target, source)
    assert loudness(resampled(above, source, target)) < 0.001 * loudness(above)


@pytest.mark.parametrize(("source", "target"), RATES)
def test_it_makes_no_difference_how_a_stream_is_cut(source, target):
    noise = np.random.default_rng(0).integers(-32_768, 32_768, source).astype(np.int16)
    stream, pieces, at, size = Polyphase(source, target), [], 0, 1
    while at < len(noise):
        pieces.append(stream.feed(noise[at : at + size]))
        at, size = at + size, (size * 7) % 997
    pieces += [stream.feed(noise[:0]), stream.feed(noise[:0], last=True)]
    assert np.array_equal(np.concatenate(pieces), resampled(noise, source, target))


@pytest.mark.parametrize(("source", "target"), RATES)
def test_nothing_is_held_back_but_half_the_filter(source, target):
    stream, given = Polyphase(source, target), 0
    for count in range(1, 51):
        given += len(stream.feed(np.zeros(source // 50, np.int16)))
        assert 20 * count - 1000 * given / target < 5, "in ms"


def test_the_loudest_is_clipped_and_never_turned_around():
    loud = np.sign(tone(300, 24_000)) * 32_767
    got = resampled(loud, 24_000, 16_000)
    assert got.max() == 32_767
    assert got.min() == -32_768
    assert loudness(got) > 30_000
