"""Hundreds of turns of somebody who says and does anything at any moment.

Whatever happens: an effect happens once, after the commit, for the words that were
told; a reply that begins ends once; audio belongs to a reply; nobody is forgotten.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from random import Random

import pytest

from streaming.household import Announcement
from streaming.messages import (
    Committed,
    InputCommit,
    InputEnd,
    IntentMessage,
    Playback,
    ReplyText,
    ResponseCancel,
    ResponseCreated,
    ResponseDone,
    SessionUpdate,
    TextInput,
    TranscriptCompleted,
    TranscriptDelta,
)
from tests.streaming.rehearsal import Rehearsal, SlowStages, rehearsal
from voice.events import Completeness
from voice.home import MAX_TIMERS, StartTimer
from voice.languages import LANGUAGES
from voice.stages import Intent
from voice.testing import EchoResponder, SpellingRecognizer, ToneSynthesizer
from voice.turns import Floor

pytestmark = pytest.mark.virtual_time

TURNS = 100
A_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Obeying(EchoResponder):
    """Starts a timer of the name of what was said, which never ends in a test."""

    def plan(self, text, language, *, home, now):
        plan = EchoResponder.plan(self, text, language, home=home, now=now)
        effect = StartTimer(
            seconds=A_YEAR, language=language, announcement="Never.", name=text
        )
        return replace(
            plan,
            intent=Intent(name="HassStartTimer", slots=(("name", text),)),
            effects=(effect,),
            completeness=list(Completeness)[len(text) % 4],
        )


class Moody(SlowStages):
    """Stages that take now no time, now very long."""

    def __init__(self, stages, random):
        super().__init__(stages, recognize=0, respond=0, synthesize=0)
        self._random = random

    async def transcribe(self, pcm, candidates, *, priority):
        self.recognize = self._random.choice([0, 0, 0.05, 0.3, 1.2])
        return await super().transcribe(pcm, candidates, priority=priority)

    async def plan(self, text, language, *, home, now, priority):
        self.respond = self._random.choice([0, 0, 0.02, 0.2, 1])
        return await super().plan(text, language, home=home, now=now, priority=priority)

    async def speak(self, text, language, *, priority):
        self.synthesize = self._random.choice([0, 0.01, 0.1, 0.4])
        async for pcm in super().speak(text, language, priority=priority):
            yield pcm


class Anybody:
    """Does one thing after another, at random; counts what cannot be got wrong."""

    def __init__(self, talk: Rehearsal, random: Random) -> None:
        self.talk = talk
        self.random = random
        self.said = 0
        self.announced = 0

    async def act(self) -> None:
        acts: list[tuple[int, Callable[[], Awaitable[None]]]] = [
            (30, self.speak),
            (25, self.wait),
            (6, self.listen_aloud),
            (6, self.cough),
            (5, self.type),
            (5, self.cancel),
            (4, self.submit),
            (3, self.end),
            (3, self.have_news),
            (3, self.report),
            (2, self.change_rate),
            (3, self.break_something),
        ]
        weights, choices = zip(*acts, strict=True)
        await self.random.choices(choices, weights)[0]()

    def words(self) -> str:
        self.said += 1
        return f"do {self.said}" + " please" * self.random.choice([0, 0, 1, 3])

    async def speak(self) -> None:
        await self.talk.say(self.words(), self.random.choice(["en", "de"]))

    async def wait(self) -> None:
        await self.talk.pause(self.random.choice([40, 100, 300, 600, 1000, 3000]))

    async def listen_aloud(self) -> None:
        await self.talk.say("mhm")

    async def cough(self) -> None:
        await self.talk.murmur(self.random.choice([20, 80, 200, 700]))

    async def type(self) -> None:
        self.talk.session.receive(TextInput(text=self.words()))

    async def cancel(self) -> None:
        self.talk.session.receive(ResponseCancel())

    async def submit(self) -> None:
        self.talk.session.receive(InputCommit())

    async def end(self) -> None:
        self.talk.session.receive(InputEnd())
        await asyncio.sleep(self.random.choice([0.05, 0.5, 2]))

    async def have_news(self) -> None:
        self.announced += 1
        self.talk.session.announce(Announcement(f"News {self.announced}", "en"))

    async def report(self) -> None:
        turn = self.random.randrange(1, 200)
        replies = self.talk.of(ResponseCreated)
        if replies and self.random.random() < 0.7:
            turn = replies[-1].turn
        position = self.random.choice([-5, 0, 100, 1000, 10**9])
        self.talk.session.receive(Playback(turn=turn, position_ms=position))

    async def change_rate(self) -> None:
        rates = [8_000, 16_000, 24_000, 48_000]
        self.talk.session.receive(
            SessionUpdate(
                input_rate=self.random.choice(rates),
                output_rate=self.random.choice(rates),
            )
        )

    async def break_something(self) -> None:
        await self.talk.say(self.random.choice(["bang", "peng", "boom"]))


def check(talk: Rehearsal) -> None:
    messages = [message for _, message in talk.client.messages]
    committed: set[int] = set()
    words: dict[int, str] = {}
    deltas: dict[int, str] = {}
    done: set[int] = set()
    acted: list[tuple[int, str]] = []
    replying = None
    for message in messages:
        match message:
            case Committed(turn=turn):
                committed.add(turn)
            case TranscriptDelta(turn=turn, delta=delta):
                assert delta.strip() == delta != ""
                assert turn not in done
                deltas[turn] = f"{deltas.get(turn, '')} {delta}".strip()
            case TranscriptCompleted(turn=turn, transcript=text):
                words[turn] = text
            case IntentMessage(turn=turn, slots=slots):
                assert turn in committed, "an effect before the commit"
                assert words.get(turn, slots["name"]) == slots["name"]
                acted.append((turn, str(slots["name"])))
            case ResponseCreated(turn=turn):
                assert replying is None, "two replies at once"
                assert turn not in done
                replying = turn
            case ResponseDone(turn=turn):
                assert replying == turn
                replying = None
                done.add(turn)
            case _:
                pass
    assert replying is None
    assert len({turn for turn, _ in acted}) == len(acted), "effects twice in a turn"
    household = talk.services.household
    names = [name for _, name in acted]
    done_to_the_home = [effect.name for (effect,) in household.committed]
    assert done_to_the_home == names
    assert [timer.name for timer in household.state.timers] == names[:MAX_TIMERS]


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_somebody_does_the_conversation_keeps_its_word(seed):
    random = Random(seed)
    broken = {
        "recognizer": SpellingRecognizer(breaks_at=("bang",)),
        "responder": Obeying(breaks_at=("peng",)),
        "synthesizer": ToneSynthesizer(
            breaks_at=("boom", "etwas schiefgegangen"), languages=tuple(LANGUAGES)
        ),
    }
    async with rehearsal(slowed=lambda s: Moody(s, random), **broken) as talk:
        watch(talk)
        somebody = Anybody(talk, random)
        while len(talk.of(ResponseCreated)) < TURNS:
            await somebody.act()
        await talk.pause(20_000)
        assert talk.session.floor is Floor.OPEN
        check(talk)
        told = [m.transcript for m in talk.of(ReplyText)]
        heard = {
            m.turn for m in talk.of(ResponseDone) if m.heard_ms or m.status == "failed"
        }
        for number in range(1, somebody.announced + 1):
            assert f"News {number}" in told, "news that nobody was told"
        assert len(heard) > TURNS // 2


def watch(talk: Rehearsal) -> None:
    """Fail at once if audio comes that belongs to no reply."""
    send, send_audio = talk.client.send, talk.client.send_audio
    replying = False

    def sent(message):
        nonlocal replying
        if isinstance(message, ResponseCreated | ResponseDone):
            replying = isinstance(message, ResponseCreated)
        send(message)

    def heard(pcm):
        assert replying, "audio without a reply"
        send_audio(pcm)

    talk.client.send, talk.client.send_audio = sent, heard
