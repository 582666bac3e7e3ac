"""`parley serve`: the server, until it is told to stop."""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Coroutine
from typing import TypeVar

import uvloop

from streaming.commands.options import (
    add_json_option,
    add_settings,
    config_from,
    print_json,
)
from streaming.config import Config
from streaming.running import running

__all__ = ["add_arguments", "run"]

T = TypeVar("T")

LEVELS = ("debug", "info", "warning", "error")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    add_json_option(parser)
    parser.add_argument(
        "--log", choices=LEVELS, default="info", help="how much to log (default: info)"
    )
    add_settings(
        parser,
        "server.host",
        "server.port",
        "server.max_sessions",
        "conversation.languages",
        "conversation.home",
        "models.recognizer",
        "models.voices",
        "models.device",
        "models.threads",
        "wyoming.listen",
        "rest.listen",
    )


def run(arguments: argparse.Namespace) -> int:
    """Serve until SIGTERM or SIGINT; a second one stops at once."""
    logging.basicConfig(
        level=arguments.log.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
        stream=sys.stderr,
    )
    config = config_from(arguments)
    uvloop.run(_serve(config, as_json=arguments.json))
    return 0


async def _serve(config: Config, *, as_json: bool) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def ask_to_stop() -> None:
        if stop.is_set():
            # An exception would end the callback, and not the process.
            print("stopped at once: asked twice", file=sys.stderr, flush=True)
            os._exit(1)
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ask_to_stop)
    if not as_json:
        print("loading models …", file=sys.stderr, flush=True)
    async with contextlib.AsyncExitStack() as stack:
        server = await _unless(stop, stack.enter_async_context(running(config)))
        if server is None:
            return
        http = server.url.replace("ws://", "http://").removesuffix("/v1/stream")
        if as_json:
            languages = list(server.languages)
            print_json({"url": server.url, "languages": languages, **server.doors})
        else:
            print(f"listening on {server.url}", flush=True)
            for door, url in server.doors.items():
                print(f"  {door:<11}{url}")
            print(f"  languages  {', '.join(server.languages)}")
            print(f"  health     {http}/healthz  {http}/readyz  {http}/metrics")
            print(f"  try it     parley talk FILE --url {server.url}")
            print("  stop       Ctrl-C (running turns are finished)", flush=True)
        await stop.wait()
        if not as_json:
            print("finishing running turns …", file=sys.stderr, flush=True)


async def _unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """The result of `work`; None if it was given up, because `stop` came first."""
    working, asked = asyncio.create_task(work), asyncio.create_task(stop.wait())
    await asyncio.wait([working, asked], return_when=asyncio.FIRST_COMPLETED)
    asked.cancel()
    working.cancel()
    await asyncio.wait([working])
    return None if working.cancelled() else working.result()
