"""What `parley doctor` finds out about the language model and its tools."""

import asyncio
from typing import Any

from streaming.assistance import chat_loader, chat_server, tools_of
from streaming.chat import ServedChat
from streaming.config import Config
from streaming.tool_settings import ToolSettings
from streaming.toolbox import open_toolbox

__all__ = ["assistant_content", "assistant_lines", "sent_to_servers"]


def assistant_content(config: Config) -> dict[str, Any]:
    """Whether the model loads and the servers answer; empty if none is configured.

    Raises:
        ConfigError: a server would not start with these settings.
    """
    tools = tools_of(config)
    if not (config.llm.url or config.llm.directory or tools.servers):
        return {}
    if config.llm.directory:
        chat_loader(config)()
    return asyncio.run(_look(config, tools))


async def _look(config: Config, tools: ToolSettings) -> dict[str, Any]:
    async with open_toolbox(tools) as box:
        return {
            "server": await _server(config) if config.llm.url else None,
            "directory": config.llm.directory or None,
            "servers": box.connected,
            "tools": {key: risk.value for key, risk in box.risks.items()},
            "unknown_tools": list(box.strangers),
        }


async def _server(config: Config) -> dict[str, Any]:
    async with ServedChat(chat_server(config)) as chat:
        models = await chat.models()
    return {
        "url": config.llm.url,
        "model": config.llm.model,
        "reachable": models is not None,
        "model_served": models is not None and config.llm.model in models,
    }


def assistant_lines(content: dict[str, Any]) -> list[str]:
    """The same for people."""
    if not content:
        return []
    lines = []
    if (server := content["server"]) is not None:
        state = "it does not answer"
        if server["reachable"]:
            state = "there" if server["model_served"] else "there, but not that model"
        lines.append(f"llm       {server['url']} {server['model']}: {state}")
    if content["directory"] is not None:
        lines.append(f"llm       {content['directory']}: it loads")
    for name, is_up in content["servers"].items():
        tools = [
            f"{key.removeprefix(f'{name}.')} ({risk})"
            for key, risk in content["tools"].items()
            if key.startswith(f"{name}.")
        ]
        told = ", ".join(tools) if is_up else "NOT THERE; it is looked for again"
        lines.append(f"tools     {name}: {told}")
    lines += [f"tools     {key}: NO SUCH TOOL" for key in content["unknown_tools"]]
    return lines


def sent_to_servers(config: Config) -> list[str]:
    """What goes to the servers that are configured, and by which setting."""
    sent = []
    if config.voxtral.url:
        sent.append(f"voxtral.url: what is said, as audio, to {config.voxtral.url}")
    if config.llm.url:
        sent.append(
            "llm.url: what the grammar does not understand, what was said before it,"
            f" and the names of the home, to {config.llm.url}"
        )
    if config.tools.file:
        sent.append(
            f"tools.file: the calls of the language model, to the servers in"
            f" {config.tools.file}"
        )
    return sent
