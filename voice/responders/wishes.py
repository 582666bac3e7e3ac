"""What a model takes the user to want, held against the intents and the home.

A model may propose anything. What it proposes becomes a `Parse`, as if the grammar had
read it, only if all of this is so, and is not understood otherwise:

1. The intent is known, and its slots are a combination that Home Assistant knows.
2. Names are names, or ids, of this home; kinds of devices are kinds that it has.
3. Numbers are within the range of their slot, words are words of its list.
4. What is free text (an item, a message) was said, word for word: nothing is made up.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from home_assistant_intents import get_intent_info

from voice.home import Home, Names, Scalar, spoken_names
from voice.responders.acceptance import MOST_WORDS, several
from voice.responders.parsing import HERE, Parse
from voice.responders.templates import folded
from voice.stages import Intent, SlotValue

__all__ = ["NOT_FOR_MODELS", "Wishes"]

_RANGES: Mapping[str, tuple[float, float]] = {
    "brightness": (0, 100),
    "hours": (0, 99),
    "minutes": (0, 999),
    "percentage": (0, 100),
    "position": (0, 100),
    "seconds": (0, 9999),
    "start_hours": (0, 99),
    "start_minutes": (0, 999),
    "start_seconds": (0, 9999),
    "temperature": (0, 100),
    "volume_level": (0, 100),
}

_KELVIN = (1000.0, 10_000.0)
"""What ``temperature`` is of a light."""

_STEPS = frozenset({"up", "down"})

_LISTED = frozenset({"color", "fan_mode", "media_class", "state"})
"""Slots whose machine words are in the lists of the data."""

_SAID = frozenset({"item", "message", "search_query"})
"""Slots that take what was said."""

NOT_FOR_MODELS = frozenset({"HassNevermind", "HassRespond"})
"""Small talk: it has no slots that could be held against anything."""

_REFERENCE = re.compile(r"\{([^}:]+)(?::([^}]+))?\}")
_RULE = re.compile(r"<([^>]+)>")
_DEEPEST = 6
"""Rules within rules."""


class Wishes:
    """Turns intents that a model proposes into parses, in one language and home."""

    def __init__(self, home: Home, language: str, data: Mapping[str, Any]) -> None:
        """Take what is known.

        Args:
            home: what can be meant.
            language: canonical tag; a name in another language of the home is one too.
            data: the sentences of the language, as `load_sentences` gives them.
        """
        self._home = home
        self._language = language
        self._data = data
        self._words = _listed(data)

    def parse(self, wish: Intent, text: str) -> Parse | None:
        """`wish` as the grammar would have read it; None if it is not valid.

        Args:
            wish: names and places by id or by name.
            text: what was said.
        """
        if wish.name in NOT_FOR_MODELS:
            return None
        slots: dict[str, Scalar] = {}
        texts: dict[str, str] = {}
        for slot, value in wish.slots:
            checked = self._value(wish.name, slot, value, text)
            if checked is None:
                return None
            slots[slot], texts[slot] = checked
        if not _is_known(wish.name, slots):
            if "area" in slots or not _is_known(wish.name, {**slots, "area": HERE}):
                return None
            slots["area"], texts["area"] = HERE, ""
        block = self._block(wish.name, slots)
        kind = slots.get("device_class")
        return Parse(
            intent=wish.name,
            values=slots,
            texts=texts,
            response=str(block.get("response", "default")),
            domains=several(block.get("requires_context", {}).get("domain")),
            kinds=() if kind is None else (str(kind),),
            wildcards=frozenset(
                slot for slot in slots if slot in _SAID or _is_free(wish.name, slot)
            ),
        )

    def _value(
        self, intent: str, slot: str, value: SlotValue, text: str
    ) -> tuple[Scalar, str] | None:
        """The value of a slot for a parse, and the words for it; None if it is wrong."""
        if slot in _SAID or _is_free(intent, slot):
            return _said(slot, value, text)
        match slot:
            case "name":
                return self._device(value)
            case "area":
                return self._place(value, self._home.areas)
            case "floor":
                return self._place(value, self._home.floors)
            case "domain":
                known = {device.domain for device in self._home.devices}
                return (str(value), str(value)) if value in known else None
            case "device_class":
                kinds = (d.attributes.get("device_class") for d in self._home.devices)
                return (str(value), str(value)) if value in set(kinds) else None
            case "volume_step":
                return (value, str(value)) if _is_step(value) else None
            case "temperature" if intent == "HassLightSet":
                return _number(value, *_KELVIN)
            case _ if slot in _RANGES:
                return _number(value, *_RANGES[slot])
            case _ if slot in _LISTED:
                found = self._words.get(slot, frozenset())
                return (str(value), str(value)) if value in found else None
            case _:
                return None

    def _device(self, value: SlotValue) -> tuple[Scalar, str] | None:
        for device in self._home.devices:
            first = spoken_names(device.names, self._language)[:1]
            if first and value == device.id:
                return first[0].casefold(), first[0]
        wanted = folded(str(value)).strip()
        for device in self._home.devices:
            names = spoken_names(device.names, self._language)
            for name in names:
                if wanted == folded(name).strip():
                    return name.casefold(), name
        return None

    def _place(self, value: SlotValue, places: Any) -> tuple[Scalar, str] | None:
        wanted = folded(str(value)).strip()
        for place in places:
            names: Names = place.names
            known = spoken_names(names, self._language)
            if value == place.id or wanted in (folded(n).strip() for n in known):
                return place.id, known[0] if known else place.id
        return None

    def _block(self, intent: str, slots: Mapping[str, Scalar]) -> Mapping[str, Any]:
        """The block of sentences that says this most closely; empty if none does."""
        best: tuple[int, Mapping[str, Any]] | None = None
        blocks = self._data["intents"].get(intent, {"data": ()})["data"]
        domain = self._domain(slots)
        for block in blocks:
            fixed = block.get("slots", {})
            if any(slots.get(slot) != value for slot, value in fixed.items()):
                continue
            required = several(block.get("requires_context", {}).get("domain"))
            if required and domain not in required:
                continue
            mentioned = _mentioned(block, self._data) | fixed.keys()
            free = slots.keys() - {s for s, v in slots.items() if v == HERE}
            if not free <= mentioned:
                continue
            extra = len(mentioned - free)
            if best is None or extra < best[0]:
                best = extra, block
        return {} if best is None else best[1]

    def _domain(self, slots: Mapping[str, Scalar]) -> str | None:
        if "name" in slots:
            for device in self._home.devices:
                names = spoken_names(device.names, self._language)
                if slots["name"] in [name.casefold() for name in names]:
                    return device.domain
        domain = slots.get("domain")
        return None if domain is None else str(domain)


def _is_known(intent: str, slots: Mapping[str, Scalar]) -> bool:
    """Whether Home Assistant knows the intent with exactly these slots."""
    here = slots.get("area") == HERE
    given = frozenset(slots) - {"area"} if here else frozenset(slots)
    return (given, here) in _combinations().get(intent, frozenset())


@cache
def _combinations() -> Mapping[str, frozenset[tuple[frozenset[str], bool]]]:
    """Slots that an intent may have, and whether the room is meant besides."""
    return {
        intent: frozenset(
            (frozenset(way["slots"]), bool(way.get("context_area", False)))
            for way in content.get("slot_combinations", {}).values()
        )
        for intent, content in get_intent_info().items()
        if content.get("supported")
    }


def _is_free(intent: str, slot: str) -> bool:
    """Timers are called whatever the user calls them."""
    return slot == "name" and intent.endswith(("Timer", "TimerStatus"))


def _said(slot: str, value: SlotValue, text: str) -> tuple[Scalar, str] | None:
    spoken = " ".join(str(value).split())
    wanted = folded(spoken).split()
    heard = folded(text).split()
    if not 0 < len(wanted) <= MOST_WORDS.get(slot, 3):
        return None
    for start in range(len(heard) - len(wanted) + 1):
        if heard[start : start + len(wanted)] == wanted:
            return spoken, spoken
    return None


def _is_step(value: SlotValue) -> bool:
    if isinstance(value, str):
        return value in _STEPS
    return -100 <= value <= 100


def _number(
    value: SlotValue, lowest: float, highest: float
) -> tuple[Scalar, str] | None:
    if isinstance(value, str | bool) or not lowest <= value <= highest:
        return None
    number = int(value) if float(value).is_integer() else value
    return number, f"{number:g}"


def _listed(data: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    """The machine words of each slot in `_LISTED`."""
    found: dict[str, set[str]] = {}
    for name, slot, lists in _references(data):
        if slot in _LISTED:
            values = lists.get(name, {}).get("values", ())
            words = (
                v.get("out", v["in"]) if isinstance(v, dict) else v for v in values
            )
            found.setdefault(slot, set()).update(map(str, words))
    return {slot: frozenset(words) for slot, words in found.items()}


def _references(data: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every list that sentences refer to, the slot that it fills, and where it is."""
    lists = data.get("lists", {})
    rules = " ".join(data.get("expansion_rules", {}).values())
    for name, slot in _REFERENCE.findall(rules):
        yield name, slot or name, lists
    for intent in data["intents"].values():
        for block in intent["data"]:
            local = {**lists, **block.get("lists", {})}
            own = " ".join(block.get("expansion_rules", {}).values())
            for name, slot in _REFERENCE.findall(" ".join([*block["sentences"], own])):
                yield name, slot or name, local


def _mentioned(block: Mapping[str, Any], data: Mapping[str, Any]) -> set[str]:
    """The slots that sentences of a block can fill."""
    rules = {**data.get("expansion_rules", {}), **block.get("expansion_rules", {})}
    found: set[str] = set()
    seen: set[str] = set()
    todo = list(block["sentences"])
    for _ in range(_DEEPEST):
        text = " ".join(todo)
        found |= {slot or name for name, slot in _REFERENCE.findall(text)}
        names = set(_RULE.findall(text)) - seen
        seen |= names
        todo = [rules[name] for name in names if name in rules]
    return found
