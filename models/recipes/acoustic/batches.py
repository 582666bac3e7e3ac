"""An endless stream of training batches, made while the network learns, by one worker process."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import soxr
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from models.recipes.acoustic.texts import Texts
from models.recipes.acoustic.voices import (
    UNKNOWN,
    Recording,
    Utterance,
    read_by_espeak,
)
from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.features import HOP, RATE
from voice.phones import SILENCE


@dataclass(frozen=True, slots=True)
class Mixture:
    """What the batches are made of.

    Attributes:
        people: recordings of people among all, once their sounds have times.
        others: readings by other synthesisers, likewise.
        wordless: clips in which nobody speaks.
        babble: clips with somebody else in the background.
        ramp: the part of the run after which impairments have their full strength.
        seconds: of audio in one batch, padding included.
        clips: at most so many in one batch.
        longest: seconds; of one clip.
    """

    people: float = 0.45
    others: float = 0.12
    wordless: float = 0.03
    babble: float = 0.08
    ramp: float = 0.35
    seconds: float = 80.0
    clips: int = 32
    longest: float = 8.0


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips of similar length.

    Attributes:
        audio: float32 [batch, samples], padded with zeros.
        labels: int64 [batch, samples / 160], the sound of each 10 ms or `UNKNOWN`.
        frames: int64 [batch], steps of 10 ms before the padding.
        languages: tag of each.
        espeak: rows in which eSpeak speaks.
    """

    audio: Tensor
    labels: Tensor
    frames: Tensor
    languages: tuple[str, ...]
    espeak: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Example:
    """One clip; see `Batch`."""

    audio: np.ndarray
    labels: np.ndarray
    language: str
    by_espeak: bool


