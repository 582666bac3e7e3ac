"""Train the starter recogniser.

python -m models.recipes.recognizer.train --out FOLDER [--config FILE] [--recordings FOLDER] [--resume]
"""

import argparse
import json
import math
import multiprocessing
import random
import signal
import time
import tomllib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from models.recipes.recognizer.batches import IGNORED, Batch, Batches, Mixture
from models.recipes.recognizer.clips import synthesized
from models.recipes.recognizer.features import LogMel
from models.recipes.recognizer.network import Recognizer, Shape
from models.recipes.recognizer.optimizer import optimizers
from models.recipes.recognizer.people import recordings_folder
from models.recipes.recognizer.sentences import Sentences
from models.recipes.recognizer.vocabulary import Vocabulary, train_tokenizer

_WARM_UP_STEPS = 300
_NEARNESS, _NEARNESS_ENDS = 0.5, 0.3
_MASKS_BEGIN = 0.5
_WARPS_BEGIN = 0.1
_GUIDANCE, _NEAR_FRAMES = 0.3, 8


@dataclass(frozen=True)
class Config:
    """One run; see config.toml."""

    languages: tuple[str, ...]
    pieces: int
    seed: int
    minutes: float
    steps: int
    threads: int
    rate: float
    checkpoint_minutes: float
    shape: dict[str, int]
    mixture: Mixture = field(default_factory=Mixture)

    @classmethod
    def load(cls, path: Path) -> "Config":
        """Read a file; an unknown key is an error that names it."""
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        values["languages"] = tuple(values["languages"])
        mixture: dict[str, Any] = values.pop("mixture", {})
        for key, value in mixture.items():
            mixture[key] = tuple(value) if isinstance(value, list) else value
        values["mixture"] = Mixture(**mixture)
        return cls(**values)


def make_vocabulary(config: Config) -> Vocabulary:
    """Learn the text pieces, letters and phonemes from sentences of the training split."""
    rng = random.Random(config.seed)
    lines: list[str] = []
    phonemes: Counter[str] = Counter()
    for language in config.languages:
        sentences = Sentences(language, rng)
        lines += [sentences.command() for _ in range(6000)]
        lines += [sentences.filler() for _ in range(2500)]
        for _ in range(300):
            clip = synthesized(sentences.command(), language, rng, strength=0.0)
            if clip is not None:
                phonemes.update(phone.symbol for phone in clip.phonemes)
    letters = Counter("".join(lines))
    return Vocabulary(
        tokenizer=train_tokenizer(lines, config.languages, config.pieces),
        languages=config.languages,
        letters=("", *sorted(letter for letter, n in letters.items() if n >= 20)),
        phonemes=(
            "",
            *sorted(phone for phone, n in phonemes.items() if phone and n >= 5),
        ),
    )


@dataclass(frozen=True, slots=True)
class Losses:
    """What one batch costs, and how much of it was right."""

    total: Tensor
    text: Tensor
    letters: Tensor
    phonemes: Tensor
    text_right: float
    phonemes_right: float


def losses(model: Recognizer, batch: Batch, mel: Tensor, *, nearness: float) -> Losses:
    """Text, letters, and phonemes: by frame where their times are known, in order where not."""
    memory, frames = model.encode(mel, nearness=nearness)
    logits, places = model.decode_looking(batch.tokens, memory)
    text = F.cross_entropy(
        logits.flatten(0, 1),
        batch.targets.flatten(),
        ignore_index=IGNORED,
        label_smoothing=0.05,
    )
    letters = _in_order(model.letter_head(memory), batch.letters, batch.frames)
    phonemes = F.cross_entropy(
        frames.flatten(0, 1),
        batch.labels.flatten(),
        ignore_index=IGNORED,
        reduction="sum",
    ) / (batch.labels != IGNORED).sum().clamp_min(1)
    untimed = ~batch.timed
    if untimed.any():
        ordered = _in_order(
            frames[untimed], batch.phonemes[untimed], batch.frames[untimed]
        )
        phonemes = phonemes + 0.5 * ordered * untimed.float().mean()
    known = batch.labels > 0
    said = batch.targets != IGNORED
    return Losses(
        total=text
        + 0.3 * letters
        + phonemes
        + _GUIDANCE * _astray(places, batch.moments),
        text=text.detach(),
        letters=letters.detach(),
        phonemes=phonemes.detach(),
        text_right=_share(logits.argmax(-1) == batch.targets, said),
        phonemes_right=_share(frames.argmax(-1) == batch.labels, known),
    )


