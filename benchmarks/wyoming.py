"""What eight clients of Home Assistant's protocol at once cost, compared with one.

    python -m benchmarks.wyoming [--clients 8] [--rounds 12]

One server in processes of its own. Recordings are sent in real time and never ended, as
a satellite does, and the answer is timed from the labelled end of speech. In "at one
moment" all clients send the same recording at the same time, so that every transcript
is wanted in the same moment, which is the worst that can happen; in "as it comes" they
begin within three seconds. Texts are spoken and sentences answered at one moment.
"""

import argparse
import asyncio
import contextlib
import random
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

from benchmarks.processes import PARLEY, serving
from streaming.benchmark import machine
from streaming.commands.tables import table
from streaming.protocols.wyoming import audio_chunk, audio_start
from streaming.protocols.wyoming_frames import Decoder, WyomingEvent, encode
from streaming.records import clips_of
from voice.audio import HEARING_RATE, Pcm, read_audio
from voice.events import Millis
from voice.fixtures import Clip
from voice.manifests import data_root
from voice.timings import percentiles

FRAME = Millis(20)

PATIENCE = 15.0
"""Seconds for an answer."""

SPREAD = 3.0
"""Seconds within which clients begin, as it comes."""

SENTENCES = (
    ("The light in the kitchen is on and it is twenty one degrees.", "en"),
    ("Das Licht in der Küche ist an und es sind einundzwanzig Grad.", "de"),
)

QUESTIONS = (("turn on the kitchen lamp", "en"), ("wie spät ist es", "de"))

Request = Callable[["Door"], Awaitable[float]]
"""Asks once; milliseconds until the answer."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where the server listens."""

    port: int

    @contextlib.asynccontextmanager
    async def connected(self) -> AsyncIterator["Line"]:
        """A connection, as Home Assistant opens one for each request."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        try:
            async with asyncio.timeout(PATIENCE):
                yield Line(reader, writer)
        finally:
            writer.close()


class Line:
    """One connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._decoder = Decoder()

    def send(self, event: WyomingEvent) -> None:
        """Write an event; the first answer tells whether it came through."""
        self._writer.write(encode(event))

    async def until(self, *types: str) -> float:
        """When an event of these types came; an error ends the benchmark."""
        while data := await self._reader.read(65_536):
            for event in self._decoder.feed(data):
                if event.type == "error":
                    raise RuntimeError(f"the server says {event.data}")
                if event.type in types:
                    return time.perf_counter()
        raise RuntimeError("the server hung up")


def hearing(clip: Clip, pcm: Pcm) -> Request:
    """From the labelled end of speech to the transcript."""
    span = clip.utterances[-1].span
    assert span is not None
    end = span.end

    async def ask(door: Door) -> float:
        async with door.connected() as line:
            line.send(WyomingEvent("transcribe", {"language": clip.language}))
            line.send(audio_start(HEARING_RATE))
            begun = time.perf_counter()
            talking = asyncio.create_task(_talk(line, pcm, begun))
            try:
                at = await line.until("transcript")
            finally:
                talking.cancel()
                await asyncio.wait([talking])
        return (at - begun) * 1000 - end

    return ask


async def _talk(line: Line, pcm: Pcm, begun: float) -> None:
    """In real time, and on in silence, as a microphone that nobody turns off."""
    silence = Pcm.silence(FRAME, HEARING_RATE)
    sent = Millis(0)
    while True:
        part = pcm.slice(sent, Millis(sent + FRAME)) if sent < pcm.duration else silence
        # A piece of audio is there when it is over, not when it begins.
        sent = Millis(sent + FRAME)
        await asyncio.sleep(max(0.0, begun + sent / 1000 - time.perf_counter()))
        line.send(audio_chunk(part))


def speaking(text: str, language: str, *, until: str) -> Request:
    """From the text to the first sound, or to the last."""

    async def ask(door: Door) -> float:
        async with door.connected() as line:
            begun = time.perf_counter()
            voice = {"language": language}
            line.send(WyomingEvent("synthesize", {"text": text, "voice": voice}))
            return (await line.until(until) - begun) * 1000

    return ask


def answering(text: str, language: str) -> Request:
    """From a sentence to its answer."""

    async def ask(door: Door) -> float:
        async with door.connected() as line:
            begun = time.perf_counter()
            data = {"text": text, "language": language}
            line.send(WyomingEvent("transcript", data))
            return (await line.until("handled", "not-handled") - begun) * 1000

    return ask


