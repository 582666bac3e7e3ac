"""Write down what an exported model is, file by file, and how well it does.

python -m models.recipes.intents.manifest --model FOLDER --run FOLDER --scores FILE --out FILE
"""

import argparse
import json
from pathlib import Path
from typing import Any

from models.recipes.intents.train import load_run
from models.recipes.manifests import described

__all__ = ["manifest"]


def manifest(
    directory: Path, *, version: str, source: str, quality: dict[str, Any]
) -> str:
    """The manifest as TOML.

    Args:
        directory: the model; the manifest names it relative to the repository.
        version: of the weights.
        source: the recipe, and how long it ran.
        quality: as `evaluate` measured it: figures by language.
    """
    about = json.loads((directory / "parley.json").read_text("utf-8"))
    return described(
        directory,
        name="starter-intents",
        stage="response",
        family="pointing",
        version=version,
        languages=about["languages"],
        sample_rate=0,
        source=source,
        quality=quality,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--scores", type=Path, required=True, help="of evaluate --json")
    parser.add_argument("--version", default="1")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model, _, state = load_run(arguments.run)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    source = (
        f"models/recipes/intents, {state['step']:.0f} steps,"
        f" {state['elapsed'] / 60:.0f} minutes of one core,"
        f" {millions:.1f} million parameters"
    )
    scores = json.loads(arguments.scores.read_text("utf-8"))
    quality = {name: row for name, row in scores.items() if isinstance(row, dict)}
    text = manifest(
        arguments.model, version=arguments.version, source=source, quality=quality
    )
    arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
