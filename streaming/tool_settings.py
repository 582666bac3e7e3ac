"""The file that says which tools there are and what they may do; docs/tools.md."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from voice.errors import ConfigError
from voice.toml_files import read_toml
from voice.tools import Risk

__all__ = ["ToolServer", "ToolSettings", "load_tools", "read_token"]

_NAME = re.compile(r"[A-Za-z0-9-]{1,24}")

_KEYS = frozenset({"command", "timeout_s", "token_file", "url"})

LONGEST_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolServer:
    """A server of tools that speaks the Model Context Protocol."""

    name: str
    command: tuple[str, ...] = ()
    """A process to start and to talk to by its standard input and output."""
    url: str = ""
    """Or where it listens: streamable HTTP."""
    token: str = field(default="", repr=False)
    """For ``Authorization: Bearer``."""
    timeout_s: float = 10.0
    """For one call."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolSettings:
    """All servers, and what their tools may do."""

    servers: tuple[ToolServer, ...] = ()
    risks: Mapping[str, Risk] = field(default_factory=dict)
    """By ``server.tool``; what is not here is irreversible."""


def load_tools(path: Path) -> ToolSettings:
    """Read the file.

    Raises:
        ConfigError: names the file, the key and the way out.
    """
    document = read_toml(path, "the tools")
    if strange := document.keys() - {"risks", "servers"}:
        raise ConfigError(
            f"{path}: {', '.join(sorted(strange))}: there is no such table; known:"
            " [servers.NAME], [risks]"
        )
    servers = _table(path, "servers", document.get("servers", {}))
    return ToolSettings(
        servers=tuple(_server(path, name, servers[name]) for name in sorted(servers)),
        risks=_risks(path, _table(path, "risks", document.get("risks", {})), servers),
    )


def _table(path: Path, key: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ConfigError(f"{path}: {key}: must be a table")
    return value


def _server(path: Path, name: str, value: Any) -> ToolServer:
    where = f"{path}: servers.{name}"
    table = _table(path, f"servers.{name}", value)
    if not _NAME.fullmatch(name):
        raise ConfigError(f"{where}: a name has 1 to 24 letters, digits and hyphens")
    if strange := table.keys() - _KEYS:
        raise ConfigError(
            f"{where}.{min(strange)}: there is no such key; known: {', '.join(sorted(_KEYS))}"
        )
    command, url = table.get("command", []), table.get("url", "")
    if bool(command) == bool(url):
        raise ConfigError(f"{where}: give it either a command or a url")
    if not isinstance(command, list) or not all(isinstance(c, str) for c in command):
        raise ConfigError(
            f'{where}.command: expected a list of texts like ["python", "notes.py"]'
        )
    if not isinstance(url, str) or (url and not _is_web(url)):
        raise ConfigError(
            f"{where}.url: expected an address like http://127.0.0.1:8123/api/mcp"
        )
    timeout = table.get("timeout_s", 10.0)
    if isinstance(timeout, bool) or not isinstance(timeout, int | float):
        raise ConfigError(f"{where}.timeout_s: expected a number of seconds")
    if not 0 < timeout <= LONGEST_S:
        raise ConfigError(f"{where}.timeout_s: expected up to {LONGEST_S:g} seconds")
    return ToolServer(
        name=name,
        command=tuple(command),
        url=url,
        token=_token(path, where, table.get("token_file", "")),
        timeout_s=float(timeout),
    )


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(fine)


def _token(path: Path, where: str, name: Any) -> str:
    if not isinstance(name, str):
        raise ConfigError(f"{where}.token_file: expected the name of a file")
    if not name:
        return ""
    return read_token(path.parent / Path(name).expanduser(), f"{where}.token_file")


def read_token(file: Path, setting: str) -> str:
    """The secret that a file holds.

    Args:
        file: with nothing else in it.
        setting: that names it, for messages.

    Raises:
        ConfigError: it cannot be read, or is no token.
    """
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{setting}: cannot read {file}: {error}") from error
    if not token or not token.isprintable():
        raise ConfigError(f"{setting}: {file} holds no token")
    return token


def _risks(
    path: Path, table: Mapping[str, Any], servers: Mapping[str, Any]
) -> Mapping[str, Risk]:
    risks: dict[str, Risk] = {}
    for key, value in table.items():
        server = key.partition(".")[0]
        if isinstance(value, dict):
            raise ConfigError(
                f'{path}: risks.{key}: put quotes around the name: "{key}.tool" = "read"'
            )
        if server not in servers or "." not in key:
            raise ConfigError(
                f"{path}: risks.{key}: expected SERVER.TOOL with one of the servers"
                f" {', '.join(sorted(servers)) or '(there are none)'}"
            )
        try:
            risks[key] = Risk(value)
        except ValueError:
            known = ", ".join(risk.value for risk in Risk)
            raise ConfigError(
                f"{path}: risks.{key}: expected one of {known}, found {value!r}"
            ) from None
    return risks
