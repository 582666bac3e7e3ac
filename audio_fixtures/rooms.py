"""What a microphone in a room makes of a dry recording, and sounds that are no speech.

Everything is drawn from a generator that the caller seeds, so that a recording can be
made again.
"""

from collections.abc import Callable, Mapping

import numpy as np
import numpy.typing as npt

__all__ = ["RATE", "SOUNDS", "decibels", "in_room", "room_tone"]

Sound = npt.NDArray[np.float64]

RATE = 16_000
"""Hertz, of everything here."""

REVERBERATION = 0.25
"""Seconds until a sound has died away by 60 dB: a furnished room."""

FIRST_REFLECTION = 0.004
"""Seconds after the direct sound."""

REFLECTED = -9.0
"""Energy of all reflections, in dB of the direct sound: a metre from the device."""

CUT_OFF = 90.0
"""Hertz; a small microphone hears little below."""

FLOOR = -72.0
"""Noise of a quiet room and of the microphone, in dB of full scale."""

SOUND_LEVEL = -34.0
"""Of the sounds that are no speech, in dB of full scale."""


def decibels(level: float) -> float:
    """The factor on amplitudes."""
    return float(10 ** (level / 20))


def in_room(dry: Sound, random: np.random.Generator) -> Sound:
    """What the microphone picks up of `dry`, as long as `dry`, without the noise."""
    response = random.normal(0, 1, int(RATE * REVERBERATION))
    time = np.arange(len(response)) / RATE
    response *= decibels(-60) ** (time / REVERBERATION)
    response[: int(FIRST_REFLECTION * RATE)] = 0
    response *= decibels(REFLECTED) / np.sqrt(np.sum(response**2))
    response[0] = 1
    length = len(dry) + len(response)
    spectrum = np.fft.rfft(dry, length) * np.fft.rfft(response, length)
    return np.fft.irfft(spectrum * _microphone(length), length)[: len(dry)]


def room_tone(length: int, random: np.random.Generator) -> Sound:
    """The noise floor, `length` samples."""
    return _at_level(_shaped(length, random, slope=-0.5), FLOOR)


def _white(length: int, random: np.random.Generator) -> Sound:
    return random.normal(0, 1, length)


def _pink(length: int, random: np.random.Generator) -> Sound:
    return _shaped(length, random, slope=-0.5)


def _hum(length: int, random: np.random.Generator) -> Sound:
    """A transformer at 50 Hz and its harmonics, with a fan beside it."""
    time = np.arange(length) / RATE
    hum = 0.5 * _shaped(length, random, slope=-1)
    for k in range(1, 12):
        hum += np.sin(2 * np.pi * 50 * k * time + random.uniform(0, 6.3)) / k
    return hum


def _chatter(length: int, random: np.random.Generator) -> Sound:
    """Noise with the spectrum and the rhythm of many people far away."""
    time = np.arange(length) / RATE
    rhythm = np.zeros(length)
    for rate in random.uniform(2, 6, 8):
        rhythm += 1 + np.sin(2 * np.pi * rate * time + random.uniform(0, 6.3))
    return _shaped(length, random, slope=-1.2) * rhythm


def _chords(length: int, random: np.random.Generator) -> Sound:
    """Plucked chords on a pentatonic scale, three a second."""
    scale = 220 * 2 ** (np.array([0, 2, 4, 7, 9, 12, 14, 16]) / 12)
    beat = RATE // 3
    music = np.zeros(length + 2 * RATE)
    time = np.arange(2 * RATE) / RATE
    for start in range(0, length, beat):
        for note in random.choice(scale, 3, replace=False):
            for k in range(1, 5):
                wave = np.sin(2 * np.pi * note * k * time) * np.exp(-time * 4 * k)
                music[start : start + len(time)] += wave / k
    return music[:length]


def _keyboard(length: int, random: np.random.Generator) -> Sound:
    """Somebody types: clicks of a few milliseconds, down and up."""
    typing = np.zeros(length + RATE)
    time = np.arange(RATE // 50) / RATE
    position = 0.2
    while position * RATE < length:
        for delay, strength in ((0.0, 1.0), (random.uniform(0.06, 0.1), 0.4)):
            start = int((position + delay) * RATE)
            decay = np.exp(-time / random.uniform(0.001, 0.003))
            click = random.normal(0, strength, len(time)) * decay
            typing[start : start + len(time)] += click
        position += random.uniform(0.09, 0.35)
    return typing[:length]


def _at_level(sound: Sound, level: float) -> Sound:
    loudness = float(np.sqrt(np.mean(sound**2)))
    return sound * (decibels(level) / loudness)


def _placed(
    source: Callable[[int, np.random.Generator], Sound],
) -> Callable[[int, np.random.Generator], Sound]:
    """A sound at its level, with the floor of the room."""

    def sound(length: int, random: np.random.Generator) -> Sound:
        loud = _at_level(source(length, random), SOUND_LEVEL)
        return loud + room_tone(length, random)

    return sound


SOUNDS: Mapping[str, Callable[[int, np.random.Generator], Sound]] = {
    "nothing": lambda length, _: np.zeros(length),
    "room": room_tone,
    "white": _placed(_white),
    "pink": _placed(_pink),
    "hum": _placed(_hum),
    "chatter": _placed(_chatter),
    "chords": _placed(_chords),
    "keyboard": _placed(_keyboard),
}
"""Sounds that are no speech, by name; each takes a length in samples."""


def _shaped(length: int, random: np.random.Generator, *, slope: float) -> Sound:
    """Noise whose amplitude goes with the frequency to the power of `slope`."""
    spectrum = np.fft.rfft(random.normal(0, 1, length))
    frequency = np.maximum(np.fft.rfftfreq(length, 1 / RATE), CUT_OFF)
    shaped = spectrum * frequency**slope * _microphone(length)
    return np.fft.irfft(shaped, length)


def _microphone(length: int) -> Sound:
    """How much of each frequency of `numpy.fft.rfft` a small microphone hears."""
    frequency = np.fft.rfftfreq(length, 1 / RATE)
    return frequency**2 / (frequency**2 + CUT_OFF**2)
