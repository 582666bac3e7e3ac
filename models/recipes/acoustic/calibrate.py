"""Fit how far a recogniser with this acoustic model believes what it found.

python -m models.recipes.acoustic.calibrate --model DIRECTORY [--recordings FOLDER]

Every recording of speech in the folder is heard. A sentence counts as right if it asks
for what the transcript asks for. From right and wrong ones, from what is no command, and
from noises that are made here (recorded ones are for testing), a logistic regression learns how likely a sentence is right, given what
`voice.recognizers.acoustics.Signs` tell. The threshold is the lowest with which at most
one in `WRONGLY` recordings without a command gives a sentence.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path

import numpy as np

from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.people import recordings_folder
from voice.assembly import ModelChoice, load_recognizer, load_responder
from voice.audio import HEARING_RATE, Pcm, read_audio
from voice.events import Millis
from voice.fixtures import read_index
from voice.recognizers.acoustics import DESCRIPTION, ENOUGH_S, Judgement, Signs
from voice.recognizers.sentence_recognizer import SentenceRecognizer

WRONGLY = 50
"""One in so many."""

NOISES = 60
NOISE_S = 3.0

LONGEST = Millis(12_000)

_LANGUAGES = ("de", "en", "es", "fr", "it", "nl")
"""With a dozen recordings or more each."""

_THRESHOLDS = np.arange(0.1, 0.9, 0.02)


@dataclass(frozen=True, slots=True)
class Example:
    """What was found in one recording."""

    signs: Signs
    right: bool
    command: bool
    """Whether somebody asked for something."""


def examples(model: Path, recordings: Path, *, cache: str = "") -> Iterator[Example]:
    """Hear the recordings; each in its language, noise in every one."""
    choice = ModelChoice(
        recognizer=str(model),
        home="recordings",
        languages=_LANGUAGES,
        cache=cache,
    )
    recognizer = load_recognizer(choice)
    assert isinstance(recognizer, SentenceRecognizer)
    responder = load_responder(choice)
    for number, noise in enumerate(noises()):
        _, signs = recognizer.examine(noise, _LANGUAGES[number % len(_LANGUAGES)])
        yield Example(signs, right=False, command=False)
    for clip in read_index(recordings / "index.csv"):
        if clip.language not in _LANGUAGES:
            continue
        heard = read_audio(clip.file).resampled(HEARING_RATE)
        wanted = responder.interpret(clip.transcript, clip.language)
        text, signs = recognizer.examine(heard.slice(Millis(0), LONGEST), clip.language)
        got = responder.interpret(text, clip.language)
        right = wanted is not None and wanted == got
        yield Example(signs, right, command=clip.kind == "command")


def noises() -> Iterator[Pcm]:
    """Clips in which nobody speaks."""
    rooms = Rooms(np.random.default_rng(1))
    for _ in range(NOISES):
        audio = rooms.nothing_said(int(NOISE_S * HEARING_RATE))
        samples = (np.clip(audio, -1, 1) * 32_767).astype(np.int16)
        yield Pcm(samples, HEARING_RATE)


def fitted(known: Sequence[Example]) -> Judgement:
    """The judgement that tells right from wrong best."""
    rows = np.array([_row(example.signs) for example in known])
    right = np.array([example.right for example in known], float)
    weights = np.zeros(rows.shape[1])
    penalty = 0.1 * np.eye(rows.shape[1])
    for _ in range(50):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (right - chance) - penalty @ weights
        curve = (rows * (chance * (1 - chance))[:, None]).T @ rows + penalty
        weights += np.linalg.solve(curve, slope)
    constant, fit, margin, clarity, speech = (round(float(w), 3) for w in weights)
    judgement = Judgement(
        constant=constant,
        fit=fit,
        margin=margin,
        clarity=clarity,
        speech=speech,
    )
    return replace(judgement, least=_threshold(judgement, known))


def _row(signs: Signs) -> tuple[float, ...]:
    fit, margin, clarity, speech_s = astuple(signs)
    return 1.0, fit, margin, clarity, min(speech_s, ENOUGH_S)


def _threshold(judgement: Judgement, known: Sequence[Example]) -> float:
    others = [judgement.probability(e.signs) for e in known if not e.command]
    for least in _THRESHOLDS:
        if np.mean(np.array(others) >= least) <= 1 / WRONGLY:
            return round(float(least), 2)
    return round(float(_THRESHOLDS[-1]), 2)


def calibrate(model: Path, recordings: Path, *, cache: str = "") -> Judgement:
    """Fit the judgement and write it into `acoustic.json`."""
    known = list(examples(model, recordings, cache=cache))
    judgement = fitted(known)
    path = model / DESCRIPTION
    facts = json.loads(path.read_text(encoding="utf-8"))
    facts["judgement"] = asdict(judgement)
    path.write_text(
        json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
    for name, chosen in (
        ("right commands", [e for e in known if e.right]),
        ("wrong commands", [e for e in known if e.command and not e.right]),
        ("no command", [e for e in known if not e.command]),
    ):
        spoken = [e for e in chosen if judgement.heard_speech(e.signs)]
        believed = sum(
            judgement.probability(e.signs) >= judgement.least for e in spoken
        )
        print(f"{name}: {believed} of {len(chosen)} believed", flush=True)
    return judgement


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    parser.add_argument("--cache", default="", help="as models.cache")
    arguments = parser.parse_args()
    if arguments.recordings is None:
        parser.error("there is no folder of recordings; name one with --recordings")
    print(calibrate(arguments.model, arguments.recordings, cache=arguments.cache))


if __name__ == "__main__":
    main()
