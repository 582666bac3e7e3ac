"""The doors beside the websocket: each listens on an address of its own, if it has one."""

import contextlib
from collections.abc import AsyncIterator
from importlib.util import find_spec

from streaming.addresses import Address, check
from streaming.config import Config
from streaming.keys import Keys
from streaming.services import Services
from voice.errors import ConfigError

__all__ = ["check_doors", "check_extras", "open_doors"]


async def check_doors(config: Config) -> None:
    """Find out whether every door could open, before models are loaded for it.

    Raises:
        ConfigError: an address is taken or does not exist, or an extra is missing.
    """
    check_extras(config)
    for key, listen in (
        ("wyoming.listen", config.wyoming.listen),
        ("rest.listen", config.rest.listen),
    ):
        if listen:
            await check(key, Address.of(listen))


def check_extras(config: Config) -> None:
    """Find out whether everything is there that the settings need.

    Raises:
        ConfigError: something is missing, and which extra or setting brings it.
    """
    if config.twilio.url and "twilio" not in config.server.dialects:
        raise ConfigError(
            'twilio.url: its door is shut; add "twilio" to server.dialects, or leave'
            " twilio.url and twilio.auth_token_file empty"
        )
    for key, value, extra, modules in (
        ("rest.listen", config.rest.listen, "rest", ("starlette", "uvicorn", "av")),
        ("llm.url", config.llm.url, "llm", ("httpx",)),
        ("tools.file", config.tools.file, "tools", ("mcp", "httpx2")),
        ("wyoming.announce", config.wyoming.announce, "zeroconf", ("zeroconf",)),
    ):
        missing = [name for name in modules if value and find_spec(name) is None]
        if missing:
            raise ConfigError(
                f"{key}: {', '.join(missing)} is not installed;"
                f" pip install parley-voice[{extra}], or leave it empty"
            )


@contextlib.asynccontextmanager
async def open_doors(
    config: Config, services: Services
) -> AsyncIterator[dict[str, str]]:
    """Open the doors that are configured; leaving the context drains them.

    Yields:
        Where each is, by its section in the configuration.

    Raises:
        ConfigError: an address is taken, or an extra is missing.
    """
    drain_timeout_s = config.server.drain_timeout_s
    doors: dict[str, str] = {}
    async with contextlib.AsyncExitStack() as stack:
        if config.wyoming.listen:
            # Whoever does not use a door does not pay for its import.
            from streaming.wyoming.server import WyomingServer

            wyoming = WyomingServer(
                config.wyoming, services, drain_timeout_s=drain_timeout_s
            )
            await stack.enter_async_context(wyoming)
            doors["wyoming"] = f"tcp://{wyoming.address}"
        if config.rest.listen:
            from streaming.rest.server import RestServer, recordings_pool

            recordings = recordings_pool(services)
            await stack.enter_async_context(recordings)
            rest = RestServer(
                config.rest,
                services,
                recordings,
                keys=Keys.read(config.server.api_keys, setting="server.api_keys"),
                origins=config.server.origins,
                drain_timeout_s=drain_timeout_s,
            )
            await stack.enter_async_context(rest)
            doors["rest"] = rest.url
        yield doors
