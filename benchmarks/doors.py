"""How much longer people wait at `/v1/realtime` than at `/v1/stream`.

    python -m benchmarks.doors [--clips 12] [--rounds 2]

Speaks the same recordings to one server in turns, in changing order: as PCM to
`/v1/stream`, with the client of `parley bench`, and as base64 in JSON to `/v1/realtime`,
with a client that reads and writes only what it must. Both send 20 ms at a time in real
time and count from the labelled end of speech to the first audible sample of the reply.
Prints p50, p95, p99 of both, and of the difference where both heard the same.
"""

import argparse
import asyncio
import base64
import contextlib
import json
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from websockets.asyncio.client import ClientConnection, connect

from benchmarks.processes import serving
from streaming.benchmark import machine
from streaming.client import connected
from streaming.playing import Playing
from streaming.records import clips_of, speak_clip
from voice.audio import Pcm, read_audio
from voice.errors import ClientError
from voice.fixtures import Clip
from voice.manifests import data_root
from voice.timings import percentiles

RATE = 24_000
"""Hertz, both ways: what clients of that API take for granted."""

STEP = RATE // 50
ROOM = 3
"""How loud a quiet room is; the reference client's is alike."""

PATIENCE = 20.0

WORDS = "conversation.item.input_audio_transcription.completed"


@dataclass(frozen=True)
class Heard:
    """What came of one recording."""

    transcript: str
    voice_to_voice_ms: float


Ask = Callable[[str, Clip], Awaitable[Heard | None]]


def end_of(clip: Clip) -> int:
    """Milliseconds, by the label."""
    span = clip.utterances[-1].span
    assert span is not None
    return span.end


async def at_the_stream(url: str, clip: Clip) -> Heard | None:
    async with connected(url) as client:
        assert clip.language is not None
        await client.set_languages(clip.language)
        records = await speak_clip(client, clip)
    if len(records) != 1 or records[0].voice_to_voice_ms is None:
        return None
    return Heard(records[0].transcript, records[0].voice_to_voice_ms)


async def at_the_realtime_door(url: str, clip: Clip) -> Heard | None:
    address = url.replace("/v1/stream", "/v1/realtime")
    async with connect(address, compression=None) as socket:
        hearing = {"input": {"transcription": {"language": clip.language}}}
        session = {"type": "realtime", "audio": hearing}
        await socket.send(json.dumps({"type": "session.update", "session": session}))
        async for event in events(socket):
            if event["type"] == "session.updated":
                break
        talk = Talk(socket, read_audio(clip.file).resampled(RATE))
        async with talk.going_on(), asyncio.timeout(PATIENCE):
            return await answered(socket, talk.begun + end_of(clip) / 1000)


async def answered(socket: ClientConnection, spoken: float) -> Heard | None:
    """What was heard, and how long after `spoken` it was answered."""
    loop, playing, transcript = asyncio.get_running_loop(), Playing(), ""
    async for event in events(socket):
        match event["type"]:
            case "response.output_audio.delta":
                audio = base64.b64decode(event["delta"])
                playing.play(Pcm.of_bytes(audio, RATE), loop.time())
                if (first := playing.first_audible) is not None:
                    return Heard(transcript, (first - spoken) * 1000)
            case "response.done":
                return None
            case kind if kind == WORDS:
                transcript = event["transcript"]
    return None


async def events(socket: ClientConnection) -> AsyncIterator[dict[str, str]]:
    async for frame in socket:
        event = json.loads(frame)
        if event["type"] == "error":
            raise ClientError("refused", f"the server says: {event['error']}")
        yield event


class Talk:
    """A recording and then a quiet room, as a microphone delivers them."""

    def __init__(self, socket: ClientConnection, pcm: Pcm) -> None:
        self._socket = socket
        self._pcm = pcm
        self.begun = asyncio.get_running_loop().time()
        """When the first sample is spoken."""

    @contextlib.asynccontextmanager
    async def going_on(self) -> AsyncIterator[None]:
        """Speak until the block ends."""
        task = asyncio.create_task(self._run())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        loop, noise = asyncio.get_running_loop(), np.random.default_rng(0)
        sent = 0
        while True:
            part = self._pcm.samples[sent : sent + STEP]
            if not len(part):
                part = noise.integers(-ROOM, ROOM + 1, STEP).astype(np.int16)
            sent += len(part)
            # A piece of audio is there when it is over, not when it begins.
            await asyncio.sleep(max(0.0, self.begun + sent / RATE - loop.time()))
            audio = base64.b64encode(part.tobytes()).decode()
            event = {"type": "input_audio_buffer.append", "audio": audio}
            await self._socket.send(json.dumps(event))


def row(name: str, values: Iterable[float]) -> str:
    spread = percentiles(values)
    if spread is None:
        return f"{name:<34} –"
    numbers = "".join(f"{n:8.0f}" for n in (spread.p50, spread.p95, spread.p99))
    return f"{name:<34}{numbers}{spread.count:6}"


async def measure(clips: Sequence[Clip], rounds: int) -> None:
    order = random.Random(0)
    doors: dict[str, Ask] = {
        "/v1/stream": at_the_stream,
        "/v1/realtime": at_the_realtime_door,
    }
    heard: dict[str, dict[tuple[int, str], Heard]] = {name: {} for name in doors}
    async with serving() as served:
        for ask in doors.values():
            await ask(served.url, clips[0])  # the first requests are slower
        for number in range(rounds):
            for clip in clips:
                for name in order.sample(list(doors), len(doors)):
                    found = await doors[name](served.url, clip)
                    if found is not None:
                        heard[name][number, str(clip.file)] = found
    stream, realtime = heard.values()
    alike = [
        realtime[key].voice_to_voice_ms - stream[key].voice_to_voice_ms
        for key in stream.keys() & realtime.keys()
        if realtime[key].transcript == stream[key].transcript
    ]
    print(f"{'milliseconds, voice to voice':<34}{'p50':>8}{'p95':>8}{'p99':>8}{'n':>6}")
    for name, answers in heard.items():
        print(row(name, (one.voice_to_voice_ms for one in answers.values())))
    print(row("realtime minus stream, heard alike", alike))
    print(machine())


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clips", type=int, default=12, help="at most (default: 12)")
    parser.add_argument("--rounds", type=int, default=2, help="over all clips")
    parser.add_argument("--languages", default="en,de,fr,es")
    arguments = parser.parse_args()
    found = [
        clip
        for clip in clips_of(data_root() / "audio_fixtures")
        if clip.kind == "command"
        and clip.language in arguments.languages.split(",")
        and len(clip.utterances) == 1
    ]
    chosen = random.Random(0).sample(found, min(arguments.clips, len(found)))
    asyncio.run(measure(chosen, arguments.rounds))


if __name__ == "__main__":
    main()
