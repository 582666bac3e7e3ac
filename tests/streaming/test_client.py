"""The reference client against servers that misbehave; each is a real websocket."""

import asyncio
import contextlib
import json

import numpy as np
import pytest
from websockets.asyncio.server import serve

from streaming import client as module
from streaming.benchmark import measure
from streaming.client import connected
from streaming.messages import SessionCreated, SessionUpdated
from streaming.protocols.native import serialize
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis
from voice.fixtures import Clip

GREETING_MESSAGE = SessionCreated(
    session_id="1",
    protocol="parley/1",
    languages=("en",),
    input_rate=16_000,
    output_rate=24_000,
    disclosure="",
)
GREETING = serialize(GREETING_MESSAGE)
UPDATED = SessionUpdated(
    languages=("en",), input_rate=16_000, output_rate=24_000, disclosure="I am one."
)
SOON = 15
"""Seconds."""

CLIP = Pcm(np.zeros(3200, dtype=np.int16), 16_000)


def message(type_, **fields):
    return json.dumps({"type": type_, **fields})


@contextlib.asynccontextmanager
async def server(talk, *, greeting=GREETING):
    async def handle(connection):
        if greeting is not None:
            await connection.send(greeting)
        await talk(connection)

    async with serve(handle, "127.0.0.1", 0) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        yield f"ws://127.0.0.1:{port}/"


async def stay(connection):
    async for _ in connection:
        pass


@pytest.mark.parametrize(
    ("status", "way_out"),
    [
        (401, "one of its server.api_keys; give it as ws://:KEY@HOST"),
        (404, "HTTP 404; is this its address"),
        (503, "HTTP 503.; try again later"),
    ],
)
async def test_a_refusal_says_what_to_do_and_tells_no_key(status, way_out):
    def refuse(connection, request):
        assert request.headers["Authorization"].startswith("Basic ")
        return connection.respond(status, "")

    async with serve(stay, "127.0.0.1", 0, process_request=refuse) as listening:
        port = next(iter(listening.sockets)).getsockname()[1]
        with pytest.raises(ClientError, match=way_out) as caught:
            async with connected(f"ws://:secret@127.0.0.1:{port}/v1/stream"):
                pytest.fail("it is let in")
    assert "secret" not in str(caught.value)


async def test_a_server_that_goes_away_is_told_as_one():
    async def leave(connection):
        await connection.close(1001, "the server stops")

    async with server(leave) as url, connected(url) as talker:
        with pytest.raises(ClientError) as caught:
            await talker.listen(settle=Millis(3000))
    assert caught.value.code == "connection_lost"


async def test_a_server_that_closes_before_the_greeting_is_told_as_one():
    async def leave(connection):
        await connection.close(1013, "full")

    with pytest.raises(ClientError) as caught:
        async with server(leave, greeting=None) as url, connected(url):
            pytest.fail("there is nobody to talk to")
    assert caught.value.code == "connection_lost"


async def test_a_silent_server_is_not_waited_for_without_end(monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    with pytest.raises(ClientError) as caught:
        async with server(stay, greeting=None) as url, connected(url):
            pytest.fail("there is nobody to talk to")
    assert caught.value.code == "no_answer"


async def test_another_protocol_is_refused():
    with pytest.raises(ClientError, match="no server of this protocol"):
        async with server(stay, greeting=b"\0\0") as url, connected(url):
            pytest.fail("it speaks something else")


async def test_what_a_newer_server_says_is_passed_over():
    async def from_the_future(connection):
        await connection.send(message("parley.future", mood="good"))
        async for _ in connection:
            await connection.send(serialize(UPDATED))

    async with server(from_the_future) as url, connected(url) as talker:
        await talker.set_languages("en")
        assert talker.errors == []


async def test_a_refused_language_is_an_error_and_others_are_not():
    async def refuse(connection):
        await connection.send(message("error", code="synthesis_failed", message="x"))
        async for _ in connection:
            error = message("error", code="unknown_language", message="no Klingon")
            await connection.send(error)

    async with server(refuse) as url, connected(url) as talker:
        async with asyncio.timeout(SOON):
            while not talker.errors:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        with pytest.raises(ClientError, match="no Klingon"):
            await talker.set_languages("tlh")


async def test_each_recording_is_given_time_to_be_answered():
    """An answer to the first recording is none to the second."""

    async def answer_the_first(connection):
        done = {"status": "completed", "heard_ms": 0, "heard_text": ""}
        await connection.send(message("response.done", turn=1, **done))
        await stay(connection)

    async with server(answer_the_first) as url, connected(url) as talker:
        async with asyncio.timeout(SOON):
            while 1 not in talker.turns:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        await talker.speak(CLIP)
        begun = talker.now
        await talker.listen(settle=Millis(400))
        assert talker.now - begun >= 0.35


async def test_a_benchmark_without_a_server_is_one_error_and_not_a_group():
    clip = Clip(file=None, language="en", utterances=())
    with pytest.raises(ClientError) as caught:
        await measure("ws://127.0.0.1:9/", [clip], sessions=2, turns=1)
    assert caught.value.code == "unreachable"
