"""The child: one process, one stage, one call at a time.

It is started with a socket, reads what to load and then calls, and answers each
call with items followed by `Done` or `Failed`. It keeps nothing between calls. A
stuck native call cannot be cancelled from Python; that is why the parent may kill
this process at any time and start another.
"""

import ctypes
import faulthandler
import gc
import pickle
import select
import signal
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from voice.errors import Stage, StageError, VoiceError

__all__ = [
    "Call",
    "Cancel",
    "Done",
    "Failed",
    "Frame",
    "Item",
    "Ready",
    "decode_length",
]

HEADER = struct.Struct("!I")

Run = Callable[..., Iterator[object]]
"""A loaded stage: takes the arguments of a call, yields the items of the answer."""

Load = Callable[[], Run]
"""Loads and warms up a stage; picklable, because it travels to the child."""


@dataclass(frozen=True, slots=True)
class Call:
    """Parent to child: run the stage on these arguments."""

    arguments: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Cancel:
    """Parent to child: the rest of the running call's items is not wanted."""


@dataclass(frozen=True, slots=True)
class Ready:
    """Child to parent: the stage is loaded and warm."""


@dataclass(frozen=True, slots=True)
class Item:
    """Child to parent: a piece of the answer."""

    value: object


@dataclass(frozen=True, slots=True)
class Done:
    """Child to parent: the answer is complete."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Child to parent: the stage gave up; the process is fine."""

    stage: Stage | None
    reason: str
    detail: str


Frame = Call | Cancel | Ready | Item | Done | Failed


def encode(frame: "Frame | Load") -> bytes:
    """A frame as it travels: its length, then its pickle.

    Both ends are this program on this machine, joined by a private socket pair,
    so that pickle carries nothing from outside.
    """
    body = pickle.dumps(frame, protocol=pickle.HIGHEST_PROTOCOL)
    return HEADER.pack(len(body)) + body


def decode_length(header: bytes) -> int:
    """How many bytes follow the header."""
    return int(HEADER.unpack(header)[0])


def decode(body: bytes) -> object:
    """The frame of a body; see `encode` for why pickle is safe here."""
    return pickle.loads(body)  # noqa: S301


class _Channel:
    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection

    def send(self, frame: Frame) -> None:
        self._connection.sendall(encode(frame))

    def receive(self) -> object:
        length = decode_length(self._exactly(HEADER.size))
        return decode(self._exactly(length))

    def has_news(self) -> bool:
        return bool(select.select([self._connection], [], [], 0)[0])

    def _exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._connection.recv(count - len(parts))
            if not part:
                raise EOFError
            parts += part
        return bytes(parts)


def serve(connection: socket.socket) -> None:
    """Load the stage and answer calls until the parent hangs up."""
    channel = _Channel(connection)
    load = channel.receive()
    assert callable(load)
    try:
        run: Run = load()
    except Exception as error:  # noqa: BLE001 - whatever it is, the parent must know
        channel.send(_failure(error))
        return
    # What was loaded stays: the collector need not look at it in every call.
    gc.collect()
    gc.freeze()
    channel.send(Ready())
    while True:
        match channel.receive():
            case Call(arguments):
                _answer(channel, run, arguments)
            case Cancel():
                pass  # it crossed with the end of its call
            case frame:
                raise AssertionError(f"the parent sent {type(frame)}")


def _answer(channel: _Channel, run: Run, arguments: tuple[object, ...]) -> None:
    try:
        for item in run(*arguments):
            channel.send(Item(item))
            if channel.has_news():
                assert isinstance(channel.receive(), Cancel)
                break
    except OSError:
        raise
    except Exception as error:  # noqa: BLE001 - a bug in one call must not end the rest
        channel.send(_failure(error))
    else:
        channel.send(Done())


def _failure(error: Exception) -> Failed:
    if isinstance(error, StageError):
        return Failed(error.stage, error.reason, error.detail)
    if not isinstance(error, VoiceError):
        _leave_trace(error)
    return Failed(None, "error", f"{type(error).__name__}: {error}")


def _leave_trace(error: Exception) -> None:
    """Write where a bug is, without its message, which may hold what was said."""
    lines = traceback.format_tb(error.__traceback__)
    sys.stderr.write(f"{type(error).__name__} in\n{''.join(lines)}")


def _die_with_parent() -> None:
    """Leave no orphan on the GPU when the gateway is killed (Linux)."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


def main() -> None:
    """Run in the child; the parent gave the number of the socket as argument."""
    _die_with_parent()
    faulthandler.enable()
    # The terminal sends Ctrl-C to the whole group; the parent decides what ends.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=int(sys.argv[1])) as connection:
        try:
            serve(connection)
        except (EOFError, ConnectionError):
            return
