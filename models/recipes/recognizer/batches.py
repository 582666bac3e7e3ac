"""An endless stream of training batches, made while the network learns, by one worker process."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset

from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.clips import (
    Clip,
    frame_labels,
    synthesized,
    token_frames,
)
from models.recipes.recognizer.features import FRAME, RATE
from models.recipes.recognizer.people import People
from models.recipes.recognizer.sentences import LONGEST, Sentences
from models.recipes.recognizer.vocabulary import END, NO_SPEECH, Vocabulary
from voice.held_out import is_held_out

IGNORED = -100


@dataclass(frozen=True, slots=True)
class Mixture:
    """What the batches are made of; each pair is the share at the start and at the end of its ramp.

    Attributes:
        pieces: one- and two-word utterances among the synthesised.
        people: recordings of people among all.
        wordless: clips in which nobody speaks, among all.
        ramp: the part of the run after which shares and strength have reached their end.
        seconds: of audio in one batch, padding included.
        clips: at most so many in one batch.
        longest: seconds; of one clip.
    """

    pieces: tuple[float, float] = (0.7, 0.15)
    people: tuple[float, float] = (0.12, 0.36)
    wordless: float = 0.035
    ramp: float = 0.4
    seconds: float = 120.0
    clips: int = 48
    longest: float = 8.5


@dataclass(frozen=True, slots=True)
class Batch:
    """Clips of similar length.

    Attributes:
        audio: [batch, samples], padded with zeros.
        frames: [batch], frames of 20 ms before the padding.
        labels: [batch, frames], phoneme of each frame, or `IGNORED`.
        timed: [batch], whether `labels` are known; else `phonemes` counts.
        phonemes: [batch, n], in order, padded with 0.
        letters: [batch, n], in order, padded with 0.
        tokens: [batch, n], what the decoder is given.
        targets: [batch, n], what it shall say next, or `IGNORED`.
        moments: [batch, n], the frame in which that sounds, or -1 where not known.
    """

    audio: Tensor
    frames: Tensor
    labels: Tensor
    timed: Tensor
    phonemes: Tensor
    letters: Tensor
    tokens: Tensor
    targets: Tensor
    moments: Tensor

    def rows(self, which: slice) -> "Batch":
        """Some of the clips."""
        return Batch(*(getattr(self, field.name)[which] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class _Example:
    clip: Clip
    audio: np.ndarray
    lead: int


class Batches(IterableDataset[Batch]):
    """The stream.

    Args:
        vocabulary: inventories.
        mixture: what the batches are made of.
        progress: the part of the run that is over, 0 to 1, set by the trainer.
        recordings: folder with recordings of people, or None.
        alignments: file with the times of their phonemes, or None.
        seed: of every choice.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        mixture: Mixture,
        *,
        progress: "Synchronized[float]",
        recordings: Path | None,
        alignments: Path | None,
        seed: int,
    ) -> None:
        self._vocabulary = vocabulary
        self._mixture = mixture
        self._progress = progress
        self._recordings = recordings
        self._alignments = alignments
        self._seed = seed
        self._letters = {
            letter: number for number, letter in enumerate(vocabulary.letters)
        }
        self._phonemes = {
            phone: number for number, phone in enumerate(vocabulary.phonemes)
        }

    def __iter__(self) -> Iterator[Batch]:
        self._rng = random.Random(self._seed)
        self._rooms = Rooms(np.random.default_rng(self._seed))
        self._sentences = {
            language: Sentences(language, self._rng)
            for language in self._vocabulary.languages
        }
        self._people = (
            People(
                self._recordings,
                self._vocabulary.languages,
                longest=self._mixture.longest,
                alignments=self._alignments,
            )
            if self._recordings
            else None
        )
        while True:
            pool = [self._example() for _ in range(self._mixture.clips * 6)]
            pool.sort(key=lambda example: len(example.audio))
            groups = list(self._grouped(pool))
            self._rng.shuffle(groups)
            for group in groups:
                yield self._batch(group)

    def loader(self) -> Iterator[Batch]:
        """The stream, made by a process of its own."""
        return iter(
            DataLoader(self, batch_size=None, num_workers=1, prefetch_factor=12)
        )

    def _ramp(self, first: float, last: float, *, over: float | None = None) -> float:
        part = min(1.0, self._progress.value / (over or self._mixture.ramp))
        return first + (last - first) * part

    def _example(self) -> _Example:
        rng, strength = self._rng, self._ramp(0.1, 1.0)
        chance = rng.random()
        if chance < self._mixture.wordless:
            return self._wordless()
        if self._people and chance < self._mixture.wordless + self._ramp(
            *self._mixture.people
        ):
            longest = self._ramp(2.5, self._mixture.longest)
            clip = self._people.clip(rng, strength=strength, longest=longest)
        else:
            clip = self._synthesized(strength)
        lead = int(rng.uniform(0.02, 0.4) * RATE)
        tail = int(rng.uniform(0.02, 0.4) * RATE)
        audio = np.pad(clip.audio, (lead, tail))
        return _Example(clip, self._rooms.impair(audio, strength), lead)

    def _wordless(self) -> _Example:
        language = self._rng.choice(self._vocabulary.languages)
        audio = self._rooms.nothing_said(int(self._rng.uniform(0.5, 4.0) * RATE))
        return _Example(
            Clip(language=language, text="", audio=audio, phonemes=()), audio, 0
        )

    def _synthesized(self, strength: float) -> Clip:
        while True:
            language, text = self._text()
            clip = synthesized(text, language, self._rng, strength=strength)
            if (
                clip is not None
                and len(clip.audio) <= (self._mixture.longest - 1) * RATE
            ):
                return clip

    def _text(self) -> tuple[str, str]:
        rng = self._rng
        language = rng.choice(self._vocabulary.languages)
        sentences = self._sentences[language]
        if rng.random() < self._ramp(*self._mixture.pieces, over=0.3):
            return language, rng.choice(
                (sentences.piece, sentences.piece, sentences.filler)
            )()
        kind = rng.random()
        if kind < 0.72:
            return language, sentences.command()
        if kind < 0.80:
            return language, sentences.phrase()
        if kind < 0.90 and self._people:
            language, text = self._people.sentence(rng)
            if len(text) <= LONGEST and not is_held_out(text):
                return language, text
        return language, sentences.filler()

    def _grouped(self, pool: list[_Example]) -> Iterator[list[_Example]]:
        group: list[_Example] = []
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

    def _batch(self, group: list[_Example]) -> Batch:
        longest = max(len(example.audio) for example in group)
        if self._rng.random() < 0.35:
            # In use a clip is padded up to the next window: teach that as well.
            longest += int(self._rng.uniform(0, 1.2) * RATE)
        length = (longest + FRAME - 1) // FRAME
        audio = np.zeros((len(group), length * FRAME), np.float32)
        labels = np.full((len(group), length), IGNORED, np.int64)
        for row, example in enumerate(group):
            audio[row, : len(example.audio)] = example.audio
            if example.clip.is_timed:
                heard = len(example.audio) // FRAME
                labels[row, :heard] = frame_labels(
                    example.clip, self._phonemes, lead=example.lead, frames=heard
                )
        prompts = [self._tokens(example) for example in group]
        return Batch(
            audio=torch.from_numpy(audio),
            frames=torch.tensor([-(-len(example.audio) // FRAME) for example in group]),
            labels=torch.from_numpy(labels),
            timed=torch.tensor([example.clip.is_timed for example in group]),
            phonemes=_padded(
                [
                    [
                        self._phonemes[p.symbol]
                        for p in e.clip.phonemes
                        if p.symbol in self._phonemes
                    ]
                    for e in group
                ],
                0,
            ),
            letters=_padded(
                [
                    [self._letters[x] for x in e.clip.text if x in self._letters]
                    for e in group
                ],
                0,
            ),
            tokens=_padded(
                [given for given, *_ in prompts], self._vocabulary.token(END)
            ),
            targets=_padded([wanted for _, wanted, _ in prompts], IGNORED),
            moments=_padded([moments for *_, moments in prompts], -1.0),
        )

    def _tokens(self, example: _Example) -> tuple[list[int], list[int], list[float]]:
        """What the decoder is given, what it shall answer, and when that is heard."""
        vocabulary, clip = self._vocabulary, example.clip
        prompt = vocabulary.prompt(clip.language)
        encoding = vocabulary.tokenizer.encode(clip.text)
        first = prompt[1] if clip.text else vocabulary.token(NO_SPEECH)
        wanted = [first, IGNORED, IGNORED, *encoding.ids, vocabulary.token(END)]
        frames = token_frames(clip, encoding.offsets, lead=example.lead)
        return prompt + encoding.ids, wanted, [-1.0, -1.0, -1.0, *frames, -1.0]


def _padded(rows: Sequence[Sequence[float]], value: float) -> Tensor:
    width = max(1, *(len(row) for row in rows))
    return torch.tensor([[*row, *[value] * (width - len(row))] for row in rows])
