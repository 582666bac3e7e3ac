"""The commands as a person runs them: real processes, real models, real sockets."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import urllib.request
import wave
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "audio_fixtures"
PARLEY = [sys.executable, "-m", "streaming"]

pytestmark = pytest.mark.timeout(120)


def parley(*words, check=True):
    return subprocess.run(
        [*PARLEY, *map(str, words)],
        capture_output=True,
        text=True,
        check=check,
        cwd=ROOT,
        timeout=110,
    )


@pytest.fixture(scope="module")
def server():
    """A server of its own process, stopped the way an operator stops it."""
    process = subprocess.Popen(
        [*PARLEY, "serve", "--port", "0", "--json", "--languages", "en,de"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    assert process.stdout is not None
    ready = json.loads(process.stdout.readline())
    yield ready["url"]
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=40) == 0
    process.stdout.close()


@pytest.mark.slow
def test_recordings_are_spoken_and_answered(server, tmp_path):
    files = [FIXTURES / "en" / "what_time.flac", FIXTURES / "noise" / "white.flac"]
    out = parley(
        "talk", *files, "--url", server, "--language", "en", "--json", "--out", tmp_path
    ).stdout
    answered, silent = (json.loads(line) for line in out.splitlines())
    assert answered["file"] == str(files[0])
    assert answered["language"] == "en"
    assert answered["transcript"]
    assert answered["reply"]
    assert answered["reply_audio_s"] > 0.3
    assert 0 < answered["endpointing_ms"] <= answered["voice_to_voice_ms"]
    with wave.open(str(next(tmp_path.glob("*.wav")))) as reply:
        seconds = reply.getnframes() / reply.getframerate()
    assert seconds == pytest.approx(answered["reply_audio_s"], abs=0.01)
    assert silent["transcript"] == ""
    assert silent["voice_to_voice_ms"] is None


@pytest.mark.slow
def test_a_play_is_printed_for_people(server):
    out = parley("talk", FIXTURES / "de" / "wie_spaet.flac", "--url", server).stdout
    for word in ("Deutsch", "heard", "understood", "answered", "after"):
        assert word in out


@pytest.mark.slow
def test_the_benchmark_prints_every_measure(server):
    out = parley(
        "bench", "--url", server, "--turns", "2", "--sessions", "2", "--json"
    ).stdout
    summary = json.loads(out)
    assert summary["turns"] >= 4
    for measure in ("voice_to_voice_ms", "endpointing_ms", "first_audio_ms"):
        assert summary[measure]["p50"] <= summary[measure]["p99"]
    assert set(summary["real_time_factor"]) == {"recognition", "response", "synthesis"}
    assert summary["machine"]["cores"] == len(os.sched_getaffinity(0))


def test_health_and_metrics_are_on_the_same_port(server):
    base = server.replace("ws://", "http://").removesuffix("/v1/stream")
    for path, expected in (
        ("/healthz", "alive"),
        ("/readyz", '"ready": true'),
        ("/metrics", "parley_sessions_active"),
    ):
        with urllib.request.urlopen(base + path, timeout=5) as response:
            assert expected in response.read().decode()


def test_a_port_in_use_is_one_clear_line(server):
    port = server.rpartition(":")[2].partition("/")[0]
    refused = parley("serve", "--port", port, "--languages", "en", check=False)
    assert refused.returncode == 2
    assert f"cannot listen on 127.0.0.1:{port}" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_nobody_listening_is_one_clear_line():
    file = FIXTURES / "en" / "what_time.flac"
    refused = parley("talk", file, "--url", "ws://127.0.0.1:9/v1/stream", check=False)
    assert refused.returncode == 2
    assert refused.stderr.count("\n") == 1
    assert "no server answers" in refused.stderr


@pytest.mark.slow
async def test_a_timer_that_ends_is_announced(server):
    """Typed, so that it does not hang on the recogniser."""
    from streaming.client import connected
    from streaming.messages import TextInput

    async with connected(server) as client:
        await client.send(TextInput(text="set a timer for 2 seconds", language="en"))
        async with asyncio.timeout(15):
            await client.wait_in_the_room(
                lambda: 2 in client.turns and client.turns[2].done is not None
            )
        assert client.turns[1].intent.name == "HassStartTimer"
        assert client.turns[2].audio
        assert "timer" in client.turns[2].reply.lower()
