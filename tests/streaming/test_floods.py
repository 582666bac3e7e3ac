"""Floods and stalls of one client, of which the others notice nothing."""

import asyncio
import json
import resource
import time
from statistics import median

import pytest

from tests.streaming.wire import close_code, masked, serving, talking, upgraded
from voice.audio import Pcm
from voice.events import Millis

TEXT = 0x1

HANG = 30
"""Seconds; nothing takes so long that still goes on."""

SLOWED = 10
"""How many times more of the processor may be used in a turn beside a flood; a starved
one takes for ever."""


@pytest.fixture
async def served():
    async with serving() as server:
        yield server


async def round_trips(served, count):
    """Seconds of this process from a typed turn to the first word of its answer.

    Other processes of the machine do not count; who waits for ever has no patience.
    """
    times = []
    async with talking(served) as peer:
        for _ in range(count):
            begun = time.process_time()
            await peer.tell("parley.text", text="a")
            await peer.until("response.output_audio_transcript.done")
            times.append(time.process_time() - begun)
            await asyncio.sleep(0.02)
    return times


def assert_unharmed(others, alone):
    """They wait a little longer than without the flood."""
    assert median(others) < SLOWED * median(alone)


async def test_a_flood_of_audio_is_slowed_down_and_nobody_else(served):
    alone = await round_trips(served, 30)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    sent = 0

    async def flood(peer):
        nonlocal sent
        while True:
            await peer.socket.send(bytes(32_000))
            sent += 1

    begun = time.monotonic()
    async with talking(served) as peer:
        task = asyncio.create_task(flood(peer))
        (door,) = served.server._doors
        async with asyncio.timeout(HANG):
            while door.now < 10_000:  # noqa: ASYNC110 - a burst is welcome
                await asyncio.sleep(0.01)
        others = await round_trips(served, 30)
        heard = door.now / 1000
        elapsed = time.monotonic() - begun
        task.cancel()
        peer.socket.transport.abort()
        assert heard <= 10 + elapsed + 2.2, "10 s ahead, and a frame"
        assert_unharmed(others, alone)
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory
    assert grown < 32 * 1024, "KiB; the kernel's buffers are not ours"


async def test_a_pause_is_no_credit_for_a_later_flood(served, monkeypatch):
    monkeypatch.setattr("streaming.connection.AHEAD", 0.2)
    async with talking(served) as peer:
        await asyncio.sleep(1)
        (door,) = served.server._doors
        begun = time.monotonic()
        await peer.play(Pcm.silence(Millis(3_000), 16_000))
        async with asyncio.timeout(HANG):
            while door.now < 200:  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(0.01)
        heard, elapsed = door.now, 1000 * (time.monotonic() - begun)
        assert heard <= 200 + elapsed + 200, "and a piece or two; no second of credit"
        peer.socket.transport.abort()


async def test_a_flood_that_ends_is_answered(served):
    async with talking(served) as peer:
        await peer.play(Pcm.silence(Millis(8_000), 16_000))
        await peer.say("at last")
        assert await peer.answer() == "at last"


async def test_a_flood_of_messages_slows_nobody_else(served):
    async def flood(peer):
        update = json.dumps({"type": "session.update", "output_rate": 48_000})
        while True:
            await peer.socket.send(update)

    alone = await round_trips(served, 20)
    async with talking(served) as peer:
        task = asyncio.create_task(flood(peer))
        reading = asyncio.create_task(peer.closed())
        others = await round_trips(served, 20)
        assert_unharmed(others, alone)
        task.cancel()
        reading.cancel()
        peer.socket.transport.abort()


async def test_a_flood_of_typed_turns_leaves_the_last_one(served):
    async with talking(served) as peer:
        for number in range(200):
            await peer.tell("parley.text", text=f"number {number}")
        await peer.until(
            "response.output_audio_transcript.done", transcript="number 199"
        )
        done = await peer.until("response.done", status="completed")
        assert done["heard_text"] == "number 199"


async def test_a_client_that_never_reads_the_answers_is_closed(served):
    tasks = len(asyncio.all_tasks())
    _, writer = await upgraded(served, receive_buffer=2048)
    update = masked(TEXT, b'{"type": "session.update"}')
    begun = time.monotonic()
    while served.server._doors:
        writer.write(update * 20)
        await asyncio.sleep(0.01)
        assert time.monotonic() - begun < HANG / 2
    async with asyncio.timeout(HANG / 2):
        # Nobody waits for a goodbye any more.
        while len(asyncio.all_tasks()) > tasks:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    writer.transport.abort()


async def test_a_client_that_never_reads_the_reply_is_closed(served):
    reader, writer = await upgraded(served, receive_buffer=2048)
    (mute,) = served.server._doors
    alone = await round_trips(served, 20)
    writer.write(masked(TEXT, b'{"type": "session.update", "output_rate": 48000}'))
    text = json.dumps({"type": "parley.text", "text": "long " * 190}).encode()
    writer.write(masked(TEXT, text))
    begun = time.monotonic()
    others = []
    while mute in served.server._doors:
        others += await round_trips(served, 3)
        assert time.monotonic() - begun < HANG / 2
    assert_unharmed(others, alone)
    assert await close_code(reader) == 4410, "told why, if it reads at last"
    writer.close()
