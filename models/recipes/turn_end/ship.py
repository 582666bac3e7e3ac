"""From a training run to the model that comes with Parley, in one command.

python -m models.recipes.turn_end.ship --run FOLDER --version N [--recordings FOLDER]

It exports the network, measures it on recordings that nothing was learned from, and
writes `models/starter/turn-end` and its manifest.
"""

import argparse
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from models.recipes.manifests import described, put
from models.recipes.recognizer.people import recordings_folder
from models.recipes.turn_end.evaluate import as_figures, by_group
from models.recipes.turn_end.export import export
from models.recipes.turn_end.network import TurnEnd
from models.recipes.turn_end.prepare import Ear, Tails, by_people, rows_of
from models.recipes.turn_end.train import ACOUSTIC, load_run
from voice.errors import ConfigError
from voice.recognizers.acoustics import Acoustics
from voice.recognizers.turn_ends import MODEL

NAME = "starter-turn-end"

SEED = 1

EVERYTHING = 10_000


def measured(
    model: TurnEnd, recordings: Path, run: Path
) -> Mapping[str, Mapping[str, Any]]:
    """How well ends of people in `recordings` are told from their pauses.

    Raises:
        ConfigError: nothing in the folder is of use.
    """
    rows = rows_of(recordings, random.Random(SEED), EVERYTHING)
    ear = Ear(ACOUSTIC, run)
    tails = Tails.joined([*by_people(rows, recordings, ear, seed=SEED)])
    return {name: as_figures(result) for name, result in by_group(model, tails)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    arguments = parser.parse_args()
    model, state = load_run(arguments.run)
    quality: Mapping[str, Mapping[str, Any]] = {}
    if arguments.recordings is not None:
        try:
            quality = measured(model, arguments.recordings, arguments.run)
        except ConfigError as error:
            parser.error(str(error))
    made = arguments.run / "turn-end"
    made.mkdir(exist_ok=True)
    export(model, made / MODEL)
    text = described(
        made,
        name=NAME,
        stage="recognition",
        family="turn-end",
        version=arguments.version,
        languages=Acoustics.beside(ACOUSTIC).languages,
        sample_rate=16_000,
        source=(
            f"models/recipes/turn_end, {state['epoch']:.0f} epochs of"
            f" {state['clips']:.0f} clips,"
            f" {sum(p.numel() for p in model.parameters())} parameters"
        ),
        quality=quality,
    )
    put(made, NAME, text)


if __name__ == "__main__":
    main()
