"""How well commands are heard from eSpeak voices that no training heard.

python -m models.recipes.acoustic.held_out --model DIRECTORY [--languages en,de]

For each language, sentences are drawn from all that may be said to the home, as often
as they are likely, and read in the voices of `TEST_VARIANTS`. It prints word errors and
intents understood, and for clips of `LEAST_S` and more how often the language is told
among `CANDIDATES`. Sentences and voices follow from the seed.
"""

import argparse
import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from models.recipes.acoustic.voices import read_by_espeak
from models.recipes.recognizer.features import RATE
from voice.assembly import ModelChoice, load_recognizer, load_responder, read_home
from voice.audio import Pcm
from voice.evaluation import wilson
from voice.recognizers.sentence_recognizer import SentenceRecognizer
from voice.responders.spoken_sentences import spoken_sentences
from voice.scoring import Counts, word_counts
from voice.sentence_graphs import Form, SentenceGraph, joined

CANDIDATES = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")

LEAST_S = 1.5

LONGEST_WORDS = 14

_MOST_TRIES = 200


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence, read aloud."""

    language: str
    written: str
    pcm: Pcm

    @property
    def seconds(self) -> float:
        """How long the clip is."""
        return len(self.pcm.samples) / RATE


@dataclass(frozen=True, slots=True)
class Result:
    """What was heard of the readings of one language."""

    language: str
    words: Counts
    understood: int
    readings: int
    told: int
    long_enough: int
    """Readings in which the language was to be told."""


def drawn(graph: SentenceGraph, rng: random.Random) -> list[Form]:
    """A sentence of the graph; likely ones come more often."""
    state, forms = graph.start, list[Form]()
    while True:
        ways: list[int] = [*range(len(graph.arcs[state]))]
        weights = [math.exp(-rarity) for rarity in graph.rarities[state]]
        if graph.senses[state]:
            ways.append(-1)
            weights.append(math.exp(-graph.end_rarities[state]))
        (way,) = rng.choices(ways, weights)
        if way < 0:
            return forms
        class_, state = graph.arcs[state][way]
        among = graph.words[class_]
        forms += rng.choices(among, [math.exp(-form.rarity) for form in among])


def readings(graph: SentenceGraph, count: int, rng: random.Random) -> Iterator[Reading]:
    """`count` sentences of a graph in voices that no training heard."""
    made = 0
    for _ in range(_MOST_TRIES * count):
        if made == count:
            return
        forms = drawn(graph, rng)
        if len(forms) > LONGEST_WORDS:
            continue
        text = joined(form.spoken for form in forms)
        utterance = read_by_espeak(text, graph.language, rng, strength=0.0, test=True)
        if utterance is None:
            continue
        quiet = np.zeros(RATE // 4, np.float32)
        audio = np.concatenate([quiet, utterance.audio, quiet])
        samples = (np.clip(audio, -1, 1) * 32767).astype(np.int16)
        written = joined(form.written for form in forms)
        made += 1
        yield Reading(graph.language, written, Pcm(samples, RATE))


def measured(
    model: Path, languages: Sequence[str], count: int, *, seed: int, cache: str = ""
) -> Iterator[Result]:
    """Read and hear `count` sentences of each language.

    Args:
        model: a directory as `export` writes it.
        languages: canonical tags.
        count: sentences of each.
        seed: of sentences and voices.
        cache: folder for graphs, as the setting models.cache.
    """
    choice = ModelChoice(
        recognizer=str(model),
        home="recordings",
        languages=tuple(dict.fromkeys((*languages, *_told_among(languages)))),
        cache=cache,
    )
    recognizer = load_recognizer(choice)
    assert isinstance(recognizer, SentenceRecognizer)
    responder = load_responder(choice)
    home = read_home(choice)
    for language in languages:
        graph = spoken_sentences(home, language)
        assert graph is not None, f"no grammar for {language}"
        words = Counts()
        understood = told = long_enough = 0
        for reading in readings(graph, count, random.Random(f"{seed} {language}")):
            heard = recognizer.transcribe(reading.pcm, [language])
            words += word_counts(reading.written, heard.text, language)
            wanted = responder.interpret(reading.written, language)
            got = responder.interpret(heard.text, language)
            understood += wanted is not None and wanted == got
            if language in _told_among(languages) and reading.seconds >= LEAST_S:
                among = recognizer.transcribe(reading.pcm, _told_among(languages))
                long_enough += 1
                told += among.language == language
        yield Result(language, words, understood, count, told, long_enough)


def _told_among(languages: Sequence[str]) -> tuple[str, ...]:
    """The candidates, if one of them is measured and there is something to tell."""
    return CANDIDATES if set(languages) >= set(CANDIDATES) else ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--languages", default=",".join(CANDIDATES))
    parser.add_argument("--count", type=int, default=40, help="sentences of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", default="", help="as models.cache")
    arguments = parser.parse_args()
    languages = arguments.languages.split(",")
    found: list[Result] = []
    for result in measured(
        arguments.model,
        languages,
        arguments.count,
        seed=arguments.seed,
        cache=arguments.cache,
    ):
        found.append(result)
        rate = result.words.rate
        shown = "-" if rate is None else f"{rate:6.1%}"
        print(
            f"{result.language}  WER {shown}  understood"
            f" {result.understood}/{result.readings}",
            flush=True,
        )
    told, of = sum(r.told for r in found), sum(r.long_enough for r in found)
    if of:
        low, high = wilson(told, of)
        print(f"language told: {told}/{of} ({low:.1%} to {high:.1%})")


if __name__ == "__main__":
    main()
