"""Write down what an exported model is, file by file, and how well it does.

python -m models.recipes.recognizer.manifest --model DIRECTORY --run FOLDER --scores FILE --out FILE
"""

import argparse
import json
from pathlib import Path

from models.recipes.manifests import described
from models.recipes.recognizer.export import load_run


def manifest(
    directory: Path,
    *,
    version: str,
    languages: tuple[str, ...],
    source: str,
    quality: dict[str, dict[str, float]],
) -> str:
    """The manifest as TOML.

    Args:
        directory: the model; the manifest names it relative to the repository.
        version: of the weights.
        languages: tags.
        source: the recipe with seed and length of the run.
        quality: as `evaluate` measured it.
    """
    return described(
        directory,
        name="starter-recognizer",
        stage="recognition",
        family="whisper",
        version=version,
        languages=languages,
        sample_rate=16_000,
        source=source,
        quality=quality,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument(
        "--run", type=Path, required=True, help="folder of the training run"
    )
    parser.add_argument(
        "--scores", type=Path, required=True, help="what evaluate --json wrote"
    )
    parser.add_argument("--version", required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model, vocabulary, training = load_run(arguments.run)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    source = (
        f"models/recipes/recognizer, {training['step']:.0f} steps,"
        f" {training['clips']:.0f} clips, {training['elapsed'] / 60:.0f} minutes on 2 cores,"
        f" {millions:.1f} million parameters"
    )
    text = manifest(
        arguments.model,
        version=arguments.version,
        languages=vocabulary.languages,
        source=source,
        quality=json.loads(arguments.scores.read_text(encoding="utf-8")),
    )
    arguments.out.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
