"""Which matches of the grammar are commands, and which of several is the best.

A wildcard takes whatever was said, so a match alone proves little: open speech
must not switch the light.
"""

import re
from typing import Any

from hassil.recognize import RecognizeResult

__all__ = ["MOST_WORDS", "is_command", "rank", "several"]

MOST_WORDS = {
    "name": 4,
    "item": 5,
    "search_query": 6,
    "message": 30,
    "conversation_command": 15,
}
"""How many words a wildcard may swallow, by slot."""


def is_command(result: RecognizeResult, text: str) -> bool:
    """Whether the match of `text` says enough to act on."""
    return not (_swallows_too_much(result, text) or _is_vague(result))


def _swallows_too_much(result: RecognizeResult, text: str) -> bool:
    """Whether a wildcard took so much, or so oddly, that this is no command."""
    wild = [entity.text for entity in result.entities_list if entity.is_wildcard]
    if wild and not result.text_chunks_matched:
        return True
    return any(
        len(entity.text.split()) > MOST_WORDS.get(entity.name, 3)
        or not re.search(rf"(?<!\w){re.escape(entity.text.strip())}(?!\w)", text)
        for entity in result.entities_list
        if entity.is_wildcard
    )


def _is_vague(result: RecognizeResult) -> bool:
    """Whether a sentence says too little to act on, though the data would.

    "Play something" is how too many sentences begin (French says "mets" for it),
    and a device's name alone is a mention, or a fragment, rather than "turn it on";
    scenes and scripts are named by what one says to start them.
    """
    if result.intent.name == "HassMediaSearchAndPlay":
        return not {"media_class", "name"} & result.entities.keys()
    if result.intent.name == "HassTurnOn" and result.intent_sentence is not None:
        domains = several(result.intent_data.requires_context.get("domain"))
        template = result.intent_sentence.text or ""
        return _OPTIONAL.sub("", template).strip() == "{name}" and not (
            {"scene", "script"} & set(domains)
        )
    return False


_OPTIONAL = re.compile(r"\[[^\[\]]*\]")


def rank(result: RecognizeResult) -> tuple[Any, ...]:
    """Sort key, best first: a device by its longest name, then the most literal."""
    name = result.entities.get("name")
    named = name is not None and not name.is_wildcard
    wild = [entity for entity in result.entities_list if entity.is_wildcard]
    return (
        not named,
        -len(name.text) if named else 0,
        len(wild),
        -result.text_chunks_matched,
        sum(len(entity.text) for entity in wild),
        result.intent.name,
    )


def several(value: Any) -> tuple[str, ...]:
    """What the data gives as one text or as a list of them, or not at all."""
    if value is None:
        return ()
    return (value,) if isinstance(value, str) else tuple(map(str, value))
