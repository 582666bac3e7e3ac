"""How well commands are understood with courtesies around them, said by eSpeak.

python -m models.recipes.intents.courtesies [--languages en,de] [--count 25]

Commands that no training saw are read in voices that none heard: as they are, with what
`paraphrases.toml` has before and after them, and with its last entries, which are kept
for tests and which nobody may list anywhere. It prints how many led to what the plain
command asks for. Commands and voices follow from the seed.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from models.recipes.intents.bending import Manners
from voice.assembly import ModelChoice, load_recognizer, load_responder, read_home
from voice.evaluation import Interpreter
from voice.held_out import read_aloud, sentences, unlearned
from voice.sentence_graphs import Form, SentenceGraph, joined
from voice.stages import Recognizer

__all__ = ["Measured", "Said", "asked", "measured"]

LANGUAGES = ("en", "de", "fr", "es", "it", "pt", "pl")


@dataclass(frozen=True, slots=True)
class Said:
    """A command, and how to say it."""

    written: str
    """Without courtesies."""
    plain: str
    known: str
    """With common courtesies."""
    unknown: str
    """With those that are kept for tests."""


@dataclass(frozen=True, slots=True)
class Measured:
    """Of how many commands, said how, so many were understood."""

    commands: int
    plain: int
    known: int
    unknown: int


def asked(graph: SentenceGraph, count: int, rng: random.Random) -> Iterator[Said]:
    """Different commands, with courtesies before them, after them, or both.

    Fewer than `count` where the language has no more.
    """
    manners = Manners.of(graph.language), Manners.of(graph.language, test=True)
    for forms in islice(unlearned(graph, rng), count):
        known, unknown = (_around(forms, own, rng) for own in manners)
        written = joined(form.written for form in forms)
        yield Said(written, joined(form.spoken for form in forms), known, unknown)


def _around(forms: list[Form], manners: Manners, rng: random.Random) -> str:
    before, after = rng.choice(((1, 0), (0, 1), (1, 1)))
    parts = [
        *([rng.choice(manners.before)] * before),
        joined(form.spoken for form in forms),
        *([rng.choice(manners.after)] * after),
    ]
    return " ".join(parts)


def measured(
    recognizer: Recognizer,
    interpreter: Interpreter,
    graph: SentenceGraph,
    *,
    count: int,
    seed: int,
) -> Measured:
    """Say and hear `count` commands of a language three times, each in one voice."""
    language = graph.language
    rng = random.Random(f"{seed} {language}")
    understood = [0, 0, 0]
    commands = 0
    for said in asked(graph, count, rng):
        commands += 1
        wanted = interpreter.interpret(said.written, language)
        voice = rng.random()
        for at, text in enumerate((said.plain, said.known, said.unknown)):
            _, pcm = read_aloud(text, language, random.Random(voice))
            heard = recognizer.transcribe(pcm, (language,)).text
            got = interpreter.interpret(heard, language)
            understood[at] += wanted is not None and got == wanted
    return Measured(commands, *understood)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--count", type=int, default=25, help="commands of each")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--cache", default="", help="as models.cache")
    arguments = parser.parse_args()
    languages = tuple(arguments.languages.split(","))
    choice = ModelChoice(home="demo", languages=languages, cache=arguments.cache)
    recognizer, interpreter = load_recognizer(choice), load_responder(choice)
    home = read_home(choice)
    print("language  commands  plain  courtesies  others")
    for language in languages:
        one = measured(
            recognizer,
            interpreter,
            sentences(home, language),
            count=arguments.count,
            seed=arguments.seed,
        )
        row = f"{language:8}  {one.commands:8}  {one.plain:5}"
        print(f"{row}  {one.known:10}  {one.unknown:6}", flush=True)


if __name__ == "__main__":
    main()
