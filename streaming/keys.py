"""Keys that clients must know, if the operator wants that."""

import base64
import binascii
import hmac
from collections.abc import Iterable, Iterator
from pathlib import Path

from websockets.datastructures import Headers

from voice.errors import ConfigError

__all__ = ["Keys", "offered_keys"]

SHORTEST = 16
"""Characters of a key: what is shorter can be guessed."""

IN_SUBPROTOCOL = "openai-insecure-api-key."
"""How a browser, which cannot set headers, says its key when it opens a websocket."""


class Keys:
    """The keys of which a client must know one; without any, nobody needs one.

    Args:
        keys: in plain text.
    """

    def __init__(self, keys: Iterable[str] = ()) -> None:
        self._keys = [key.encode() for key in keys]

    @classmethod
    def read(cls, path: str, *, setting: str) -> "Keys":
        """The keys of a file, one on each line; ``#`` begins a comment line.

        Args:
            path: of the file; empty for no keys.
            setting: that names it, for messages.

        Raises:
            ConfigError: it cannot be read, holds no key, or one that is too short.
        """
        if not path:
            return cls()
        try:
            lines = Path(path).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            raise ConfigError(f"{setting}: cannot read {path}: {error}") from error
        keys = [key for line in lines if (key := line.strip()) and key[0] != "#"]
        if not keys or min(map(len, keys)) < SHORTEST:
            raise ConfigError(
                f"{setting}: {path} must have one key on each line, of {SHORTEST}"
                " characters at least"
            )
        return cls(keys)

    def admit(self, offered: Iterable[str]) -> bool:
        """Whether one of the offered keys is known, or none is needed."""
        # Every pair is compared, so that the time tells nothing.
        found = [
            # What strangers offer need not be text that UTF-8 can write.
            hmac.compare_digest(key.encode("utf-8", "surrogatepass"), known)
            for key in offered
            for known in self._keys
        ]
        return not self._keys or any(found)


def offered_keys(headers: Headers) -> Iterator[str]:
    """The keys in the headers of a request, wherever clients put them."""
    for value in headers.get_all("Authorization"):
        scheme, _, credentials = value.strip().partition(" ")
        if scheme.lower() == "bearer":
            yield credentials.strip()
        elif scheme.lower() == "basic":
            yield _password(credentials)
    yield from headers.get_all("api-key")
    for value in headers.get_all("Sec-WebSocket-Protocol"):
        for name in value.split(","):
            if name.strip().startswith(IN_SUBPROTOCOL):
                yield name.strip().removeprefix(IN_SUBPROTOCOL)


def _password(credentials: str) -> str:
    """Of ``user:password``, as an address like ``ws://:KEY@host/`` is sent."""
    try:
        decoded = base64.b64decode(credentials, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""
    return decoded.partition(":")[2]
