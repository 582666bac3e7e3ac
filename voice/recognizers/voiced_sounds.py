"""Whether a voice made the sounds of an utterance: it glides, and it has a pitch.

The acoustic model knows sounds of voices only and names one for whatever it is given. So
music fits sentences, and so does the murmur of a crowd. Two things tell them from a
voice, by the audio alone:

- The tones of an instrument stay where they are until the next note, and each fades
  evenly. Those of a voice glide all the time, and where the pitch rests, the mouth
  moves and each tone swells and fades in its own way.
- Noise has no period. In what people say aloud, most sounds have one.

Only the frames in which the model heard a sound count, and the louder more: so what
somebody says while music plays remains what a voice said.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from voice.recognizers import pitch

__all__ = ["Voicing", "voicing"]

Floats: TypeAlias = npt.NDArray[np.float32]
Numbers: TypeAlias = npt.NDArray[np.int_]

STEPS = 2
"""Spectra for each frame of the acoustic model."""

HELD = 10
"""Spectra in a row in which a tone stays where it is; with steps of 15 ms that is as long
as a short note, and longer than a voice rests."""

STAYS = 7.5
"""Cents from where it began that a tone still counts as the same."""

EVENLY = 1.0
"""Decibels (root mean square) by which a tone that fades evenly leaves a straight line."""

WINDOW = 512
"""Samples of a spectrum: 64 ms tell the tones of a low voice apart."""

LOWEST, HIGHEST = 100.0, 3600.0
"""Hertz of the tones that are looked at."""

FAINTEST = -35.0
"""Decibels, beside the loudest tone of the utterance, of the faintest."""

PERIODIC = 0.6
"""How alike two periods of a voice are at least, 0 to 1."""

_OCTAVE = 1200.0
_APART = 1e5
"""Cents between two spectra on one line: more than a spectrum is wide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voicing:
    """What speaks for a voice, and against."""

    held: float
    """Share of the power of all tones that is in tones which stay where they are, 0 to 1."""
    voiced: float
    """Share of the sounds that have a period, 0 to 1."""


def voicing(audio: Floats, speech: Floats, frame_ms: int) -> Voicing:
    """How the sounds of an utterance were made; a few milliseconds.

    Args:
        audio: 16 kHz, -1 to 1.
        speech: [frames] of the acoustic model, how likely each holds a sound.
        frame_ms: milliseconds of a frame.
    """
    half = pitch.halved(audio)
    step = frame_ms * pitch.RATE // 1000
    return Voicing(
        held=_held(half, speech, step // STEPS), voiced=_voiced(half, speech, step)
    )


def _windows(audio: Floats, count: int, step: int, width: int) -> Floats:
    """[count, width] of the audio, each around the middle of its step."""
    before = (width - step) // 2
    padded = np.pad(audio, (before, max(0, count * step + width - len(audio))))
    windows = np.lib.stride_tricks.sliding_window_view(padded, width)[::step][:count]
    shaped: Floats = windows * np.hanning(width).astype(np.float32)
    return shaped


def _voiced(audio: Floats, speech: Floats, step: int) -> float:
    _, alike = pitch.periods(_windows(audio, len(speech), step, pitch.WINDOW))
    return _share(speech * (alike > PERIODIC), speech)


def _share(part: Floats, whole: Floats) -> float:
    total = float(whole.sum())
    return float(part.sum()) / total if total > 0 else 0.0


# --- Tones that stay ----------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Tones:
    """The peaks of all spectra, in order of time and then of frequency."""

    at: Numbers
    """Which spectrum."""
    cents: npt.NDArray[np.float64]
    """Above `LOWEST`."""
    power: Floats


def _held(audio: Floats, speech: Floats, step: int) -> float:
    tones = _peaks(_windows(audio, STEPS * len(speech), step, WINDOW))
    weighed = (tones.power * speech[tones.at // STEPS]).astype(np.float32)
    return _share(weighed[_staying(tones)], weighed)


def _peaks(windows: Floats) -> _Tones:
    spectrum = np.fft.rfft(windows)
    first, last = (round(hertz * WINDOW / pitch.RATE) for hertz in (LOWEST, HIGHEST))
    bins = spectrum[:, first - 1 : last + 1]
    power = (bins.real**2 + bins.imag**2).astype(np.float32)
    levels = np.log(power + 1e-12)
    middle = levels[:, 1:-1]
    faintest = middle.max(initial=-np.inf) + FAINTEST / 10 * np.log(10)
    here = (middle > levels[:, :-2]) & (middle >= levels[:, 2:]) & (middle > faintest)
    at, peaks = np.nonzero(here)
    below, top, above = (levels[at, peaks + near] for near in (0, 1, 2))
    # The top of a parabola through the three: finer than the spectrum is.
    off = 0.5 * (below - above) / (below - 2 * top + above - 1e-9)
    cents = _OCTAVE * np.log2((peaks + first + off) / (LOWEST * WINDOW / pitch.RATE))
    return _Tones(at, cents.astype(np.float64), power[at, peaks + 1])


def _staying(tones: _Tones) -> Numbers:
    """Numbers of the tones that are part of one that stays and fades evenly."""
    line = tones.at * _APART + tones.cents
    members = np.arange(len(line))[:, None]
    for later in range(1, HELD):
        begun = members[:, 0]
        wanted = line[begun] + later * _APART
        next_ = _nearest(line, wanted)
        stays = np.abs(line[next_] - wanted) <= STAYS
        members = np.column_stack([members, next_])[stays]
    levels = 10 * np.log10(tones.power[members] + 1e-12)
    return np.unique(members[_straight(levels)])


def _nearest(line: npt.NDArray[np.float64], wanted: npt.NDArray[np.float64]) -> Numbers:
    """For each of the wanted places, the number of the closest of some sorted ones."""
    after = np.searchsorted(line, wanted).clip(1, len(line) - 1)
    nearest: Numbers = after - (wanted - line[after - 1] < line[after] - wanted)
    return nearest


def _straight(levels: Floats) -> npt.NDArray[np.bool_]:
    """Which rows are close to a straight line; [tones, HELD] decibels."""
    time = np.arange(HELD) - (HELD - 1) / 2
    time /= np.linalg.norm(time)
    rest = levels - levels.mean(axis=1, keepdims=True)
    rest = rest - (rest @ time)[:, None] * time
    straight: npt.NDArray[np.bool_] = (rest**2).mean(axis=1) < EVENLY**2
    return straight
