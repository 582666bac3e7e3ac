"""Writes what docs/protocol.md says about the code; the rest is written by hand.

Run as ``python -m tests.streaming.protocol_page`` it brings the page up to date: it
replaces what stands between the marks ``<!-- generated: NAME -->`` and
``<!-- end -->``.
"""

import ast
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

from streaming import admission, announcements, connection, server, session
from streaming.config import ServerConfig
from streaming.connection import CloseCode
from streaming.doors import native as door
from streaming.messages import ATTENTIONS, FORMATS, RATES
from streaming.protocols import native
from streaming.services import SessionSettings
from voice.errors import Stage
from voice.turns import TurnPolicy

ROOT = Path(__file__).parents[2]

PAGE = ROOT / "docs" / "protocol.md"

ERRORS = {
    "invalid_json": "a text frame is no JSON object, or longer than a message may be",
    "unknown_event": "the message has no `type`, or one that the server does not take",
    "invalid_value": "a field is missing, has the wrong type, or is out of bounds",
    "unsupported_rate": f"a sample rate other than {', '.join(map(str, RATES))}",
    "unknown_language": "a language that is not served; the message names the nearest",
    "invalid_audio": "a binary frame of an odd number of bytes, of which nothing was taken; or no"
    " packet of Opus, in whose place the one before fades away",
    "too_many_messages": "JSON messages faster than the limit; none of it was taken",
    "recognition_failed": "an apology is spoken instead of the answer",
    "response_failed": "an apology is spoken instead of the answer; a reply that a"
    " language model had begun breaks off, and its status is `failed`",
    "synthesis_failed": "the reply breaks off; its status is `failed`",
}

CLOSES = {
    CloseCode.NORMAL: "the telephone call is over",
    CloseCode.GOING_AWAY: "the server stops, after `session.going_away`: connect again",
    CloseCode.INVALID_TEXT: "a text frame was not UTF-8",
    CloseCode.POLICY: "a telephone call without a key of `server.api_keys`, or in a"
    " language that is not served",
    CloseCode.TOO_BIG: "a frame, or a fragmented message, was too big",
    CloseCode.INTERNAL_ERROR: "a bug of the server, or no answer to its pings",
    CloseCode.BAD_EVENTS: "too many errors of the client in one session",
    CloseCode.IDLE: "nothing was received for too long",
    CloseCode.SLOW_READER: "the client does not read what it is sent",
}


def page(text: str) -> str:
    """The page `text`, up to date."""
    for name, generate in PARTS.items():
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        assert len(re.findall(pattern, text, re.DOTALL)) == 1, f"no marks of {name}"
        body = f"\n{generate().strip()}\n\n"
        text = re.sub(
            pattern,
            lambda match, body=body: match[1] + body + match[2],
            text,
            flags=re.DOTALL,
        )
    return text


def client_errors() -> Iterator[str]:
    """The codes of all errors that the server's modules raise."""
    for path in _modules_of_the_server():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call(func=ast.Name(id="ClientError"), args=[code, *_]):
                    assert isinstance(code, ast.Constant), f"{path}: not a literal"
                    if code.value != "unreadable_audio":  # files are for commands
                        yield str(code.value)


