"""The tools that a model may use, on servers of the Model Context Protocol.

Each server has a task that connects, keeps the connection, and connects again when it
is lost. Nothing here decides whether a call may be made: `streaming.answering` does,
by the risks that the configuration gives.
"""

import asyncio
import json
import logging
import os
import re
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO, TypeVar

from streaming.tool_settings import ToolServer, ToolSettings
from voice.dialogue import Tool, ToolCall
from voice.errors import ConfigError
from voice.tools import Risk, risk_of

__all__ = ["ToolFailed", "Toolbox", "open_toolbox"]

log = logging.getLogger(__name__)

for _library in ("mcp", "httpx2", "httpcore2"):
    # Their lines may hold what somebody said, or where a home is.
    logging.getLogger(_library).setLevel(logging.CRITICAL)

FIRST_CONNECTION_S = 10.0
"""How long the start waits for the servers; who is later is taken in when it comes."""

CONNECT_S = 30.0
"""For one connection: a process may take long to start."""

LOOK_AGAIN_S = 300.0
"""A server that is connected is asked so often what tools it has by now."""

RECONNECT_S = (1.0, 2.0, 5.0, 15.0, 60.0)

MOST_TOOLS = 64
"""Of one server."""

LONGEST_DESCRIPTION = 2000
LONGEST_SCHEMA = 16_384
LONGEST_RESULT = 4000
"""Characters; a model reads slowly."""

_STRANGE = re.compile(r"[^A-Za-z0-9_-]")

Outcome = TypeVar("Outcome")


class ToolFailed(Exception):  # noqa: N818  (it is told to a model, as a result)
    """A tool did not do what it was asked to; the text is for the model."""


@dataclass(frozen=True, slots=True)
class _Offer:
    """A tool, and what it is called where it is from."""

    tool: Tool
    server: str
    name: str

    @property
    def key(self) -> str:
        return f"{self.server}.{self.name}"


class Toolbox:
    """All tools of all servers; made by `open_toolbox`."""

    def __init__(self, settings: ToolSettings) -> None:
        self._risks = settings.risks
        self.connections = [_Connection(server) for server in settings.servers]
        self._effects: set[asyncio.Task[Any]] = set()

    @property
    def connected(self) -> dict[str, bool]:
        """Whether each server is there, by its name."""
        return {c.server.name: c.is_up for c in self.connections}

    @property
    def risks(self) -> dict[str, Risk]:
        """What the tools that are there can do, the forbidden ones too; sorted.

        By ``server.tool``, as in the file.
        """
        offers = (offer for c in self.connections for offer in c.offers)
        return {offer.key: self._risk(offer) for offer in sorted(offers, key=_key)}

    @property
    def strangers(self) -> tuple[str, ...]:
        """What the file classes and no server that is there has: spelled wrongly?"""
        up = [name for name, is_up in self.connected.items() if is_up]
        classed = (key for key in self._risks if key.partition(".")[0] in up)
        return tuple(sorted(set(classed) - self.risks.keys()))

    @property
    def tools(self) -> tuple[Tool, ...]:
        """Those that a model may know, in an order that does not change."""
        offers = (o for c in self.connections for o in c.offers)
        known = [o.tool for o in offers if self._risk(o) is not Risk.FORBIDDEN]
        return tuple(sorted(known, key=lambda tool: tool.name))

    def tool(self, name: str) -> Tool | None:
        """The tool of that name; None if there is none."""
        offer = self._offer(name)
        return offer.tool if offer else None

    def risk(self, name: str) -> Risk:
        """What a call of it can do; what is not there is forbidden."""
        offer = self._offer(name)
        return self._risk(offer) if offer else Risk.FORBIDDEN

    async def call(self, call: ToolCall) -> str:
        """Make a call, which may have effects; the text of its result.

        Raises:
            ToolFailed: it did not work, or took too long: it may have had effects.
        """
        offer = self._offer(call.name)
        if offer is None or self._risk(offer) is Risk.FORBIDDEN:
            raise ToolFailed("there is no such tool")
        for connection in self.connections:
            if connection.server.name == offer.server:
                return await connection.call(offer.name, json.loads(call.arguments))
        raise AssertionError(f"no server {offer.server}")

    def carry_through(
        self, effect: Coroutine[None, None, Outcome]
    ) -> asyncio.Task[Outcome]:
        """Begin a call with effects, which no end of a session cuts off.

        It ends by itself: `call` has the deadline of its server.
        """
        task = asyncio.create_task(effect)
        self._effects.add(task)
        task.add_done_callback(self._carried_through)
        return task

    async def finish(self) -> None:
        """Wait for the calls with effects that are under way."""
        await asyncio.gather(*self._effects, return_exceptions=True)

    def _carried_through(self, task: asyncio.Task[Any]) -> None:
        self._effects.discard(task)
        if not task.cancelled() and (bug := task.exception()) is not None:
            # Who asked for it may be gone.
            log.error("a bug in a call of a tool", exc_info=bug)

    def _offer(self, name: str) -> _Offer | None:
        for connection in self.connections:
            for offer in connection.offers:
                if offer.tool.name == name:
                    return offer
        return None

    def _risk(self, offer: _Offer) -> Risk:
        return risk_of(offer.key, self._risks)


