"""What clients should not do, done to a real server, with the answer that they get."""

import asyncio
import json
import time

import pytest

from streaming.doors.native import MESSAGES_AT_ONCE
from streaming.messages import CLIENT_MESSAGES
from tests.streaming.wire import (
    SILENCE,
    close_code,
    masked,
    serving,
    talking,
    upgraded,
)
from voice.audio import Pcm
from voice.events import Millis
from voice.testing import spoken

TEXT, BINARY = 0x1, 0x2

HANG = 30
"""Seconds; nothing takes so long that still goes on."""


@pytest.fixture
async def served():
    async with serving() as server:
        yield server


# --- Told, and the session goes on --------------------------------------------

TOLD = {
    "odd number of bytes": (b"\0" * 321, "invalid_audio"),
    "one byte": (b"\0", "invalid_audio"),
    "empty text": ("", "invalid_json"),
    "not JSON": ("hello?", "invalid_json"),
    "audio as text": (SILENCE[:300].decode(), "invalid_json"),
    "array at the root": ("[]", "invalid_json"),
    "deep": ("[" * 10_000, "invalid_json"),
    "too long": ("x" * 20_000, "invalid_json"),
    "unknown event": ('{"type": "parley.dance"}', "unknown_event"),
    "event without a type": ("{}", "unknown_event"),
    "wrong rate": (
        '{"type": "session.update", "input_rate": 44100}',
        "unsupported_rate",
    ),
    "rate 0": ('{"type": "session.update", "output_rate": 0}', "unsupported_rate"),
    "negative rate": (
        '{"type": "session.update", "input_rate": -1}',
        "unsupported_rate",
    ),
    "rate in words": (
        '{"type": "session.update", "input_rate": "16000"}',
        "invalid_value",
    ),
    "unknown language": (
        '{"type": "session.update", "languages": ["tlh"]}',
        "unknown_language",
    ),
    "language that is not served": (
        '{"type": "session.update", "languages": ["en", "fr"]}',
        "unknown_language",
    ),
    "a path for a language": (
        '{"type": "parley.text", "text": "a", "language": "../../etc/passwd"}',
        "unknown_language",
    ),
    "a language of 10,000 letters": (
        json.dumps({"type": "session.update", "languages": ["x" * 10_000]}),
        "unknown_language",
    ),
    "no text": ('{"type": "parley.text", "text": " "}', "invalid_value"),
    "too much text": (
        json.dumps({"type": "parley.text", "text": "x" * 1001}),
        "invalid_value",
    ),
    "half a character": ('{"type": "parley.text", "text": "\\ud83d"}', "invalid_value"),
}


@pytest.mark.parametrize(("frame", "code"), TOLD.values(), ids=TOLD)
async def test_it_is_told_in_every_phase_and_the_turn_goes_on(served, frame, code):
    async def offend(peer):
        await peer.socket.send(frame)
        error = await peer.until("error")
        assert error["code"] == code
        assert 10 < len(error["message"]) < 400

    async with talking(served) as peer:
        await offend(peer)
        await peer.play(spoken("right", "en"))
        await peer.until("parley.floor", floor="user")
        await offend(peer)
        await peer.play(Pcm.silence(Millis(1500), 16_000))
        await peer.until("parley.floor", floor="agent")
        await offend(peer)
        done = await peer.until("response.done")
        assert (done["status"], done["heard_text"]) == ("completed", "right")


async def test_a_bad_update_changes_nothing(served):
    async with talking(served) as peer:
        await peer.tell("session.update", input_rate=8_000, languages=["fr"])
        await peer.until("error", code="unknown_language")
        await peer.tell("session.update")
        updated = await peer.until("session.updated")
        assert (updated["input_rate"], updated["languages"]) == (16_000, ["en", "de"])


async def test_a_refused_piece_leaves_the_stream_aligned(served):
    async with talking(served) as peer:
        await peer.socket.send(spoken("never said", "en").to_bytes()[:-1])
        await peer.say("aligned")
        assert await peer.answer() == "aligned"
        assert sum("speech_started" in m["type"] for m in peer.messages) == 1


async def test_empty_audio_is_no_mistake(served):
    async with talking(served) as peer:
        for rate in (16_000, 48_000):
            await peer.tell("session.update", input_rate=rate)
            for _ in range(30):
                await peer.socket.send(b"")
            await peer.say("well", rate=rate)
            assert await peer.answer() == "well"
        assert not [m for m in peer.messages if m["type"] == "error"]


