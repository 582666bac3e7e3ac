"""How many sounds the acoustic model gets wrong, kind by kind of voice.

python -m models.recipes.acoustic.evaluate --run FOLDER [--recordings FOLDER]

The sounds wanted are eSpeak's reading of the transcript, which is not how everybody
says it: no model reaches zero, and only comparisons mean something.
"""

import argparse
import csv
from collections import defaultdict
from pathlib import Path

import numpy as np
import torch

from models.recipes.acoustic.align import log_probabilities, pronounced
from models.recipes.acoustic.network import Acoustic, Shape
from models.recipes.acoustic.voices import read_recording
from models.recipes.recognizer.people import recordings_folder
from voice.phones import PHONES, SILENCE
from voice.scoring import align


def load_run(folder: Path) -> tuple[Acoustic, dict[str, float]]:
    """The averaged network of the last checkpoint, and how long it was trained."""
    state = torch.load(folder / "checkpoint.pt", weights_only=True)
    model = Acoustic(Shape(**state["shape"]))
    model.load_state_dict(state["average"])
    return model.eval(), {key: state[key] for key in ("step", "clips", "elapsed")}


def heard(scores: np.ndarray) -> list[str]:
    """The likeliest sound of each frame, repetitions and silences left out."""
    best = scores.argmax(1)
    changes = np.flatnonzero(np.diff(best, prepend=-1))
    return [PHONES[sound] for sound in best[changes] if sound != SILENCE]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, training = load_run(arguments.run)
    print(training)
    wrong: dict[tuple[str, str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
    index = arguments.recordings / "index.csv"
    with index.open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    for row in rows:
        samples = read_recording(arguments.recordings / row["file"])
        if samples is None or row["kind"] == "noise":
            continue
        sounds, _ = pronounced(row["transcript"], row["language"])
        wanted = [PHONES[sound] for sound in sounds]
        (scores,) = log_probabilities(model, [samples], [row["language"]])
        counts = align(wanted, heard(scores))
        group = wrong[row["kind"], row["speech"], row["language"]]
        group[0] += 1
        group[1] += counts.errors
        group[2] += len(wanted)
    for (kind, speech, language), (clips, errors, count) in sorted(wrong.items()):
        rate = errors / count
        print(f"{kind:9} {speech:6} {language}  {clips:3} clips  {rate:6.1%}")


if __name__ == "__main__":
    main()
