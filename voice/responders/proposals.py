"""Asks a chat model for an intent: a list of what there is, one example, one answer.

What it proposes is checked by others (`voice.responders.wishes`); here it is only
read. The instructions of a language are the same for every question, to the letter,
so that what was computed for them is kept.
"""

import json
from collections.abc import Mapping
from typing import Any

from home_assistant_intents import get_intent_info

from voice import languages
from voice.dialogue import ChatModel, Message, Role
from voice.home import Home, spoken_names
from voice.responders.wishes import NOT_FOR_MODELS
from voice.stages import Intent, SlotValue

__all__ = ["ChatInterpreter", "instructions", "read_proposal"]

LONGEST_ANSWER = 600
"""Characters of an intent in JSON."""

DEADLINE_S = 2.0
"""For the whole answer; a reply that comes later has lost its user."""

LONGEST_QUESTION = 300
"""Characters; what is longer is no command."""


class ChatInterpreter:
    """Implements `voice.stages.Interpreter` with any chat model.

    Args:
        chat: the model.
        home: what can be meant.
    """

    def __init__(self, chat: ChatModel, home: Home) -> None:
        self._chat = chat
        self._home = home
        self._told: dict[str, Message] = {}

    def interpret(self, text: str, language: str) -> Intent | None:
        """What `text` asks for; None if the model makes nothing of it.

        Raises:
            StageError: the model broke.
        """
        if len(text) > LONGEST_QUESTION or language not in languages.LANGUAGES:
            return None
        if language not in self._told:
            told = instructions(self._home, language)
            self._told[language] = Message(role=Role.SYSTEM, text=told)
        answer = ""
        asked = [self._told[language], Message(role=Role.USER, text=text)]
        for piece in self._chat.converse(asked, ()):
            answer += piece if isinstance(piece, str) else ""
            if len(answer) > LONGEST_ANSWER:
                return None
        return read_proposal(answer)


def instructions(home: Home, language: str) -> str:
    """What a model is told before the first question in a language."""
    name = languages.get(language).english
    lines = [
        "You turn what somebody said to a smart home into one intent. The words come"
        f" from a speech recogniser, in {name}, and may be misheard. Answer with one"
        ' JSON object and nothing else: {"intent": "HassTurnOn", "slots": {"name":'
        ' "light.kitchen"}}. If it is no command, or you are not sure, answer'
        ' {"intent": null}. Never guess. Use ids for "name", "area" and "floor";'
        ' copy "item", "message" and "search_query" word for word.',
        "",
        "Intents and their slots:",
    ]
    for intent, content in sorted(get_intent_info().items()):
        if content.get("supported") and intent not in NOT_FOR_MODELS:
            slots = ", ".join(sorted(content.get("slots", {}))) or "none"
            lines.append(f"- {intent}: {slots}")
    for title, things in (
        ("Floors", home.floors),
        ("Rooms", home.areas),
        ("Devices", home.devices),
    ):
        lines += ["", f"{title}:"]
        for thing in things:
            called = " / ".join(spoken_names(thing.names, language))
            lines.append(f"- {thing.id}: {called}")
    return "\n".join(lines)


def read_proposal(answer: str) -> Intent | None:
    """The intent in an answer, None if it holds no whole one."""
    start, end = answer.find("{"), answer.rfind("}")
    try:
        content = json.loads(answer[start : end + 1]) if start >= 0 else None
    except ValueError:
        return None
    name = content.get("intent") if isinstance(content, dict) else None
    slots = content.get("slots") or {} if isinstance(content, dict) else None
    if not isinstance(name, str) or not isinstance(slots, Mapping):
        return None
    if not all(map(_is_value, slots.values())):
        return None
    found: dict[str, SlotValue] = {str(slot): value for slot, value in slots.items()}
    return Intent(name=name, slots=tuple(sorted(found.items())))


def _is_value(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
