"""The settings of what runs on other servers: language models, tools, recognisers.

None of them is used unless its address is set, and nothing else leaves the process.
"""

import ipaddress
from dataclasses import dataclass
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from streaming.settings import Between, Fault, Place
from voice.languages import for_client

__all__ = [
    "LlmConfig",
    "ToolsConfig",
    "VoxtralConfig",
    "server_url",
    "twilio_url",
    "websocket_url",
]

Seconds: TypeAlias = Annotated[float, Between(0.1, 300)]


def server_url(text: str) -> str:
    """The address of a server; empty for none.

    Raises:
        Fault: nobody can be asked there.
    """
    if text and not _is_server(text, "http", "https"):
        raise Fault(
            f"expected an address like http://127.0.0.1:8000/v1, found {text!r}"
        )
    return text.rstrip("/")


def _is_server(url: str, *schemes: str) -> bool:
    try:
        parts = urlsplit(url)
        fine = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        return False
    return bool(fine) and not (parts.query or parts.fragment or "@" in parts.netloc)


def websocket_url(text: str) -> str:
    """The address of a websocket; empty for none.

    Raises:
        Fault: nobody can be asked there.
    """
    return _websocket(text, "ws://127.0.0.1:8000/v1/realtime")


def twilio_url(text: str) -> str:
    """The address under which Twilio finds its door; empty for none.

    Raises:
        Fault: it is none of a websocket.
    """
    return _websocket(text, "wss://HOST/v1/twilio")


def _websocket(text: str, example: str) -> str:
    if text and not _is_server(text, "ws", "wss"):
        raise Fault(f"expected an address like {example}, found {text!r}")
    return text


def optional_language(text: str) -> str:
    """The tag of a language that Parley knows, or nothing."""
    return for_client(text) if text else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class LlmConfig:
    """A language model for what the grammar does not understand; docs/tools.md."""

    url: Annotated[str, server_url] = ""
    """Of a server with chat completions, up to what stands before
    ``/chat/completions``: ``http://127.0.0.1:8000/v1``; empty: no model."""
    model: str = ""
    """As the server calls it."""
    directory: Annotated[str, Place("directory", ("",))] = ""
    """With a CTranslate2 language model, which runs in a process of ours instead of on
    a server; docs/language-models.md. Empty: none."""
    key_file: Annotated[str, Place("file", ("",))] = ""
    """A file with the key of the server; empty: it needs none."""
    persona: str = ""
    """Who the assistant is, in one to three sentences; empty for ours."""
    reply_language: Annotated[str, optional_language] = ""
    """A BCP 47 tag in which it always answers; empty: in that of the user."""
    max_tokens: Annotated[int, Between(16, 8192)] = 300
    temperature: Annotated[float, Between(0, 2)] = 0.3
    first_piece_s: Seconds = 5.0
    """How long it may take to begin; then the grammar answers instead."""
    between_pieces_s: Seconds = 3.0
    in_all_s: Seconds = 30.0
    max_requests: Annotated[int, Between(1, 256)] = 4
    """At the same time."""

    def __post_init__(self) -> None:
        """See that one model is named.

        Raises:
            ValueError: it is not.
        """
        if self.url and not self.model:
            raise ValueError("model must say which of the server's models to ask")
        if self.url and self.directory:
            raise ValueError("url and directory are two models; leave one of them out")


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolsConfig:
    """What the language model may use; docs/tools.md."""

    file: Annotated[str, Place("file", ("",))] = ""
    """A TOML file with the servers of tools, and with what each tool may do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxtralConfig:
    """Voxtral Realtime, served by vLLM, instead of our own recogniser; docs/voxtral.md."""

    url: Annotated[str, websocket_url] = ""
    """``ws://127.0.0.1:8000/v1/realtime``; empty: our own recogniser."""
    hosts: Annotated[tuple[str, ...], str.lower] = ()
    """Other machines to which speech may be sent, beside this one."""
    model: str = "mistralai/Voxtral-Mini-4B-Realtime-2602"
    key_file: Annotated[str, Place("file", ("",))] = ""
    """A file with the key of the server; empty: it needs none."""
    languages: Annotated[tuple[str, ...], for_client] = (
        *("de", "en", "es", "fr", "it", "nl", "pt"),
    )
    """What it hears."""
    connect_s: Seconds = 2.0
    answer_s: Seconds = 4.0
    """For one utterance in all; less than workers.recognize_deadline_s."""

    def __post_init__(self) -> None:
        """See that speech goes only where the operator wants it.

        Raises:
            ValueError: the address is another machine's that is not listed, or there
                is no model or no language.
        """
        host = urlsplit(self.url).hostname or ""
        if self.url and not _is_here(host) and host not in self.hosts:
            raise ValueError(
                f"url is of another machine: add {host!r} to hosts if speech may go"
                " there"
            )
        if self.url and not (self.model and self.languages):
            raise ValueError("model and languages must not be empty")


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
