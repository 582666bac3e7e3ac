"""Errors in the shape that OpenAI's clients read, whatever went wrong."""

import json
from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from voice.errors import ClientError, StageError

__all__ = ["RequestError", "error_response", "handlers"]

RETRY_AFTER = {"Retry-After": "2"}
"""Seconds after which a client that came at a bad time may try again."""

_STATUS = {
    "audio_too_long": 413,
    "upload_too_large": 413,
    "invalid_api_key": 401,
    "origin": 403,
    "too_many_requests": 429,
    "timeout": 504,
}


class RequestError(ClientError):
    """A request that cannot be obeyed.

    Args:
        code: stable.
        message: what is wrong, and the way out.
        param: the field that is wrong, if it is one.
    """

    def __init__(self, code: str, message: str, param: str | None = None) -> None:
        super().__init__(code, message)
        self.param = param


def error_response(
    status: int,
    code: str,
    message: str,
    *,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """The response; clients try again by themselves after 429 and 503.

    The connection ends with it: the body may still be on its way.
    """
    kind = "invalid_request_error" if status < 500 else "server_error"
    error = {"message": message, "type": kind, "param": param, "code": code}
    return Response(
        json.dumps({"error": error}, ensure_ascii=False),
        status,
        {"Connection": "close", **(headers or {})},
        "application/json",
    )


async def _on_client_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, ClientError)
    status = _STATUS.get(error.code, 400)
    return error_response(
        status,
        error.code,
        str(error),
        param=getattr(error, "param", None),
        headers=RETRY_AFTER if status == 429 else None,
    )


async def _on_stage_error(_: Request, error: Exception) -> Response:
    assert isinstance(error, StageError)
    return error_response(
        503,
        f"{error.stage.value}_failed",
        f"{error.stage.value}: {error.reason}; try again",
        headers=RETRY_AFTER,
    )


async def _on_http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = {404: "unknown_url", 405: "method_not_allowed"}.get(
        error.status_code, "invalid_request"
    )
    message = f"{request.method} {request.url.path}: {error.detail}"
    return error_response(error.status_code, code, message[:300], headers=error.headers)


handlers = {
    ClientError: _on_client_error,
    StageError: _on_stage_error,
    HTTPException: _on_http_error,
}
"""By the kind of exception, for Starlette."""
