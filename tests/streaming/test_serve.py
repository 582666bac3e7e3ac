"""`parley serve` obeys signals, whatever it is doing."""

import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from streaming import running
from streaming.config import Config
from voice.errors import ConfigError

ROOT = Path(__file__).parents[2]

HANG = 30
"""Seconds; far more than it takes to stop, and less than what hangs here."""

LOADING = """
import time
from functools import partial
from streaming import running
from streaming.cli import main
from streaming.inference import Deadlines, Loaders, WorkerStages
slow = partial(time.sleep, 90)
loaders = Loaders(recognizer=slow, responder=slow, synthesizer=slow)
running.worker_stages = lambda _: WorkerStages(loaders, deadlines=Deadlines())
running.served_languages = lambda _: ("en",)
raise SystemExit(main(["serve", "--port", "0"]))
"""

DRAINING = """
import asyncio, contextlib, types
from streaming.cli import main
from streaming.commands import serve

@contextlib.asynccontextmanager
async def running(config):
    yield types.SimpleNamespace(url="ws://a/v1/stream", languages=("en",), doors={})
    await asyncio.sleep(90)

serve.running = running
raise SystemExit(main(["serve"]))
"""


def told(program: str, *awaited: str) -> tuple[int, str]:
    """Exit code and output of a server that gets SIGTERM after each of those lines."""
    with subprocess.Popen(
        [sys.executable, "-c", program],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        seen = ""
        try:
            for text in awaited:
                while text not in seen:
                    line = process.stdout.readline()
                    assert line, seen
                    seen += line
                process.send_signal(signal.SIGTERM)
            rest, _ = process.communicate(timeout=HANG)
        finally:
            process.kill()
        return process.returncode, seen + rest


def test_it_stops_while_models_load() -> None:
    code, output = told(LOADING, "loading models")
    assert code == 0
    assert "listening" not in output
    assert "Traceback" not in output


def test_a_second_signal_stops_it_at_once() -> None:
    code, output = told(DRAINING, "Ctrl-C", "finishing running turns")
    assert code == 1
    assert output.splitlines()[-1] == "stopped at once: asked twice"
    assert "Traceback" not in output


async def test_a_port_in_use_is_told_before_anything_is_loaded(monkeypatch) -> None:
    monkeypatch.setattr(
        running, "served_languages", lambda _: pytest.fail("models are looked at")
    )
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        config = Config(server=replace(Config().server, port=port))
        with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1:{port}"):
            async with running.running(config):
                pytest.fail("two servers on one port")
