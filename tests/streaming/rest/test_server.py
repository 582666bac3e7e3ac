"""Models, keys, and what is answered to those who ask wrongly."""

import asyncio
import json
import socket

import httpx
import pytest

pytest.importorskip("openai", reason="the stock client of OpenAI")
pytest.importorskip("uvicorn", reason="the extra `rest`")
pytest.importorskip("av", reason="the extra `rest`")

import openai

from streaming.inference import InlineStages
from tests.streaming.rest.audio_server import client, recording, serving
from voice.audio import Pcm
from voice.errors import ConfigError
from voice.events import Millis
from voice.languages import LANGUAGES
from voice.testing import EchoResponder, SpellingRecognizer, ToneSynthesizer


async def test_models_are_listed(stock):
    models = [model async for model in stock.models.list()]
    assert {model.owned_by for model in models} == {"parley"}
    assert (await stock.models.retrieve(models[0].id)).id == models[0].id
    with pytest.raises(openai.NotFoundError) as caught:
        await stock.models.retrieve("gpt-9")
    assert caught.value.code == "model_not_found"


async def test_open_webui_finds_voices_and_models_without_a_key():
    async with serving(keys=["the-right-key"]) as server, httpx.AsyncClient() as http:
        voices = (await http.get(f"{server.url}/audio/voices")).json()["voices"]
        models = (await http.get(f"{server.url}/audio/models")).json()["models"]
        assert (await http.get(f"{server.url}/models")).status_code == 401
    assert {voice["id"] for voice in voices} == {f"parley-{tag}" for tag in LANGUAGES}
    assert all(voice["name"] for voice in voices)
    assert all(model["id"] for model in models)


async def test_a_key_opens_and_none_or_another_does_not():
    async with serving(keys=["the-right-key", "another-right-key"]) as server:
        for key in ("the-right-key", "another-right-key"):
            async with client(server, key=key) as stock:
                assert [model async for model in stock.models.list()]
        async with client(server, key="the-wrong-key") as stock:
            with pytest.raises(openai.AuthenticationError) as caught:
                await stock.models.list()
        assert caught.value.code == "invalid_api_key"
        assert "the-wrong-key" not in str(caught.value)


async def test_more_requests_than_there_is_room_for_are_told_to_come_back():
    begun, enough = asyncio.Event(), asyncio.Event()

    class Busy(InlineStages):
        async def transcribe(self, pcm, candidates, *, priority):
            begun.set()
            await enough.wait()
            return await super().transcribe(pcm, candidates, priority=priority)

    busy = Busy(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
    async with serving(stages=busy, max_requests=1) as server, client(server) as stock:
        first = asyncio.create_task(
            stock.audio.transcriptions.create(file=recording("one"), model="x")
        )
        await begun.wait()
        with pytest.raises(openai.RateLimitError) as caught:
            await stock.models.list()
        assert caught.value.response.headers["retry-after"]
        enough.set()
        assert (await first).text == "one"


async def test_who_does_not_read_the_answer_loses_the_place(monkeypatch):
    monkeypatch.setattr("streaming.rest.app.TAKEN_WITHIN", 0.2)

    class Talkative(InlineStages):
        async def speak(self, text, language, *, priority):
            for _ in range(600):
                yield Pcm.silence(Millis(1000), 24_000)

    stages = Talkative(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
    body = json.dumps({"input": "a story", "response_format": "pcm"})
    head = f"POST /v1/audio/speech HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body)}"
    loop = asyncio.get_running_loop()
    async with (
        serving(stages=stages, max_requests=1) as server,
        httpx.AsyncClient(timeout=15) as http,
    ):
        with socket.socket() as deaf:
            deaf.setblocking(False)
            # Else the kernel takes most of the answer in its place.
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
            await loop.sock_connect(deaf, (server.address.host, server.address.port))
            await loop.sock_sendall(deaf, f"{head}\r\n\r\n{body}".encode())
            assert (await loop.sock_recv(deaf, 15)) == b"HTTP/1.1 200 OK"
            models = f"{server.url}/models"
            async with asyncio.timeout(15):
                while (await http.get(models)).status_code == 429:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)


async def test_a_page_that_is_not_listed_may_not_ask():
    async with (
        serving(origins=("https://home.example",)) as server,
        httpx.AsyncClient() as http,
    ):
        for origin, status in (
            ("https://evil.example", 403),
            ("null", 403),
            ("https://home.example", 200),
        ):
            answer = await http.get(f"{server.url}/models", headers={"Origin": origin})
            assert answer.status_code == status
            allowed = answer.headers.get("access-control-allow-origin")
            assert allowed == (origin if status == 200 else None)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("GET", "/audio/speech", 405)],
)
async def test_what_there_is_not_has_the_shape_of_an_error(method, path, status):
    async with serving() as server, httpx.AsyncClient() as http:
        answer = await http.request(method, server.url + path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type", "param", "code"}


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"[" * 60_000, b"x" * 200_000])
async def test_a_body_that_is_nonsense_has_the_shape_of_an_error(body):
    async with serving() as server, httpx.AsyncClient() as http:
        answer = await http.post(f"{server.url}/audio/speech", content=body)
        form = await http.post(f"{server.url}/audio/transcriptions", content=body)
    assert answer.status_code in (400, 413)
    assert form.status_code == 400
    for response in (answer, form):
        assert response.json()["error"]["type"] == "invalid_request_error"


async def test_a_taken_address_is_told_with_the_key():
    async with serving() as server:
        with pytest.raises(ConfigError, match=r"rest\.listen: cannot listen on"):
            async with serving(listen=str(server.address)):
                pass
