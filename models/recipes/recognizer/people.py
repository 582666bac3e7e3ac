"""Voices of people: recordings with transcripts, held in memory.

Their phonemes are known from the transcript; when they sound is known once `align` has
found it out.
"""

import csv
import os
import random
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
import soxr

from models.recipes.recognizer.clips import Clip, plain_symbol
from models.recipes.recognizer.features import RATE
from models.recipes.recognizer.text import spoken
from voice.synthesizers.espeak import Espeak, Phoneme, Prosody

_TYPICAL = Prosody()


def recordings_folder(part: str) -> Path | None:
    """One part ("train" or "dev") of the folder of recordings, when there is one.

    PARLEY_SPEECH names the folder; without it, it is looked for beside the repository.
    """
    beside = Path(__file__).parents[3].parent / "shared" / "speech"
    folder = Path(os.environ.get("PARLEY_SPEECH", beside)) / part
    return folder if (folder / "index.csv").exists() else None


class People:
    """Recordings of people, held in memory at 16 kHz.

    Args:
        folder: holds `index.csv` with the columns language, transcript, file, seconds.
        languages: which to load.
        longest: seconds; longer clips are left out.
        alignments: what `align` wrote; without it no phoneme has a time.
    """

    def __init__(
        self,
        folder: Path,
        languages: tuple[str, ...],
        *,
        longest: float,
        alignments: Path | None = None,
    ) -> None:
        starts = dict(np.load(alignments)) if alignments else {}
        self._clips: list[tuple[str, str, np.ndarray, tuple[Phoneme, ...]]] = []
        self.files: list[str] = []
        """Of the clips, in their order."""
        self.rendered: list[tuple[Phoneme, ...]] = []
        """How eSpeak says each clip's text."""
        self._weights: list[float] = []
        with (folder / "index.csv").open(encoding="utf-8", newline="") as index:
            rows = [
                row for row in csv.DictReader(index) if _usable(row, languages, longest)
            ]
        count: dict[str, int] = {}
        for row in rows:
            count[_group(row)] = count.get(_group(row), 0) + 1
        for row in rows:
            text = spoken(row["transcript"], row["language"])
            samples = _read(folder / row["file"])
            if samples is None or not text:
                continue
            _, phonemes = Espeak.load().render(text, row["language"], prosody=_TYPICAL)
            rendered = tuple(
                Phoneme(plain_symbol(phone.symbol), phone.start, phone.position)
                for phone in phonemes
                if plain_symbol(phone.symbol)
            )
            symbols = _timed(rendered, starts.get(row["file"]))
            self._clips.append((row["language"], text, samples, symbols))
            self.files.append(row["file"])
            self.rendered.append(rendered)
            # The square root keeps five voices saying digits from drowning the rest.
            self._weights.append(count[_group(row)] ** -0.5)

    def __len__(self) -> int:
        return len(self._clips)

    def audio(self, number: int) -> np.ndarray:
        """The samples of one clip, int16."""
        return self._clips[number][2]

    def sentence(self, rng: random.Random) -> tuple[str, str]:
        """What somebody says in one of the recordings, and its language."""
        language, text, *_ = rng.choice(self._clips)
        return language, text

    def clip(self, rng: random.Random, *, strength: float, longest: float) -> Clip:
        """One recording, its speed and vocal tract changed together by up to a quarter.

        Args:
            rng: where the choices come from.
            strength: of the change, 0 to 1.
            longest: seconds; what lasts longer is not chosen.
        """
        while True:
            ((language, text, samples, phonemes),) = rng.choices(
                self._clips, self._weights
            )
            if len(samples) <= longest * RATE:
                break
        speed = float(np.clip(np.exp(rng.gauss(0, 0.1 * strength)), 0.8, 1.25))
        audio = samples.astype(np.float32) / 32768
        if abs(speed - 1) > 0.01:
            audio = soxr.resample(audio, RATE * speed, RATE, quality="MQ")
            phonemes = tuple(
                replace(phone, start=int(phone.start / speed))
                if phone.start >= 0
                else phone
                for phone in phonemes
            )
        return Clip(language=language, text=text, audio=audio, phonemes=phonemes)


def _timed(
    rendered: tuple[Phoneme, ...], starts: np.ndarray | None
) -> tuple[Phoneme, ...]:
    """The phonemes with the times of an alignment, and the pauses that it found."""
    if starts is None or len(starts) != 2 * len(rendered):
        return tuple(replace(phone, start=-1) for phone in rendered)
    timed: list[Phoneme] = []
    for phone, start, end in zip(rendered, starts[::2], starts[1::2], strict=True):
        if timed and timed[-1].start == start:
            timed.pop()
        timed.append(replace(phone, start=int(start)))
        timed.append(Phoneme("", int(end), phone.position))
    return tuple(timed)


def _read(path: Path) -> np.ndarray | None:
    """Samples as int16, or None for the few files that end in the middle of a packet."""
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    if rate != RATE:
        return None
    return (np.clip(audio[:, 0], -1, 1) * 32767).astype(np.int16)


def _usable(row: dict[str, str], languages: tuple[str, ...], longest: float) -> bool:
    return (
        row["language"] in languages
        and bool(row["transcript"].strip())
        and 0.2 < float(row["seconds"]) <= longest
    )


def _group(row: dict[str, str]) -> str:
    return f"{row['language']} {row['source']}"
