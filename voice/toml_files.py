"""Reads a TOML file, or says which file is wrong, and where."""

import tomllib
from pathlib import Path
from typing import Any

from voice.errors import ConfigError

__all__ = ["read_toml"]


def read_toml(path: Path, what: str) -> dict[str, Any]:
    """The document in a file.

    Args:
        path: of the file.
        what: is read, for the message, e.g. ``the home``.

    Raises:
        ConfigError: it cannot be read, or is no TOML in UTF-8; names file and line.
    """
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot read {what}: {error.strerror or error}"
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: not valid TOML in UTF-8: {error}") from error
