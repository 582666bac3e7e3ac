"""The command `parley`: finds the module of the command, and makes every fault one line."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from typing import NoReturn, Protocol

from voice.errors import ClientError, ConfigError, StageError

__all__ = ["main"]

DISTRIBUTION = "parley-voice"

FAULT = 2
"""Exit code: the command line, a file or the configuration must change."""
FAILURE = 1
"""Exit code: something of ours failed on valid input."""
INTERRUPTED = 130
BROKEN_PIPE = 141
"""As if killed by the signal, which is what a shell expects."""


@dataclass(frozen=True, slots=True)
class Command:
    """One of the things that `parley` can do."""

    name: str
    module: str
    help: str
    example: str


COMMANDS = (
    Command(
        "serve",
        "serve",
        "Run the server that people talk to",
        "parley serve --port 8765",
    ),
    Command(
        "talk",
        "talk",
        "Talk to it: with recordings, or with the microphone",
        "parley talk question.wav --language de",
    ),
    Command(
        "transcribe",
        "transcribe",
        "Put recordings into words",
        "parley transcribe interview.flac",
    ),
    Command(
        "say",
        "say",
        "Speak a text into a WAV file",
        'parley say "Guten Morgen" --language de --out morning.wav',
    ),
    Command(
        "eval",
        "evaluate",
        "Measure how well a folder of recordings is understood",
        "parley eval recordings/index.csv --limit 100",
    ),
    Command(
        "bench",
        "bench",
        "Measure how fast it answers",
        "parley bench --sessions 4 --turns 10",
    ),
    Command(
        "models",
        "models",
        "List the models that came along, or check every byte of them",
        "parley models verify",
    ),
    Command(
        "doctor",
        "doctor",
        "Say what works here, and what does not",
        "parley doctor",
    ),
)


class _Module(Protocol):
    """What every module in `streaming.commands` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None: ...

    def run(self, arguments: argparse.Namespace) -> int: ...


class _Parser(argparse.ArgumentParser):
    """Complains in one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAULT, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; nothing but a bug raises."""
    words = list(sys.argv[1:] if argv is None else argv)
    try:
        code = _dispatch(words)
        # What is still to be written may find the reader gone: here, not at exit.
        sys.stdout.flush()
    except SystemExit as stop:
        return stop.code if isinstance(stop.code, int) else FAULT
    except (ConfigError, ClientError) as error:
        return _complain(str(error), FAULT)
    except StageError as error:
        return _complain(str(error), FAILURE)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except OSError as error:
        return _complain(_described(error), FAULT)
    return code


def _dispatch(words: list[str]) -> int:
    top = _top_parser()
    if not words:
        top.print_help(sys.stderr)
        return FAULT
    command = _chosen(top.parse_args(words[:1]).command, top)
    module: _Module = importlib.import_module(f"streaming.commands.{command.module}")
    parser = _Parser(
        prog=f"parley {command.name}",
        description=f"{command.help}.",
        epilog=f"example: {command.example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    module.add_arguments(parser)
    return module.run(parser.parse_args(words[1:]))


def _chosen(name: str, top: _Parser) -> Command:
    by_name = {command.name: command for command in COMMANDS}
    if name not in by_name:
        close = get_close_matches(name, by_name, n=1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        top.error(f"unknown command {name!r}; {hint}known: {', '.join(by_name)}")
    return by_name[name]


def _top_parser() -> _Parser:
    lines = [
        f"  {command.name:<12}{command.help}\n  {'':<12}$ {command.example}"
        for command in COMMANDS
    ]
    parser = _Parser(
        prog="parley",
        usage="parley COMMAND [OPTION...]",
        description="A multilingual speech assistant that runs inside your own walls:"
        " offline, with nothing\nleaving this machine.\n\ncommands:\n"
        + "\n".join(lines),
        epilog="parley COMMAND --help tells the options of a command.\n\n"
        "Settings come from options, from variables like PARLEY_SERVER__PORT, and"
        " from a TOML file\n(--config FILE or PARLEY_CONFIG), in this order;"
        " parley doctor --print-config shows them all.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", help=argparse.SUPPRESS)
    parser.add_argument("--version", action="version", version=f"parley {_version()}")
    return parser


def _version() -> str:
    try:
        return version(DISTRIBUTION)
    except PackageNotFoundError:
        return "(not installed)"


def _complain(message: str, code: int) -> int:
    for line in message.splitlines():
        print(f"parley: {line}", file=sys.stderr)
    return code


def _described(error: OSError) -> str:
    """What the system says, with the file or the address it says it of."""
    where = f"{error.filename}: " if error.filename else ""
    return f"{where}{error.strerror or error}"


if __name__ == "__main__":
    sys.exit(main())