async def test_the_rate_may_change_in_the_middle_of_an_utterance(served):
    async with talking(served) as peer:
        await peer.play(spoken("one", "en"))
        await peer.until("parley.floor", floor="user")
        await peer.tell("session.update", input_rate=48_000)
        await peer.until("session.updated")
        await peer.play(Pcm.silence(Millis(1500), 48_000))
        assert await peer.answer() == "one"


@pytest.mark.parametrize("text", ["a\0b", "\x1b[31mred", "\u202eevil", "🕰" * 500])
async def test_strange_text_is_just_text(served, text):
    async with talking(served) as peer:
        await peer.tell("parley.text", text=text)
        reply = await peer.until("response.output_audio_transcript.done")
        assert reply["transcript"] == text
        await peer.tell("response.cancel")
        await peer.until("response.done", status="cancelled")


async def test_orders_out_of_place_do_nothing(served):
    async with talking(served) as peer:
        for _ in range(3):
            await peer.tell("response.cancel")
            await peer.tell("input_audio_buffer.commit")
            await peer.tell("parley.input_end")
            await peer.tell("parley.playback", turn=99, position_ms=10**9)
            await peer.tell("parley.playback", turn=-1, position_ms=-1)
        await peer.say("well")
        assert await peer.answer() == "well"
        assert not [m for m in peer.messages if m["type"] == "error"]


async def test_messages_beyond_the_limit_are_refused_and_the_session_goes_on(
    served, monkeypatch
):
    # However slow the machine is that sends them.
    monkeypatch.setattr("streaming.doors.native.MESSAGES_PER_SECOND", 0.001)
    async with talking(served) as peer:
        for _ in range(MESSAGES_AT_ONCE + 15):
            await peer.tell("parley.playback", turn=1, position_ms=0)
        error = await peer.until("error")
        assert error["code"] == "too_many_messages"
        assert "binary frames" in error["message"]
        await peer.say("well")
        assert await peer.answer() == "well"


async def test_a_file_that_is_sent_as_it_is_leads_to_a_warning_and_is_heard(served):
    async with talking(served) as peer:
        header = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0" + bytes(20)
        await peer.socket.send(header)
        warning = await peer.until("parley.warning", code="suspicious_audio")
        assert "WAV" in warning["message"]
        await peer.say("well")
        assert await peer.answer() == "well"
        assert sum(m["type"] == "parley.warning" for m in peer.messages) == 1


async def test_a_client_that_does_not_learn_is_closed(served):
    async with talking(served) as peer:
        for _ in range(19):
            await peer.socket.send("no JSON")
        await peer.say("still here")
        assert await peer.answer() == "still here"
        await peer.socket.send(b"\0")
        assert await peer.closed() == 4400
        assert sum(m["type"] == "error" for m in peer.messages) == 20, "all are told"


# --- Closed -------------------------------------------------------------------

FATAL = {
    "invalid UTF-8": (masked(TEXT, b"\xff\xfe"), 1007),
    "a surrogate in UTF-8": (masked(TEXT, b'"\xed\xa0\x80"'), 1007),
    "a frame that says 1 GiB": (b"\x82\xff" + (2**30).to_bytes(8, "big"), 1009),
    "parts that exceed it together": (
        b"\x02" + masked(0, bytes(40_000))[1:] + masked(0, bytes(40_000)),
        1009,
    ),
    "a frame without a mask": (b"\x82\x02\0\0", 1002),
    "an opcode that nobody knows": (masked(0x3, b""), 1002),
    "a compressed frame": (b"\xc2\x80" + bytes(4), 1002),
    "a ping that is too long": (masked(0x9, bytes(126)), 1002),
}


@pytest.mark.parametrize(("data", "code"), FATAL.values(), ids=FATAL)
async def test_who_breaks_the_rules_of_websockets_is_closed(served, data, code):
    async with talking(served) as other:
        reader, writer = await upgraded(served)
        writer.write(data)
        assert await close_code(reader) == code
        writer.close()
        await other.say("here")
        assert await other.answer() == "here"


@pytest.mark.parametrize("phase", ["before", "in the middle", "while it plays"])
async def test_a_frame_over_the_limit_closes_in_every_phase(served, phase):
    async with talking(served, max_size=None) as peer:
        if phase == "in the middle":
            await peer.play(spoken("something", "en"))
            await peer.until("parley.floor", floor="user")
        elif phase == "while it plays":
            await peer.say("something to hear")
            await peer.until("parley.floor", floor="agent")
        await peer.socket.send(bytes(65_538))
        assert await peer.closed() == 1009


