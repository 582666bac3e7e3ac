"""What a recogniser really makes of commands: said by eSpeak, heard by a model.

python -m models.recipes.intents.hearing --out FILE [--test] [--recognizer starter]

Every line of the file is a JSON object with a command and what was heard. In the test
set, sentences, voices and paraphrases are such as training never had, and all commands
are about the demo home, so that the grammar can tell what each should lead to.
"""

import argparse
import json
import random
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from models.recipes.intents.bending import Manners
from models.recipes.intents.commands import NOTHING, Command, Commands, Word
from models.recipes.recognizer.clips import synthesized
from models.recipes.recognizer.text import spoken
from voice.assembly import STARTER_WHISPER, ModelChoice, load_recognizer
from voice.audio import HEARING_RATE, Pcm
from voice.held_out import is_held_out
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.responders.pointing import words_of
from voice.stages import Recognizer

__all__ = [
    "Heard",
    "aligned",
    "aligned_places",
    "hear",
    "read_heard",
    "requests",
]

LANGUAGES = ("en", "de", "fr", "es")
"""Of the starter recogniser."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A command that was said, and what was heard."""

    command: Command
    text: str
    plain: str
    """The command as the grammar has it, before it was bent."""


def read_heard(path: Path) -> list[Heard]:
    """What `main` wrote."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        command = entry["command"]
        words = tuple(Word(w["text"], frozenset(w["slots"])) for w in command["words"])
        found.append(
            Heard(
                Command(
                    command["language"], words, command["intent"], command["fixed"]
                ),
                entry["text"],
                entry["plain"],
            )
        )
    return found


def aligned(command: Command, heard: str) -> Command:
    """`command` in the words that were heard.

    Letters are aligned, and a word fills the slot that most of its letters come from.
    A command of which a slot was lost is no command.
    """
    letters = command.text
    slots: list[frozenset[str]] = []
    for word in command.words:
        slots += [word.slots] * len(word.text) + [frozenset()]
    words: list[Word] = []
    at = 0
    origins = aligned_places(letters, heard)
    for text in heard.split():
        sources = [slots[o] for o in origins[at : at + len(text)] if o is not None]
        at += len(text) + 1
        ranked = sorted(set(sources), key=sources.count)
        words.append(Word(text, ranked[-1] if ranked else frozenset()))
    found = Command(command.language, tuple(words), command.intent, command.fixed)
    if found.open_slots != command.open_slots or any(
        found.span(slot) is None for slot in found.open_slots
    ):
        bare = tuple(Word(word.text) for word in words)
        return Command(command.language, bare, NOTHING)
    return found


def aligned_places(said: str, heard: str) -> list[int | None]:
    """For each letter heard the place of the letter said that it stands for."""
    costs = [list(range(len(said) + 1))]
    for i, x in enumerate(heard, 1):
        above = costs[-1]
        row = [i]
        for j, y in enumerate(said, 1):
            row.append(min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (x != y)))
        costs.append(row)
    origins: list[int | None] = [None] * len(heard)
    i, j = len(heard), len(said)
    while i and j:
        if costs[i][j] == costs[i - 1][j - 1] + (heard[i - 1] != said[j - 1]):
            i, j = i - 1, j - 1
            origins[i] = j
        elif costs[i][j] == costs[i - 1][j] + 1:
            i -= 1
        else:
            j -= 1
    return origins


def requests(language: str, rng: random.Random, *, test: bool) -> Iterator[Heard]:
    """Commands as somebody would write them; half of them bent. Nothing is heard yet."""
    manners = Manners.of(language, test=test)
    grammar = GrammarResponder.load(demo_home(), [language]) if test else None
    for command in Commands(language, rng):
        plain = command.text
        if not command.intent or is_held_out(plain) != test:
            continue
        if grammar and grammar.interpret(plain, language) is None:
            continue
        bent = manners.bent(command, rng) if rng.random() < 0.5 else command
        yield Heard(bent, "", plain)


def _aloud(command: Command) -> Command:
    """The words as they are said."""
    said = tuple(
        Word(text, word.slots)
        for word in command.words
        for text in words_of(spoken(word.text, command.language))
    )
    return replace(command, words=said)


def hear(
    commands: Sequence[Command],
    recognizer: Recognizer,
    rng: random.Random,
    *,
    test: bool,
) -> list[str]:
    """What the recogniser makes of commands in random voices; empty if of nothing."""
    found = []
    for command in commands:
        clip = synthesized(command.text, command.language, rng, strength=0.6, test=test)
        if clip is None:
            found.append("")
            continue
        pcm = Pcm.of_floats(clip.audio, HEARING_RATE)
        text = recognizer.transcribe(pcm, (command.language,)).text
        found.append(" ".join(words_of(text)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--each", type=int, default=900, help="commands per language")
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--test", action="store_true")
    # One that writes only sentences of the grammar leaves nothing to be learned.
    parser.add_argument("--recognizer", default=STARTER_WHISPER)
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed + arguments.test)
    recognizer = load_recognizer(ModelChoice(recognizer=arguments.recognizer))
    started = time.monotonic()
    sources = {
        language: requests(language, rng, test=arguments.test) for language in LANGUAGES
    }
    with arguments.out.open("w", encoding="utf-8") as out:
        for count in range(arguments.each):
            for source in sources.values():
                asked = next(source)
                command = _aloud(asked.command)
                (text,) = hear([command], recognizer, rng, test=arguments.test)
                out.write(_line(Heard(command, text, asked.plain)) + "\n")
            if count % 50 == 0:
                out.flush()
                print(f"{count} of each, {time.monotonic() - started:.0f} s")


def _line(heard: Heard) -> str:
    entry = asdict(heard)
    for word in entry["command"]["words"]:
        word["slots"] = sorted(word["slots"])
    return json.dumps(entry, ensure_ascii=False)


if __name__ == "__main__":
    main()
