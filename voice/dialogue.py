"""What is said to a language model that chats, and what it says: values, nothing done."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

__all__ = ["ChatModel", "Message", "Piece", "Role", "Tool", "ToolCall"]


class Role(Enum):
    """Who a message is from; the values are those of chat completions."""

    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """Something that a model may ask to have done."""

    name: str
    """Letters, digits, underscores and hyphens, up to 64."""
    title: str
    """What people call it; it is read out before anything irreversible."""
    description: str
    """For the model."""
    schema: str
    """JSON schema of its arguments, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolCall:
    """A model asks to have something done."""

    id: str
    """Made up by the model's server; the result carries it."""
    name: str
    arguments: str
    """A JSON object, as JSON."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One contribution to a dialogue."""

    role: Role
    text: str = ""
    calls: tuple[ToolCall, ...] = ()
    """Of the assistant."""
    answers: str = ""
    """Of a tool: the id of the call."""


Piece = str | ToolCall
"""What a model says, as it comes: text, or a call that is complete."""


class ChatModel(Protocol):
    """A language model in this process. Like every port it blocks."""

    def converse(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> Iterator[Piece]:
        """The next contribution of the assistant, piece by piece.

        Abandoning the iterator stops the model.

        Raises:
            StageError: it broke.
        """
        ...
