"""Tells the local network that there is a Wyoming server, if the operator wants it.

It is the one thing that Parley sends to anybody by itself: the name, the address and
the port, by multicast DNS, for Home Assistant to find. `parley doctor` says so.
"""

import ipaddress
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from streaming.addresses import Address
from voice.errors import ConfigError

__all__ = ["SERVICE", "announced"]

SERVICE = "_wyoming._tcp.local."


@asynccontextmanager
async def announced(name: str, address: Address) -> AsyncIterator[None]:
    """Announce the server while the context is open.

    Args:
        name: unique in the network; Home Assistant keeps it.
        address: where the server listens.

    Raises:
        ConfigError: the extra is missing, or the network takes no announcement.
    """
    try:
        from zeroconf import IPVersion, NonUniqueNameException
        from zeroconf.asyncio import AsyncServiceInfo, AsyncZeroconf
    except ImportError as error:
        raise ConfigError(
            "wyoming.announce: needs pip install parley-voice[zeroconf]"
        ) from error
    reachable = _reachable(address.host)
    service = AsyncServiceInfo(
        SERVICE,
        f"{name}.{SERVICE}",
        port=address.port,
        addresses=[socket.inet_aton(reachable)],
    )
    try:
        network = AsyncZeroconf(interfaces=[reachable], ip_version=IPVersion.V4Only)
    except OSError as error:
        raise ConfigError(
            f"wyoming.announce: {reachable} takes no multicast ({error}); leave it"
            " empty and give Home Assistant the address by hand"
        ) from error
    try:
        try:
            registered = await network.async_register_service(service)
        except NonUniqueNameException as error:
            raise ConfigError(
                f"wyoming.announce: somebody else is called {name!r}; choose another"
            ) from error
        await registered
        yield
        await (await network.async_unregister_service(service))
    finally:
        await network.async_close()


def _reachable(host: str) -> str:
    """The IPv4 address under which others reach `host`, which may be a wildcard."""
    try:
        found = socket.getaddrinfo(host, None, socket.AF_INET, socket.SOCK_STREAM)
    except OSError:
        found = []
    for _, _, _, _, (name, *_) in found:
        if not ipaddress.ip_address(str(name)).is_unspecified:
            return str(name)
    # A datagram socket that is connected knows its own address, and sends nothing.
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            return "127.0.0.1"
        return str(probe.getsockname()[0])
