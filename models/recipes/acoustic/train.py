"""Train the acoustic starter.

python -m models.recipes.acoustic.train --out FOLDER [--config FILE] [--recordings FOLDER] [--resume]
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

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.recipes.acoustic.align import align
from models.recipes.acoustic.batches import (
    Batch,
    Batches,
    Library,
    Mixture,
    load_recordings,
    save_recordings,
)
from models.recipes.acoustic.features import LogMel, colorless
from models.recipes.acoustic.lending import Lender
from models.recipes.acoustic.network import STRIDE, Acoustic, Shape
from models.recipes.acoustic.texts import Texts
from models.recipes.acoustic.voices import UNKNOWN, Recording, people, read_by_others
from models.recipes.recognizer.optimizer import optimizers
from models.recipes.recognizer.people import recordings_folder
from voice.phones import PHONES, SILENCE

_WARM_UP_STEPS = 200
_AVERAGE = 0.998
_MASKS_BEGIN = 0.25
_UNTOLD = 0.15
"""Of the clips, how many come without their language."""
_WARPS_BEGIN = 0.03


@dataclass(frozen=True)
class Config:
    """One run; see config.toml."""

    seed: int
    minutes: float
    steps: int
    threads: int
    rate: float
    checkpoint_minutes: float
    aligned: tuple[float, ...]
    readings: int
    shape: dict[str, int]
    languages: dict[str, float]
    favor: dict[str, float] = field(default_factory=dict)
    mixture: Mixture = field(default_factory=Mixture)

    @classmethod
    def load(cls, path: Path) -> "Config":
        """Read a file; an unknown key is an error that names it."""
        values: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
        values["aligned"] = tuple(values["aligned"])
        values["mixture"] = Mixture(**values.pop("mixture", {}))
        return cls(**values)


def stretched(mel: Tensor, labels: Tensor, rng: random.Random) -> tuple[Tensor, Tensor]:
    """Each clip's time axis pulled here and pushed there, as no synthesiser does.

    Args:
        mel: [batch, 80, n].
        labels: [batch, n].
        rng: where the choices come from.
    """
    batch, _, length = mel.shape
    index = np.empty((batch, length), np.int64)
    for row in range(batch):
        knots = max(2, length // rng.randint(12, 30))
        pace = np.exp(np.array([rng.gauss(0, 0.3) for _ in range(knots)]))
        pace = np.interp(np.linspace(0, knots - 1, length), range(knots), pace)
        index[row] = (np.cumsum(pace) * (length - 1) / pace.sum()).astype(np.int64)
    places = torch.from_numpy(index.clip(0, length - 1))
    wide = places[:, None].expand(-1, mel.shape[1], -1)
    return mel.gather(2, wide), labels.gather(1, places)


def warped(mel: Tensor, rng: random.Random) -> Tensor:
    """Each clip's frequency axis stretched and its spectrum tilted: another mouth."""
    bands = mel.shape[1]
    index = torch.arange(bands, dtype=torch.float32)
    rows, tilts = [], []
    for _ in range(mel.shape[0]):
        low, high = (
            math.exp(rng.gauss(0, 0.09)) if rng.random() < 0.8 else 1.0
            for _ in range(2)
        )
        # The two ends differ a little: mouths differ in more than their length.
        stretch = low + (high - low) * 0.4 * index / bands
        source = (index * stretch).clamp(0, bands - 1)
        rows.append((1 - (source[:, None] - index[None]).abs()).clamp_min(0))
        phase, waves = rng.uniform(0, 6.28), rng.uniform(0.5, 3)
        tilts.append(
            0.06 * rng.gauss(0, 1) * torch.sin(phase + index * waves * 6.28 / bands)
        )
    return torch.stack(rows) @ mel + torch.stack(tilts)[:, :, None]


