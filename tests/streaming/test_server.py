"""A real server on a real port: admission, health, metrics, and its end."""

import asyncio
import json
import logging
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from streaming.inference import InlineStages
from tests.streaming.wire import (
    PATIENCE,
    SILENCE,
    UPGRADE,
    get,
    masked,
    serving,
    talking,
    upgraded,
)
from voice.audio import Pcm
from voice.errors import ConfigError
from voice.events import Millis
from voice.testing import (
    EchoResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)


@pytest.fixture
async def served():
    async with serving() as server:
        yield server


async def refused(served):
    with pytest.raises(InvalidStatus) as caught:
        await connect(served.url)
    response = caught.value.response
    return response.status_code, response.headers, json.loads(response.body)


# --- A conversation -----------------------------------------------------------


async def test_it_answers_by_voice(served):
    async with talking(served) as peer:
        await peer.say("hallo", "de")
        assert await peer.answer() == "hallo"
        heard = await peer.until("parley.timings")
        assert heard["turn"] == 1
        assert 8_000 < len(peer.audio) <= 2 * 24_000, "five letters of tone"


@pytest.mark.parametrize("rate", [8_000, 24_000, 48_000])
async def test_audio_may_have_any_rate_of_the_wire(served, rate):
    async with talking(served) as peer:
        await peer.tell("session.update", input_rate=rate, output_rate=rate)
        assert (await peer.until("session.updated"))["input_rate"] == rate
        await peer.say("good day", rate=rate)
        assert await peer.answer() == "good day"
        seconds = len(peer.audio) / 2 / rate
        assert seconds == pytest.approx(len("good day") * 0.05, abs=0.01)


async def test_a_new_rate_counts_from_the_next_reply(served):
    async with talking(served) as peer:
        await peer.tell("parley.text", text="at the old rate")
        first = await peer.until("response.created")
        await peer.tell("session.update", output_rate=8_000)
        await peer.until("session.updated", output_rate=8_000)
        await peer.until("response.done", status="completed")
        assert first["rate"] == 24_000
        assert seconds_at(first["rate"], peer.audio) == pytest.approx(0.75, abs=0.01)
        peer.audio.clear()
        await peer.tell("parley.text", text="at the new rate")
        second = await peer.until("response.created")
        await peer.until("response.done", status="completed")
        assert second["rate"] == 8_000
        assert seconds_at(second["rate"], peer.audio) == pytest.approx(0.75, abs=0.01)


async def test_a_reply_that_is_held_says_which_rate_it_has(served):
    async with talking(served) as peer:
        await peer.play(spoken("fifteen letters", "en"))
        await peer.play(Pcm.silence(Millis(150), 16_000))
        await peer.until("parley.floor", floor="pause")
        await asyncio.sleep(0.05)
        await peer.tell("session.update", output_rate=8_000)
        await peer.play(Pcm.silence(Millis(1500), 16_000))
        created = await peer.until("response.created")
        await peer.until("response.done", status="completed")
        assert seconds_at(created["rate"], peer.audio) == pytest.approx(0.75, abs=0.01)


def seconds_at(rate, audio):
    return len(audio) / 2 / rate


async def test_a_typed_turn_is_answered_too(served):
    async with talking(served) as peer:
        await peer.tell("parley.text", text="guten Tag", language="de")
        assert await peer.answer() == "guten Tag"


async def test_the_greeting_tells_everything_that_a_client_must_know(served):
    async with talking(served) as peer:
        (greeting,) = peer.messages
    assert greeting == {
        "type": "session.created",
        "session_id": greeting["session_id"],
        "protocol": "parley/1",
        "languages": ["en", "de"],
        "input_rate": 16_000,
        "output_rate": 24_000,
        "input_format": "pcm16",
        "output_format": "pcm16",
        "attention": "always",
        "disclosure": "I am a voice assistant, not a person.",
    }


async def test_nothing_is_compressed_even_if_the_client_offers_to(served):
    async with connect(served.url, compression="deflate") as websocket:
        request, response = websocket.request, websocket.response
        assert "permessage-deflate" in request.headers["Sec-WebSocket-Extensions"]
        assert "Sec-WebSocket-Extensions" not in response.headers


# --- Plain HTTP on the same port ----------------------------------------------


async def test_it_is_alive_and_ready(served):
    status, headers, body = await get(served, "/healthz")
    assert (status, json.loads(body)) == (200, {"status": "alive"})
    assert headers["content-type"].startswith("application/json")
    status, _, body = await get(served, "/readyz?verbose")
    assert status == 200
    assert json.loads(body) == {
        "ready": True,
        "draining": False,
        "recognition": True,
        "response": True,
        "synthesis": True,
    }


async def test_it_is_alive_but_not_ready_while_a_stage_is_down(served):
    served.pools[0].ready = False
    status, _, body = await get(served, "/readyz")
    assert status == 503
    assert json.loads(body)["recognition"] is False
    assert (await get(served, "/healthz"))[0] == 200
    served.pools[0].ready = True
    assert (await get(served, "/readyz"))[0] == 200


