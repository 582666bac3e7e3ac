"""Measure a recogniser on voices that it was not trained on, each kind by itself.

python -m models.recipes.recognizer.evaluate --model DIRECTORY [--recordings FOLDER] [--clips N] [--json FILE]

- espeak: held-out variants of eSpeak saying held-out sentences of the grammar, sampled afresh from a fixed seed;
- neural, people: the `dev` part of a folder of recordings, where there is one;
- wordless: noises made by the recipe, and the recorded ones; every text is an error.
"""

import argparse
import csv
import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.clips import synthesized
from models.recipes.recognizer.features import RATE
from models.recipes.recognizer.people import recordings_folder
from models.recipes.recognizer.sentences import Sentences
from models.recipes.recognizer.text import spoken
from voice.audio import Pcm, read_audio
from voice.recognizers.whisper import WhisperRecognizer
from voice.scoring import align

SEED = 20261122
"""Another seed than the training's."""

_LANGUAGES = ("en", "de", "fr", "es")


@dataclass(frozen=True, slots=True)
class Sample:
    """A clip and what is said in it."""

    kind: str
    language: str
    text: str
    pcm: Pcm


@dataclass(slots=True)
class Score:
    """Counts over clips."""

    clips: int = 0
    words: int = 0
    word_errors: int = 0
    letters: int = 0
    letter_errors: int = 0
    empty: int = 0
    exact: int = 0
    wrong_language: int = 0
    seconds: float = 0.0
    work_s: float = 0.0
    examples: list[tuple[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, float]:
        """Rates; those that make no sense without words are left out."""
        rates: dict[str, float] = {"clips": self.clips}
        if self.words:
            rates |= {
                "wer": round(self.word_errors / self.words, 4),
                "cer": round(self.letter_errors / self.letters, 4),
                "exact": round(self.exact / self.clips, 4),
                "wrong_language": round(self.wrong_language / self.clips, 4),
            }
        rates["empty"] = round(self.empty / self.clips, 4)
        rates["real_time_factor"] = round(self.work_s / self.seconds, 4)
        return rates


def edits(wanted: Sequence[str], heard: Sequence[str]) -> int:
    """The fewest insertions, deletions and substitutions between two sequences."""
    return align(wanted, heard).errors


def espeak_samples(clips: int, *, noisy: bool) -> Iterator[Sample]:
    """Held-out voices and sentences, `clips` of each language."""
    rng, rooms = random.Random(SEED), Rooms(np.random.default_rng(SEED))
    for language in _LANGUAGES:
        sentences = Sentences(language, rng, test=True)
        for _ in range(clips):
            text = sentences.command()
            clip = synthesized(text, language, rng, strength=0.5, test=True)
            if clip is None:
                continue
            audio = np.pad(clip.audio, (RATE // 4, RATE // 4))
            if noisy:
                audio = rooms.impair(audio, 0.7)
            yield Sample(
                "espeak, rooms and noise" if noisy else "espeak",
                language,
                text,
                Pcm.of_floats(audio, RATE),
            )


def noise_samples(clips: int) -> Iterator[Sample]:
    """Silence, noises and knocks as the training knows them, from another seed."""
    rng = np.random.default_rng(SEED)
    rooms = Rooms(rng)
    for _ in range(clips):
        audio = rooms.nothing_said(int(rng.uniform(0.5, 6.0) * RATE))
        yield Sample("wordless, made", "", "", Pcm.of_floats(audio, RATE))


def recorded_samples(folder: Path) -> Iterator[Sample]:
    """The `dev` part of a folder of recordings, in the languages of the model."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            language, kind = row["language"], row["kind"]
            if kind == "noise":
                name = "wordless, recorded"
                language = ""
            elif language not in _LANGUAGES:
                continue
            else:
                who = "people" if row["speech"] == "human" else "neural"
                name = f"{who}, {kind}s"
            text = spoken(row["transcript"], language) if language else ""
            pcm = read_audio(folder / row["file"]).resampled(RATE)
            yield Sample(name, language, text, pcm)


def score(
    recognizer: WhisperRecognizer, samples: Iterator[Sample], *, told: bool
) -> dict[tuple[str, str], Score]:
    """Scores by kind and language; `told` gives the recogniser the language."""
    scores: dict[tuple[str, str], Score] = {}
    for sample in samples:
        candidates = (
            (sample.language,) if told and sample.language else recognizer.languages
        )
        begin = time.perf_counter()
        transcript = recognizer.transcribe(sample.pcm, candidates)
        work = time.perf_counter() - begin
        own = scores.setdefault((sample.kind, sample.language), Score())
        heard = plain(spoken(transcript.text, sample.language or "en"))
        wanted = plain(sample.text)
        own.clips += 1
        own.words += len(wanted.split())
        own.word_errors += edits(wanted.split(), heard.split())
        own.letters += len(wanted)
        own.letter_errors += edits(wanted, heard)
        own.empty += not heard
        own.exact += wanted == heard
        own.wrong_language += transcript.language != sample.language
        own.seconds += sample.pcm.duration / 1000
        own.work_s += work
        own.examples.append((wanted, heard))
    return scores


def plain(text: str) -> str:
    """Words without the marks whose writing nobody hears."""
    return " ".join(text.replace("-", " ").replace("'", " ").split())


def report(
    recognizer: WhisperRecognizer,
    *,
    clips: int,
    recordings: Path | None,
    told: bool,
    show: Callable[[str], None],
) -> dict[str, dict[str, float]]:
    """Every score, by "kind language"."""
    sources = [
        espeak_samples(clips, noisy=False),
        espeak_samples(clips, noisy=True),
        noise_samples(clips),
    ]
    if recordings:
        sources.append(recorded_samples(recordings))
    results: dict[str, dict[str, float]] = {}
    for source in sources:
        for (kind, language), own in score(recognizer, source, told=told).items():
            name = f"{kind} {language}".strip()
            results[name] = own.summary()
            show(f"{name:34} {own.summary()}")
            for wanted, heard in own.examples[:6] if wanted_examples(own) else ():
                show(f"      {wanted}\n   -> {heard}")
    return results


def wanted_examples(own: Score) -> bool:
    """Whether the score has texts worth showing."""
    return bool(own.words)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    parser.add_argument(
        "--clips", type=int, default=100, help="made clips per language"
    )
    parser.add_argument(
        "--told", action="store_true", help="tell the language of each clip"
    )
    parser.add_argument("--json", type=Path, help="write the scores there too")
    arguments = parser.parse_args()
    results = report(
        WhisperRecognizer.load(arguments.model, device="cpu"),
        clips=arguments.clips,
        recordings=arguments.recordings,
        told=arguments.told,
        show=lambda line: print(line, flush=True),
    )
    if arguments.json:
        arguments.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