def _modules_of_the_server() -> list[Path]:
    """Ours among those that it imports; not those of commands and other clients."""
    tell = (
        "import sys, streaming.server; print(*(module.__file__ for name, module in"
        " sys.modules.items() if name.startswith(('streaming.', 'voice.'))), sep='\\n')"
    )
    found = subprocess.run(
        [sys.executable, "-c", tell],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return [Path(line) for line in found.stdout.splitlines()]


def stage_errors() -> Iterator[str]:
    """The codes with which `streaming.speaking.report` names a stage."""
    return (f"{stage.value}_failed" for stage in Stage)


def _settings() -> str:
    settings = SessionSettings(languages=())
    rates = ", ".join(f"{rate:,}" for rate in RATES)
    return _table(
        ("what", "default", "others"),
        [
            (
                "`input_rate`: audio to the server, Hz",
                f"{settings.input_rate:,}",
                rates,
            ),
            (
                "`output_rate`: audio to the client, Hz",
                f"{settings.output_rate:,}",
                rates,
            ),
            ("`languages`: what may be spoken", "all that are served", "some of them"),
            (
                "`input_format`, `output_format`: of the binary frames",
                settings.input_format,
                ", ".join(FORMATS),
            ),
            (
                "`attention`: who is answered",
                f"{settings.attention} (`wake.attention`)",
                ", ".join(ATTENTIONS),
            ),
        ],
    )


def _limits() -> str:
    defaults = ServerConfig()
    key = "`server.{}`".format
    return _table(
        ("limit", "value", "setting", "beyond it"),
        [
            ("sessions", f"{defaults.max_sessions}", key("max_sessions"), "HTTP 503"),
            (
                "opening handshake",
                f"{defaults.handshake_timeout_s:g} s",
                key("handshake_timeout_s"),
                "connection dropped",
            ),
            (
                "one frame or message",
                f"{defaults.max_message_bytes:,} bytes",
                key("max_message_bytes"),
                "close 1009",
            ),
            (
                "one JSON message",
                f"{native.MAX_TEXT:,} characters",
                "",
                "`invalid_json`",
            ),
            (
                "numbers in messages",
                "2^53 either side of 0",
                "",
                "`invalid_value`",
            ),
            ("items of a list", f"{native.MAX_ITEMS}", "", "`invalid_value`"),
            (
                "`text` of `parley.text`",
                f"{session.MAX_TEXT:,} characters",
                "",
                "`invalid_value`",
            ),
            (
                "one utterance",
                f"{TurnPolicy().max_utterance / 1000:g} s",
                "`turns.max_utterance_ms`",
                "it is over, and answered",
            ),
            (
                "announcements that wait for the floor",
                f"{announcements.MAX_ANNOUNCEMENTS}",
                "",
                "the oldest is dropped",
            ),
            (
                "audio ahead of real time",
                f"{connection.AHEAD:g} s",
                "",
                "the server reads no faster than real time",
            ),
            (
                "JSON messages of one client",
                f"{door.MESSAGES_PER_SECOND} a second, {door.MESSAGES_AT_ONCE} at once",
                "",
                "`too_many_messages`",
            ),
            (
                "errors of the client in one session",
                f"{connection.MISTAKES}",
                "",
                "close 4400",
            ),
            (
                "silence on the wire",
                f"{defaults.idle_timeout_s:g} s",
                key("idle_timeout_s"),
                "close 4408",
            ),
            (
                "client does not read",
                f"{defaults.send_timeout_s:g} s,"
                f" or {connection.OUTGOING} frames that wait",
                key("send_timeout_s"),
                "close 4410",
            ),
            (
                "turns that run when the server stops",
                f"{defaults.drain_timeout_s:g} s; then, while a tool call with effects"
                " is under way, up to the longest `timeout_s` of the file of tools",
                key("drain_timeout_s"),
                "close 1001",
            ),
            (
                "closing handshake",
                f"{connection.GOODBYE:g} s",
                "",
                "connection dropped",
            ),
        ],
    )


def _errors() -> str:
    sources = dict.fromkeys(client_errors(), "client")
    sources |= dict.fromkeys(stage_errors(), "server")
    rows = [(f"`{code}`", sources[code], when) for code, when in ERRORS.items()]
    return _table(("code", "whose", "when, and what happens"), rows)


def _closes() -> str:
    rows = [(str(code.value), CLOSES[code]) for code in CloseCode]
    return _table(("code", "why"), rows)


def _http() -> str:
    return _table(
        ("path", "answer"),
        [
            ("`/`", "the page, for browsers; what it consists of is below `/web/`"),
            (
                f"`{server.PATH}`",
                "the websocket; 426 without an upgrade; 403 with `origin` for a web page"
                " that is not listed; 401 with `api_key` without a key of"
                " `server.api_keys`, if there are any; 503 with `Retry-After: "
                f"{admission.RETRY_AFTER}` and `full` or `draining`",
            ),
            (
                "`/v1/realtime`",
                "a websocket that speaks the OpenAI Realtime API, with the same answers:"
                " [realtime.md](realtime.md)",
            ),
            (
                "`/v1/twilio`, `/v1/xiaozhi`",
                "websockets for telephone calls and for small devices, if"
                " `server.dialects` names them; else 404: [devices.md](devices.md)",
            ),
            ("`/healthz`", "200 while the process answers at all"),
            (
                "`/readyz`",
                "200 if every stage is loaded, warm and up, and the server does not"
                " stop; else 503, with the stage that is down",
            ),
            ("`/metrics`", "counters and histograms in the text format of Prometheus"),
        ],
    )


def _table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cells)} |".replace("|  |", "| |") for cells in lines
    )


PARTS: dict[str, Callable[[], str]] = {
    "settings": _settings,
    "messages": native.reference,
    "errors": _errors,
    "closes": _closes,
    "limits": _limits,
    "http": _http,
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