async def test_metrics_can_be_read_and_tell_what_happened(served):
    served.pools[2].waiting = 7
    async with talking(served) as peer:
        await peer.say("good day")
        await peer.answer()
        await peer.socket.send("no JSON")
        await peer.until("error")
        status, headers, page = await get(served, "/metrics")
    assert status == 200
    assert headers["content-type"].startswith("text/plain; version=0.0.4")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(page.decode())
        for sample in family.samples
    }
    assert samples["parley_sessions_active",] == 1
    assert samples["parley_ready",] == 1
    assert samples["parley_stage_queue_depth", "synthesis"] == 7
    assert samples["parley_turns_total", "completed", "en"] == 1
    assert samples["parley_errors_total", "invalid_json"] == 1
    assert samples["parley_turn_latency_seconds_count", "first_audio"] == 1
    assert "good" not in page.decode(), "metrics are no place for what people say"


async def test_the_websocket_is_not_a_page(served):
    status, headers, body = await get(served, "/v1/stream")
    assert (status, headers["upgrade"]) == (426, "websocket")
    assert "docs/protocol.md" in json.loads(body)["docs"]


@pytest.mark.parametrize("path", ["/v1", "/v1/stream/", "/../etc/passwd"])
async def test_other_paths_do_not_exist(served, path):
    status, _, body = await get(served, path)
    assert status == 404
    assert "/v1/stream" in json.loads(body)["paths"]


async def test_a_websocket_elsewhere_does_not_exist(served):
    with pytest.raises(InvalidStatus) as caught:
        await connect(f"ws://127.0.0.1:{served.port}/v2/stream")
    assert caught.value.response.status_code == 404


# --- Admission ----------------------------------------------------------------


async def test_a_full_server_refuses_and_keeps_its_promises():
    async with serving(max_sessions=2) as served:
        async with talking(served) as first, talking(served) as second:
            status, headers, body = await refused(served)
            assert (status, headers["Retry-After"]) == (503, "5")
            assert body == {"error": "full"}
            for peer in (first, second):
                await peer.say("still there")
                assert await peer.answer() == "still there"
            page = (await get(served, "/metrics"))[2].decode()
            assert 'parley_admission_rejected_total{reason="full"} 1.0' in page
        async with talking(served) as peer:
            await peer.say("room again")
            assert await peer.answer() == "room again"


PAGE = "https://home.example"


@pytest.mark.parametrize(
    ("origins", "lines", "status"),
    [
        ((), [], 101),
        ((PAGE,), [], 101),
        ((PAGE,), [f"Origin: {PAGE}"], 101),
        ((), [f"Origin: {PAGE}"], 403),
        ((PAGE,), ["Origin: null"], 403),
        ((PAGE,), ["Origin: "], 403),
        ((PAGE,), ["Origin: http://home.example"], 403),
        ((PAGE,), [f"Origin: {PAGE}.evil.example"], 403),
        ((PAGE,), [f"Origin: {PAGE}:8443"], 403),
        ((PAGE,), [f"Origin: {PAGE}", "Origin: https://evil.example"], 403),
    ],
)
async def test_a_web_page_must_be_listed(origins, lines, status):
    async with serving(origins=origins) as served:
        reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
        upgrade = UPGRADE.replace("\r\n\r\n", "".join(f"\r\n{x}" for x in lines))
        writer.write(f"{upgrade}\r\n\r\n".encode())
        async with asyncio.timeout(PATIENCE):
            head = await reader.readuntil(b"\r\n\r\n")
            assert int(head.split()[1]) == status
            if status == 403:
                body = json.loads(await reader.read())
                assert body["error"] == "origin"
                assert "server.origins" in body["hint"]
                page = (await get(served, "/metrics"))[2].decode()
                assert 'parley_admission_rejected_total{reason="origin"} 1.0' in page
        writer.transport.abort()


async def test_a_crowd_that_comes_at_once_passes_no_limit():
    async with serving(max_sessions=3) as served:
        knocked, all_knocked = [], asyncio.Event()

        def knock(*, let_in):
            knocked.append(let_in)
            if len(knocked) == 30:
                all_knocked.set()

        async def come():
            try:
                async with talking(served):
                    knock(let_in=True)
                    await all_knocked.wait()
            except (InvalidStatus, ConnectionClosed):
                knock(let_in=False)

        async with asyncio.timeout(PATIENCE):
            await asyncio.gather(*(come() for _ in range(30)))
        assert sum(knocked) == 3


async def test_a_port_that_is_taken_is_a_fault_with_a_way_out(served):
    with pytest.raises(ConfigError, match="choose another port with --port"):
        async with serving(port=served.port):
            pytest.fail("two servers on one port")


async def test_a_host_that_does_not_exist_is_a_fault_too():
    with pytest.raises(ConfigError, match=r"192\.0\.2\.1"):
        async with serving(host="192.0.2.1"):
            pytest.fail("a server on a host that is elsewhere")


