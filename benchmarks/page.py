"""How much longer people wait on the page than with the reference client.

    python -m benchmarks.page [--clips 7] [--language en]

Speaks the same recordings to one server twice in turn: with the client of `parley bench`,
and into the microphone of a real Chromium that has the page open. Both count from the
labelled end of speech to the first audible sample of the reply. Prints p50, p95, p99 of
both, and of the difference for the recordings that were understood alike. Needs Chromium
and the package playwright.
"""

import argparse
import asyncio
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import uvloop

from streaming.benchmark import machine
from streaming.client import connected
from streaming.config import Config
from streaming.records import clips_of, speak_clip
from streaming.running import running
from tests.streaming.page.browser import Browsers, Watched, browsing, microphone
from voice.audio import HEARING_RATE, Pcm, read_audio
from voice.fixtures import Clip
from voice.manifests import data_root
from voice.timings import percentiles

LEAD = 1.0
"""Seconds of silence before a recording: a microphone takes a moment to settle."""

REST = 20.0
"""Seconds of silence after it."""

ANSWER = 8.0
"""Seconds after a recording in which the page answers, or does not."""


@dataclass(frozen=True)
class Heard:
    """What came of one recording."""

    transcript: str
    voice_to_voice_ms: float


async def with_client(url: str, clip: Clip) -> Heard | None:
    async with connected(url) as client:
        assert clip.language is not None
        await client.set_languages(clip.language)
        records = await speak_clip(client, clip)
    if len(records) != 1 or records[0].voice_to_voice_ms is None:
        return None
    return Heard(records[0].transcript, records[0].voice_to_voice_ms)


async def on_the_page(browsers: Browsers, url: str, clip: Clip) -> Heard | None:
    (utterance,) = clip.utterances
    assert utterance.span is not None
    with tempfile.TemporaryDirectory() as folder:
        recording = microphone(folder, LEAD, clip.file, REST)
        async with browsers.page(recording=recording) as watched:
            await watched.open(url)
            await watched.page.select_option("#language", clip.language)
            await watched.page.click("#talk")
            await asyncio.sleep(LEAD + utterance.span.end / 1000 + ANSWER)
            turns = watched.page.locator("#turns > li")
            if await turns.count() != 1:
                return None
            audible = await turns.get_attribute("data-audible-ms")
            words = await turns.locator("p.you .words").text_content()
        if not audible:
            return None
        spoken = begun_ms(watched, clip) + utterance.span.end
    return Heard(words or "", float(audible) - spoken)


def begun_ms(watched: Watched, clip: Clip) -> float:
    """When the recording begins, in the audio that the page has sent.

    Found by its envelope, because the browser changes its phases and its level.
    """
    sent = b"".join(frame for frame in watched.sent if isinstance(frame, bytes))
    captured = Pcm.of_bytes(sent, HEARING_RATE)
    original = read_audio(clip.file).resampled(HEARING_RATE)
    likeness = np.correlate(envelope(captured), envelope(original), "valid")
    return float(np.argmax(likeness))


def envelope(pcm: Pcm) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Loudness of each millisecond, compressed, without its mean."""
    step = pcm.rate // 1000
    count = len(pcm) // step
    frames = pcm.to_floats()[: count * step].reshape(count, step).astype(np.float64)
    loud = np.log10(np.sqrt((frames**2).mean(axis=1)) + 1e-3)
    return loud - loud.mean()


def row(name: str, values: Iterable[float]) -> str:
    spread = percentiles(values)
    if spread is None:
        return f"{name:<34} –"
    numbers = "".join(f"{n:8.0f}" for n in (spread.p50, spread.p95, spread.p99))
    return f"{name:<34}{numbers}{spread.count:6}"


async def measure(language: str, count: int) -> None:
    clips = [
        clip
        for clip in clips_of(data_root() / "audio_fixtures")
        if clip.kind == "command" and clip.language == language
    ][:count]
    default = Config()
    config = replace(
        default,
        server=replace(default.server, port=0, drain_timeout_s=2.0),
    )
    client: dict[Path, Heard] = {}
    page: dict[Path, Heard] = {}
    async with running(config) as server, browsing() as browsers:
        address = f"http://127.0.0.1:{server.port}/"
        for clip in clips:
            for found, heard in (
                (client, await with_client(server.url, clip)),
                (page, await on_the_page(browsers, address, clip)),
            ):
                if heard is not None:
                    found[clip.file] = heard
    alike = [
        page[file].voice_to_voice_ms - client[file].voice_to_voice_ms
        for file in page.keys() & client.keys()
        if page[file].transcript == client[file].transcript
    ]
    print(f"{'milliseconds, voice to voice':<34}{'p50':>8}{'p95':>8}{'p99':>8}{'n':>6}")
    print(row("reference client", (h.voice_to_voice_ms for h in client.values())))
    print(row("page in Chromium", (h.voice_to_voice_ms for h in page.values())))
    print(row("page minus client, heard alike", alike))
    print(f"{len(clips)} recordings; {machine()}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--clips", type=int, default=7, help="at most (default: 7)")
    parser.add_argument("--language", default="en", help="of them (default: en)")
    arguments = parser.parse_args()
    uvloop.run(measure(arguments.language, arguments.clips))


if __name__ == "__main__":
    main()
