"""The options that several commands share, and the configuration that they lead to."""

import argparse
import json
import os
from pathlib import Path

from streaming.config import Config, load_config
from streaming.settings import Setting
from voice.errors import ConfigError

__all__ = ["add_json_option", "add_settings", "config_from", "print_json"]

SHORTCUTS = {
    "server.host": ("--host", "ADDRESS", "where to listen"),
    "server.port": ("--port", "N", "where to listen; 0 takes any free port"),
    "server.max_sessions": ("--max-sessions", "N", "how many may talk at once"),
    "conversation.languages": (
        "--languages",
        "L,L,...",
        "languages to serve (default: de, en, es, fr with the starter, else all heard)",
    ),
    "conversation.home": (
        "--home",
        "FILE",
        "the home to talk about, or demo or recordings (default: demo)",
    ),
    "models.recognizer": (
        "--recognizer",
        "DIR",
        "a directory with a recogniser, or starter-whisper (default: starter)",
    ),
    "models.voices": ("--voices", "DIR", "Piper voices (default: eSpeak NG)"),
    "models.device": ("--device", "D", "auto, cpu or cuda"),
    "models.threads": ("--threads", "N", "of the recogniser"),
    "wyoming.listen": (
        "--wyoming",
        "HOST:PORT",
        "also listen for Home Assistant, e.g. on 0.0.0.0:10300",
    ),
    "rest.listen": (
        "--rest",
        "HOST:PORT",
        "also take whole files, as OpenAI's audio API does, e.g. on 127.0.0.1:8766",
    ),
}
"""Settings with an option of their own."""


def add_settings(parser: argparse.ArgumentParser, *keys: str) -> None:
    """Add ``--config`` and ``--set``, and the short options of these settings."""
    group = parser.add_argument_group("settings")
    group.add_argument(
        "--config", type=Path, metavar="FILE", help="TOML file (or PARLEY_CONFIG)"
    )
    group.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SECTION.KEY=VALUE",
        help="any setting, e.g. --set turns.open_ms=900; may be repeated",
    )
    for key in keys:
        flag, metavar, text = SHORTCUTS[key]
        group.add_argument(flag, dest=key, metavar=metavar, help=text)


def config_from(arguments: argparse.Namespace) -> Config:
    """The configuration that options, environment and file add up to.

    Raises:
        ConfigError: with one line for everything that is wrong.
    """
    options = [_setting(text) for text in arguments.set]
    for key, (flag, _, _) in SHORTCUTS.items():
        value = getattr(arguments, key, None)
        if value is not None:
            options.append(Setting(key, value, flag, is_text=True))
    return load_config(arguments.config, os.environ, options)


def _setting(text: str) -> Setting:
    key, equals, value = text.partition("=")
    if not equals or "." not in key:
        raise ConfigError(
            f"--set {text}: expected SECTION.KEY=VALUE, e.g. turns.open_ms=900"
        )
    return Setting(key.strip(), value.strip(), f"--set {key.strip()}", is_text=True)


def add_json_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument(
        "--json", action="store_true", help="one JSON object per line, stable keys"
    )


def print_json(content: object) -> None:
    """One line, at once: a reader may be waiting for it."""
    print(json.dumps(content, ensure_ascii=False, allow_nan=False), flush=True)