class Library:
    """Recordings whose sounds have times, to be drawn from.

    Args:
        recordings: from any source.
        alignments: name of a recording to its labels of 10 ms.
        favor: what the weight of a group is multiplied with, by the beginning of its name.
    """

    def __init__(
        self,
        recordings: list[Recording],
        alignments: dict[str, np.ndarray],
        *,
        favor: dict[str, float],
    ) -> None:
        self._recordings = [r for r in recordings if r.name in alignments]
        self._labels = [alignments[r.name] for r in self._recordings]
        count = Counter(r.group for r in self._recordings)
        # The square root keeps five voices saying digits from drowning the rest.
        self._weights = np.cumsum(
            [
                count[r.group] ** -0.5
                * next((f for g, f in favor.items() if r.group.startswith(g)), 1.0)
                for r in self._recordings
            ]
        )

    def __len__(self) -> int:
        return len(self._recordings)

    def draw(self, rng: random.Random, *, strength: float) -> Utterance:
        """One recording, its speed and vocal tract changed together by up to a quarter."""
        place = rng.random() * self._weights[-1]
        number = int(np.searchsorted(self._weights, place))
        labels = self._labels[number]
        audio = self._recordings[number].samples.astype(np.float32) / 32768
        speed = float(np.clip(np.exp(rng.gauss(0, 0.1 * strength)), 0.75, 1.3))
        if abs(speed - 1) > 0.01:
            audio = soxr.resample(audio, RATE * speed, RATE, quality="MQ")
            index = (np.arange(len(audio) // HOP) * speed).astype(np.int64)
            labels = labels[index.clip(0, len(labels) - 1)]
        return Utterance(self._recordings[number].language, audio, (), labels)


class Batches(IterableDataset[Batch]):
    """The stream.

    Args:
        languages: how often each is read by eSpeak, relative to the others.
        mixture: what the batches are made of.
        libraries: recordings of people, and readings by other synthesisers.
        progress: the part of the run that is over, 0 to 1, set by the trainer.
        seed: of every choice.
    """

    def __init__(
        self,
        languages: dict[str, float],
        mixture: Mixture,
        *,
        libraries: tuple[Library, Library],
        progress: "Synchronized[float]",
        seed: int,
    ) -> None:
        self._languages = languages
        self._mixture = mixture
        self._people, self._others = libraries
        self._progress = progress
        self._seed = seed

    def __iter__(self) -> Iterator[Batch]:
        self._rng = random.Random(self._seed)
        self._rooms = Rooms(np.random.default_rng(self._seed))
        self._texts = {tag: Texts(tag, self._rng) for tag in self._languages}
        while True:
            pool = [self._example() for _ in range(self._mixture.clips * 8)]
            pool.sort(key=lambda example: len(example.audio))
            groups = list(self._grouped(pool))
            self._rng.shuffle(groups)
            for group in groups:
                yield _stacked(group)

    def loader(self) -> Iterator[Batch]:
        """The stream, made by a process of its own."""
        return iter(
            DataLoader(self, batch_size=None, num_workers=1, prefetch_factor=12)
        )

    def _example(self) -> Example:
        rng, mixture = self._rng, self._mixture
        strength = 0.1 + 0.9 * min(1.0, self._progress.value / mixture.ramp)
        if rng.random() < mixture.wordless:
            audio = self._rooms.nothing_said(int(rng.uniform(0.5, 4.0) * RATE))
            labels = np.full(len(audio) // HOP, SILENCE, np.int16)
            return Example(audio, labels, rng.choice(list(self._languages)), False)
        said = self._utterance(strength)
        assert said.labels is not None
        lead, tail = (int(rng.uniform(0.02, 0.4) * RATE) // HOP for _ in range(2))
        audio = np.pad(said.audio, (lead * HOP, tail * HOP))
        if rng.random() < mixture.babble * strength:
            audio = audio + self._background(len(audio), rng.uniform(0.05, 0.25))
        labels = np.pad(said.labels, (lead, tail), constant_values=SILENCE)
        audio = self._rooms.impair(audio, strength)
        return Example(audio, labels, said.language, bool(said.sounds))

    def _background(self, length: int, level: float) -> np.ndarray:
        other = self._espeak(1.0).audio
        peak = float(np.abs(other).max()) + 1e-6
        return np.resize(other, length) * np.float32(level * 0.5 / peak)

    def _utterance(self, strength: float) -> Utterance:
        chance = self._rng.random()
        if len(self._people) and chance < self._mixture.people:
            return self._people.draw(self._rng, strength=strength)
        if len(self._others) and chance > 1 - self._mixture.others:
            return self._others.draw(self._rng, strength=strength)
        return self._espeak(strength)

    def _espeak(self, strength: float) -> Utterance:
        rng = self._rng
        while True:
            (language,) = rng.choices(
                list(self._languages), list(self._languages.values())
            )
            texts = self._texts[language]
            maker = rng.choices(
                (texts.command, texts.piece, texts.words), (0.45, 0.2, 0.35)
            )[0]
            said = read_by_espeak(maker(), language, rng, strength=strength)
            if said is not None and len(said.audio) < self._mixture.longest * RATE:
                return said

    def _grouped(self, pool: list[Example]) -> Iterator[list[Example]]:
        group: list[Example] = []
        for example in pool:
            size = len(example.audio) * (len(group) + 1)
            if group and (
                size > self._mixture.seconds * RATE or len(group) == self._mixture.clips
            ):
                yield group
                group = []
            group.append(example)
        if group:
            yield group


def _stacked(group: list[Example]) -> Batch:
    longest = max(len(example.audio) for example in group)
    frames = -(-longest // HOP)
    audio = np.zeros((len(group), frames * HOP), np.float32)
    labels = np.full((len(group), frames), UNKNOWN, np.int64)
    for row, example in enumerate(group):
        audio[row, : len(example.audio)] = example.audio
        known = example.labels[:frames]
        labels[row, : len(known)] = known
    steps = torch.tensor([len(example.audio) // HOP for example in group])
    return Batch(
        torch.from_numpy(audio),
        torch.from_numpy(labels),
        steps,
        tuple(example.language for example in group),
        tuple(row for row, example in enumerate(group) if example.by_espeak),
    )


def save_recordings(recordings: list[Recording], path: Path) -> None:
    """Keep readings for the rest of a run."""
    facts = [(r.name, r.language, r.group, r.text) for r in recordings]
    np.savez(
        path,
        facts=np.array(json.dumps(facts, ensure_ascii=False)),
        ends=np.cumsum([len(r.samples) for r in recordings]),
        samples=np.concatenate([r.samples for r in recordings] or [np.zeros(0, "i2")]),
    )


def load_recordings(path: Path) -> list[Recording]:
    """What `save_recordings` kept."""
    with np.load(path) as kept:
        facts = json.loads(str(kept["facts"]))
        pieces = np.split(kept["samples"], kept["ends"][:-1])
    return [
        Recording(*fact, samples)
        for fact, samples in zip(facts, pieces, strict=bool(facts))
    ]
