"""Language models that chat, as a session sees them: asynchronous, with deadlines.

`ServedChat` asks a server by the chat completions of OpenAI's API; `WorkerChat` asks a
model of our own in a worker process. The network is used only by the first, and that
only if the operator names a server.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

from streaming.protocols.chat_completions import AnswerReader, request
from streaming.workers import Pool, Priority
from voice.dialogue import Message, Piece, Tool, ToolCall
from voice.errors import ConfigError, Stage, StageError

__all__ = ["Chat", "ChatServer", "ServedChat", "WorkerChat"]

LONGEST_REPLY = 4000
"""Characters: four minutes of speech. Nobody listens to more."""

CONNECT_S = 3.0
"""For the network, which is near; the model takes its time after that."""

Found = TypeVar("Found")


class Chat(Protocol):
    """Continues dialogues; many at the same time."""

    def converse(
        self, messages: Sequence[Message], tools: Sequence[Tool], *, priority: Priority
    ) -> AsyncGenerator[Piece, None]:
        """The next contribution of the assistant, piece by piece.

        Closing it stops the model.

        Raises:
            StageError: no answer, or not all of it, can be had.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatServer:
    """Where a model is served, and how patient we are."""

    url: str
    """Up to what stands before ``/chat/completions``: ``http://localhost:8000/v1``."""
    model: str
    key: str = ""
    max_tokens: int = 300
    temperature: float = 0.3
    first_piece_s: float = 5.0
    between_pieces_s: float = 3.0
    in_all_s: float = 30.0
    at_once: int = 4
    """Requests at the same time; the others wait, within `first_piece_s`."""


class ServedChat:
    """Asks a server. Use as an asynchronous context manager.

    Raises:
        ConfigError: the extra ``llm`` is not installed.
    """

    def __init__(self, server: ChatServer) -> None:
        try:
            import httpx
        except ImportError as error:
            raise ConfigError(
                "llm.url: needs httpx; pip install parley-voice[llm]"
            ) from error
        self._httpx = httpx
        self._server = server
        self._places = asyncio.Semaphore(server.at_once)
        # What the environment says about proxies is not for the words of a home.
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(server.in_all_s, connect=CONNECT_S),
            headers={"Authorization": f"Bearer {server.key}"} if server.key else {},
            trust_env=False,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def models(self) -> tuple[str, ...] | None:
        """What the server calls its models; None if it does not answer."""
        url = f"{self._server.url.rstrip('/')}/models"
        try:
            answer = await self._client.get(url, timeout=CONNECT_S)
            listed = answer.json()["data"] if answer.is_success else ()
            return tuple(str(model["id"]) for model in listed)
        except (
            *(self._httpx.HTTPError, self._httpx.InvalidURL),
            *(ValueError, KeyError, TypeError),
        ):
            return None

    async def converse(
        self, messages: Sequence[Message], tools: Sequence[Tool], *, priority: Priority
    ) -> AsyncGenerator[Piece, None]:
        """Ask the server; see `Chat`."""
        server, loop = self._server, asyncio.get_running_loop()
        begun = loop.time()
        end, due = begun + server.in_all_s, begun + server.first_piece_s
        said = 0
        body = request(
            server.model,
            messages,
            tools,
            max_tokens=server.max_tokens,
            temperature=server.temperature,
        )
        pieces = self._ask(body)
        async with contextlib.aclosing(pieces):
            while True:
                piece = await _within(min(due, end), pieces)
                if piece is None:
                    return
                if isinstance(piece, str):
                    said += len(piece)
                yield piece
                if said > LONGEST_REPLY:
                    return
                due = loop.time() + server.between_pieces_s

    async def _ask(self, body: dict[str, Any]) -> AsyncGenerator[Piece, None]:
        httpx, reader = self._httpx, AnswerReader()
        url = f"{self._server.url.rstrip('/')}/chat/completions"
        try:
            async with (
                self._places,
                self._client.stream("POST", url, json=body) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise _fault("refused", f"HTTP {response.status_code}")
                async for data in response.aiter_bytes():
                    for text in reader.feed(data):
                        yield text
                    if reader.over:
                        break
                for piece in reader.finish():
                    yield piece
        except httpx.ConnectError as error:
            raise _fault("unreachable", "nobody answers there") from error
        except httpx.TimeoutException as error:
            raise _fault("deadline", "it takes too long") from error
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise _fault("cut_off", type(error).__name__) from error


class WorkerChat:
    """Asks a model in a worker process.

    Args:
        pool: whose workers hold the model.
        deadline: seconds for the first piece, and for each after it.
    """

    def __init__(self, pool: Pool, deadline: float) -> None:
        self._pool = pool
        self._deadline = deadline

    async def converse(
        self, messages: Sequence[Message], tools: Sequence[Tool], *, priority: Priority
    ) -> AsyncGenerator[Piece, None]:
        """Ask a worker; see `Chat`."""
        stream = self._pool.stream(
            tuple(messages), tuple(tools), priority=priority, deadline=self._deadline
        )
        async with contextlib.aclosing(stream) as pieces:
            async for piece in pieces:
                assert isinstance(piece, str | ToolCall)
                yield piece


async def _within(end: float, items: AsyncIterator[Found]) -> Found | None:
    """The next item, None after the last."""
    try:
        async with asyncio.timeout_at(end):
            return await anext(items, None)
    except TimeoutError as error:
        raise _fault("deadline", "it takes too long") from error


def _fault(reason: str, detail: str) -> StageError:
    return StageError(Stage.RESPONSE, reason, f"the language model: {detail}")