async def describing(door: Door) -> float:
    """From ``describe`` to ``info``."""
    async with door.connected() as line:
        begun = time.perf_counter()
        line.send(WyomingEvent("describe"))
        return (await line.until("info") - begun) * 1000


@dataclass(frozen=True, slots=True)
class Row:
    """One question, asked by one and by many."""

    name: str
    alone: Sequence[float]
    together: Sequence[float]


async def compare(
    name: str, door: Door, requests: Sequence[Request], clients: int, spread: float = 0
) -> Row:
    """Each request by one client, then by so many; in turns, so that load is shared."""
    order = random.Random(name)
    alone: list[float] = []
    together: list[float] = []

    async def begin(request: Request) -> float:
        await asyncio.sleep(order.uniform(0, spread))
        return await request(door)

    for request in requests:
        alone.append(await request(door))
        others = requests if spread else [request]
        asked = [others[number % len(others)] for number in range(clients)]
        together += await asyncio.gather(*map(begin, asked))
    return Row(name, alone, together)


async def describe_while_busy(
    door: Door, requests: Sequence[Request], clients: int
) -> Row:
    """``describe`` while so many speak, and while nobody does."""
    alone = [await describing(door) for _ in range(50)]
    together: list[float] = []
    for request in requests:
        busy = asyncio.gather(*(request(door) for _ in range(clients)))
        while not busy.done():
            together.append(await describing(door))
            await asyncio.sleep(0.05)
        await busy
    return Row("describe while they speak", alone, together)


def summary(rows: Sequence[Row], clients: int) -> str:
    """A table: what one waited, what many waited, and the ratio."""
    cells = []
    for row in rows:
        one, many = percentiles(row.alone), percentiles(row.together)
        assert one is not None
        assert many is not None
        cells.append(
            [
                row.name,
                f"{one.p50:.0f}",
                f"{many.p50:.0f}",
                f"{many.p50 / one.p50:.2f}",
                f"{one.p95:.0f}",
                f"{many.p95:.0f}",
                f"{many.p95 / one.p95:.2f}",
                f"{max(row.together):.0f}",
                f"{one.count}+{many.count}",
            ]
        )
    return table(
        [
            *("ms", "1 p50", f"{clients} p50", "ratio"),
            *("1 p95", f"{clients} p95", "ratio", "longest", "n"),
        ],
        cells,
    )


def commands(languages: Sequence[str]) -> list[Request]:
    """The shipped commands, with the audio that follows them cut off."""
    requests = []
    for clip in clips_of(data_root() / "audio_fixtures"):
        if clip.kind != "command" or clip.language not in languages:
            continue
        if len(clip.utterances) == 1 and clip.utterances[0].span is not None:
            pcm = read_audio(clip.file).resampled(HEARING_RATE)
            requests.append(hearing(clip, pcm))
    return requests


async def _run(clients: int, rounds: int, languages: Sequence[str]) -> list[Row]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    heard = random.Random(0).sample(
        found := commands(languages), min(rounds, len(found))
    )
    repeated = range(rounds)
    first = [speaking(*SENTENCES[n % 2], until="audio-chunk") for n in repeated]
    whole = [speaking(*SENTENCES[n % 2], until="audio-stop") for n in repeated]
    asked = [answering(*QUESTIONS[n % 2]) for n in repeated]
    async with serving((*PARLEY, f"--wyoming=127.0.0.1:{port}")):
        door = Door(port)
        for request in (*heard[:2], *first[:2], *asked[:2]):
            await request(door)  # the first requests of a server are slower
        return [
            await compare("transcript, at one moment", door, heard, clients),
            await compare("transcript, as it comes", door, heard, clients, SPREAD),
            await compare("first sound, at one moment", door, first, clients),
            await compare("whole speech, at one moment", door, whole, clients),
            await compare("answer, at one moment", door, asked, clients),
            await describe_while_busy(door, heard[:3], clients),
        ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clients", type=int, default=8, help="at the same time")
    parser.add_argument("--rounds", type=int, default=12, help="of each request")
    parser.add_argument("--languages", default="en,de,fr,es")
    arguments = parser.parse_args()
    rows = asyncio.run(
        _run(arguments.clients, arguments.rounds, arguments.languages.split(","))
    )
    print(summary(rows, arguments.clients))
    print(machine())


if __name__ == "__main__":
    main()
