"""Train the starter model that reads intents.

python -m models.recipes.intents.train --run FOLDER --pools FILE --heard FILE

A run can be stopped at any time and goes on from its last checkpoint.
"""

import argparse
import json
import math
import random
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from models.recipes.intents.confusions import Confusions
from models.recipes.intents.examples import Codec, Example, Mixture
from models.recipes.intents.hearing import read_heard
from models.recipes.intents.network import Llama, Shape
from models.recipes.intents.pools import read_pools, read_sentences
from models.recipes.recognizer.people import recordings_folder

__all__ = ["Settings", "batches", "load_run", "loss_of", "train"]

WARM_UP = 0.03
"""Share of the run in which the learning rate rises."""

GATHERED = 8
"""Batches that are gathered to sort their examples by length."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Of a run."""

    minutes: float = 15.0
    """Of processor time; the learning rate follows the part of it that is over."""
    steps: int = 0
    """Or, above 0, the part of these steps: repeatable on any machine."""
    batch: int = 64
    """Examples."""
    rate: float = 3e-3
    pieces: int = 8000
    width: int = 160
    layers: int = 3
    hidden: int = 416
    seed: int = 20261121
    checkpoint_minutes: float = 0.5
    """Of processor time."""
    memory: float = 0.996
    """How much of the averaged weights each step keeps."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Examples of like length, padded."""

    tokens: Tensor
    """int64 [batch, time]."""
    rows: Tensor
    columns: Tensor
    """Where an answer token is to be told, both int64 [told]."""
    told: Tensor
    """int64 [told]."""


def batches(
    mixture: Mixture, codec: Codec, rng: random.Random, size: int
) -> Iterator[Batch]:
    """Without end."""
    while True:
        examples = [codec.example(mixture.command(rng)) for _ in range(GATHERED * size)]
        examples.sort(key=lambda example: len(example.tokens))
        for start in rng.sample(range(0, len(examples), size), GATHERED):
            yield _batch(examples[start : start + size])


def _batch(examples: list[Example]) -> Batch:
    longest = max(len(example.tokens) for example in examples) - 1
    tokens = np.zeros((len(examples), longest), np.int64)
    rows: list[int] = []
    columns: list[int] = []
    told: list[int] = []
    for row, example in enumerate(examples):
        tokens[row, : len(example.tokens) - 1] = example.tokens[:-1]
        answered = range(example.prompt, len(example.tokens))
        rows += [row] * len(answered)
        columns += [place - 1 for place in answered]
        told += example.tokens[example.prompt :].tolist()
    return Batch(*map(torch.as_tensor, (tokens, rows, columns, told)))


def loss_of(model: Llama, batch: Batch) -> tuple[Tensor, Tensor]:
    """Mean cross entropy, and the share of the tokens that were told rightly."""
    hidden = model(batch.tokens)[batch.rows, batch.columns]
    scores = model.head(hidden)
    loss = functional.cross_entropy(scores, batch.told)
    right = (scores.argmax(-1) == batch.told).float().mean()
    return loss, right


def train(
    folder: Path, mixture: Mixture, codec: Codec, settings: Settings
) -> list[float]:
    """Train until time or steps are over; returns the losses of this call.

    Args:
        folder: of checkpoint and log.
        mixture: what is learned from.
        codec: of the run; its files are written too.
        settings: of the run.
    """
    folder.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(settings.seed)
    shape = Shape(
        tokens=len(codec.tokens),
        answers=len(codec.answers),
        width=settings.width,
        layers=settings.layers,
        hidden=settings.hidden,
    )
    model, average = Llama(shape), Llama(shape)
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=settings.rate, betas=(0.9, 0.98), weight_decay=0.02
    )
    state = {"step": 0, "elapsed": 0.0}
    checkpoint = folder / "checkpoint.pt"
    if checkpoint.is_file():
        saved = torch.load(checkpoint, weights_only=True)
        model.load_state_dict(saved["model"])
        average.load_state_dict(saved["average"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
    else:
        average.load_state_dict(model.state_dict())
        codec.save(folder)
    rng = random.Random(f"{settings.seed} {state['step']}")
    losses: list[float] = []
    last = time.process_time()
    saved_at = last
    for batch in batches(mixture, codec, rng, settings.batch):
        done = (
            state["step"] / settings.steps
            if settings.steps
            else state["elapsed"] / (60 * settings.minutes)
        )
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = settings.rate * _share(done)
        loss, right = loss_of(model, batch)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses.append(loss.item())
        _average(average, model, min(settings.memory, 1 - 10 / (10 + state["step"])))
        now = time.process_time()
        state["step"] += 1
        state["elapsed"] += now - last
        last = now
        if state["step"] % 25 == 0:
            _log(folder, state, losses[-25:], right.item())
        if now - saved_at > 60 * settings.checkpoint_minutes:
            _save(checkpoint, model, average, optimizer, state)
            saved_at = now
    _save(checkpoint, model, average, optimizer, state)
    return losses


@torch.no_grad()
def _average(average: Llama, model: Llama, memory: float) -> None:
    """Let the averaged weights follow."""
    pairs = zip(average.parameters(), model.parameters(), strict=True)
    for slow, fast in pairs:
        slow.lerp_(fast, 1 - memory)


def _share(done: float) -> float:
    """Of the learning rate: up, then down along a cosine."""
    if done < WARM_UP:
        return (done + 0.002) / (WARM_UP + 0.002)
    return 0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * done))


def _log(
    folder: Path, state: dict[str, float], losses: list[float], right: float
) -> None:
    entry = {
        "step": state["step"],
        "minutes": round(state["elapsed"] / 60, 2),
        "loss": round(sum(losses) / len(losses), 4),
        "right": round(right, 4),
    }
    with (folder / "progress.jsonl").open("a", encoding="utf-8") as out:
        out.write(json.dumps(entry) + "\n")


def _save(
    path: Path,
    model: Llama,
    average: Llama,
    optimizer: torch.optim.Optimizer,
    state: dict[str, Any],
) -> None:
    new = path.with_suffix(".new")
    torch.save(
        {
            "shape": asdict(model.shape),
            "model": model.state_dict(),
            "average": average.state_dict(),
            "optimizer": optimizer.state_dict(),
            "state": state,
        },
        new,
    )
    new.replace(path)


def load_run(folder: Path) -> tuple[Llama, Codec, dict[str, float]]:
    """The averaged model of a run, its codec, and how far it is."""
    saved = torch.load(folder / "checkpoint.pt", weights_only=True)
    model = Llama(Shape(**saved["shape"]))
    model.load_state_dict(saved["average"])
    return model.eval(), Codec.load(folder), saved["state"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--pools", type=Path, required=True)
    parser.add_argument("--heard", type=Path, help="what `hearing` wrote")
    parser.add_argument("--recordings", type=Path, default=recordings_folder("train"))
    parser.add_argument("--languages", nargs="*", help="of the pools; all by default")
    parser.add_argument("--minutes", type=float, default=Settings.minutes)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pools = read_pools(arguments.pools)
    if arguments.languages:
        pools = {language: pools[language] for language in arguments.languages}
    heard = read_heard(arguments.heard) if arguments.heard else []
    settings = Settings(minutes=arguments.minutes)
    mixture = Mixture(
        pools,
        heard=heard,
        sentences=read_sentences(arguments.recordings),
        confusions=Confusions(heard),
    )
    if (arguments.run / "answers.txt").is_file():
        codec = Codec.load(arguments.run)
    else:
        codec = Codec.learn(pools.values(), settings.pieces)
    train(arguments.run, mixture, codec, settings)


if __name__ == "__main__":
    main()
