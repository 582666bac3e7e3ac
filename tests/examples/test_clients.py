"""The minimal clients, each as a program of its own that talks to a real server."""

import asyncio
import contextlib
import json
import re
import shutil
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.streaming.wire import serving
from voice.audio import Pcm
from voice.testing import spoken

EXAMPLES = Path(__file__).parents[2] / "examples"

QUESTION = "licht an"
"""The server of these tests answers with what was said, in a hum."""

ANSWER_MS = 50 * len(QUESTION)

PATIENCE = 30.0


@pytest.fixture
def question(tmp_path):
    path = tmp_path / "question.wav"
    write(path, spoken(QUESTION, "de"))
    return path


def write(path, pcm):
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(pcm.rate)
        file.writeframes(pcm.to_bytes())


def read(path):
    with wave.open(str(path)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        data = file.readframes(file.getnframes())
        return Pcm.of_bytes(data, file.getframerate())


async def ran(*command):
    """The output of a program that ends by itself, and well."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    async with asyncio.timeout(PATIENCE):
        output, _ = await process.communicate()
    assert process.returncode == 0, output.decode()
    return output.decode()


def node():
    """Node with a WebSocket of its own."""
    program = shutil.which("node")
    if program is None:
        pytest.skip("node is not installed")
    version = subprocess.run(
        [program, "--version"], check=True, capture_output=True, text=True
    )
    major = int(re.match(r"v(\d+)", version.stdout)[1])
    if major < 20:
        pytest.skip(f"node {major} has no WebSocket; 20 has it behind an option")
    return [program] if major >= 22 else [program, "--experimental-websocket"]


def assert_answered(pcm):
    assert pcm.rate == 24_000
    assert abs(pcm.duration - ANSWER_MS) <= 60
    assert np.abs(pcm.samples).max() > 1000


@pytest.mark.parametrize("language", ["python", "javascript"])
async def test_a_recording_is_heard_and_answered(language, question, tmp_path):
    program = (
        [sys.executable, EXAMPLES / "client.py"]
        if language == "python"
        else [*node(), EXAMPLES / "client.mjs"]
    )
    answer = tmp_path / "answer.wav"
    async with serving() as served:
        output = await ran(*program, question, answer, served.url)
    assert f"heard    {QUESTION}\n" in output
    assert f"answered {QUESTION}\n" in output
    assert_answered(read(answer))


@pytest.fixture
def device(tmp_path):
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        pytest.skip("no C compiler is installed")
    program = tmp_path / "client"
    sources = [EXAMPLES / "client.c", EXAMPLES / "board_posix.c"]
    flags = ["-Wall", "-Wextra", "-Werror", "-Wno-unused-result", "-O1"]
    subprocess.run([compiler, *flags, "-o", program, *sources], check=True)
    return program


async def test_a_small_device_converses_until_it_is_switched_off(device, tmp_path):
    raw = tmp_path / "question.raw"
    raw.write_bytes(spoken(QUESTION, "de").to_bytes())
    answer = tmp_path / "answer.raw"
    async with serving() as served:
        with raw.open("rb") as microphone, answer.open("wb") as speaker:
            process = await asyncio.create_subprocess_exec(
                device,
                "127.0.0.1",
                str(served.port),
                stdin=microphone,
                stdout=speaker,
                stderr=subprocess.PIPE,
            )
            try:
                async with asyncio.timeout(PATIENCE):
                    shown = [json.loads(await process.stderr.readline())]
                    while shown[-1].get("type") != "response.done":
                        shown.append(json.loads(await process.stderr.readline()))
            finally:
                with contextlib.suppress(ProcessLookupError):
                    process.kill()
                await process.communicate()
    assert [m["transcript"] for m in shown if "transcript" in m] == [QUESTION] * 2
    assert shown[-1]["status"] == "completed"
    assert_answered(Pcm.of_bytes(answer.read_bytes(), 24_000))


@contextlib.asynccontextmanager
async def switched_on(device, *arguments):
    """The program of a device that says nothing, until it is switched off."""
    process = await asyncio.create_subprocess_exec(
        *map(str, [device, *arguments]),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.communicate()


async def test_a_device_is_admitted_by_its_key_and_refused_without(device, tmp_path):
    key = "a-key-of-sixteen-characters"
    keys = tmp_path / "keys"
    keys.write_text(f"{key}\n")
    async with serving(api_keys=str(keys)) as served:
        for wrong in ((), ("another-key-of-sixteen",)):
            process = switched_on(device, "127.0.0.1", served.port, *wrong)
            async with process as refused, asyncio.timeout(PATIENCE):
                assert b" 401 " in await refused.stderr.read()
                assert await refused.wait() == 1
        process = switched_on(device, "127.0.0.1", served.port, key)
        async with process as admitted, asyncio.timeout(PATIENCE):
            greeting = json.loads(await admitted.stderr.readline())
            assert greeting["type"] == "session.created"


@pytest.mark.parametrize("size", [0, 5, 125])
async def test_a_device_sends_frames_in_the_shortest_form(device, size):
    ping, frames = b"p" * size, asyncio.Queue()

    async def converse(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
        writer.write(bytes([0x89, size]) + ping)
        for _ in range(4):
            head = await reader.readexactly(2)
            length = head[1] & 0x7F
            if length == 126:
                length = int.from_bytes(await reader.readexactly(2), "big")
                assert length > 125
            mask, payload = (
                await reader.readexactly(4),
                await reader.readexactly(length),
            )
            assert (head[1] & 0x80, mask) == (0x80, bytes(4))
            frames.put_nowait((head[0], payload))
        writer.close()

    peer = await asyncio.start_server(converse, "127.0.0.1", 0)
    port = peer.sockets[0].getsockname()[1]
    async with peer, switched_on(device, "127.0.0.1", port):
        async with asyncio.timeout(PATIENCE):
            got = [await frames.get() for _ in range(4)]
    assert (0x8A, ping) in got
    assert {len(payload) for kind, payload in got if kind == 0x82} == {640}


@pytest.mark.parametrize("name", ["client.py", "client.mjs", "client.c"])
def test_it_stays_minimal(name):
    assert len((EXAMPLES / name).read_text(encoding="utf-8").splitlines()) < 60
