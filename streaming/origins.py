"""Which web pages may connect: those that are listed, and the server's own.

A browser lets any page connect to any host, and says only which page it is. The page
that this server serves comes from the place to which it connects, so that its
`Origin` and the `Host` of the request name the same host and port. That alone proves
nothing: with a name of their own that they let point to this machine, others could
make a page whose two headers agree as well ("DNS rebinding"). So the host must also be
one that nobody else can give away: a loopback name or address, the host that is
configured, or the very address on which the request came in.
"""

from collections.abc import Sequence
from ipaddress import ip_address
from urllib.parse import urlsplit

__all__ = ["is_own_page", "may_connect"]

LOOPBACK = "localhost"
"""Browsers resolve it, and names that end in it, to the machine itself."""

DEFAULT_PORTS = {"http": 80, "https": 443}


def may_connect(
    origins: Sequence[str],
    hosts: Sequence[str],
    *,
    listed: Sequence[str],
    own: Sequence[str],
) -> bool:
    """Whether a request may become a session.

    Args:
        origins: its `Origin` headers; none if it is from no web page.
        hosts: its `Host` headers.
        listed: the origins that the configuration lets in.
        own: hosts that are surely this server: as configured, and as reached.
    """
    return all(
        origin in listed or is_own_page(origin, hosts, own=own) for origin in origins
    )


def is_own_page(origin: str, hosts: Sequence[str], *, own: Sequence[str]) -> bool:
    """Whether a page of `origin` was served from the place that it asks now."""
    scheme, _, place = origin.partition("://")
    if scheme not in DEFAULT_PORTS or len(hosts) != 1:
        return False
    try:
        page, asked = _place(scheme, place), _place(scheme, hosts[0])
    except ValueError:
        return False
    return page == asked and _is_ours(page[0], own)


def _place(scheme: str, text: str) -> tuple[str, int]:
    """Host and port, as they stand in the header `Host`."""
    parts = urlsplit(f"//{text}")
    if parts.netloc != text or "@" in text or not parts.hostname:
        raise ValueError(text)
    return parts.hostname, parts.port or DEFAULT_PORTS[scheme]


def _is_ours(host: str, own: Sequence[str]) -> bool:
    if host == LOOPBACK or host.endswith(f".{LOOPBACK}"):
        return True
    try:
        address = ip_address(host)
    except ValueError:
        return host in own
    return address.is_loopback or str(address) in own
