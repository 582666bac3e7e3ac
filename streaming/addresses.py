"""Where a door listens: one text, as in ``0.0.0.0:10300``."""

import asyncio
import socket
from dataclasses import dataclass

from voice.errors import ConfigError

__all__ = ["Address", "cannot_listen", "check"]

MOST = 65_535


@dataclass(frozen=True, slots=True)
class Address:
    """A host and a port; port 0 takes any free one."""

    host: str
    port: int

    @classmethod
    def of(cls, text: str) -> "Address":
        """Read ``HOST:PORT``; an IPv6 host stands in brackets.

        Raises:
            ValueError: it is something else.
        """
        host, colon, port = text.rpartition(":")
        if host.startswith("[") and host.endswith("]"):
            host = host[1:-1]
        elif ":" in host:
            raise ValueError(text)
        if not colon or not host or not port.isdecimal() or int(port) > MOST:
            raise ValueError(text)
        return cls(host, int(port))

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


async def check(key: str, address: Address) -> None:
    """Find out whether somebody could listen there, before models are loaded for it.

    Raises:
        ConfigError: the address is taken or does not exist.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            address.host,
            address.port,
            type=socket.SOCK_STREAM,
            flags=socket.AI_PASSIVE,
        )
        family, kind, _, _, place = found[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(place)
    except OSError as error:
        raise cannot_listen(key, address, error) from error


def cannot_listen(key: str, address: Address, error: OSError) -> ConfigError:
    """What to tell the operator who set `key`."""
    return ConfigError(
        f"{key}: cannot listen on {address} ({error.strerror or error}); stop what"
        " listens there, or choose another port (0 takes any free one)"
    )