class _Connection:
    """The connection to one server, over and over."""

    def __init__(self, server: ToolServer) -> None:
        self.server = server
        self.offers: tuple[_Offer, ...] = ()
        """Empty while nobody is there."""
        self.tried = asyncio.Event()
        self._client: Any = None
        self._lost = asyncio.Event()
        self._doubted = asyncio.Event()
        """A call failed, for whatever reason."""
        self._under_way = 0
        """Calls."""

    @property
    def is_up(self) -> bool:
        return self._client is not None

    async def keep(self) -> None:
        """Connect and stay connected, until cancelled."""
        attempt = 0
        while True:
            try:
                async with _client(self.server) as client:
                    self._lost.clear()
                    self._doubted.clear()
                    await self._look(client)
                    self._client, attempt = client, 0
                    self.tried.set()
                    while not await self._is_lost():
                        await self._look_again(client)
            except Exception as error:  # noqa: BLE001  (whatever a server can do)
                # Its type only: the message may hold what somebody said.
                kind = type(_innermost(error)).__name__
                log.warning("tools of %s: no connection: %s", self.server.name, kind)
            finally:
                self._client, self.offers = None, ()
                self.tried.set()
            task = asyncio.current_task()
            if task is None or task.cancelling():
                # A connection that breaks while it is cancelled tells only of the first.
                return
            await asyncio.sleep(RECONNECT_S[min(attempt, len(RECONNECT_S) - 1)])
            attempt += 1

    async def _look(self, client: Any) -> None:
        async with asyncio.timeout(CONNECT_S):
            offers = await _offers(client, self.server.name)
        if offers != self.offers:
            log.info("tools of %s: %d", self.server.name, len(offers))
            self.offers = offers

    async def _look_again(self, client: Any) -> None:
        """See what tools there are by now, unless a call may be what keeps it busy."""
        if self._under_way:
            return
        try:
            await self._look(client)
        except TimeoutError:
            if not self._under_way:
                raise

    async def _is_lost(self) -> bool:
        """Wait until it is time to look again; whether that is in vain."""
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self._doubted.wait()
        self._doubted.clear()
        return self._lost.is_set()

    async def call(self, name: str, arguments: dict[str, Any]) -> str:
        if self._client is None:
            raise ToolFailed("the server of this tool cannot be reached")
        self._under_way += 1
        try:
            async with asyncio.timeout(self.server.timeout_s):
                result = await self._client.call_tool(name, arguments)
        except TimeoutError as error:
            raise ToolFailed("the tool took too long; it may have worked") from error
        except Exception as error:
            if not _is_answer(error):
                self._lost.set()
            # An answer may be that of somebody who forgot us: a look finds out.
            self._doubted.set()
            kind = type(_innermost(error)).__name__
            log.warning("tools of %s: a call failed: %s", self.server.name, kind)
            raise ToolFailed("the tool failed; it may have worked") from error
        finally:
            self._under_way -= 1
        text = _text(result)
        if result.is_error:
            raise ToolFailed(text or "the tool reports an error")
        return text


