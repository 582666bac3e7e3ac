"""The server that a command talks to: somebody else's, or one of its own."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

from streaming.commands.options import add_settings, config_from
from streaming.running import running

__all__ = ["add_server_options", "server_url"]


def add_server_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--url``, and the settings of a server of one's own."""
    parser.add_argument(
        "--url",
        metavar="U",
        help="a server that runs, e.g. ws://127.0.0.1:8765/v1/stream, or with a key"
        " ws://:KEY@HOST:8765/v1/stream (default: one is started for this command)",
    )
    add_settings(
        parser,
        "conversation.languages",
        "conversation.home",
        "models.recognizer",
        "models.voices",
        "models.device",
        "models.threads",
    )


@asynccontextmanager
async def server_url(arguments: argparse.Namespace) -> AsyncIterator[str]:
    """Where to connect; a server that is started here ends with the context."""
    if arguments.url:
        yield arguments.url
        return
    config = config_from(arguments)
    config = replace(
        config,
        # Only this machine reaches it, and only this command knows its port.
        server=replace(
            config.server, host="127.0.0.1", port=0, api_keys="", drain_timeout_s=2.0
        ),
    )
    if sys.stderr.isatty():
        print("starting a server …", end="\r", file=sys.stderr, flush=True)
    async with running(config) as server:
        yield server.url
