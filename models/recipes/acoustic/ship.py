"""From a training run to the recogniser that comes with Parley, in one command.

python -m models.recipes.acoustic.ship --run FOLDER --version N [--recordings FOLDER]

It exports the network, fits its judgement, measures it on the recordings, and writes
`models/starter/acoustic` and its manifest.
"""

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from models.recipes.acoustic.calibrate import calibrate
from models.recipes.acoustic.evaluate import load_run
from models.recipes.acoustic.export import describe, export
from models.recipes.manifests import described, put
from models.recipes.recognizer.people import recordings_folder
from voice.assembly import (
    STARTER,
    STARTERS,
    ModelChoice,
    heard_languages,
    load_recognizer,
    load_responder,
    load_voice_activity,
)
from voice.audio import HEARING_RATE, read_audio
from voice.detection import GatePolicy
from voice.evaluation import Evaluation, Outcome, tally
from voice.fixtures import read_index
from voice.turns import TurnPolicy
from voice.utterances import Listener

_GROUPS = {
    "command/human": "people, commands",
    "command/tts": "neural voices, commands",
    "sentence/human": "people, sentences that are no commands",
}


def measured(
    model: Path, recordings: Path, *, cache: str
) -> dict[str, dict[str, float | Sequence[float]]]:
    """What is understood of each kind of recordings in each language, which is told."""
    spoken = {clip.language for clip in read_index(recordings / "index.csv")}
    heard = heard_languages(ModelChoice(recognizer=str(model)))
    choice = ModelChoice(
        recognizer=str(model),
        home="recordings",
        languages=tuple(tag for tag in heard if tag in spoken),
        cache=cache,
    )
    listener = Listener(
        load_recognizer(choice),
        load_voice_activity(),
        gate=GatePolicy(),
        turns=TurnPolicy(),
    )
    evaluation = Evaluation(
        listen=listener.transcribe,
        interpreter=load_responder(choice),
        languages=choice.languages,
    )
    outcomes = [
        outcome
        for clip in read_index(recordings / "index.csv")
        for outcome in evaluation.hear(clip, read_audio(clip.file))
    ]
    return dict(_scores(outcomes))


def _scores(
    outcomes: Sequence[Outcome],
) -> Iterator[tuple[str, dict[str, float | Sequence[float]]]]:
    for language in sorted({outcome.language for outcome in outcomes}):
        for group, name in _GROUPS.items():
            score = tally(outcomes, language, group)
            if score.clips:
                facts: dict[str, float | Sequence[float]] = {
                    "clips": score.clips,
                    "commands": score.intents,
                    "understood": score.understood,
                    "mistaken": score.mistaken,
                }
                if score.intent_interval is not None:
                    facts["interval"] = score.intent_interval
                yield f"{name} {language}", facts
    nobody = [outcome for outcome in outcomes if outcome.words is None]
    nobody = [outcome for outcome in nobody if outcome.heard is not None]
    yield (
        "wordless recorded",
        {
            "clips": len(nobody),
            "texts": sum(outcome.said_something for outcome in nobody),
        },
    )


def ship(
    run: Path, version: str, recordings: Path | None, *, cache: str, scratch: Path
) -> None:
    """Make the files of the starter; `scratch` is an empty directory."""
    made = scratch / "acoustic"
    made.mkdir()
    model, training = load_run(run)
    export(model, made / "acoustic.onnx")
    describe(run, model, made)
    quality = {}
    if recordings is not None:
        calibrate(made, recordings, cache=cache)
        quality = measured(made, recordings, cache=cache)
    millions = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    text = described(
        made,
        name=STARTERS[STARTER],
        stage="recognition",
        family="acoustic",
        version=version,
        languages=heard_languages(ModelChoice(recognizer=str(made))),
        sample_rate=HEARING_RATE,
        source=f"models/recipes/acoustic, {training['step']:.0f} steps,"
        f" {training['clips']:.0f} clips, {training['elapsed'] / 60:.0f} minutes on"
        f" 2 cores, {millions:.2f} million parameters",
        quality=quality,
    )
    put(made, STARTERS[STARTER], text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--version", required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    parser.add_argument(
        "--cache", default="", help="a directory for graphs, as models.cache"
    )
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        ship(
            *(arguments.run, arguments.version, arguments.recordings),
            cache=arguments.cache or temporary,
            scratch=Path(temporary),
        )


if __name__ == "__main__":
    main()
