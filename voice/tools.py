"""What tools may do without asking: their risks, and how a call is read out."""

import json
from collections.abc import Mapping
from enum import Enum

from voice.dialogue import Tool, ToolCall

__all__ = ["Risk", "read_out", "risk_of"]


class Risk(Enum):
    """What a call of a tool can do; the values are those of the configuration."""

    READ = "read"
    """Nothing: it may be called before it is certain that the user has finished."""
    REVERSIBLE = "reversible"
    """Something that a sentence undoes: called once the utterance is over."""
    IRREVERSIBLE = "irreversible"
    """What cannot be undone: called only after a question and a spoken yes."""
    FORBIDDEN = "forbidden"
    """Never called, and no model learns of it."""


def risk_of(name: str, risks: Mapping[str, Risk]) -> Risk:
    """The risk of a tool; what nobody has classed is irreversible.

    A tool that calls itself harmless is not believed: who wrote it may be wrong, or
    somebody else by now.
    """
    return risks.get(name, Risk.IRREVERSIBLE)


MOST_READ_OUT = 300
"""Characters; a call that cannot be read out whole cannot be agreed to."""


def read_out(tool: Tool, call: ToolCall) -> str | None:
    """What a call would do, in words that a person can agree to, or None.

    It is made of the call itself, never of what a model says about it. None if it is
    too long to be listened to: nobody can agree to what was left out.
    """
    arguments = json.loads(call.arguments)
    parts = [f"{_plain(key)} {_value(value)}" for key, value in arguments.items()]
    text = ", ".join([tool.title, *parts])
    return text if len(text) <= MOST_READ_OUT else None


def _plain(word: str) -> str:
    return word.replace("_", " ").replace(".", " ")


def _value(value: object) -> str:
    if isinstance(value, str):
        # A new line could end the question early.
        return " ".join(value.split()) or '""'
    return json.dumps(value, ensure_ascii=False)
