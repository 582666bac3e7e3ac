"""The examples of the documents, to the letter but for addresses, at a server as it ships.

Its configuration is what the documents say, too.
"""

import asyncio
import json
import os
import re
import shlex
import shutil
import sys
import tomllib
import xml.etree.ElementTree as ET
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
import pytest_asyncio
from websockets.asyncio.client import connect

from streaming.config import load_config
from streaming.protocols.twilio import signature
from streaming.served_models import VoxtralConfig
from tests.examples.documents import EXAMPLES, PAGES, ROOT, block
from tests.examples.place import (
    PATIENCE_S,
    Place,
    chat_server,
    merged,
    prepare,
    write_wav,
    written,
)
from tests.examples.test_clients import node
from tests.streaming import voxtral_server
from tests.streaming.page.browser import CHROMIUM
from tests.voice.responders.tiny_generator import write_tiny_generator
from voice.audio import Pcm, read_audio
from voice.errors import ConfigError
from voice.events import Millis
from voice.testing import spoken

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SENTENCE = "turn on the kitchen lamp"
ANSWER = "Turned on"

PEERS = Path(os.environ.get("PARLEY_PEERS") or ROOT / ".venv-peers") / "bin" / "python"
"""Pipecat has an environment of its own: `make setup-peers`."""

MISSING = re.compile(r": there is no (file|directory) ")

TOKEN = "0123456789abcdef"
"""Of nobody's account with Twilio."""

DEADLINES = (
    *(
        f"workers.{stage}_deadline_s"
        for stage in ("recognize", "respond", "synthesize")
    ),
    *("llm.first_piece_s", "llm.between_pieces_s"),
)
"""On a machine that others use they would decide what is answered."""

