"""Train the model of turn ends.

python -m models.recipes.turn_end.train --out FOLDER [--config FILE] [--recordings FOLDER] [--resume]
"""

import argparse
import random
import tomllib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.recipes.recognizer.people import recordings_folder
from models.recipes.turn_end.network import TurnEnd
from models.recipes.turn_end.prepare import Ear, Tails, by_espeak, by_people, rows_of
from models.recipes.turn_end.spoken import Spoken
from models.recipes.turn_end.texts import Sayings
from voice.errors import ConfigError
from voice.manifests import data_root

__all__ = ["Config", "Material", "Trainer", "load_run", "prepared"]

_SOFT = 0.02
"""Nobody is ever quite sure: targets stay as far from 0 and 1."""

_HIDDEN = 0.03
"""Of the frames, how many are hidden."""

_CUT, _CUT_FRAMES = 0.3, 40
"""How often, and by how many frames at most, the beginning is hidden."""

_PACE = 0.15
"""How much faster or slower, at most, as a logarithm."""

_TEXTS = 0.5
"""What texts count beside clips."""

ACOUSTIC = data_root() / "models" / "starter" / "acoustic"


@dataclass(frozen=True, kw_only=True)
class Config:
    """One run; see config.toml."""

    seed: int
    people: int
    espeak: int
    texts: int
    epochs: int
    batch: int
    beside: int
    rate: float
    decay: float
    threads: int
    languages: dict[str, float]

    @classmethod
    def load(cls, path: Path) -> "Config":
        """Read a file; an unknown key is an error that names it."""
        return cls(**tomllib.loads(path.read_text(encoding="utf-8")))


@dataclass(frozen=True, slots=True)
class Material:
    """Everything to learn from: clips that were heard, and texts that were not."""

    tails: Tails
    texts: Spoken


def prepared(config: Config, out: Path, *, recordings: Path | None) -> Material:
    """Everything to learn from; the clips are heard by the shipped acoustic model.

    Args:
        config: of the run.
        out: folder of the run; what was heard is kept there.
        recordings: folder of people's, if there are any.

    Raises:
        ConfigError: nothing in the folder is of use, or nothing is said in any language.
    """
    ear = Ear(ACOUSTIC, out, threads=config.threads)
    rows = []
    parts = []
    if recordings is not None:
        rows = rows_of(recordings, random.Random(config.seed), config.people)
        parts += by_people(rows, recordings, ear, seed=config.seed)
    sayings = Sayings(rows, config.languages)
    parts += by_espeak(sayings, config.espeak, ear, seed=config.seed)
    spoken = Spoken.of(sayings, config.texts, random.Random(config.seed))
    return Material(Tails.joined(parts), spoken)


def weights(tails: Tails) -> np.ndarray:
    """How often each is drawn: people as often as eSpeak, what is over as what is not."""
    drawn = np.zeros(len(tails))
    for voices in np.unique(tails.voices):
        for over in (False, True):
            chosen = (tails.voices == voices) & (tails.over == over)
            drawn[chosen] = 1 / max(1, chosen.sum())
    return drawn / drawn.sum()


