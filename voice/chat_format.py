"""Messages and tools as chat completions have them, and the templates of models."""

import json
from collections.abc import Callable
from typing import Any

from voice.dialogue import Message, Role, Tool

__all__ = ["described", "said"]


def said(message: Message, *, arguments: Callable[[str], Any] = str) -> dict[str, Any]:
    """A message.

    Args:
        message: of anybody.
        arguments: what the JSON of a call's arguments is handed on as: servers want
            it as it is, templates want it read.
    """
    content: dict[str, Any] = {"role": message.role.value, "content": message.text}
    if message.calls:
        content["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": arguments(call.arguments)},
            }
            for call in message.calls
        ]
    if message.role is Role.TOOL:
        content["tool_call_id"] = message.answers
    return content


def described(tool: Tool) -> dict[str, Any]:
    """A tool that may be called."""
    return {
        "type": "function",
        "function": {
            "name": tool.name,
            "description": tool.description,
            "parameters": json.loads(tool.schema),
        },
    }