START_S = 200.0
"""A machine that others use takes its time; a quiet one needs a few seconds."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("examples")
    prepare(folder)
    return folder


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def place(folder):
    """A server with all doors open, configured by the documents."""
    for extra in ("uvicorn", "starlette", "av", "mcp", "httpx"):
        pytest.importorskip(extra, reason="an extra of the server")
    (folder / "twilio-token").write_text(f"{TOKEN}\n")
    (folder / "notes.py").write_text(block("tools", "python", "notes.py"))
    (folder / "tools.toml").write_text(block("tools", "toml", "tools.toml"))
    with chat_server() as model:
        place = Place(folder, {"http://127.0.0.1:8000": model})
        doors = [block(door, "toml") for door in ("twilio", "xiaozhi", "llm")]
        config = folder / "all.toml"
        config.write_text(written(merged(*map(place.here, doors))))
        options = ["--port=0", "--rest=127.0.0.1:0", "--wyoming=127.0.0.1:0"]
        languages = ["--languages=en", "--log=error", "--json"]
        patience = [f"--set={key}=60" for key in DEADLINES]
        command = ["parley", "serve", f"--config={config}", *options, *languages]
        command += patience
        async with place.started("sh", "-c", f"exec {' '.join(command)}") as server:
            async with asyncio.timeout(START_S):
                line = await server.stdout.readline()
            assert line, (await server.stderr.read()).decode()
            ready = json.loads(line)
            port = str(urlsplit(ready["url"]).port)
            place.addresses |= {
                "127.0.0.1:8765": f"127.0.0.1:{port}",
                "127.0.0.1 8765": f"127.0.0.1 {port}",
                "127.0.0.1:8766": urlsplit(ready["rest"]).netloc,
                "127.0.0.1:10300": urlsplit(ready["wyoming"]).netloc,
                "wss://voice.example": f"ws://127.0.0.1:{port}",
                "ws://voice.lan:8765": f"ws://127.0.0.1:{port}",
                "/usr/bin/chromium": CHROMIUM or "chromium",
            }
            yield place


async def asked(place, text):
    """What a session is told of a typed turn, up to the end of its answer."""
    url = place.here("ws://127.0.0.1:8765/v1/stream")
    async with connect(url) as socket, asyncio.timeout(PATIENCE_S):
        await socket.send(json.dumps({"type": "parley.text", "text": text}))
        told = []
        async for frame in socket:
            if isinstance(frame, str):
                told.append(json.loads(frame))
                if told[-1]["type"] == "response.done":
                    break
        return told


# --- Doors in -------------------------------------------------------------------


async def test_stream(place):
    message = json.loads(await place.python("stream"))
    assert message["transcript"].startswith(ANSWER)


async def test_clients(place):
    commands = block("clients", "sh").splitlines()
    own, python, node_command = commands
    assert f"heard      {SENTENCE}" in await place.shell(own)
    (answer,) = (place.folder / "answers").glob("*.wav")
    assert read_audio(answer).duration > 500
    assert f"heard    {SENTENCE}" in await place.shell(python)
    assert read_audio(place.folder / "answer.wav").duration > 500
    code = node_command.replace("node ", f"{shlex.join(node())} ", 1)
    assert f"heard    {SENTENCE}" in await place.shell(code)


async def test_device(place):
    if shutil.which("cc") is None:
        pytest.skip("no C compiler is installed")
    code = place.here(block("device", "sh"))
    async with place.started("sh", "-e", "-c", code) as device:
        async with asyncio.timeout(PATIENCE_S):
            said = {"type": ""}
            while said["type"] != "response.output_audio_transcript.done":
                said = json.loads(await device.stderr.readline())
    assert said["transcript"].startswith(ANSWER)


async def test_realtime(place):
    pytest.importorskip("openai", reason="OpenAI's own client")
    assert (await place.python("realtime")).startswith(ANSWER)


async def test_agents(place):
    pytest.importorskip("agents", reason="the package openai-agents")
    assert await place.python("agents") == "audio_end\n"


async def test_rest(place):
    pytest.importorskip("openai", reason="OpenAI's own client")
    assert await place.python("rest") == f"{SENTENCE}\n"
    said = read_audio(place.folder / "said.mp3")
    assert said.duration > 500
    assert np.abs(said.samples).max() > 1000


async def test_curl(place):
    if shutil.which("curl") is None:
        pytest.skip("curl is not installed")
    heard, _, _ = (await place.shell(block("curl", "sh"))).partition("}")
    assert SENTENCE in heard
    assert read_audio(place.folder / "morning.mp3").duration > 500


async def test_wyoming(place):
    pytest.importorskip("wyoming", reason="the client of Home Assistant")
    assert await place.python("wyoming") == f"{SENTENCE}\n"


async def test_page(place):
    pytest.importorskip("playwright", reason="playwright drives the browser")
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: install one, or set PARLEY_CHROMIUM")
    assert (await place.python("page")).startswith(ANSWER)


async def test_twilio(place):
    config = tomllib.loads(block("twilio", "toml"))
    response = ET.fromstring(block("twilio", "xml"))
    stream = response.find("Connect/Stream")
    assert stream.get("url") == config["twilio"]["url"]
    parameters = {p.get("name"): p.get("value") for p in stream.findall("Parameter")}
    signed = {"X-Twilio-Signature": signature(stream.get("url"), TOKEN)}
    url = place.here(stream.get("url"))
    async with connect(url, additional_headers=signed) as call:
        start = {"streamSid": "MZ1", "customParameters": parameters}
        await call.send(json.dumps({"event": "start", "start": start}))
        async with asyncio.timeout(PATIENCE_S):
            greeting = json.loads(await call.recv())
    assert (greeting["event"], greeting["streamSid"]) == ("media", "MZ1")


async def test_xiaozhi(place):
    given = json.loads(block("xiaozhi", "json"))["websocket"]
    headers = {
        "Authorization": f"Bearer {given['token']}",
        "Protocol-Version": str(given["version"]),
    }
    audio = {
        "format": "opus",
        "sample_rate": 16000,
        "channels": 1,
        "frame_duration": 60,
    }
    hello = {"type": "hello", "version": given["version"], "transport": "websocket"}
    async with connect(place.here(given["url"]), additional_headers=headers) as device:
        await device.send(json.dumps({**hello, "audio_params": audio}))
        async with asyncio.timeout(PATIENCE_S):
            answer = json.loads(await device.recv())
    assert (answer["type"], answer["transport"]) == ("hello", "websocket")


# --- Programs that do more than five lines can ----------------------------------


async def program(place, name, address, python=sys.executable):
    """The lines that a program prints about somebody who says `SENTENCE`."""
    path = ROOT / "examples" / "doors" / name
    said = await place.ran(python, path, place.here(address), "question-24k.wav")
    return said.splitlines()


async def test_an_agent_calls_a_function(place):
    pytest.importorskip("agents", reason="the package openai-agents")
    address = "ws://127.0.0.1:8765/v1/realtime?model=parley"
    said = await program(place, "realtime_agent.py", address)
    assert said == ["turn_on light.kitchen", "answered"]


async def test_pipecat(place):
    if not PEERS.exists():
        pytest.skip("pipecat is not installed: make setup-peers")
    address = "ws://127.0.0.1:8765/v1/realtime"
    (answered,) = await program(place, "realtime_pipecat.py", address, PEERS)
    assert answered.startswith(ANSWER)


async def test_a_turn_as_home_assistant_has_it(place):
    pytest.importorskip("wyoming", reason="the client of Home Assistant")
    heard, answered, speech = await program(
        place, "wyoming_client.py", "tcp://127.0.0.1:10300"
    )
    assert heard == SENTENCE
    assert answered.startswith(ANSWER)
    assert int(speech.split()[0]) > 20_000


# --- Doors out ------------------------------------------------------------------


async def test_llm(place):
    told = await asked(place, "say hello over there")
    (answer,) = [m["transcript"] for m in told if m["type"].endswith("transcript.done")]
    assert answer.strip() == "hello over there"


async def test_tools(place):
    told = await asked(place, 'call notes__add {"text": "milk"}')
    states = [m["state"] for m in told if m["type"] == "parley.tool"]
    assert states == ["running", "done"]
    (answer,) = [m["transcript"] for m in told if m["type"].endswith("transcript.done")]
    assert answer.strip() == "done: noted: milk"


# --- Other models ---------------------------------------------------------------


def transcription(door):
    """The command of an example that puts a recording into words; its folder."""
    lines = block(door, "sh").splitlines()
    (command,) = [line for line in lines if line.startswith("parley transcribe")]
    return command, command.split()[-1]


def over_a_voice(tones):
    """Tones with somebody in the background: for the gate, which knows only voices."""
    voice = read_audio(ROOT / "audio_fixtures" / "en" / "kitchen_lamp_on.flac")
    sound = 0.3 * voice.resampled(16_000).to_floats()
    begin = 16_000 * 3 // 10
    sound[begin : begin + len(tones)] += tones.to_floats()
    return Pcm.of_floats(sound, 16_000)


@pytest.mark.parametrize(
    ("door", "package"), [("onnx-asr", "onnx_asr"), ("sherpa", "sherpa_onnx")]
)
async def test_recognizers(folder, tmp_path, door, package):
    pytest.importorskip(package, reason=f"needs the extra {door}")
    pytest.importorskip("onnx", reason="onnx writes the models of tests")
    from tests.voice.recognizers.tone_models import said, write_onnx_asr, write_sherpa

    command, name = transcription(door)
    if door == "sherpa":
        write_sherpa(tmp_path / name, "streaming nemo transducer")
    else:
        write_onnx_asr(tmp_path / name, "tdt")
    (tmp_path / "bin").symlink_to(folder / "bin")
    tones = over_a_voice(said("turn", "on", "light"))
    write_wav(tmp_path / "question.wav", tones)
    assert "[en] turn on light" in await Place(tmp_path, {}).shell(command)


async def test_voxtral(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(voxtral_server, "MODEL", VoxtralConfig().model)
    (tmp_path / "bin").symlink_to(folder / "bin")
    quiet = Pcm.silence(Millis(500), 16_000)
    write_wav(
        tmp_path / "question.wav",
        Pcm.joined([quiet, spoken(SENTENCE, "en", rate=16_000), quiet], 16_000),
    )
    with voxtral_server.voxtral() as fake:
        place = Place(tmp_path, {"ws://127.0.0.1:8000/v1/realtime": fake.url})
        (tmp_path / "parley.toml").write_text(place.here(block("voxtral", "toml")))
        found = await place.shell(
            "parley doctor --config parley.toml --port 0 --json || true"
        )
    assert json.loads(found)["voxtral"] == {"name": fake.url, "works": True}


async def test_language_models(folder, tmp_path):
    (tmp_path / "bin").symlink_to(folder / "bin")
    (tmp_path / "qwen").mkdir()
    write_tiny_generator(tmp_path / "qwen")
    (tmp_path / "parley.toml").write_text(block("language-models", "toml"))
    command = "parley doctor --config parley.toml --port 0 --json"
    found = json.loads(await Place(tmp_path, {}).shell(command))
    assert found["language_model"]["works"]
    assert found["assistant"]["directory"].endswith("qwen")


# --- All of them ----------------------------------------------------------------


async def test_each_example_is_run_and_has_five_lines():
    tried = {name.removeprefix("test_").replace("_", "-") for name in globals()}
    tried |= {"onnx-asr", "sherpa"}  # by one test
    assert {"stream", "realtime", "rest", "wyoming", "page"} <= EXAMPLES.keys()
    whole = {door for door in EXAMPLES if door != "home-assistant-tools"}
    assert whole <= tried
    blocks = [b for door in whole for b in EXAMPLES[door]]
    assert {b.file or b.page: len(b.lines) for b in blocks if len(b.lines) > 5} == {}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
async def test_the_settings_in_the_documents_exist(page, tmp_path):
    text = page.read_text(encoding="utf-8")
    for number, part in enumerate(text.split("```toml\n")[1:]):
        code = part.partition("```")[0]
        if "[servers." in code:
            continue  # a file of tools
        path = tmp_path / f"{number}.toml"
        path.write_text(code, encoding="utf-8")
        try:
            load_config(path, {})
        except ConfigError as error:
            # The files of the reader are the only thing that may be missing.
            faults = str(error).splitlines()
            assert [f for f in faults if not MISSING.search(f)] == []
