"""The sentences of a language: the data of home-assistant-intents and our additions.

Whatever else works from the grammar (a recipe that synthesizes training speech)
should read it here, so that what is heard can also be understood.
"""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from home_assistant_intents import get_intents

__all__ = ["load_sentences"]


def load_sentences(language: str) -> dict[str, Any] | None:
    """Sentences, lists, rules and replies of a language, as `hassil` reads them.

    The dictionary is the caller's to change. None if there is no grammar.
    """
    data: dict[str, Any] | None = get_intents(language)
    if data is None:
        return None
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
