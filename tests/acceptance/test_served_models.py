"""`parley serve` with everything on other servers: words, answers, tools."""

import json
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="the extra tools is not installed")
pytest.importorskip("httpx", reason="the extra llm is not installed")

from websockets.sync.client import connect

from tests.streaming.voxtral_server import MODEL, voxtral

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


@pytest.fixture
def model():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.streaming.chat_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    yield f"http://127.0.0.1:{int(process.stdout.readline())}/v1"
    process.communicate(timeout=10)


@pytest.fixture
def config(tmp_path, model):
    """A configuration file; the tools are a process of the server's."""
    run = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['', 'stdio', 'j']"
    )
    code = f"{run}; from tests.streaming.tool_server import main; main()"
    tools = tmp_path / "tools.toml"
    tools.write_text(
        f"[servers.t]\ncommand = {json.dumps([sys.executable, '-c', code])}\n"
        '[servers.dead]\nurl = "http://127.0.0.1:9/mcp"\n'
        '[risks]\n"t.look" = "read"\n',
        encoding="utf-8",
    )
    with voxtral() as fake:
        file = tmp_path / "parley.toml"
        file.write_text(
            f'[conversation]\nlanguages = ["en"]\n'
            f'[voxtral]\nurl = "{fake.url}"\nmodel = "{MODEL}"\n'
            f'[llm]\nurl = "{model}"\nmodel = "tiny"\nfirst_piece_s = 30.0\n'
            f'[tools]\nfile = "tools.toml"\n',
            encoding="utf-8",
        )
        yield file


def until(socket, type_):
    """Everything up to a message of that type, which is the last; and the audio."""
    messages, audio = [], 0
    while not messages or messages[-1]["type"] != type_:
        frame = socket.recv(timeout=60)
        if isinstance(frame, bytes):
            audio += len(frame)
        else:
            messages.append(json.loads(frame))
    return messages, audio


def test_the_model_answers_with_its_tools_and_a_dead_server_stops_nothing(config):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "streaming", "serve"),
            *("--port", "0", "--json", "--config", str(config)),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    url = json.loads(process.stdout.readline())["url"]
    http = url.replace("ws", "http", 1).replace("/v1/stream", "/readyz")
    with urllib.request.urlopen(http) as answer:
        ready = json.load(answer)
    assert ready["ready"]
    assert ready["tools"]["dead"] is False
    with connect(url, proxy=None) as socket:
        created, _ = until(socket, "session.created")
        assert created[-1]["languages"] == ["en"]
        while not json.load(urllib.request.urlopen(http))["tools"]["t"]:
            time.sleep(0.2)
        socket.send(json.dumps({"type": "parley.text", "text": "call t__look {}"}))
        messages, audio = until(socket, "response.output_audio.done")
        said = [m for m in messages if m["type"].endswith("audio_transcript.done")]
        assert said[-1]["transcript"].strip() == "done: It is raining."
        used = [m["state"] for m in messages if m["type"] == "parley.tool"]
        assert used == ["running", "done"]
        assert audio > 10_000
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=60) == 0
    process.stdout.close()
