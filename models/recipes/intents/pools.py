"""The commands that a run learns from: sampled once, then kept in a file.

python -m models.recipes.intents.pools --out FILE
"""

import argparse
import csv
import pickle
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from models.recipes.acoustic.texts import frequent_words
from models.recipes.intents.commands import Command, Commands
from voice.held_out import is_held_out
from voice.languages import canonical
from voice.responders.grammar import GRAMMAR_LANGUAGES
from voice.responders.pointing import MOST_WORDS, words_of

__all__ = ["Pool", "make_pool", "read_pools"]


@dataclass(frozen=True, slots=True)
class Pool:
    """The texts of one language."""

    language: str
    commands: tuple[Command, ...]
    test: tuple[Command, ...]
    """Sentences that are kept from training, by `is_held_out`."""
    frequent: tuple[str, ...]
    """Words for nonsense, the most frequent first."""


def make_pool(language: str, count: int, rng: random.Random, *, test: int) -> Pool:
    """Sample a pool of `count` commands and `test` more for the test."""
    commands: dict[str, Command] = {}
    kept: dict[str, Command] = {}
    for command in islice(Commands(language, rng), 6 * (count + test)):
        text = command.text
        if is_held_out(text):
            if len(kept) < test:
                kept[text] = command
        elif len(commands) < count:
            commands[text] = command
        elif len(kept) >= test:
            break
    words = frequent_words(language) or tuple(
        dict.fromkeys(word.text for c in commands.values() for word in c.words)
    )
    return Pool(language, tuple(commands.values()), tuple(kept.values()), words)


def read_pools(path: Path) -> dict[str, Pool]:
    """What `main` wrote; only ever read a file of your own, it is a pickle."""
    pools = [Pool(*fields) for fields in pickle.loads(path.read_bytes())]  # noqa: S301
    return {pool.language: pool for pool in pools}


def read_sentences(folder: Path | None) -> dict[str, list[str]]:
    """What people read aloud in a folder of recordings: speech that asks for nothing."""
    found: dict[str, list[str]] = {}
    if folder is None or not (folder / "index.csv").is_file():
        return found
    with (folder / "index.csv").open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            language = canonical(row.get("language") or "")
            words = words_of(row.get("transcript") or "")[:MOST_WORDS]
            if language and words and row.get("kind") != "command":
                found.setdefault(language, []).append(" ".join(words))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--languages", nargs="*", default=GRAMMAR_LANGUAGES)
    parser.add_argument("--count", type=int, default=5000, help="per language")
    parser.add_argument("--test", type=int, default=250, help="per language")
    parser.add_argument("--seed", type=int, default=20261121)
    arguments = parser.parse_args()
    write_pools(
        arguments.out,
        arguments.languages,
        arguments.count,
        seed=arguments.seed,
        test=arguments.test,
    )


def write_pools(
    path: Path, languages: Sequence[str], count: int, *, seed: int, test: int
) -> None:
    """Sample the pools of several languages into a file."""
    started = time.monotonic()
    pools = []
    for language in languages:
        rng = random.Random(f"{seed} {language}")
        pool = make_pool(language, count, rng, test=test)
        pools.append((pool.language, pool.commands, pool.test, pool.frequent))
        print(
            f"{language}: {len(pool.commands)} commands,"
            f" {time.monotonic() - started:.0f} s",
            flush=True,
        )
    path.write_bytes(pickle.dumps(pools))


if __name__ == "__main__":
    main()
