"""Reads events of clients: every value is checked, every fault names its place."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from streaming.protocols.json_text import read_object
from voice.errors import ClientError

__all__ = ["Fields", "RealtimeError", "parse"]

MAX_FRAME = 2_097_152
"""Characters of an event; an `append` of this size holds 32 s of audio at 24 kHz, more
than an utterance may have."""


class RealtimeError(ClientError):
    """An event that cannot be obeyed, with the codes of the API.

    Attributes:
        param: the place of the fault in the event.
        cause: the id that the client gave the event, if any.
    """

    def __init__(self, code: str, message: str, *, param: str | None = None) -> None:
        super().__init__(code, message)
        self.param = param
        self.cause: str | None = None


class Fields:
    """A JSON object of a client at a known place.

    Args:
        data: the object.
        path: its place, for messages; empty for the event itself.
    """

    def __init__(self, data: Mapping[str, Any], path: str = "") -> None:
        self.data = data
        self.path = path

    def __contains__(self, name: str) -> bool:
        return name in self.data

    def place(self, name: str) -> str:
        """The place of one of its values."""
        return f"{self.path}.{name}" if self.path else name

    def is_null(self, name: str) -> bool:
        """Whether it is there and says that there shall be nothing."""
        return name in self.data and self.data[name] is None

    def given(self, name: str) -> bool:
        """Whether it is there and not null."""
        return self.data.get(name) is not None

    def text(self, name: str, default: str | None = None) -> str:
        """A text.

        Raises:
            RealtimeError: it is none, or missing without a `default`.
        """
        if name not in self.data and default is not None:
            return default
        value = self._required(name)
        if not isinstance(value, str):
            raise self._wrong(name, "a string")
        # Audio is a million letters of ASCII, which are not looked at one by one.
        if not value.isascii() and any("\ud800" <= c <= "\udfff" for c in value):
            raise self.invalid(name, "it holds half a character")
        return value

    def choice(self, name: str, choices: Sequence[str], default: str | None) -> str:
        """One of some words."""
        value = self.text(name, default)
        if value not in choices:
            known = ", ".join(repr(choice) for choice in choices)
            raise self.invalid(name, f"supported values are {known}")
        return value

    def whole(self, name: str, *, least: int, most: int) -> int:
        """A whole number within limits."""
        value = self._required(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._wrong(name, "an integer")
        if not least <= value <= most:
            raise self.invalid(name, f"expected {least} to {most}, got {value}")
        return value

    def flag(self, name: str, *, default: bool) -> bool:
        """True or false; null is the default."""
        value = self.data.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._wrong(name, "a boolean")
        return value

    def object(self, name: str) -> "Fields":
        """An object within."""
        value = self._required(name)
        if not isinstance(value, dict):
            raise self._wrong(name, "an object")
        return Fields(value, self.place(name))

    def objects(self, name: str) -> Iterator["Fields"]:
        """The objects of a list within."""
        value = self._required(name)
        if not isinstance(value, list):
            raise self._wrong(name, "an array")
        for number, part in enumerate(value):
            place = f"{self.place(name)}[{number}]"
            if not isinstance(part, dict):
                raise RealtimeError(
                    "invalid_type", f"{place}: expected an object", param=place
                )
            yield Fields(part, place)

    def texts(self, name: str) -> tuple[str, ...]:
        """The texts of a list within."""
        value = self._required(name)
        if not isinstance(value, list) or not all(isinstance(v, str) for v in value):
            raise self._wrong(name, "an array of strings")
        return tuple(value)

    def invalid(self, name: str, why: str) -> RealtimeError:
        """The error that a value is not one of those that are possible."""
        return RealtimeError(
            "invalid_value",
            f"invalid value for '{self.place(name)}': {why}",
            param=self.place(name),
        )

    def _required(self, name: str) -> Any:
        if name not in self.data:
            raise RealtimeError(
                "missing_required_parameter",
                f"missing required parameter: '{self.place(name)}'",
                param=self.place(name),
            )
        return self.data[name]

    def _wrong(self, name: str, expected: str) -> RealtimeError:
        return RealtimeError(
            "invalid_type",
            f"invalid type for '{self.place(name)}': expected {expected}",
            param=self.place(name),
        )


def parse(frame: str) -> Fields:
    """An event of a client.

    Raises:
        RealtimeError: ``invalid_json`` or ``invalid_event``.
    """
    try:
        event = Fields(read_object(frame, longest=MAX_FRAME))
    except ClientError as error:
        raise RealtimeError(error.code, str(error)) from error
    if not isinstance(event.data.get("type"), str):
        raise RealtimeError("invalid_event", "the 'type' field is missing")
    return event
