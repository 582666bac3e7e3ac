"""Speaking over replies: how soon they fall silent, and what must not stop them.

    python -m benchmarks.bargein [--rounds 6] [--languages en,de,fr,es]

A real server, real time, one session for each language. Each round asks for the
weather by text and does one of three things while the answer plays:

    words       an interruption: from its first audible sample to the last audible
                sample of the reply at the client; the reply must not come back
    sign        a sign of listening of that language ("mhm", "ja", "oui oui"): the
                reply must go on and end
    echo        the reply itself comes back through the microphone at -20 dB, after
                20 to 300 ms: the reply must not be stopped, nor a turn be taken

Voices are eSpeak's, held out from all training.
"""

import argparse
import asyncio
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

from audio_fixtures.rooms import decibels
from benchmarks.paused_speech import LANGUAGES, LEAD, compose
from benchmarks.player import Player
from benchmarks.processes import serving
from streaming.benchmark import machine
from streaming.client import Client, connected
from streaming.commands.progress import Progress
from streaming.commands.tables import percent, table
from streaming.messages import (
    Ducked,
    ResponseCancel,
    ResponseDone,
    ServerMessage,
    TextInput,
)
from voice.audio import HEARING_RATE, Framer, Pcm, Resampler
from voice.events import Millis
from voice.held_out import VARIANTS
from voice.languages import LANGUAGES as TONGUES
from voice.timings import percentiles

__all__ = ["Result", "Trial", "measure", "plans", "summary"]

QUESTIONS = {
    "en": "what is the weather",
    "de": "wie ist das wetter",
    "fr": "quel temps fait-il",
    "es": "qué tiempo hace",
}
"""The longest answers that the demo home gives."""

INTERRUPTIONS = {
    "en": ("stop", "turn off the ceiling light", "no i want to know the time"),
    "de": ("halt stopp", "schalte die deckenlampe aus", "nein wie spät ist es"),
    "fr": ("arrête", "éteins le plafonnier", "non quelle heure est-il"),
    "es": ("para para", "apaga la lámpara de pie", "no qué hora es"),
}

AFTER = (0.25, 0.7)
"""Seconds of the reply that are heard before somebody speaks, least and most."""

ECHO = -20.0
"""Decibels of what comes back of the reply."""

ECHO_DELAYS = (20, 60, 120, 200, 300)
"""Milliseconds between the loudspeaker and its echo in the microphone's stream."""

FRAME = 20
"""Milliseconds that a microphone delivers at a time."""

REPORTED = 10
"""Frames after which the client says how much it has played."""

PATIENCE = 12.0
"""Seconds that a round may take."""

ROOM = 6
"""Sample value of the noise of a quiet room."""


@dataclass(slots=True)
class Trial:
    """One reply, and what became of it."""

    language: str
    kind: str
    """``words``, ``sign`` or ``echo``."""
    said: str
    silent_ms: float | None = None
    """From the first audible sample of the user to the last one of the reply."""
    held: int = 0
    """How often the reply fell silent to listen."""
    status: str = "unanswered"
    """How the reply ended, as the server says; ``unanswered``: none was heard."""


@dataclass(slots=True)
class Result:
    """All that was tried."""

    trials: list[Trial] = field(default_factory=list)

    def of(self, kind: str, language: str | None = None) -> list[Trial]:
        """The answered trials of a kind."""
        return [
            trial
            for trial in self.trials
            if trial.kind == kind
            and trial.status != "unanswered"
            and language in (None, trial.language)
        ]

    @property
    def silences(self) -> list[float]:
        """How long replies went on, of those that fell silent for words."""
        waits = (trial.silent_ms for trial in self.of("words"))
        return sorted(wait for wait in waits if wait is not None)

    @property
    def missed(self) -> int:
        """Interruptions by words that did not stop the reply."""
        return sum(trial.status == "completed" for trial in self.of("words"))

    def resumed(self, language: str | None = None) -> float | None:
        """The share of signs of listening after which the reply went on to its end."""
        signs = self.of("sign", language)
        if not signs:
            return None
        return sum(trial.status == "completed" for trial in signs) / len(signs)

    @property
    def echo_interruptions(self) -> int:
        """Replies that were stopped by their own echo."""
        return sum(trial.status != "completed" for trial in self.of("echo"))


