"""The wire of `/v1/stream`: text frames are JSON messages, binary frames are PCM16.

Without input or output: `parse` and `serialize` turn frames into the values of
`streaming.messages` and back, for either side.
"""

import json
from dataclasses import MISSING, asdict, fields
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from streaming.messages import (
    CLIENT_MESSAGES,
    SERVER_MESSAGES,
    ClientMessage,
    ServerMessage,
)
from streaming.protocols.json_text import read_object
from voice.errors import ClientError

__all__ = ["PROTOCOL", "parse_client", "parse_server", "reference", "serialize"]

PROTOCOL = "parley/1"

MAX_TEXT = 16_384
"""Characters of one text frame."""

MAX_ITEMS = 64
"""Of a list."""

MAX_NUMBER = 2**53
"""What every JSON library can count to."""

_HINTS = {kind: get_type_hints(kind) for kind in (*CLIENT_MESSAGES, *SERVER_MESSAGES)}


def serialize(message: ClientMessage | ServerMessage) -> str:
    """The text frame of a message; null fields are sent as null."""
    return json.dumps({"type": message.type, **asdict(message)}, ensure_ascii=False)


def parse_client(text: str) -> ClientMessage:
    """A message from a client.

    Raises:
        ClientError: ``invalid_json``, ``unknown_event`` or ``invalid_value``.
    """
    message: ClientMessage = _parse(text, CLIENT_MESSAGES)
    return message


def parse_server(text: str) -> ServerMessage:
    """A message from a server, for clients; raises as `parse_client` does."""
    message: ServerMessage = _parse(text, SERVER_MESSAGES)
    return message


def _parse(text: str, kinds: tuple[type[Any], ...]) -> Any:
    data = read_object(text, longest=MAX_TEXT)
    name = data.get("type")
    for kind in kinds:
        if kind.type == name:
            return kind(**_values(kind, data))
    raise ClientError("unknown_event", f"unknown type {_short(name)}")


def _values(kind: type[Any], data: dict[str, Any]) -> dict[str, Any]:
    hints = _HINTS[kind]
    values = {}
    for field in fields(kind):
        if field.name not in data:
            if field.default is MISSING:
                raise ClientError(
                    "invalid_value", f"{kind.type}: {field.name} is missing"
                )
            continue
        values[field.name] = _read(
            data[field.name], hints[field.name], f"{kind.type}: {field.name}"
        )
    return values


def _read(value: Any, hint: Any, where: str) -> Any:
    """`value` as the type `hint`, which is one that messages use."""
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        if value is None and NoneType in get_args(hint):
            return None
        (hint,) = (part for part in get_args(hint) if part is not NoneType)
        return _read(value, hint, where)
    if origin is tuple:
        if isinstance(value, list) and len(value) <= MAX_ITEMS:
            return tuple(_read(item, get_args(hint)[0], where) for item in value)
    elif origin is not None:  # Mapping, the only other generic
        if isinstance(value, dict) and all(map(_is_scalar, value.values())):
            return value
    elif hint is float and type(value) in (int, float):
        if abs(value) <= MAX_NUMBER:
            return float(value)
    elif type(value) is hint and _is_scalar(value):
        return value
    raise ClientError(
        "invalid_value", f"{where} must be {_type_name(hint)}, not {_short(value)}"
    )


def _is_scalar(value: object) -> bool:
    """Whether it is a text that can be encoded, or a number of a sane size."""
    match value:
        case str():
            # "\ud800" is valid JSON, but half a character: no one could write it.
            return not any("\ud800" <= character <= "\udfff" for character in value)
        case bool():
            return True
        case int() | float():
            return abs(value) <= MAX_NUMBER
        case _:
            return False


def _short(value: object) -> str:
    """What was sent, for a message; of a container, which may be deep, its kind."""
    if isinstance(value, (list, dict)):
        return f"a JSON {'array' if isinstance(value, list) else 'object'}"
    shown = json.dumps(value)
    return shown if len(shown) <= 40 else f"{shown[:40]}…"


def reference() -> str:
    """The tables of docs/protocol.md: every message, field, unit and default."""
    parts = []
    for title, kinds in (
        ("From the client", CLIENT_MESSAGES),
        ("From the server", SERVER_MESSAGES),
    ):
        parts.append(f"## {title}\n")
        parts += (_section(kind) for kind in kinds)
    return "\n".join(parts)


def _section(kind: type[Any]) -> str:
    doc = " ".join((kind.__doc__ or "").split())
    lines = [f"### `{kind.type}`", "", doc, ""]
    rows = []
    for field in fields(kind):
        hint = get_type_hints(kind, include_extras=True)[field.name]
        assert get_origin(hint) is Annotated, f"{kind.type}: document {field.name}"
        inner, explanation = get_args(hint)
        default = "required" if field.default is MISSING else "optional"
        rows.append(
            f"| `{field.name}` | {_type_name(inner)} | {default} | {explanation} |"
        )
    if rows and kind in SERVER_MESSAGES:
        lines += ["| field | type | meaning |", "|---|---|---|"]
        lines += [row.replace("| required ", "", 1) for row in rows]
    elif rows:
        lines += ["| field | type | | meaning |", "|---|---|---|---|", *rows]
    return "\n".join([*lines, ""])


def _type_name(hint: Any) -> str:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        names = [_type_name(part) for part in get_args(hint)]
        return " or ".join(names)
    if origin is tuple:
        return "list of strings"
    if origin is not None:
        return "object"
    return {int: "integer", float: "number", str: "string", bool: "boolean"}.get(
        hint, "null"
    )
