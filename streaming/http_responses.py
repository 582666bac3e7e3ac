"""Answers to plain HTTP requests, on the port of the websockets."""

import http
import json
from collections.abc import Mapping

from websockets.datastructures import Headers
from websockets.http11 import Response

__all__ = ["json_response", "response"]


def json_response(
    status: http.HTTPStatus,
    body: Mapping[str, object],
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An answer in JSON."""
    content = json.dumps(body).encode() + b"\n"
    return response(status, "application/json", content, headers or {})


def response(
    status: http.HTTPStatus, kind: str, body: bytes, more: Mapping[str, str]
) -> Response:
    """An answer, after which the connection is closed.

    Args:
        status: of the answer.
        kind: media type of a text in UTF-8.
        body: the text.
        more: headers.
    """
    headers = Headers(
        {
            "Content-Type": f"{kind}; charset=utf-8",
            "Content-Length": str(len(body)),
            "Cache-Control": "no-store",
            "Connection": "close",
            **more,
        }
    )
    return Response(status.value, status.phrase, headers, body)
