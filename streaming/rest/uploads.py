"""Forms that come in, bounded and in memory: no recording is written to a disk."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass

from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from streaming.rest.errors import RequestError

__all__ = ["Upload", "read_body", "read_upload"]

MAX_FIELDS = 64
MAX_FIELD_BYTES = 65_536

MEGABYTE = 1_000_000

PASSED_OVER = 1.0
"""Seconds of an upload that is too large."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A form with one file."""

    data: bytes
    fields: Mapping[str, Sequence[str]]
    """All values of each field but the file."""

    def value(self, name: str) -> str | None:
        """The last value of a field; None if it is missing or empty."""
        values = self.fields.get(name, ())
        return (values[-1].strip() or None) if values else None


class _MemoryParser(MultiPartParser):
    """Keeps the file in memory: by default a large one goes to a temporary file."""

    spool_max_size = 2**40


async def read_upload(request: Request, *, max_mb: int, timeout_s: float) -> Upload:
    """The form of a request.

    Raises:
        RequestError: ``upload_too_large``, ``invalid_form`` or ``timeout``.
    """
    kind = request.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/form-data"):
        raise RequestError(
            "invalid_form", "send multipart/form-data with a file", "file"
        )
    parser = _MemoryParser(
        request.headers,
        _bounded(request, max_mb),
        max_files=1,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        async with asyncio.timeout(timeout_s):
            form = await parser.parse()
    except (MultiPartException, KeyError) as error:
        message = getattr(error, "message", "no boundary")
        raise RequestError("invalid_form", f"not a form: {message}") from error
    except TimeoutError as error:
        raise RequestError("timeout", "the upload took too long") from error
    except ClientDisconnect as error:
        raise RequestError("invalid_form", "the upload was broken off") from error
    return await _upload(form)


async def _upload(form: FormData) -> Upload:
    file: bytes | None = None
    fields: dict[str, list[str]] = {}
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            if name == "file":
                file = await value.read()
            await value.close()
        else:
            fields.setdefault(name, []).append(value)
    if file is None:
        raise RequestError("missing_field", "file: the recording is missing", "file")
    if not file:
        raise RequestError("unreadable_audio", "file: is empty", "file")
    return Upload(file, fields)


async def read_body(request: Request, *, max_bytes: int, timeout_s: float) -> bytes:
    """A small body.

    Raises:
        RequestError: ``upload_too_large`` or ``timeout``.
    """
    parts = bytearray()
    try:
        async with asyncio.timeout(timeout_s):
            async for part in request.stream():
                parts += part
                if len(parts) > max_bytes:
                    raise RequestError("upload_too_large", f"up to {max_bytes} bytes")
    except TimeoutError as error:
        raise RequestError("timeout", "the request took too long") from error
    except ClientDisconnect as error:
        raise RequestError("invalid_json", "the request was broken off") from error
    return bytes(parts)


async def _bounded(request: Request, max_mb: int) -> AsyncGenerator[bytes, None]:
    """The body, as long as it is within the limit."""
    room = max_mb * MEGABYTE + MAX_FIELDS * 1024
    too_large = int(request.headers.get("content-length", "0")) > room
    stream = request.stream()
    async with contextlib.aclosing(stream):
        async for part in stream:
            room -= len(part)
            too_large = too_large or room < 0
            if too_large:
                break
            yield part
        if too_large:
            await _pass_over(stream)
            raise _too_large(max_mb)


async def _pass_over(stream: AsyncGenerator[bytes, None]) -> None:
    """Take some of what is not wanted: a client that still writes does not read."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(PASSED_OVER):
            async for _ in stream:
                pass


def _too_large(max_mb: int) -> RequestError:
    return RequestError(
        "upload_too_large",
        f"file: up to {max_mb} MB; send it in parts, or as Opus or MP3",
        "file",
    )