async def test_a_bug_ends_its_session_and_is_never_hidden(caplog):
    class Buggy(EchoResponder):
        def plan(self, text, language, *, home, now):
            if text == "bug":
                raise ZeroDivisionError("planted")
            return super().plan(text, language, home=home, now=now)

    stages = InlineStages(SpellingRecognizer(), Buggy(), ToneSynthesizer())
    async with (
        serving(stages=stages) as served,
        talking(served) as peer,
        talking(served) as other,
    ):
        await peer.say("bug")
        assert await peer.closed() == 1011
        assert "planted" in caplog.text
        await other.say("here")
        assert await other.answer() == "here"


# --- The end ------------------------------------------------------------------


async def test_a_running_turn_ends_before_the_server_does():
    async with serving() as served, talking(served) as peer, talking(served) as idle:
        await peer.say("a long reply")
        await peer.until("parley.floor", floor="agent")
        drain = asyncio.create_task(served.server.drain())
        going = await peer.until("session.going_away")
        assert going["deadline_ms"] == 5_000
        assert (await refused(served))[::2] == (503, {"error": "draining"})
        status, _, body = await get(served, "/readyz")
        assert (status, json.loads(body)["draining"]) == (503, True)
        assert (await get(served, "/healthz"))[0] == 200
        done = await peer.until("response.done")
        assert (done["status"], done["heard_text"]) == ("completed", "a long reply")
        assert await peer.closed() == 1001
        assert await idle.closed() == 1001
        await drain
        with pytest.raises(OSError, match="Connect"):
            await get(served, "/healthz")


async def test_a_turn_that_does_not_end_is_cut_off_at_the_deadline():
    async with serving(drain_timeout_s=0.2) as served, talking(served) as peer:
        await peer.socket.send(spoken("and", "en").to_bytes())
        await peer.until("parley.floor", floor="user")
        begun = time.monotonic()
        await served.server.drain()
        assert 0.2 <= time.monotonic() - begun < PATIENCE
        assert await peer.closed() == 1001


async def test_who_does_not_listen_cannot_hold_up_the_end():
    async with serving(drain_timeout_s=0.2) as served:
        _, mute = await upgraded(served)
        silent = await asyncio.open_connection("127.0.0.1", served.port)
        begun = time.monotonic()
        await served.server.drain()
        assert time.monotonic() - begun < 2 * PATIENCE
        mute.close()
        silent[1].close()


async def test_who_came_in_at_the_last_moment_cannot_hold_up_the_end(monkeypatch):
    loaded = asyncio.Event()
    monkeypatch.setattr("streaming.packets.Packets.load", loaded.wait)
    async with serving(dialects=("xiaozhi",)) as served:
        url = served.url.replace("stream", "xiaozhi")
        async with connect(url) as websocket, asyncio.timeout(PATIENCE):
            drain = asyncio.create_task(served.server.drain())
            while served.server._listening.is_serving():  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            loaded.set()
            with pytest.raises(ConnectionClosed):
                await websocket.recv()
            assert websocket.close_code == 1001
            await drain


# --- What is left behind ------------------------------------------------------


async def polite(served):
    async with talking(served) as peer:
        await peer.say("good day")
        await peer.answer()


async def abrupt(served):
    async with talking(served) as peer:
        await peer.say("a reply that nobody waits for")
        await peer.until("parley.floor", floor="agent")
        peer.socket.transport.abort()


async def interrupted(served):
    async with talking(served) as peer:
        await peer.socket.send(spoken("what", "en").to_bytes())
        await peer.until("parley.floor", floor="user")
        peer.socket.transport.abort()


async def half_closed(served):
    reader, writer = await upgraded(served)
    writer.write(masked(0x2, SILENCE))
    writer.write_eof()
    await reader.read(-1)
    writer.close()


async def cut_in_a_frame(served):
    _, writer = await upgraded(served)
    writer.write(masked(0x2, SILENCE)[:1000])
    await writer.drain()
    writer.transport.abort()


async def ended_by_the_server(served):
    async with talking(served) as peer:
        for _ in range(20):
            await peer.socket.send("no JSON")
        assert await peer.closed() == 4400


@pytest.mark.parametrize(
    "visit",
    [polite, abrupt, interrupted, half_closed, cut_in_a_frame, ended_by_the_server],
    ids=lambda visit: visit.__name__,
)
async def test_a_session_leaves_nothing_behind(served, visit):
    await visit(served)  # whatever is made once, is made now
    await at_rest(served)
    before = holdings()
    await asyncio.gather(*(visit(served) for _ in range(10)))
    await at_rest(served)
    assert holdings() == before


async def at_rest(served):
    """The last session is over soon."""
    for _ in range(100):
        await asyncio.sleep(0.05)
        page = served.services.telemetry.page(ready=True, waiting={})
        if b"parley_sessions_active 0.0" in page:
            return
    pytest.fail("a session outlives its client")


def holdings():
    return len(asyncio.all_tasks()), len([*Path("/proc/self/fd").iterdir()])


async def test_no_log_holds_what_was_said(served, caplog):
    caplog.set_level(logging.DEBUG)
    async with talking(served) as peer:
        await peer.say("canary")
        assert await peer.answer() == "canary"
        await peer.tell("parley.text", text="canary")
        assert await peer.answer() == "canary"
    own = [r.getMessage() for r in caplog.records if "client" not in r.name]
    assert not [line for line in own if "canary" in line]
