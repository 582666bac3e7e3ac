"""What happens to a voice between a mouth and a model: rooms, microphones, lines, noise.

Every function takes and returns float32 audio at 16 kHz, shape [n]. `strength` goes from 0 to 1 in the course of a run.
"""

from dataclasses import dataclass

import numpy as np
from scipy import fft

from models.recipes.recognizer.features import RATE

_BANK_SECONDS = 40
_G711_LAW = 255.0


@dataclass(frozen=True, slots=True)
class Channel:
    """How often each impairment happens at full strength."""

    room: float = 0.45
    equalizer: float = 0.7
    telephone: float = 0.08
    clipping: float = 0.06
    noise: float = 0.85
    quietest_snr: float = 5.0
    loudest_snr: float = 40.0


class Rooms:
    """Rooms, lines and noises drawn from one random generator."""

    def __init__(
        self, rng: np.random.Generator, channel: Channel | None = None
    ) -> None:
        self._rng = rng
        self._channel = channel or Channel()
        self._noises = [self._colored(slope) for slope in (0.0, -0.5, -1.0, -1.5, -2.0)]
        self._noises += [self._hum(), self._hum(), self._rumble()]

    def impair(self, audio: np.ndarray, strength: float) -> np.ndarray:
        """One way through a room, a microphone and a line."""
        rng, channel = self._rng, self._channel
        audio = self._filtered(audio, strength)
        if rng.random() < channel.noise * (0.3 + 0.7 * strength):
            quietest = 25.0 + (channel.quietest_snr - 25.0) * strength
            audio = audio + self._noise_at(
                audio, rng.uniform(quietest, channel.loudest_snr)
            )
        peak = float(np.abs(audio).max()) + 1e-6
        audio = audio * (10 ** rng.uniform(-1.6, -0.03) / peak)
        if rng.random() < channel.clipping * strength:
            ceiling = float(np.abs(audio).max()) * rng.uniform(0.3, 0.8)
            audio = np.clip(audio, -ceiling, ceiling)
        if rng.random() < channel.telephone * strength:
            audio = _companded(audio)
        return audio.astype(np.float32)

    def nothing_said(self, length: int) -> np.ndarray:
        """`length` samples without a word: silence, noise, knocks, cries, engines."""
        rng = self._rng
        kind = rng.random()
        if kind < 0.12:
            return np.zeros(length, np.float32)
        audio = self._crop(length) * 10 ** rng.uniform(-3.5, -0.7)
        if kind > 0.35:
            for _ in range(rng.integers(1, 7)):
                event = self._event() * 10 ** rng.uniform(-1.5, -0.1)
                first = int(rng.integers(0, max(1, length - len(event) // 2)))
                part = event[: length - first]
                audio[first : first + len(part)] += part
        if kind > 0.7:
            audio = self._filtered(audio, 1.0)
        peak = float(np.abs(audio).max())
        return (audio / peak * 0.98 if peak > 1 else audio).astype(np.float32)

    def _filtered(self, audio: np.ndarray, strength: float) -> np.ndarray:
        rng, channel = self._rng, self._channel
        room = rng.random() < channel.room * strength
        equal = rng.random() < channel.equalizer * strength
        line = rng.random() < channel.telephone * strength
        if not (room or equal or line):
            return audio
        size = fft.next_fast_len(len(audio) + (RATE // 2 if room else 512), real=True)
        spectrum = fft.rfft(audio, size)
        frequency = np.linspace(0, RATE / 2, len(spectrum), dtype=np.float32)
        if room:
            spectrum *= fft.rfft(self._impulse(), size)
        if equal:
            spectrum *= self._equalizer(frequency, strength)
        if line:
            high, low = rng.uniform(150, 350), rng.uniform(3000, 3600)
            spectrum *= (frequency > high) * (frequency < low) + np.float32(0.01)
        return fft.irfft(spectrum, size)[: len(audio)].astype(np.float32)

    def _impulse(self) -> np.ndarray:
        rng = self._rng
        length = int(RATE * rng.uniform(0.1, 0.45))
        decay = np.exp(
            -np.arange(length, dtype=np.float32) / (RATE * rng.uniform(0.015, 0.09))
        )
        tail = rng.standard_normal(length, dtype=np.float32) * decay
        # Walls swallow the highs first.
        tail[1:] = tail[1:] + rng.uniform(0, 0.8) * tail[:-1]
        tail *= 1 / np.sqrt((tail**2).sum())
        tail[0] += 10 ** rng.uniform(-0.2, 0.8)
        impulse: np.ndarray = tail / np.sqrt((tail**2).sum())
        return impulse

    def _equalizer(self, frequency: np.ndarray, strength: float) -> np.ndarray:
        rng = self._rng
        octave = np.log2(np.maximum(frequency, 60.0) / 1000.0)
        gain = rng.normal(0, 2.5 * strength) * octave
        for _ in range(rng.integers(1, 4)):
            center, width = rng.uniform(-3, 3), rng.uniform(0.3, 1.5)
            gain = gain + rng.normal(0, 5 * strength) * np.exp(
                -(((octave - center) / width) ** 2)
            )
        response: np.ndarray = (10 ** (np.clip(gain, -25, 25) / 20)).astype(np.float32)
        return response

    def _noise_at(self, audio: np.ndarray, snr: float) -> np.ndarray:
        noise = self._crop(len(audio))
        if self._rng.random() < 0.3:
            noise = noise + self._rng.uniform(0.2, 1.0) * self._crop(len(audio))
        speech, power = float((audio**2).mean()), float((noise**2).mean()) + 1e-12
        return noise * np.float32(np.sqrt(speech / power / 10 ** (snr / 10)))

    def _crop(self, length: int) -> np.ndarray:
        noise = self._noises[self._rng.integers(len(self._noises))]
        first = int(self._rng.integers(0, max(1, len(noise) - length)))
        return np.resize(noise[first:], length).copy()

    def _colored(self, slope: float) -> np.ndarray:
        length = _BANK_SECONDS * RATE
        spectrum = fft.rfft(self._rng.standard_normal(length, dtype=np.float32))
        index = np.arange(len(spectrum), dtype=np.float32)
        spectrum *= np.maximum(index, length * 40 / RATE) ** np.float32(slope / 2 * 1.0)
        return _unit(fft.irfft(spectrum, length))

    def _hum(self) -> np.ndarray:
        rng = self._rng
        time = np.arange(_BANK_SECONDS * RATE, dtype=np.float32) / RATE
        base = rng.uniform(45, 180)
        wobble = 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 2) * time)
        hum = sum(
            rng.uniform(0.1, 1)
            / order
            * np.sin(order * (2 * np.pi * base * time + wobble))
            for order in range(1, 12)
        )
        return _unit(np.asarray(hum) + 0.3 * self._colored(-1.0))

    def _rumble(self) -> np.ndarray:
        time = np.arange(_BANK_SECONDS * RATE, dtype=np.float32) / RATE
        swell = 1.1 + np.sin(2 * np.pi * 0.15 * time) * np.sin(2 * np.pi * 3.1 * time)
        return _unit(self._colored(-1.2) * swell)

    def _event(self) -> np.ndarray:
        """A knock, click, chirp, cry or burst: loud, short and wordless."""
        rng = self._rng
        length = int(
            RATE * rng.choice((0.02, 0.1, 0.3, 0.8, 1.5)) * rng.uniform(0.6, 1.4)
        )
        time = np.arange(length, dtype=np.float32) / RATE
        envelope = np.exp(-time / (length / RATE) * rng.uniform(1, 8))
        envelope *= np.minimum(1, time * rng.uniform(20, 2000))
        if rng.random() < 0.5:
            event = self._crop(length)
        else:
            sweep = rng.uniform(150, 2500) * (
                1 + rng.uniform(-0.6, 0.8) * time * RATE / length
            )
            phase = 2 * np.pi * np.cumsum(sweep) / RATE + rng.uniform(0, 3) * np.sin(
                2 * np.pi * rng.uniform(3, 40) * time
            )
            event = sum(
                np.sin(k * phase) / k ** rng.uniform(0.3, 2) for k in range(1, 6)
            )
            event = np.asarray(event) + rng.uniform(0, 0.5) * self._crop(length)
        event = event * envelope
        return (event / (np.abs(event).max() + 1e-6)).astype(np.float32)


def _unit(audio: np.ndarray) -> np.ndarray:
    scaled: np.ndarray = (audio / (np.sqrt((audio**2).mean()) + 1e-9)).astype(
        np.float32
    )
    return scaled


def _companded(audio: np.ndarray) -> np.ndarray:
    """Through the eight bits of G.711 (mu-law) and back."""
    law = (
        np.sign(audio)
        * np.log1p(_G711_LAW * np.minimum(np.abs(audio), 1))
        / np.log1p(_G711_LAW)
    )
    law = np.round(law * 127) / 127
    line: np.ndarray = (
        np.sign(law) * np.expm1(np.abs(law) * np.log1p(_G711_LAW)) / _G711_LAW
    )
    return line
