"""Made recordings that the starter recogniser never learned from, to evaluate it on.

    python -m benchmarks.held_out DIR [--clips 100]
    parley eval DIR/index.csv

Commands about the demo home, spoken by eSpeak NG in the variants, and in sentences,
that the recipe keeps out of its training; in rooms with noise, as a microphone would
hear them. Synthetic voices: the result says nothing about people. Needs the extra
`train`, because the voices are those of the recipe.
"""

import argparse
import csv
import random
from pathlib import Path

import numpy as np
import soundfile

from benchmarks.sentences import Sampler
from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.clips import synthesized
from models.recipes.recognizer.features import RATE
from models.recipes.recognizer.sentences import is_test_sentence
from models.recipes.recognizer.text import spoken
from voice.home_files import demo_home

LANGUAGES = ("en", "de", "fr", "es")
SEED = 20261123
"""Neither the training's nor that of the recipe's own evaluation."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument("--clips", type=int, default=100, help="of each language")
    arguments = parser.parse_args()
    arguments.folder.mkdir(parents=True, exist_ok=True)
    rng = random.Random(SEED)
    rooms = Rooms(np.random.default_rng(SEED))
    with (arguments.folder / "index.csv").open(
        "w", newline="", encoding="utf-8"
    ) as file:
        index = csv.writer(file)
        index.writerow(["language", "transcript", "file", "kind", "speech"])
        for language in LANGUAGES:
            sentences = Sampler(language, demo_home(), rng).sentences()
            made = 0
            while made < arguments.clips:
                text = spoken(next(sentences), language)
                if not is_test_sentence(text):
                    continue
                clip = synthesized(text, language, rng, strength=0.5, test=True)
                if clip is None:
                    continue
                audio = rooms.impair(np.pad(clip.audio, RATE // 2), 0.7)
                name = f"{language}_{made:03}.wav"
                soundfile.write(arguments.folder / name, audio, RATE)
                index.writerow([language, text, name, "command", "espeak"])
                made += 1
    print(
        f"{arguments.folder / 'index.csv'}: {arguments.clips} for each of {LANGUAGES}"
    )


if __name__ == "__main__":
    main()