class _Table:
    """One session: a microphone, a loudspeaker, and the air between them."""

    def __init__(self, client: Client, language: str, seed: int) -> None:
        self._client = client
        self._language = language
        self._noise = np.random.default_rng(seed)
        self._player = Player(client.output_rate, client.now)
        self._next = client.now
        self._done: ResponseDone | None = None
        self._holds = 0
        self._turn = 0
        client.on_audio = lambda pcm: self._player.play(pcm, client.now)
        client.on_message = self._note

    def _note(self, message: ServerMessage) -> None:
        match message:
            case Ducked(ducked=True):
                self._holds += 1
                self._player.fall_silent(self._client.now)
            case ResponseDone(status=status):
                if status != "completed":
                    self._player.fall_silent(self._client.now)
                self._done = self._done or message
            case _:
                pass

    async def round(
        self, trial: Trial, speech: Pcm | None, order: random.Random
    ) -> None:
        """Ask, and do what is to be tried while the reply plays."""
        client = self._client
        self._player = Player(client.output_rate, client.now)
        self._done, self._holds = None, 0
        self._next = client.now
        # Voice activity gets used to the room first, as it is in life.
        await self._listen(lambda: False, 0.4)
        asked = client.now
        await client.send(
            TextInput(text=QUESTIONS[self._language], language=self._language)
        )
        delay = order.choice(ECHO_DELAYS) / 1000 if trial.kind == "echo" else None
        if not await self._listen(
            lambda: self._starts(asked) is not None, PATIENCE, delay
        ):
            return
        begun = self._starts(asked)
        assert begun is not None
        if speech is not None:
            offset = order.uniform(*AFTER)
            await self._listen(lambda: client.now >= begun + offset, PATIENCE)
            onset = self._next
            await self._say(speech)
        await self._listen(lambda: self._done is not None, PATIENCE, delay)
        trial.held = self._holds
        trial.status = self._done.status if self._done else "endless"
        if speech is not None:
            ends = self._player.audible(begun, onset + speech.duration / 1000 + 0.3)
            assert ends is not None
            # A reply that was over before the user spoke says nothing.
            if ends[1] < onset - FRAME / 1000:
                trial.status = "unanswered"
            elif trial.kind == "words" and trial.status == "cancelled":
                trial.silent_ms = (ends[1] - onset) * 1000
        await client.send(ResponseCancel())
        await self._listen(lambda: client.floor == "open", 6.0)

    def _starts(self, since: float) -> float | None:
        span = self._player.audible(since, self._client.now)
        return span[0] if span else None

    async def _say(self, speech: Pcm) -> None:
        step = FRAME * HEARING_RATE // 1000
        for start in range(0, len(speech), step):
            part = speech.samples[start : start + step]
            frame = np.zeros(step, np.int16)
            frame[: len(part)] = part
            await self._send(frame)

    async def _listen(
        self, until: Callable[[], bool], seconds: float, echo: float | None = None
    ) -> bool:
        """Send the room, and the echo if there is one, until something is so."""
        step = FRAME * HEARING_RATE // 1000
        give_up = self._client.now + seconds
        air = Resampler(self._client.output_rate, HEARING_RATE)
        back = Framer(step, HEARING_RATE)
        while not until():
            if self._client.now >= give_up:
                return False
            frame = np.zeros(step, np.int16)
            if echo is not None:
                since = self._next - FRAME / 1000 - echo
                heard = air.feed(self._player.heard(since, FRAME / 1000))
                for piece in back.feed(heard):
                    frame = (piece.samples * decibels(ECHO)).astype(np.int16)
            await self._send(frame)
        return True

    async def _send(self, frame: np.ndarray) -> None:
        """Deliver what a microphone heard in the last 20 ms."""
        client = self._client
        await asyncio.sleep(max(0.0, self._next - client.now))
        room = self._noise.integers(-ROOM, ROOM + 1, len(frame)).astype(np.int16)
        pcm = Pcm(frame + room, HEARING_RATE).resampled(client.rate)
        await client.send_audio(pcm.to_bytes())
        self._next = max(self._next + FRAME / 1000, client.now - 0.2)


