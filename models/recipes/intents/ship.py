"""From a training run to the model of intents that comes with Parley, in one command.

python -m models.recipes.intents.ship --run FOLDER --heard FILE --version N

It exports the network, chooses how sure it must be and measures it on what
`hearing --test` wrote, and puts `models/starter/intents` and its manifest in their places.
"""

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path

from models.recipes.intents.evaluate import scored
from models.recipes.intents.export import describe, export
from models.recipes.intents.hearing import read_heard
from models.recipes.intents.train import load_run
from models.recipes.manifests import described, put
from voice.responders.pointing_model import Sureness

__all__ = ["ship"]

NAME = "starter-intents"


def ship(run: Path, heard: Path, *, version: str, scratch: Path) -> None:
    """Make the files of the starter.

    Args:
        run: the folder of `train`.
        heard: of `hearing --test`.
        version: of the weights.
        scratch: an empty directory.
    """
    made = scratch / "intents"
    model, codec, state = load_run(run)
    export(model, codec, made, least=Sureness())
    scores = scored(made, read_heard(heard))
    describe(codec, made, least=scores.least)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    text = described(
        made,
        name=NAME,
        stage="response",
        family="pointing",
        version=version,
        languages=codec.languages,
        sample_rate=0,
        source=f"models/recipes/intents, {state['step']:.0f} steps,"
        f" {state['elapsed'] / 60:.0f} minutes of one core,"
        f" {millions:.1f} million parameters",
        quality={name: asdict(row) for name, row in scores.table.items()},
    )
    put(made, NAME, text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--heard", type=Path, required=True)
    parser.add_argument("--version", required=True)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        ship(
            *(arguments.run, arguments.heard),
            version=arguments.version,
            scratch=Path(scratch),
        )


if __name__ == "__main__":
    main()
