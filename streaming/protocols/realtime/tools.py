"""Function tools: which of a client's functions an intent of the grammar calls.

A tool is called if its name is that of the intent and its parameters can be filled
with the slots. Names are compared without case, underscores and the prefix `Hass`, so
that `HassTurnOn`, `hass_turn_on`, `turn_on` and `turnOn` are the same.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from streaming.protocols.realtime.fields import Fields
from voice.stages import Intent, SlotValue

__all__ = ["Call", "FunctionTool", "call_for", "read_tools"]

MAX_TOOLS = 128


@dataclass(frozen=True, slots=True)
class FunctionTool:
    """A function that a client can call."""

    name: str
    resource: Mapping[str, Any]
    """As the client described it."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Name to JSON schema."""
        return _object(_object(self.resource.get("parameters")).get("properties"))

    @property
    def required(self) -> frozenset[str]:
        """Names of parameters that a call must have."""
        required = _object(self.resource.get("parameters")).get("required")
        names = required if isinstance(required, list) else []
        return frozenset(name for name in names if isinstance(name, str))

    def arguments(self, slots: Mapping[str, SlotValue]) -> dict[str, Any] | None:
        """What to call it with; None if the slots do not fill its parameters."""
        arguments: dict[str, Any] = {}
        for name, parameter in self.parameters.items():
            schema = _object(parameter)
            if name in slots:
                arguments[name] = _fitted(slots[name], schema)
                if arguments[name] is None:
                    return None
            elif name in self.required:
                if not _may_be_null(schema):
                    return None
                arguments[name] = None
        return arguments if self.parameters else dict(slots)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function of the client's."""

    name: str
    arguments: str
    """A JSON object."""


def read_tools(session: Fields) -> tuple[FunctionTool, ...]:
    """The tools of a session or of a response; those that are no functions are kept.

    Raises:
        RealtimeError: they cannot be read.
    """
    tools = []
    for fields in session.objects("tools"):
        kind = fields.text("type", "function")
        name = fields.text("name") if kind == "function" else ""
        tools.append(FunctionTool(name, fields.data))
    if len(tools) > MAX_TOOLS:
        raise session.invalid("tools", f"at most {MAX_TOOLS}, got {len(tools)}")
    return tuple(tools)


def call_for(intent: Intent | None, tools: Iterable[FunctionTool]) -> Call | None:
    """The call that does what `intent` wants; None if no tool does.

    Of several tools the one that takes most of the slots is called.
    """
    if intent is None:
        return None
    slots = dict(intent.slots)
    calls = [
        (tool.name, arguments)
        for tool in tools
        if tool.name and _plain(tool.name) == _plain(intent.name)
        if (arguments := tool.arguments(slots)) is not None
    ]
    if not calls:
        return None
    name, arguments = max(calls, key=lambda call: len(call[1].keys() & slots.keys()))
    return Call(name, json.dumps(arguments, ensure_ascii=False))


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower()).removeprefix("hass")


def _fitted(value: SlotValue, schema: Mapping[str, Any]) -> SlotValue | None:
    """`value` as the schema wants it; None if it cannot be that."""
    choices = schema.get("enum")
    if isinstance(choices, list) and value not in choices:
        return None
    match schema.get("type"):
        case "string":
            return str(value)
        case "integer":
            return value if isinstance(value, int) else _whole(value)
        case "number":
            return value if isinstance(value, int | float) else None
        case _:
            return value


def _whole(value: SlotValue) -> int | None:
    return int(value) if isinstance(value, float) and value.is_integer() else None


def _may_be_null(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type")
    options = schema.get("anyOf")
    return (
        types == "null"
        or (isinstance(types, list) and "null" in types)
        or (isinstance(options, list) and {"type": "null"} in options)
    )


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