def plan(
    language: str, rounds: int, order: random.Random
) -> Iterator[tuple[Trial, Pcm | None]]:
    """What is tried in one language, mixed."""
    trials = []
    for number in range(rounds):
        said = INTERRUPTIONS[language][number % len(INTERRUPTIONS[language])]
        trials.append(Trial(language, "words", said))
        signs = TONGUES[language].backchannels
        trials.append(Trial(language, "sign", signs[number % len(signs)]))
        trials.append(Trial(language, "echo", ""))
    order.shuffle(trials)
    for number, trial in enumerate(trials):
        voice = (language, VARIANTS[number % len(VARIANTS)])
        speech = None
        if trial.said:
            name = f"{language} {trial.kind} {number}"
            clip = compose(name, trial.said, "command", voice, ())
            speech = clip.pcm.slice(Millis(LEAD), Millis(clip.end))
        yield trial, speech


Plans: TypeAlias = Mapping[str, Sequence[tuple[Trial, Pcm | None]]]


def plans(languages: Sequence[str], rounds: int, *, seed: int = 0) -> Plans:
    """What is tried in each language."""
    return {
        language: list(plan(language, rounds, random.Random(f"{seed} {language}")))
        for language in languages
    }


async def measure(url: str, tried: Plans, *, seed: int = 0) -> Result:
    """Try everything, with one session for each language at the same time."""
    result = Result()
    with Progress(sum(map(len, tried.values())), "talking over") as progress:

        async def hold(language: str) -> None:
            order = random.Random(f"{seed} {language} offsets")
            async with connected(url) as client:
                await client.set_languages(language)
                table_ = _Table(client, language, seed)
                for trial, speech in tried[language]:
                    await table_.round(trial, speech, order)
                    result.trials.append(trial)
                    progress.step()

        async with asyncio.TaskGroup() as group:
            for language in tried:
                group.create_task(hold(language))
    return result


async def _measure(url: str | None, tried: Plans) -> Result:
    if url is not None:
        return await measure(url, tried)
    async with serving() as served:
        return await measure(served.url, tried)


def summary(result: Result) -> str:
    """Tables of what was observed."""
    languages = dict.fromkeys(trial.language for trial in result.trials)
    rows = []
    for language in languages:
        share = result.resumed(language)
        signs = result.of("sign", language)
        stopped = sorted({t.said for t in signs if t.status != "completed"})
        waits = percentiles(
            trial.silent_ms
            for trial in result.of("words", language)
            if trial.silent_ms is not None
        )
        echoes = result.of("echo", language)
        rows.append(
            [
                language,
                "-" if waits is None else f"{waits.p50:.0f}/{waits.p95:.0f}",
                f"{sum(t.status == 'completed' for t in result.of('words', language))}"
                f" of {len(result.of('words', language))}",
                "-" if share is None else f"{percent(share)} of {len(signs)}",
                ", ".join(stopped) or "none",
                f"{sum(t.status != 'completed' for t in echoes)} of {len(echoes)}",
                f"{sum(t.held for t in echoes)}",
            ]
        )
    header = [
        "language",
        "silent after ms p50/p95",
        "words missed",
        "signs resumed",
        "stopped by",
        "echo stopped",
        "echo held",
    ]
    waits = percentiles(result.silences)
    lines = [table(header, rows)]
    if waits is not None:
        lines.append(
            f"onset to silence: p50 {waits.p50:.0f} ms, p95 {waits.p95:.0f} ms of"
            f" {waits.count}; unanswered questions:"
            f" {sum(t.status == 'unanswered' for t in result.trials)}"
        )
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--rounds", type=int, default=7, help="in each language")
    parser.add_argument("--url", help="of a server that runs already")
    arguments = parser.parse_args()
    languages = arguments.languages.split(",")
    tried = plans(languages, arguments.rounds)
    result = asyncio.run(_measure(arguments.url, tried))
    print(summary(result))
    print(machine())


if __name__ == "__main__":
    main()
