"""Processes that crash, hang and are killed while people talk to them."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from streaming.client import connected
from streaming.inference import Deadlines, Loaders, WorkerStages
from tests.acceptance.fault_loads import Recognizer, Synthesizer
from tests.streaming.wire import serving, talking
from tests.voice.recognizers import tiny_whisper
from voice import languages
from voice.audio import read_audio
from voice.errors import Stage
from voice.testing import EchoResponder, spoken

ROOT = Path(__file__).parents[2]

SORRY = languages.get("de").apology


@contextlib.asynccontextmanager
async def working():
    """A server whose stages run in processes, and a session in German."""
    loaders = Loaders(
        recognizer=Recognizer, responder=EchoResponder, synthesizer=Synthesizer
    )
    patience = Deadlines(recognize=1.5, respond=1.5, synthesize=1.5)
    async with (
        WorkerStages(loaders, deadlines=patience) as stages,
        serving(stages=stages) as served,
        talking(served) as peer,
    ):
        await peer.tell("session.update", languages=["de", "en"])
        yield stages, peer


async def ask(peer, text):
    await peer.say(text, "de")
    return await peer.answer()


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 - a process has no event for it
            await asyncio.sleep(0.02)


def exists(process):
    try:
        return "\nState:\tZ" not in Path(f"/proc/{process}/status").read_text()
    except FileNotFoundError:
        return False


async def test_a_recognizer_that_is_killed_in_the_middle_of_a_turn_is_replaced():
    async with working() as (stages, peer):
        (victim,) = stages.recognition.processes
        await peer.say("bitte wait", "de")
        await peer.until("parley.floor", floor="pause")
        await asyncio.sleep(0.1)
        os.kill(victim, signal.SIGKILL)
        assert await peer.answer() in {"bitte wait", SORRY}
        await until(lambda: stages.ready)
        assert stages.recognition.processes != [victim]
        assert await ask(peer, "und jetzt") == "und jetzt"


async def test_a_recognizer_that_is_killed_while_the_user_speaks_is_not_missed():
    async with working() as (stages, peer):
        await peer.play(spoken("was ich", "de"))
        await peer.until("parley.floor", floor="user")
        os.kill(stages.recognition.processes[0], signal.SIGKILL)
        assert await ask(peer, "sagen will") in {"was ich sagen will", SORRY}
        assert await ask(peer, "und jetzt") == "und jetzt"


@pytest.mark.parametrize("fate", ["hang", "crash"])
async def test_an_utterance_that_no_recognizer_survives_gets_an_apology(fate):
    async with working() as (stages, peer):
        (victim,) = stages.recognition.processes
        assert await ask(peer, f"mal sehen {fate}") == SORRY
        error = next(m for m in peer.messages if m["type"] == "error")
        assert error["code"] == "recognition_failed"
        done = await peer.until("parley.timings")
        assert done["turn"] == 1
        await until(lambda: stages.ready and not exists(victim))
        assert await ask(peer, "und jetzt") == "und jetzt"


async def test_a_voice_that_breaks_off_ends_the_reply_and_not_the_session():
    async with working() as (stages, peer):
        await peer.say("choke bitte nicht", "de")
        await peer.until("error", code="synthesis_failed")
        assert (await peer.until("response.done"))["status"] == "failed"
        await until(lambda: stages.ready)
        assert await ask(peer, "und jetzt") == "und jetzt"


async def test_every_process_may_die_between_two_turns():
    async with working() as (stages, peer):
        assert await ask(peer, "eins") == "eins"
        for pool in stages.pools:
            os.kill(pool.processes[0], signal.SIGKILL)
        await until(lambda: not stages.ready)
        assert await ask(peer, "zwei") in {"zwei", SORRY}
        await until(lambda: stages.ready)
        assert await ask(peer, "drei") == "drei"


# --- The gateway --------------------------------------------------------------


@contextlib.asynccontextmanager
async def gateway(*arguments):
    """`parley serve` as a process: its address, and the processes that it started."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "streaming.cli",
        "serve",
        "--json",
        "--port",
        "0",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        async with asyncio.timeout(100):
            line = await process.stdout.readline()
        yield process, json.loads(line)["url"], children(process.pid)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def children(parent):
    """Its processes, by /proc."""
    mark = f"\nPPid:\t{parent}\n"
    return [
        int(status.parent.name)
        for status in Path("/proc").glob("[0-9]*/status")
        if mark in status.read_text()
    ]


@pytest.fixture(scope="module")
def recognizer(tmp_path_factory):
    return tiny_whisper.build(tmp_path_factory.mktemp("models") / "tiny")


async def test_no_worker_outlives_the_gateway(recognizer):
    async with gateway("--recognizer", str(recognizer)) as (process, url, workers):
        assert len(workers) == len(Stage)
        async with connected(url) as client:
            assert client.greeting.languages == ("de", "en")
        process.kill()
        await process.wait()
        await until(lambda: not any(map(exists, workers)))


STUCK = """
import asyncio
from streaming.workers import Pool, Priority
from tests.streaming import loads
from voice.errors import Stage

async def main():
    async with Pool(Stage.RESPONSE, loads.load) as pool:
        print(*pool.processes, flush=True)
        await pool.one("hang", priority=Priority.FINAL, deadline=600)

asyncio.run(main())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="no parent-death signal elsewhere")
async def test_not_even_a_stuck_worker_outlives_the_gateway():
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", STUCK, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    worker = int(await process.stdout.readline())
    await asyncio.sleep(0.2)
    assert exists(worker)
    process.kill()
    await process.wait()
    await until(lambda: not exists(worker))


# --- With the real models -----------------------------------------------------


@pytest.mark.slow
async def test_the_real_chain_survives_the_loss_of_any_process():
    clip = read_audio(ROOT / "audio_fixtures" / "de" / "kuechenlampe_ein.flac")
    # Fewer languages are prepared sooner by the processes that take over.
    serving = gateway("--languages", "de")
    async with serving as (_, url, workers), connected(url) as client:
        await client.set_languages("de")
        for victims in (workers, ()):
            turn = asyncio.create_task(client.speak(clip))
            await asyncio.sleep(0.5)
            for victim in victims:
                os.kill(victim, signal.SIGKILL)
            await turn
            await client.listen()
            newest = client.turns[max(client.turns)]
            assert newest.done.status == "completed"
            assert newest.transcript
            assert sum(len(pcm) for pcm in newest.audio) > client.output_rate / 2
        assert len(client.turns) == 2
