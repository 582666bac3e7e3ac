"""Scripted conversations: what is said when, and everything that happens then.

Each file in tests/conversations/<language> is one conversation with a real session
and the real grammar; only the audio is made up. tests/conversations/README.md tells
how to write one. Run ``python -m tests.test_conversations FILE`` to see one played.
"""

import asyncio
import sys
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from streaming.messages import (
    InputCommit,
    InputEnd,
    ResponseCancel,
    ResponseCreated,
    ResponseDone,
    TextInput,
)
from tests.streaming.rehearsal import Rehearsal, rehearsal
from tests.virtual_time import VirtualTimeLoop
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.testing import SpellingRecognizer

pytestmark = pytest.mark.virtual_time

FOLDER = Path(__file__).parent / "conversations"
SCRIPTS = sorted(FOLDER.glob("*/*.toml"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """One conversation as its file has it."""

    about: str
    steps: Sequence[dict[str, Any]]
    events: Sequence[str]
    languages: Sequence[str]
    """Of the session; by default the one whose folder it is."""
    home: dict[str, str]
    """What must be so at the end: state by device."""

    @classmethod
    def read(cls, path: Path) -> "Script":
        values = {"languages": [path.parent.name], "home": {}, "events": []}
        return cls(**(values | tomllib.loads(path.read_text(encoding="utf-8"))))


@cache
def grammar(language: str) -> GrammarResponder:
    return GrammarResponder.load(demo_home(), [language])


class Grammars:
    """One responder of several, so that each grammar is loaded once."""

    def __init__(self, languages: Sequence[str]) -> None:
        self.languages = tuple(languages)

    def plan(self, text, language, *, home, now):
        return grammar(language).plan(text, language, home=home, now=now)


async def play(script: Script) -> Rehearsal:
    languages = tuple(script.languages)
    async with rehearsal(
        languages=languages,
        recognizer=SpellingRecognizer(languages=languages),
        responder=Grammars(languages),
    ) as talk:
        for step in script.steps:
            await take(talk, dict(step), languages[0])
    return talk


async def take(talk: Rehearsal, step: dict[str, Any], first: str) -> None:
    """Do what one step says."""
    language = step.pop("language", first)
    ((verb, what),) = step.items()
    match verb, what:
        case "say", str(text):
            await talk.say(text, language)
        case "type", str(text):
            talk.session.receive(TextInput(text=text, language=language))
        case "wait", int(milliseconds):
            await talk.pause(milliseconds)
        case "murmur", int(milliseconds):
            await talk.murmur(milliseconds)
        case "until", "reply begins":
            await talk.until(ResponseCreated)
        case "until", "reply ends":
            await talk.until(ResponseDone)
        case "press", "done":
            talk.session.receive(InputCommit())
        case "press", "stop":
            talk.session.receive(ResponseCancel())
        case "press", "hang up":
            talk.session.receive(InputEnd())
            await asyncio.sleep(5)
        case _:
            raise ValueError(f"no such step: {verb} = {what!r}")


@pytest.mark.parametrize(
    "path", SCRIPTS, ids=lambda path: f"{path.parent.name}/{path.stem}"
)
async def test_conversation(path):
    script = Script.read(path)
    talk = await play(script)
    assert talk.story()[:-1] == list(script.events)
    # Leaving is the last event of them all.
    assert talk.story()[-1].endswith(" = closed")
    state = talk.services.household.state
    assert {id_: state.device(id_).state for id_ in script.home} == script.home


def test_six_languages_have_conversations():
    assert {path.parent.name for path in SCRIPTS} >= {
        "en",
        "de",
        "fr",
        "es",
        "nl",
        "pl",
    }


@pytest.mark.parametrize("step", [{"say": 3}, {"shout": "hello"}, {"press": "start"}])
async def test_a_step_that_means_nothing_is_refused(step):
    async with rehearsal() as talk:
        with pytest.raises(ValueError, match="no such step"):
            await take(talk, step, "en")


def show(path: Path) -> None:
    """Print the events of a script as they happen, to be judged by a reader."""
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        talk = runner.run(play(Script.read(path)))
    for line in talk.story()[:-1]:
        print(f'    "{line}",')  # noqa: T201


if __name__ == "__main__":
    show(Path(sys.argv[1]))
