"""The page at ``/``: the files of `streaming/web`, as a browser wants them."""

import http
from importlib.resources import files

from websockets.datastructures import Headers
from websockets.http11 import Response

__all__ = ["Page"]

FOLDER = "web"

INDEX = "index.html"

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml; charset=utf-8",
}
"""By the end of the name; browsers run no module of another type."""

POLICY = "; ".join(
    [
        # Whatever is not named may not be loaded, from nowhere.
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        # Its websocket, too: the scheme of a source matches its secure and its
        # websocket relatives.
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        # No text becomes HTML or a script by mistake: what people say is shown here.
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
)

HEADERS = {
    # A newer server has a newer page, and nobody wants a mixture of the two.
    "Cache-Control": "no-store",
    "Connection": "close",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "microphone=(self), camera=(), geolocation=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Page:
    """The files, read once."""

    def __init__(self) -> None:
        self._files = {
            _path(entry.name): (TYPES[_ending(entry.name)], entry.read_bytes())
            for entry in (files("streaming") / FOLDER).iterdir()
            if _ending(entry.name) in TYPES
        }

    def answer(self, path: str) -> Response | None:
        """What to send for a path without its query; None if there is no such file."""
        if path not in self._files:
            return None
        kind, body = self._files[path]
        size = str(len(body))
        headers = Headers({"Content-Type": kind, "Content-Length": size, **HEADERS})
        return Response(http.HTTPStatus.OK.value, "OK", headers, body)


def _path(name: str) -> str:
    return "/" if name == INDEX else f"/{FOLDER}/{name}"


def _ending(name: str) -> str:
    return f".{name.rpartition('.')[2]}"