class Trainer:
    """One run: its model, its optimiser, and where it stands."""

    def __init__(self, config: Config, out: Path, material: Material) -> None:
        out.mkdir(parents=True, exist_ok=True)
        torch.manual_seed(config.seed)
        self.config, self.out = config, out
        self.model = TurnEnd()
        self.epoch = 0
        self._tails, self._texts = material.tails, material.texts
        self._weights = weights(self._tails)
        self._steps = max(1, len(self._tails) // config.batch)
        self._optimizer = torch.optim.AdamW(
            self.model.parameters(), config.rate, weight_decay=config.decay
        )
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimizer, config.rate, total_steps=self._steps * config.epochs
        )

    def run(self) -> Iterator[float]:
        """The mean loss of each epoch; a checkpoint is written after it."""
        while self.epoch < self.config.epochs:
            # By epoch, so that a run that was interrupted goes on as it would have.
            torch.manual_seed(self.config.seed + self.epoch)
            drawing = np.random.default_rng((self.config.seed, self.epoch))
            self.model.train()
            losses = [self._step(drawing) for _ in range(self._steps)]
            self.epoch += 1
            self.save()
            yield sum(losses) / len(losses)

    def _step(self, drawing: np.random.Generator) -> float:
        some = drawing.choice(len(self._tails), self.config.batch, p=self._weights)
        frames = torch.from_numpy(self._tails.frames[some].astype(np.float32))
        read = drawing.integers(0, len(self._texts), self.config.beside)
        made_up = torch.from_numpy(self._texts.heard(read, drawing))
        odds = self.model(_hidden(_stretched(frames)))
        loss = _loss(odds, self._tails.over[some])
        # Texts have no melody: only what knows words can learn from them.
        loss = loss + _TEXTS * _loss(self.model.words(made_up), self._texts.over[read])
        self._optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        self._optimizer.step()
        self._schedule.step()
        return loss.item()

    def save(self) -> None:
        """Write where the run stands; the file is replaced when it is whole."""
        unfinished = self.out / "checkpoint.tmp"
        torch.save(
            {
                "config": asdict(self.config),
                "epoch": self.epoch,
                "clips": len(self._tails),
                "model": self.model.state_dict(),
                "optimizer": self._optimizer.state_dict(),
                "schedule": self._schedule.state_dict(),
            },
            unfinished,
        )
        unfinished.rename(self.out / "checkpoint.pt")

    def resume(self) -> None:
        """Go on from the last checkpoint, if there is one."""
        path = self.out / "checkpoint.pt"
        if path.is_file():
            state = torch.load(path, weights_only=True)
            self.epoch = state["epoch"]
            self.model.load_state_dict(state["model"])
            self._optimizer.load_state_dict(state["optimizer"])
            self._schedule.load_state_dict(state["schedule"])


def _loss(odds: Tensor, over: np.ndarray) -> Tensor:
    target = torch.from_numpy(_SOFT + (1 - 2 * _SOFT) * over.astype(np.float32))
    return F.binary_cross_entropy_with_logits(odds, target)


def _stretched(frames: Tensor) -> Tensor:
    """Said a little slower or faster; the end stays where it is."""
    count, length, width = frames.shape
    pace = torch.exp(torch.empty(count, 1).uniform_(-_PACE, _PACE))
    ago = torch.arange(length - 1, -1, -1)[None] * pace
    at = length - 1 - ago.round().long()
    found = frames.gather(1, at.clamp(min=0)[:, :, None].expand(-1, -1, width))
    return found * (at >= 0)[:, :, None]


def _hidden(frames: Tensor) -> Tensor:
    """With some frames hidden, and some beginnings: not every word is heard."""
    count, length, _ = frames.shape
    shown = torch.rand(count, length, 1) > _HIDDEN
    begin = torch.randint(0, _CUT_FRAMES, (count,)) * (torch.rand(count) < _CUT)
    late = torch.arange(length)[None] >= begin[:, None]
    return frames * shown * late[:, :, None]


def load_run(out: Path) -> tuple[TurnEnd, dict[str, float]]:
    """The model of a run, ready to be asked, and how far the run has come."""
    state = torch.load(out / "checkpoint.pt", weights_only=True)
    model = TurnEnd()
    model.load_state_dict(state["model"])
    model.eval()
    return model, {"epoch": state["epoch"], "clips": state["clips"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument(
        "--config", type=Path, default=Path(__file__).with_name("config.toml")
    )
    parser.add_argument("--recordings", type=Path, default=recordings_folder("train"))
    parser.add_argument("--resume", action="store_true")
    arguments = parser.parse_args()
    config = Config.load(arguments.config)
    torch.set_num_threads(config.threads)
    try:
        material = prepared(config, arguments.out, recordings=arguments.recordings)
    except ConfigError as error:
        parser.error(str(error))
    trainer = Trainer(config, arguments.out, material)
    if arguments.resume:
        trainer.resume()
    for loss in trainer.run():
        print(f"epoch {trainer.epoch} loss {loss:.3f}", flush=True)


if __name__ == "__main__":
    main()