def _astray(places: list[Tensor], moments: Tensor) -> Tensor:
    """How little half of the heads look where the next token sounds."""
    known = moments >= 0
    if not known.any():
        return moments.new_zeros(())
    frame = torch.arange(places[0].shape[-1])
    near = (frame - moments[..., None]).abs() <= _NEAR_FRAMES
    lost = moments.new_zeros(())
    for looked in places:
        guided = looked[:, : looked.shape[1] // 2]
        found = (guided * near[:, None]).sum(-1)
        lost = lost - (found + 1e-3).log().mean(1)[known].mean()
    return lost / len(places)


def _in_order(logits: Tensor, wanted: Tensor, frames: Tensor) -> Tensor:
    return F.ctc_loss(
        logits.log_softmax(-1).transpose(0, 1),
        wanted,
        frames.clamp_max(logits.shape[1]),
        (wanted != 0).sum(1),
        zero_infinity=True,
    )


def _share(right: Tensor, among: Tensor) -> float:
    return float((right & among).sum() / among.sum().clamp_min(1))


def warped(mel: Tensor, rng: random.Random) -> Tensor:
    """Each clip's frequency axis stretched a little: another vocal tract."""
    bands = mel.shape[1]
    index = torch.arange(bands, dtype=torch.float32)
    rows = []
    for _ in range(mel.shape[0]):
        stretch = math.exp(rng.gauss(0, 0.07)) if rng.random() < 0.6 else 1.0
        source = (index * stretch).clamp(0, bands - 1)
        rows.append((1 - (source[:, None] - index[None]).abs()).clamp_min(0))
    return torch.stack(rows) @ mel


def masked(mel: Tensor, rng: random.Random, strength: float) -> Tensor:
    """SpecAugment: one band and one moment of each clip hidden behind its mean."""
    _, bands, length = mel.shape
    for clip in mel:
        mean = clip.mean()
        wide = rng.randint(0, max(1, int(14 * strength)))
        low = rng.randint(0, bands - wide)
        clip[low : low + wide] = mean
        long = rng.randint(0, max(1, min(int(16 * strength), length // 8)))
        first = rng.randint(0, length - long)
        clip[:, first : first + long] = mean
    return mel


class Trainer:
    """One run: its model, its optimisers, and where it stands."""

    def __init__(self, config: Config, out: Path, *, recordings: Path | None) -> None:
        torch.manual_seed(config.seed)
        torch.set_num_threads(config.threads)
        self.config, self.out = config, out
        self.vocabulary = self._vocabulary()
        self.shape = Shape(
            vocabulary=self.vocabulary.tokenizer.get_vocab_size(),
            phonemes=len(self.vocabulary.phonemes),
            letters=len(self.vocabulary.letters),
            **config.shape,
        )
        self.model = Recognizer(self.shape)
        self.optimizers = optimizers(self.model, rate=config.rate)
        self.log_mel = LogMel()
        self.step = 0
        self.clips = 0
        self.elapsed = 0.0
        self._rng = random.Random(config.seed)
        self._progress = multiprocessing.Value("d", 0.0)
        self._recordings = recordings
        self._stopped = False
        self._pool = ThreadPoolExecutor(config.threads)

    def stop(self) -> None:
        """End the run after the present step, with a checkpoint to go on from."""
        self._stopped = True

    @property
    def progress(self) -> float:
        """The part of the run that is over, 0 to 1."""
        if self.config.steps:
            return self.step / self.config.steps
        return self.elapsed / (60 * self.config.minutes)

    def run(self) -> Iterator[dict[str, float]]:
        """Train to the end, yielding a report every hundred steps (every ten in short runs)."""
        interval = 10 if 0 < self.config.steps < 1000 else 100
        alignments = self.out / "alignments.npz"
        batches = Batches(
            self.vocabulary,
            self.config.mixture,
            progress=self._progress,
            recordings=self._recordings,
            alignments=alignments if alignments.exists() else None,
            seed=self.config.seed + self.step,
        ).loader()
        sums: Counter[str] = Counter()
        # The first batch waits for the recordings to be read, which is no training time.
        batch = next(batches)
        last = saved = time.monotonic()
        while self.progress < 1 and not self._stopped:
            result = self._learn(batch)
            self.step += 1
            self.clips += len(batch.frames)
            now = time.monotonic()
            self.elapsed, last = self.elapsed + now - last, now
            self._progress.value = min(1.0, self.progress)
            for key in ("text", "letters", "phonemes", "text_right", "phonemes_right"):
                sums[key] += float(getattr(result, key)) / interval  # type: ignore[assignment]
            if self.step % interval == 0:
                yield {**sums, **self._standing()}
                sums.clear()
            if now - saved > 60 * self.config.checkpoint_minutes:
                self.save()
                saved = now
            batch = next(batches)
        self.save()

    def save(self) -> None:
        """Write a checkpoint that `resume` and the export read; a cut leaves the old one whole."""
        state = {
            "shape": asdict(self.shape),
            "model": self.model.state_dict(),
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "step": self.step,
            "clips": self.clips,
            "elapsed": self.elapsed,
        }
        partial = self.out / "checkpoint.partial"
        torch.save(state, partial)
        partial.replace(self.out / "checkpoint.pt")

    def resume(self) -> None:
        """Go on from the last checkpoint."""
        state = torch.load(self.out / "checkpoint.pt", weights_only=True)
        self.model.load_state_dict(state["model"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.clips = state["step"], state["clips"]
        self.elapsed = state["elapsed"]
        self._progress.value = min(1.0, self.progress)

    @property
    def _warm_up(self) -> int:
        return min(_WARM_UP_STEPS, self.config.steps // 8 or _WARM_UP_STEPS)

    def _learn(self, batch: Batch) -> Losses:
        progress = self.progress
        rate = self.config.rate * min(1.0, (self.step + 1) / self._warm_up)
        rate *= 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        with torch.no_grad():
            mel = self.log_mel(batch.audio)
            if progress > _WARPS_BEGIN:
                mel = warped(mel, self._rng)
            if progress > _MASKS_BEGIN:
                strength = min(1.0, (progress - _MASKS_BEGIN) / 0.2)
                mel = masked(mel, self._rng, strength)
        nearness = _NEARNESS * max(0.0, 1 - progress / _NEARNESS_ENDS)
        parts = min(self.config.threads, len(batch.frames))
        results = list(
            self._pool.map(
                lambda rows: self._gradients(batch.rows(rows), mel[rows], nearness),
                [slice(part, None, parts) for part in range(parts)],
            )
        )
        for parameter, *shares in zip(
            self.model.parameters(),
            *(gradients for _, gradients in results),
            strict=True,
        ):
            parameter.grad = torch.stack(shares).mean(0)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        torch.set_num_threads(self.config.threads)
        for optimizer in self.optimizers:
            optimizer.step()
        return results[0][0]

    def _gradients(
        self, batch: Batch, mel: Tensor, nearness: float
    ) -> tuple[Losses, list[Tensor]]:
        """One part of the batch, on one thread.

        Threads that meet once a step lose less on a busy machine than threads that
        meet in every product of matrices.
        """
        torch.set_num_threads(1)
        result = losses(self.model, batch, mel, nearness=nearness)
        parameters = list(self.model.parameters())
        gradients = torch.autograd.grad(
            result.total, parameters, allow_unused=True, materialize_grads=True
        )
        return result, list(gradients)

    def _standing(self) -> dict[str, float]:
        return {
            "step": self.step,
            "clips": self.clips,
            "minutes": round(self.elapsed / 60, 2),
            "progress": round(self.progress, 4),
        }

    def _vocabulary(self) -> Vocabulary:
        if (self.out / "inventory.json").exists():
            return Vocabulary.load(self.out)
        self.out.mkdir(parents=True, exist_ok=True)
        vocabulary = make_vocabulary(self.config)
        vocabulary.save(self.out)
        return vocabulary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    parser.add_argument(
        "--config", type=Path, default=Path(__file__).with_name("config.toml")
    )
    parser.add_argument("--recordings", type=Path, default=recordings_folder("train"))
    parser.add_argument(
        "--resume", action="store_true", help="go on from the last checkpoint"
    )
    parser.add_argument(
        "--until", type=float, default=1.0, help="stop after this part of the run"
    )
    arguments = parser.parse_args()
    config = Config.load(arguments.config)
    trainer = Trainer(config, arguments.out, recordings=arguments.recordings)
    if arguments.resume:
        trainer.resume()
    signal.signal(signal.SIGTERM, lambda *_: trainer.stop())
    size = sum(parameter.numel() for parameter in trainer.model.parameters()) / 1e6
    print(f"{size:.2f} million parameters, {trainer.shape}", flush=True)
    with (arguments.out / "progress.jsonl").open("a", encoding="utf-8") as log:
        for report in trainer.run():
            line = json.dumps({key: round(value, 4) for key, value in report.items()})
            print(line, flush=True)
            print(line, file=log, flush=True)
            if trainer.progress >= arguments.until:
                trainer.stop()


if __name__ == "__main__":
    main()