@asynccontextmanager
async def open_toolbox(settings: ToolSettings) -> AsyncIterator[Toolbox]:
    """Connect to all servers; leaving the context ends their processes.

    What has effects and is under way is waited for, up to the deadline of its server.

    Raises:
        ConfigError: the extra ``tools`` is not installed.
    """
    if settings.servers and find_spec("mcp") is None:
        raise ConfigError("tools.file: needs mcp; pip install parley-voice[tools]")
    toolbox = Toolbox(settings)
    tasks = [asyncio.create_task(c.keep()) for c in toolbox.connections]
    try:
        first = [asyncio.create_task(c.tried.wait()) for c in toolbox.connections]
        if first:
            await asyncio.wait(first, timeout=FIRST_CONNECTION_S)
        for waiter in first:
            waiter.cancel()
        yield toolbox
    finally:
        await toolbox.finish()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@asynccontextmanager
async def _client(server: ToolServer) -> AsyncIterator[Any]:
    from mcp import Client
    from mcp.client.stdio import StdioServerParameters, stdio_client
    from mcp.client.streamable_http import streamable_http_client

    async with AsyncExitStack() as stack:
        if server.url:
            import httpx2

            headers = {"Authorization": f"Bearer {server.token}"}
            http = httpx2.AsyncClient(
                headers=headers if server.token else {},
                timeout=max(server.timeout_s, CONNECT_S),
                # What the environment says about proxies is not for the words of a home.
                trust_env=False,
            )
            await stack.enter_async_context(http)
            transport = streamable_http_client(server.url, http_client=http)
        else:
            # What it complains about may hold what somebody said.
            silence = stack.enter_context(_nowhere())
            command, *arguments = server.command
            transport = stdio_client(
                StdioServerParameters(command=command, args=arguments), errlog=silence
            )
        client = Client(transport)
        async with asyncio.timeout(CONNECT_S):
            await stack.enter_async_context(client)
        yield client


@contextmanager
def _nowhere() -> Iterator[TextIO]:
    with Path(os.devnull).open("w", encoding="utf-8") as file:
        yield file


async def _offers(client: Any, server: str) -> tuple[_Offer, ...]:
    found: list[_Offer] = []
    taken: set[str] = set()
    cursor: str | None = None
    while len(found) < MOST_TOOLS:
        page = await client.list_tools(cursor=cursor)
        for tool in page.tools:
            schema = json.dumps(tool.input_schema, sort_keys=True)
            name = _STRANGE.sub("_", f"{server}__{tool.name}")[:64]
            if len(schema) > LONGEST_SCHEMA or name in taken:
                log.warning("tools of %s: one is left out", server)
                continue
            taken.add(name)
            found.append(
                _Offer(
                    Tool(
                        name=name,
                        title=_title(tool),
                        description=(tool.description or "")[:LONGEST_DESCRIPTION],
                        schema=schema,
                    ),
                    server,
                    tool.name,
                )
            )
        cursor = page.next_cursor
        if cursor is None:
            break
    return tuple(found[:MOST_TOOLS])


def _title(tool: Any) -> str:
    """What people call it: short, and in one line, as it is read out."""
    annotated = tool.annotations.title if tool.annotations else None
    title = tool.title or annotated or tool.name.rpartition("__")[2].replace("_", " ")
    return " ".join(str(title).split())[:60]


def _text(result: Any) -> str:
    texts = [part.text for part in result.content if getattr(part, "text", None)]
    return "\n".join(texts)[:LONGEST_RESULT]


def _is_answer(error: Exception) -> bool:
    """Whether the server answered with an error, over a connection that stands."""
    from mcp import MCPError
    from mcp.types import CONNECTION_CLOSED

    return isinstance(error, MCPError) and error.code != CONNECTION_CLOSED


def _key(offer: _Offer) -> str:
    return offer.key


def _innermost(error: BaseException) -> BaseException:
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error
