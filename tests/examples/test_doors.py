"""The example of each door, as a program of its own, against a server as it ships."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import pytest_asyncio

from tests.streaming.page.browser import CHROMIUM
from voice.audio import read_audio

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]

DOORS = ROOT / "examples" / "doors"

PEERS = Path(os.environ.get("PARLEY_PEERS") or ROOT / ".venv-peers") / "bin" / "python"
"""Pipecat has an environment of its own, in which nothing of ours is installed."""

SENTENCE = "turn on the kitchen lamp"

START_S, PATIENCE_S = 180.0, 120.0
"""A machine that others use takes its time; a quiet one starts in a few seconds."""


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def doors():
    """Where the doors of a real server are, by their names."""
    for extra in ("uvicorn", "starlette", "av"):
        pytest.importorskip(extra, reason="the extra `rest`")
    options = ["--port=0", "--wyoming=127.0.0.1:0", "--rest=127.0.0.1:0", "--json"]
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "streaming", "serve", "--log=error", *options],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(START_S):
            ready = json.loads(await process.stdout.readline())
        page = ready["url"].replace("ws://", "http://").removesuffix("v1/stream")
        realtime = ready["url"].replace("/stream", "/realtime?model=parley")
        yield ready | {"page": page, "openai": f"{page}v1", "realtime": realtime}
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()


@pytest.fixture(scope="module")
def question(tmp_path_factory):
    """Somebody says `SENTENCE`, at the rate that the API of OpenAI wants."""
    pcm = read_audio(ROOT / "audio_fixtures" / "en" / "kitchen_lamp_on.flac")
    path = tmp_path_factory.mktemp("question") / "question.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 24_000, 0, "NONE", ""))
        file.writeframes(pcm.resampled(24_000).to_bytes())
    return path


async def ran(name, *arguments, python=sys.executable):
    """The lines that an example prints; it ends by itself, and well."""
    environment = {**os.environ, "OPENAI_AGENTS_DISABLE_TRACING": "1"}
    environment.pop("PYTHONPATH", None)  # it needs nothing of ours
    process = await asyncio.create_subprocess_exec(
        *map(str, [python, DOORS / name, *arguments]),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
    )
    try:
        async with asyncio.timeout(PATIENCE_S):
            output, complaints = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode == 0, complaints.decode()
    return output.decode().splitlines()


async def test_stream(doors, question):
    heard, answered = await ran("stream.py", doors["url"], question)
    assert heard == SENTENCE
    assert answered


async def test_realtime(doors, question):
    pytest.importorskip("openai", reason="OpenAI's own client")
    heard, answered = await ran("realtime.py", doors["openai"], question)
    assert heard == SENTENCE
    assert answered


async def test_realtime_agent(doors, question):
    pytest.importorskip("agents", reason="the package openai-agents")
    said = await ran("realtime_agent.py", doors["realtime"], question)
    assert said == ["turn_on light.kitchen", "answered"]


async def test_realtime_pipecat(doors, question):
    if not PEERS.exists():
        pytest.skip("pipecat is not installed: make peers")
    address = doors["realtime"].partition("?")[0]
    (answered,) = await ran("realtime_pipecat.py", address, question, python=PEERS)
    assert answered.startswith("Turn")


async def test_rest(doors, question, tmp_path):
    pytest.importorskip("openai", reason="OpenAI's own client")
    said = tmp_path / "said.wav"
    assert await ran("rest.py", doors["rest"], question, said) == [SENTENCE]
    speech = read_audio(said)
    assert speech.rate == 24_000
    assert speech.duration > 500
    assert np.abs(speech.samples).max() > 1000


async def test_wyoming(doors, question):
    pytest.importorskip("wyoming", reason="the client of Home Assistant")
    heard, answered, spoken = await ran("wyoming_client.py", doors["wyoming"], question)
    assert heard == SENTENCE
    assert answered
    assert int(spoken.split()[0]) > 20_000


async def test_page(doors, monkeypatch):
    pytest.importorskip("playwright", reason="playwright drives the browser")
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: install one, or set PARLEY_CHROMIUM")
    monkeypatch.setenv("PARLEY_CHROMIUM", CHROMIUM)
    (answered,) = await ran("page.py", doors["page"], SENTENCE)
    assert answered


async def test_each_example_is_tried_and_short():
    names = {path.stem for path in DOORS.glob("*.py")}
    tried = {name.removeprefix("test_") for name in globals()}
    assert {name.removesuffix("_client") for name in names} <= tried
    for path in DOORS.glob("*.py"):
        assert len(path.read_text(encoding="utf-8").splitlines()) < 60