async def test_a_frame_at_the_limit_is_heard(served):
    async with talking(served) as peer:
        await peer.say("well")
        await peer.socket.send(bytes(65_536))
        assert await peer.answer() == "well"


async def test_who_connects_and_says_nothing_is_hung_up_on(served):
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    begun = time.monotonic()
    async with asyncio.timeout(HANG):
        await reader.read(-1)
    assert time.monotonic() - begun > 0.4
    writer.close()


async def test_who_sends_the_request_letter_by_letter_is_hung_up_on(served):
    _, writer = await asyncio.open_connection("127.0.0.1", served.port)
    with pytest.raises(ConnectionError):
        await dictate(writer, b"GET /v1/stream HTTP/1.1\r\nHost: a\r\nX: " + bytes(99))
    writer.close()


async def dictate(writer, request):
    for letter in request:
        writer.write(bytes([letter]))
        await writer.drain()
        await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"POST /v1/stream HTTP/1.1\r\nHost: a\r\n\r\n", b""),
        (b"GET /v1/stream HTTP/1.1\r\nUpgrade: websocket\r\n\r\n", b"426"),
        (b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000 + b"\r\n\r\n", b""),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b""),
    ],
    ids=["POST", "half an upgrade", "a long header", "TLS"],
)
async def test_a_bad_request_is_no_event_for_the_log(served, caplog, request_, status):
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    writer.write(request_)
    async with asyncio.timeout(HANG / 2):
        try:
            answer = await reader.read(-1)
        except ConnectionError:
            answer = b""
    assert status in answer
    assert not answer.startswith(b"HTTP/1.1 101")
    assert not [r for r in caplog.records if r.exc_info], "no traceback"
    writer.close()


async def test_who_falls_silent_is_closed():
    async with (
        serving(idle_timeout_s=1) as served,
        talking(served) as idle,
        talking(served) as busy,
    ):
        closed = asyncio.create_task(idle.closed())
        while not closed.done():
            await busy.socket.send(SILENCE[:640])
            await asyncio.sleep(0.05)
        assert closed.result() == 4408
        await busy.say("here")
        assert await busy.answer() == "here"


async def test_who_vanishes_is_closed_when_no_ping_is_answered(served, monkeypatch):
    monkeypatch.setattr("streaming.connection.PING_EVERY", 0.1)
    monkeypatch.setattr("streaming.connection.PONG_WITHIN", 0.1)
    reader, writer = await upgraded(served)
    assert await close_code(reader) == 1011
    writer.close()


async def test_who_sends_ahead_of_life_need_not_answer_a_ping_in_time(
    served, monkeypatch
):
    monkeypatch.setattr("streaming.connection.PING_EVERY", 0.1)
    monkeypatch.setattr("streaming.connection.PONG_WITHIN", 0.2)
    monkeypatch.setattr("streaming.connection.AHEAD", 0.1)
    async with talking(served) as peer:
        # Its pongs stand behind two seconds of audio that the server does not read yet.
        await peer.play(Pcm.silence(Millis(2_000), 16_000))
        await peer.say("at last")
        assert await peer.answer() == "at last"


# --- Survived -----------------------------------------------------------------


async def test_a_session_that_vanishes_frees_everything_at_once(served):
    async with talking(served) as peer:
        await peer.play(spoken("what i wanted to say", "en"))
        await peer.until("parley.floor", floor="user")
        assert len(served.server._doors) == 1
        peer.socket.transport.abort()
        async with asyncio.timeout(HANG / 2):
            while served.server._doors:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("kind", CLIENT_MESSAGES, ids=lambda kind: kind.type)
async def test_every_event_is_survived_in_every_phase(served, kind):
    values = {
        "session.update": {"languages": ["de"], "output_rate": 8_000},
        "parley.text": {"text": "typed"},
        "parley.playback": {"turn": 1, "position_ms": 10},
    }.get(kind.type, {})
    async with talking(served) as peer:
        for phase in ("open", "user", "agent"):
            if phase == "user":
                await peer.play(spoken("something", "en"))
            elif phase == "agent":
                await peer.play(Pcm.silence(Millis(1500), 16_000))
            await peer.tell(kind.type, **values)
            await peer.tell(kind.type, **values)
        await peer.tell("response.cancel")
        await peer.tell("parley.text", text="the end")
        await peer.until("response.output_audio_transcript.done", transcript="the end")
        await peer.until("response.done", status="completed")
        assert not [m for m in peer.messages if m["type"] == "error"]
