"""The sentences of a language: the data of home-assistant-intents and our additions.

Whatever else works from the grammar (a recipe that synthesizes training speech)
should read it here, so that what is heard can also be understood.
"""

import re
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from home_assistant_intents import get_intents

__all__ = ["load_sentences"]

_OPPOSITES = (("HassTurnOn", "HassTurnOff"), ("HassTurnOff", "HassTurnOn"))

_OPTIONAL = re.compile(r"\[[^][]*\]")
_RULE = re.compile(r"<[^<>]+>")


def load_sentences(language: str) -> dict[str, Any] | None:
    """Sentences, lists, rules and replies of a language, as `hassil` reads them.

    The dictionary is the caller's to change. None if there is no grammar.
    """
    data: dict[str, Any] | None = get_intents(language)
    if data is None:
        return None
    _leave_out_bare_kinds(data)
    additions = _additions().get(language, {})
    for block in (*additions.get("blocks", ()), *_additions()["*"]["blocks"]):
        content = {key: value for key, value in block.items() if key != "intent"}
        intent = data["intents"].setdefault(block["intent"], {"data": []})
        intent["data"].append(content)
    _ask_of_more_devices(data)
    for name, words in additions.get("lists", {}).items():
        values = data["lists"].setdefault(name, {"values": []})["values"]
        values.extend({"in": word, "out": value} for word, value in words)
    return data


def _leave_out_bare_kinds(data: dict[str, Any]) -> None:
    """Let nothing be switched by who only says "the lights".

    Some languages take a kind of device alone for a command to turn it on. As a whole
    utterance it is more often the rest of something that was not heard. Scenes and
    scripts are still started by their names alone.
    """
    intents = data["intents"]
    for intent, opposite in _OPPOSITES:
        blocks = intents.get(intent, {"data": ()})["data"]
        others = intents.get(opposite, {"data": ()})["data"]
        undecided = {
            rule
            for block in others
            for sentence in block["sentences"]
            for rule in _RULE.findall(sentence)
        }
        for block in blocks:
            if {"scene", "script"} & set(_domains(block)):
                continue
            block["sentences"] = [
                sentence
                for sentence in block["sentences"]
                if not _names_only_kinds(sentence, undecided)
            ]


def _domains(block: dict[str, Any]) -> list[str]:
    named = block.get("requires_context", {}).get("domain", [])
    return [named] if isinstance(named, str) else named


def _names_only_kinds(sentence: str, undecided: set[str]) -> bool:
    """Whether all that has to be said are rules that the opposite is said with too."""
    needed = sentence
    while (shorter := _OPTIONAL.sub("", needed)) != needed:
        needed = shorter
    rules = set(_RULE.findall(needed))
    others = _RULE.sub("", needed).strip(" ()|")
    return bool(rules) and rules <= undecided and not others


def _ask_of_more_devices(data: dict[str, Any]) -> None:
    """Let "is the TV on" be asked like "is the lamp on"."""
    for block in data["intents"].get("HassGetState", {"data": ()})["data"]:
        context = block.get("requires_context", {})
        if context.get("domain") == ["light", "switch", "fan"]:
            context["domain"] = [*context["domain"], "media_player", "input_boolean"]


@cache
def _additions() -> dict[str, Any]:
    source = files("voice.responders") / "additions.toml"
    return tomllib.loads(source.read_text(encoding="utf-8"))
