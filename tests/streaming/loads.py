"""Stages for worker processes, some of them as badly behaved as stages can be."""

import ctypes
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

from voice.errors import ConfigError, Stage, StageError


def load():
    """A stage that does what its first argument says."""
    return obey


def refuse():
    raise ConfigError("models/nothing: there is no such model")


def obey(order: str, *rest: object) -> Iterator[object]:
    match order, rest:
        case "echo", (value,):
            yield value
        case "process", ():
            yield os.getpid()
        case "count", (int(end),):
            for number in range(end):
                time.sleep(0.01)
                yield number
        case "fail", ():
            raise StageError(Stage.RESPONSE, "unsupported", "no such thing")
        case "bug", ():
            raise ZeroDivisionError("planted")
        case "bug about", (str(text),):
            raise ValueError(text)
        case "crash", ():
            os.kill(os.getpid(), signal.SIGSEGV)
        case "crash after one", ():
            yield 1
            os.kill(os.getpid(), signal.SIGKILL)
        case "crash once", (str(marker),):
            if not Path(marker).exists():
                Path(marker).touch()
                os.kill(os.getpid(), signal.SIGKILL)
            yield "the second time"
        case "hang", ():
            # A native call, which no Python signal handler or thread could end.
            ctypes.CDLL(None).sleep(600)
        case "wait for", (str(marker),):
            while not Path(marker).exists():
                time.sleep(0.01)
            yield marker
        case "sleep", (float(seconds),):
            time.sleep(seconds)
            yield seconds
