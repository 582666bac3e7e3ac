"""The doors beside the websocket: each listens on an address of its own, if it has one."""

import contextlib
from collections.abc import AsyncIterator
from importlib.util import find_spec

from streaming.addresses import Address, check
from streaming.config import Config
from streaming.services import Services
from voice.errors import ConfigError

__all__ = ["check_doors", "open_doors"]


async def check_doors(config: Config) -> None:
    """Find out whether every door could open, before models are loaded for it.

    Raises:
        ConfigError: an address is taken or does not exist, or an extra is missing.
    """
    for key, listen in (
        ("wyoming.listen", config.wyoming.listen),
        ("rest.listen", config.rest.listen),
    ):
        if listen:
            await check(key, Address.of(listen))
    for key, value, modules in (
        ("rest.listen", config.rest.listen, ("starlette", "uvicorn", "av")),
        ("wyoming.announce", config.wyoming.announce, ("zeroconf",)),
    ):
        missing = [name for name in modules if value and find_spec(name) is None]
        if missing:
            extra = "rest" if "rest" in key else "zeroconf"
            raise ConfigError(
                f"{key}: {', '.join(missing)} is not installed;"
                f" pip install parley-voice[{extra}], or leave it empty"
            )


@contextlib.asynccontextmanager
async def open_doors(config: Config, services: Services) -> AsyncIterator[None]:
    """Open the doors that are configured; leaving the context drains them.

    Raises:
        ConfigError: an address is taken, or an extra is missing.
    """
    drain_timeout_s = config.server.drain_timeout_s
    async with contextlib.AsyncExitStack() as stack:
        if config.wyoming.listen:
            # Whoever does not use a door does not pay for its import.
            from streaming.wyoming.server import WyomingServer

            wyoming = WyomingServer(
                config.wyoming, services, drain_timeout_s=drain_timeout_s
            )
            await stack.enter_async_context(wyoming)
        if config.rest.listen:
            from streaming.rest.server import RestServer, recordings_pool

            recordings = recordings_pool(services)
            await stack.enter_async_context(recordings)
            rest = RestServer(
                config.rest,
                services,
                recordings,
                origins=config.server.origins,
                drain_timeout_s=drain_timeout_s,
            )
            await stack.enter_async_context(rest)
        yield
