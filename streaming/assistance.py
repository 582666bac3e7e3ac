"""From the settings of a language model and its tools to both, connected."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from functools import partial
from pathlib import Path

from streaming.chat import Chat, ChatServer, ServedChat, WorkerChat
from streaming.config import Config
from streaming.dialogue import Assistant
from streaming.inference import conversation
from streaming.tool_settings import ToolSettings, load_tools, read_token
from streaming.toolbox import open_toolbox
from streaming.workers import Pool
from voice.assembly import load_chat
from voice.dialogue import ChatModel
from voice.errors import ConfigError, Stage
from voice.home import Home

__all__ = ["chat_loader", "chat_server", "open_assistant", "tools_of"]


@asynccontextmanager
async def open_assistant(
    config: Config, home: Home, clock: Callable[[], datetime]
) -> AsyncIterator[Assistant | None]:
    """The language model with its tools; None if none is configured.

    A server that is not there stops nothing: it is looked for again and again.

    Raises:
        ConfigError: a file is wrong, or an extra is missing.
    """
    tools = tools_of(config)
    if not (config.llm.url or config.llm.directory):
        yield None
        return
    async with AsyncExitStack() as stack:
        chat = await stack.enter_async_context(_chat(config))
        toolbox = await stack.enter_async_context(open_toolbox(tools))
        yield Assistant(
            chat=chat,
            toolbox=toolbox,
            clock=clock,
            home=home,
            persona=config.llm.persona,
            reply_language=config.llm.reply_language,
        )


@asynccontextmanager
async def _chat(config: Config) -> AsyncIterator[Chat]:
    """The language model: on a server, or in a worker process of ours."""
    llm, models = config.llm, config.models
    if llm.url:
        async with ServedChat(chat_server(config)) as served:
            yield served
        return
    run = partial(conversation, chat_loader(config))
    async with Pool(Stage.RESPONSE, run, threads=models.threads) as pool:
        yield WorkerChat(pool, deadline=llm.first_piece_s)


def chat_loader(config: Config) -> Callable[[], ChatModel]:
    """What loads the language model of ``llm.directory``, in whichever process.

    It raises `ConfigError` if the model is missing or not complete.
    """
    llm, models = config.llm, config.models
    return partial(
        load_chat,
        llm.directory,
        device=models.device,
        compute_type=models.compute_type,
        threads=models.threads,
        max_tokens=llm.max_tokens,
        deadline_s=llm.in_all_s,
        clock=time.monotonic,
    )


def tools_of(config: Config) -> ToolSettings:
    """The tools of the configuration.

    Raises:
        ConfigError: the file is wrong, or there is no model to use them.
    """
    if not config.tools.file:
        return ToolSettings()
    if not (config.llm.url or config.llm.directory):
        raise ConfigError(
            "tools.file: tools are used by a language model; set llm.url and llm.model,"
            " or llm.directory"
        )
    return load_tools(Path(config.tools.file))


def chat_server(config: Config) -> ChatServer:
    """The server of the language model.

    Raises:
        ConfigError: its key cannot be read.
    """
    llm = config.llm
    return ChatServer(
        url=llm.url,
        model=llm.model,
        key=read_token(Path(llm.key_file), "llm.key_file") if llm.key_file else "",
        max_tokens=llm.max_tokens,
        temperature=llm.temperature,
        first_piece_s=llm.first_piece_s,
        between_pieces_s=llm.between_pieces_s,
        in_all_s=llm.in_all_s,
        at_once=llm.max_requests,
    )