def masked(mel: Tensor, rng: random.Random, strength: float) -> Tensor:
    """SpecAugment: two bands and two moments of each clip hidden."""
    _, bands, length = mel.shape
    for clip in mel:
        for _ in range(2):
            wide = rng.randint(0, max(1, int(12 * strength)))
            low = rng.randint(0, bands - wide)
            clip[low : low + wide] = 0
            long = rng.randint(0, max(1, min(int(14 * strength), length // 8)))
            first = rng.randint(0, length - long)
            clip[:, first : first + long] = 0
    return mel


class Trainer:
    """One run: its model, its optimisers, and where it stands."""

    def __init__(self, config: Config, out: Path, *, recordings: Path | None) -> None:
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.config, self.out = config, out
        self.shape = Shape(
            phones=len(PHONES), languages=tuple(config.languages), **config.shape
        )
        self.model = Acoustic(self.shape)
        self.average = Acoustic(self.shape)
        self.average.load_state_dict(self.model.state_dict())
        self.optimizers = optimizers(self.model, rate=config.rate)
        self.log_mel = LogMel()
        self.step = self.clips = 0
        self.elapsed = 0.0
        self._progress = multiprocessing.Value("d", 0.0)
        self._rng = random.Random(config.seed)
        self._pool = ThreadPoolExecutor(config.threads)
        self._stopped = False
        self._people = (
            people(recordings, longest=config.mixture.longest) if recordings else []
        )
        self._others = self._read_by_others()

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
        """Train to the end, yielding a report every hundred steps (ten in short runs)."""
        for begin, end in zip(
            (0.0, *self.config.aligned), (*self.config.aligned, 1.0), strict=True
        ):
            if self.progress >= end or self._stopped:
                continue
            alignments = self._alignments(begin) if begin else {}
            yield from self._phase(end, alignments)
            self.save()

    def save(self) -> None:
        """Write a checkpoint that `resume` and the export read; a cut leaves the old one whole."""
        state = {
            "shape": asdict(self.shape),
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
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
        self.average.load_state_dict(state["average"])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.step, self.clips = state["step"], state["clips"]
        self.elapsed = state["elapsed"]
        self._progress.value = min(1.0, self.progress)

    def _read_by_others(self) -> list[Recording]:
        path = self.out / "readings.npz"
        if not path.exists():
            rng = random.Random(self.config.seed)
            texts = {
                tag: Texts(tag, rng)
                for tag in ("en", "it", "ca", "cs", "fi")
                if tag in self.config.languages
            }
            readings = read_by_others(texts, self.config.readings, rng)
            save_recordings(readings, path)
        return load_recordings(path)

    def _alignments(self, begin: float) -> dict[str, np.ndarray]:
        """Made once for each phase, kept for a run that is resumed."""
        path = self.out / f"alignments-{begin:g}.npz"
        if not path.exists():
            torch.set_num_threads(self.config.threads)
            # What has no transcript waits until the network has heard people.
            first = begin == self.config.aligned[0]
            known = [r for r in self._people if r.text or not first] + self._others
            found = dict(align(self.average.eval(), known))
            print(f"aligned {len(found)} of {len(known)} recordings", flush=True)
            np.savez(path, **found)  # type: ignore[arg-type]
        with np.load(path) as kept:
            return dict(kept)

    def _phase(
        self, end: float, alignments: dict[str, np.ndarray]
    ) -> Iterator[dict[str, float]]:
        favor = self.config.favor
        self._lender = Lender(self._people, alignments, self._rng)
        batches = Batches(
            self.config.languages,
            self.config.mixture,
            libraries=(
                Library(self._people, alignments, favor=favor),
                Library(self._others, alignments, favor=favor),
            ),
            progress=self._progress,
            seed=self.config.seed + self.step,
        ).loader()
        interval = 10 if 0 < self.config.steps < 1000 else 100
        sums: Counter[str] = Counter()
        # The first batch waits for the worker to start, which is no training time.
        batch = next(batches)
        last = saved = time.monotonic()
        while self.progress < end and not self._stopped:
            loss, right = self._learn(batch)
            self.step += 1
            self.clips += len(batch.audio)
            now = time.monotonic()
            self.elapsed, last = self.elapsed + now - last, now
            self._progress.value = min(1.0, self.progress)
            sums.update({"loss": loss / interval, "right": right / interval})  # type: ignore[dict-item]
            if self.step % interval == 0:
                yield {**sums, **self._standing()}
                sums.clear()
            if now - saved > 60 * self.config.checkpoint_minutes:
                self.save()
                saved = now
            batch = next(batches)

    def _learn(self, batch: Batch) -> tuple[float, float]:
        progress = self.progress
        warm_up = min(_WARM_UP_STEPS, self.config.steps // 8 or _WARM_UP_STEPS)
        rate = self.config.rate * min(1.0, (self.step + 1) / warm_up)
        rate *= 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = rate
        torch.set_num_threads(self.config.threads)
        with torch.no_grad():
            mel, labels = self._features(batch, progress)
        languages = self.model.numbers(
            "" if self._rng.random() < _UNTOLD else tag for tag in batch.languages
        )
        parts = min(self.config.threads, len(labels))
        rows = [slice(part, None, parts) for part in range(parts)]
        results = list(
            self._pool.map(
                lambda part: self._gradients(mel[part], labels[part], languages[part]),
                rows,
            )
        )
        for parameter, *shares in zip(
            self.model.parameters(),
            *(gradients for *_, gradients in results),
            strict=True,
        ):
            parameter.grad = torch.stack(shares).mean(0)
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 2.0)
        for optimizer in self.optimizers:
            optimizer.step()
        with torch.no_grad():
            for mean, parameter in zip(
                self.average.parameters(), self.model.parameters(), strict=True
            ):
                mean.lerp_(parameter, 1 - min(_AVERAGE, self.step / (self.step + 10)))
        loss, right, _ = results[0]
        return loss, right

    def _features(self, batch: Batch, progress: float) -> tuple[Tensor, Tensor]:
        mel, labels = self.log_mel(batch.audio), batch.labels
        frames = batch.frames
        mel = self._lender.lend(mel, labels, batch.espeak, self._rng)
        if progress > _WARPS_BEGIN:
            mel, labels = stretched(mel, labels, self._rng)
            mel = warped(mel, self._rng)
        mel = colorless(mel, frames)
        if progress > _MASKS_BEGIN:
            mel = masked(mel, self._rng, min(1.0, (progress - _MASKS_BEGIN) / 0.2))
        # The label of a frame is that of the middle of its three steps.
        return mel, labels[:, ::STRIDE]

    def _gradients(
        self, mel: Tensor, labels: Tensor, languages: Tensor
    ) -> tuple[float, float, list[Tensor]]:
        """One part of the batch, on one thread.

        Threads that meet once a step lose less on a busy machine than threads that
        meet in every product of matrices.
        """
        torch.set_num_threads(1)
        logits = self.model(mel, languages)
        loss = F.cross_entropy(
            logits.flatten(0, 1),
            labels.flatten(),
            ignore_index=UNKNOWN,
            label_smoothing=0.05,
        )
        gradients = torch.autograd.grad(loss, list(self.model.parameters()))
        said = labels > SILENCE
        right = ((logits.argmax(-1) == labels) & said).sum() / said.sum().clamp_min(1)
        return loss.item(), right.item(), list(gradients)

    def _standing(self) -> dict[str, float]:
        return {
            "step": self.step,
            "clips": self.clips,
            "minutes": round(self.elapsed / 60, 2),
            "progress": round(self.progress, 4),
        }


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


if __name__ == "__main__":
    main()
