"""The responder's own sentences and words for states, where the data has none."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from voice import languages
from voice.home import DeviceState

__all__ = ["Phrases", "phrases_in"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """What the responder says of its own accord in one language."""

    okay: str
    disclosure: str
    unsupported: str
    nothing_found: str
    hello: str
    privacy: str
    help: str
    states: Mapping[str, str]
    """Machine word to spoken word; a domain in front ("lock.open") goes first."""

    @property
    def answers(self) -> Mapping[str, str]:
        """Answers to questions about ourselves, by key of the reply template.

        The data's own speak of Home Assistant.
        """
        return {
            "hello": self.hello,
            "creator": self.disclosure,
            "listening": self.privacy,
            "data": self.privacy,
            "commands": self.help,
        }

    def state(self, domain: str, state: DeviceState) -> str:
        """The word for the state of a device; the machine word if there is none."""
        word = state.state
        if domain == "binary_sensor" and state.attribute("device_class") in _OPENINGS:
            word = {"on": "open", "off": "closed"}.get(word, word)
        return self.states.get(word, word.replace("_", " "))


_OPENINGS = frozenset({"door", "window", "opening", "garage_door"})


@cache
def phrases_in(language: str) -> Phrases:
    """The phrases of a language; English where its table lacks one."""
    table = _tables()
    texts = {**table["en"], **table.get(language, {})}
    language_ = languages.get(language)
    return Phrases(okay=language_.okay, disclosure=language_.disclosure, **texts)


@cache
def _tables() -> dict[str, dict[str, Any]]:
    source = files("voice.responders") / "phrases.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))
