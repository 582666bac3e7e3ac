"""Noise, music and silence, made when they are needed: whoever writes a word is wrong.

What follows from a seed is the same on every machine. The clips are as long as
utterances, at any level from barely audible to clipped, half of them of two kinds at
once. None was made by the recipes, which learn from other noises.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voice.audio import HEARING_RATE, Pcm

__all__ = ["KINDS", "Wordless", "wordless"]

Wave: TypeAlias = npt.NDArray[np.float64]
Maker: TypeAlias = Callable[[int, np.random.Generator], Wave]
"""Makes so many samples, at any level."""

SECONDS = (1.0, 8.0)
"""How long a clip is, least and most."""

LEVELS = (-55.0, -6.0)
"""Root mean square of a clip in dB of full scale, least and most."""

MIXED = 0.5
"""Share of the clips in which a second kind is heard."""


@dataclass(frozen=True, slots=True)
class Wordless:
    """A clip in which nobody says a word.

    Attributes:
        kind: of `KINDS`; two with a plus between them.
        pcm: 16 kHz.
    """

    kind: str
    pcm: Pcm


def wordless(seconds: float, seed: int) -> Iterator[Wordless]:
    """Clips of `seconds` in all: every kind as often as any other."""
    rng = np.random.default_rng(seed)
    left = round(seconds * HEARING_RATE)
    number = 0
    while left > 0:
        length = min(left, int(rng.uniform(*SECONDS) * 100) * HEARING_RATE // 100)
        left -= length
        name = tuple(KINDS)[number % len(KINDS)]
        number += 1
        wave = _scaled(KINDS[name](length, rng))
        if name != "silence" and rng.random() < MIXED:
            other = tuple(KINDS)[rng.integers(len(KINDS))]
            share = 10 ** rng.uniform(-1, 0)
            wave = _scaled(wave + share * _scaled(KINDS[other](length, rng)))
            name = f"{name}+{other}"
        level = 10 ** (rng.uniform(*LEVELS) / 20)
        yield Wordless(name, Pcm.of_floats(wave * level, HEARING_RATE))


def _scaled(wave: Wave) -> Wave:
    """With a root mean square of 1, if there is anything to hear."""
    power = float(np.sqrt(np.mean(wave**2)))
    return wave / power if power > 1e-9 else wave


# --- What is steady -----------------------------------------------------------


def _silence(length: int, rng: np.random.Generator) -> Wave:
    return np.zeros(length)


def _shaped(length: int, rng: np.random.Generator, gain: Wave | float) -> Wave:
    """Noise with a gain for each bin of its spectrum."""
    spectrum = np.fft.rfft(rng.standard_normal(length)) * gain
    wave: Wave = np.fft.irfft(spectrum, length)
    return wave


def _frequencies(length: int) -> Wave:
    """Hertz of each bin, none of them zero."""
    hertz: Wave = np.maximum(np.fft.rfftfreq(length, 1 / HEARING_RATE), 20.0)
    return hertz


def _white(length: int, rng: np.random.Generator) -> Wave:
    return rng.standard_normal(length)


def _pink(length: int, rng: np.random.Generator) -> Wave:
    return _shaped(length, rng, _frequencies(length) ** -0.5)


def _brown(length: int, rng: np.random.Generator) -> Wave:
    return _shaped(length, rng, _frequencies(length) ** -1.0)


def _hiss(length: int, rng: np.random.Generator) -> Wave:
    """A band of noise: a tap, a kettle, a fan."""
    middle, width = rng.uniform(300, 6000), rng.uniform(0.2, 1.2)
    octaves = np.log2(_frequencies(length) / middle)
    return _shaped(length, rng, np.exp(-((octaves / width) ** 2)))


def _hum(length: int, rng: np.random.Generator) -> Wave:
    time = np.arange(length) / HEARING_RATE
    base = rng.choice([50.0, 60.0, 100.0, 120.0]) * rng.uniform(0.99, 1.01)
    wave = 0.05 * _pink(length, rng)
    for order in range(1, 12):
        wave += rng.uniform(0, 1) / order * np.sin(2 * np.pi * order * base * time)
    return wave


def _engine(length: int, rng: np.random.Generator) -> Wave:
    """Firing at a speed that changes, as of a vacuum cleaner, a mixer, a scooter."""
    speed = _glide(length, rng, 25, 220)
    phase = 2 * np.pi * np.cumsum(speed) / HEARING_RATE
    wave = 0.3 * _scaled(_pink(length, rng))
    for order in range(1, 16):
        wave += rng.uniform(0.2, 1) / order * np.sin(order * phase)
    return wave


def _traffic(length: int, rng: np.random.Generator) -> Wave:
    """Cars that pass, and what is far away."""
    time = np.arange(length) / HEARING_RATE
    wave = 0.4 * _scaled(_brown(length, rng))
    for _ in range(rng.integers(1, 4)):
        when, width = rng.uniform(0, length / HEARING_RATE), rng.uniform(0.4, 2.5)
        swell = np.exp(-(((time - when) / width) ** 2))
        wave += rng.uniform(0.4, 1.5) * swell * _scaled(_pink(length, rng))
    return wave


def _wind(length: int, rng: np.random.Generator) -> Wave:
    gusts = np.exp(0.8 * _slow(length, rng, rng.uniform(0.3, 3.0)))
    return _scaled(_brown(length, rng)) * gusts


# --- What comes and goes ------------------------------------------------------


def _slow(length: int, rng: np.random.Generator, rate: float) -> Wave:
    """A random curve with a spread of 1 that changes `rate` times a second."""
    count = max(4, round(length / HEARING_RATE * rate) + 3)
    points = rng.standard_normal(count)
    return np.interp(np.linspace(0, count - 1, length), np.arange(count), points)


def _glide(length: int, rng: np.random.Generator, least: float, most: float) -> Wave:
    """Hertz that wander between two bounds, evenly by octaves."""
    center = np.log(least) + (np.log(most) - np.log(least)) * rng.uniform(0.2, 0.8)
    curve = center + rng.uniform(0, 0.5) * _slow(length, rng, rng.uniform(0.3, 4))
    tones: Wave = np.exp(np.clip(curve, np.log(least), np.log(most)))
    return tones


def _placed(
    length: int, rng: np.random.Generator, rate: float, event: Callable[[], Wave]
) -> Wave:
    """Events at random times, `rate` of them a second."""
    wave = np.zeros(length)
    for _ in range(max(1, rng.poisson(rate * length / HEARING_RATE))):
        part = event()
        first = int(rng.integers(0, length))
        part = part[: length - first]
        wave[first : first + len(part)] += rng.uniform(0.3, 1) * part
    return wave


def _clicks(length: int, rng: np.random.Generator) -> Wave:
    def click() -> Wave:
        count = int(rng.integers(4, 80))
        return rng.standard_normal(count) * np.exp(-np.arange(count) / 12)

    return _placed(length, rng, rng.uniform(0.5, 20), click)


def _typing(length: int, rng: np.random.Generator) -> Wave:
    """Keys: a dull blow, and a brighter one when the finger leaves."""

    def key() -> Wave:
        gap = int(rng.uniform(0.04, 0.12) * HEARING_RATE)
        wave = np.zeros(gap + 500)
        for first, brightness in ((0, 0.4), (gap, 0.9)):
            decay = np.exp(-np.arange(500) / rng.uniform(30, 120))
            burst = rng.standard_normal(500)
            burst[1:] -= brightness * burst[:-1]
            wave[first : first + 500] += burst * decay
        return wave

    return 0.02 * _white(length, rng) + _placed(length, rng, rng.uniform(3, 9), key)


def _knocks(length: int, rng: np.random.Generator) -> Wave:
    """Doors, steps, dishes: something that rings for a moment."""

    def knock() -> Wave:
        time = np.arange(round(rng.uniform(0.05, 0.5) * HEARING_RATE)) / HEARING_RATE
        wave = np.zeros(len(time))
        for _ in range(rng.integers(1, 5)):
            tone, decay = rng.uniform(80, 4000), rng.uniform(8, 60)
            wave += np.exp(-decay * time) * np.sin(2 * np.pi * tone * time)
        return wave + 0.5 * rng.standard_normal(len(time)) * np.exp(-80 * time)

    return _placed(length, rng, rng.uniform(0.5, 4), knock)


def _chirps(length: int, rng: np.random.Generator) -> Wave:
    """Birds and alarms."""

    def chirp() -> Wave:
        time = np.arange(round(rng.uniform(0.05, 0.4) * HEARING_RATE)) / HEARING_RATE
        begin, end = rng.uniform(800, 6000, 2)
        tone = np.linspace(begin, end, len(time))
        wave = np.sin(2 * np.pi * np.cumsum(tone) / HEARING_RATE)
        return wave * np.sin(np.pi * np.arange(len(time)) / len(time))

    return _placed(length, rng, rng.uniform(1, 6), chirp)


def _sweep(length: int, rng: np.random.Generator) -> Wave:
    begin, end = np.exp(rng.uniform(np.log(60), np.log(7000), 2))
    tone = np.geomspace(begin, end, length)
    return np.sin(2 * np.pi * np.cumsum(tone) / HEARING_RATE)


def _chatter(length: int, rng: np.random.Generator) -> Wave:
    """A crowd far away: the spectrum and the pace of speech, and none of its sounds."""
    wave = np.zeros(length)
    for _ in range(rng.integers(4, 12)):
        octaves = np.log2(_frequencies(length) / rng.uniform(350, 2200))
        voice = _scaled(_shaped(length, rng, np.exp(-((octaves / 0.8) ** 2))))
        wave += voice * np.maximum(_slow(length, rng, rng.uniform(3, 6)), 0)
    return wave


# --- What is played -----------------------------------------------------------


def _note(tone: float, length: int, rng: np.random.Generator) -> Wave:
    time = np.arange(length) / HEARING_RATE
    bright, decay = rng.uniform(0.8, 2.5), rng.uniform(0.3, 6)
    wave = np.zeros(length)
    for order in range(1, 9):
        if order * tone < HEARING_RATE / 2:
            wave += np.sin(2 * np.pi * order * tone * time) / order**bright
    attack = np.minimum(1, time / rng.uniform(0.003, 0.08))
    return wave * attack * np.exp(-decay * time)


def _played(length: int, rng: np.random.Generator, voices: int) -> Wave:
    """Notes of a major or minor scale, one beat after the other."""
    steps = rng.choice([[0, 2, 4, 5, 7, 9, 11], [0, 2, 3, 5, 7, 8, 10]])
    root, beat = rng.uniform(110, 330), round(rng.uniform(0.12, 0.8) * HEARING_RATE)
    wave = np.zeros(length)
    for first in range(0, length, beat):
        held = min(length - first, round(beat * rng.uniform(0.8, 2.5)))
        place = rng.integers(len(steps))
        for voice in range(voices):
            octave, step = divmod(int(place) + 2 * voice, len(steps))
            tone = root * 2 ** (octave + steps[step] / 12)
            wave[first : first + held] += _note(tone, held, rng)
    return wave


def _melody(length: int, rng: np.random.Generator) -> Wave:
    return _played(length, rng, 1)


def _chords(length: int, rng: np.random.Generator) -> Wave:
    return _played(length, rng, 3)


def _band(length: int, rng: np.random.Generator) -> Wave:
    """Chords, a bass and drums."""
    chords = _scaled(_played(length, rng, 3))
    bass = _scaled(_played(length, rng, 1))
    return chords + 0.7 * bass + 0.8 * _scaled(_knocks(length, rng))


def _tone(length: int, rng: np.random.Generator) -> Wave:
    """A beep, a dial tone: one or two tones, steady or in pieces."""
    time = np.arange(length) / HEARING_RATE
    wave = np.sin(2 * np.pi * rng.uniform(200, 3000) * time)
    if rng.random() < 0.5:
        wave += np.sin(2 * np.pi * rng.uniform(200, 3000) * time)
    on = np.sin(2 * np.pi * rng.uniform(0.5, 6) * time) > rng.choice([-2.0, 0.0])
    pieces: Wave = wave * on
    return pieces


KINDS: dict[str, Maker] = {
    "silence": _silence,
    "white noise": _white,
    "pink noise": _pink,
    "brown noise": _brown,
    "hiss": _hiss,
    "hum": _hum,
    "engine": _engine,
    "traffic": _traffic,
    "wind": _wind,
    "clicks": _clicks,
    "typing": _typing,
    "knocks": _knocks,
    "chirps": _chirps,
    "sweep": _sweep,
    "chatter": _chatter,
    "melody": _melody,
    "chords": _chords,
    "band": _band,
    "tones": _tone,
}
"""What there is to hear."""
