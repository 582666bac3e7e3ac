"""JSON from strangers: one object, nothing ambiguous, nothing without a limit."""

import json
from typing import Any

from voice.errors import ClientError

__all__ = ["read_object"]


def read_object(text: str, *, longest: int) -> dict[str, Any]:
    """The object that `text` is.

    Args:
        text: from a client.
        longest: characters that it may have.

    Raises:
        ClientError: ``invalid_json``.
    """
    if len(text) > longest:
        raise ClientError(
            "invalid_json", f"a message may have {longest} characters, not {len(text)}"
        )
    try:
        data = json.loads(
            text, parse_constant=_no_constant, object_pairs_hook=_without_twins
        )
    except (ValueError, RecursionError) as error:
        raise ClientError("invalid_json", f"not JSON: {error}") from error
    if not isinstance(data, dict):
        raise ClientError("invalid_json", "a message is a JSON object with a type")
    return data


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not JSON")


def _without_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; twins are refused, because others would believe the first one."""
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a name stands twice in one object")
    return values
