"""One reply: held, released, paced, stopped, broken."""

import asyncio
import contextlib
import itertools

import pytest

from streaming.inference import InlineStages
from streaming.reply import Reply, ReplyEnd
from streaming.workers import Priority
from tests.streaming.rehearsal import SlowStages
from voice.audio import Pcm
from voice.errors import StageError
from voice.events import Millis, TurnId
from voice.testing import EchoResponder, SpellingRecognizer, ToneSynthesizer

pytestmark = pytest.mark.virtual_time

TEXT = "The light is on. The radio is off. Good night."
LENGTH = 50 * len(TEXT.replace(". ", "."))
"""Milliseconds; the synthesiser hums 50 for each character, none for outer spaces."""


class Counting(InlineStages):
    """The stages, and what the synthesiser was asked for."""

    def __init__(self, **settings):
        super().__init__(
            SpellingRecognizer(), EchoResponder(), ToneSynthesizer(**settings)
        )
        self.pieces = 0
        self.open = 0
        self.priorities = []

    async def speak(self, text, language, *, priority: Priority):
        self.priorities.append(priority)
        self.open += 1
        try:
            async for pcm in super().speak(text, language, priority=priority):
                self.pieces += 1
                yield pcm
        finally:
            self.open -= 1


class Spoken:
    """A reply and what came of it."""

    def __init__(self, stages, *, text=TEXT, rate=16_000):
        self.audio: list[tuple[int, object]] = []
        self.news: list[str] = []
        loop = asyncio.get_running_loop()
        self.clock = loop.time
        self.reply = Reply(
            TurnId(1),
            text,
            "en",
            stages=stages,
            rate=rate,
            send=lambda pcm: self.audio.append((round(loop.time() * 1000), pcm)),
            clock=loop.time,
            spawn=loop.create_task,
        )
        self.running = loop.create_task(self.run())

    async def run(self):
        return await self.reply.run(
            on_start=lambda: self.news.append("started"),
            on_sent=lambda: self.news.append("sent"),
        )

    @property
    def audio_ms(self):
        return sum(len(pcm) for _, pcm in self.audio) * 1000 / self.audio[0][1].rate


@contextlib.asynccontextmanager
async def spoken(stages=None, **settings):
    """A reply; afterwards nothing of it goes on."""
    before = asyncio.all_tasks()
    said = Spoken(stages or Counting(), **settings)
    yield said
    said.running.cancel()
    said.reply.stop()
    await asyncio.sleep(0.01)
    assert asyncio.all_tasks() == before


async def test_it_is_prepared_at_once_and_silent_until_released():
    stages = Counting()
    async with spoken(stages) as said:
        await asyncio.sleep(5)
        assert stages.pieces > 5
        assert (said.audio, said.news) == ([], [])
        said.reply.release()
        await asyncio.sleep(0)
        assert said.audio[0][0] == 5000
        assert said.news == ["started"]


async def test_it_ends_when_all_of_it_was_heard():
    async with spoken() as said:
        said.reply.release()
        heard = await said.running
        assert heard.end is ReplyEnd.COMPLETED
        assert heard.text == TEXT
        assert heard.ms == pytest.approx(LENGTH, abs=5)
        assert said.audio_ms == pytest.approx(LENGTH, abs=5)
        assert said.clock() * 1000 == pytest.approx(LENGTH, abs=10)
        assert said.news == ["started", "sent"]


async def test_it_is_sent_only_a_little_ahead():
    async with spoken() as said:
        said.reply.release()
        await asyncio.sleep(1)
        assert 1000 <= said.audio_ms <= 1300
        times = [at for at, _ in said.audio]
        assert max(b - a for a, b in itertools.pairwise(times)) <= 100


class Hesitating(Counting):
    """Silent for 60 ms before each phrase."""

    async def speak(self, text, language, *, priority: Priority):
        yield Pcm.silence(Millis(60), ToneSynthesizer().rate)
        async for pcm in super().speak(text, language, priority=priority):
            yield pcm


async def test_nobody_waits_for_a_silence_at_its_beginning():
    async with spoken(Hesitating()) as said:
        said.reply.release()
        await said.running
        first = said.audio[0][1]
        assert abs(first.samples[: first.rate // 200]).max() > 300
        # Between the phrases, of which there are three, it belongs to the speech.
        assert said.audio_ms == pytest.approx(LENGTH + 2 * 60, abs=5)


async def test_the_audio_is_that_of_the_synthesiser_resampled():
    for rate in (8_000, 24_000, 48_000):
        async with spoken(rate=rate) as said:
            said.reply.release()
            await said.running
            assert {pcm.rate for _, pcm in said.audio} == {rate}
            assert said.audio_ms == pytest.approx(LENGTH, abs=5)


async def test_stopped_it_says_what_was_heard_and_stops_the_synthesis():
    stages = Counting()
    slow = SlowStages(stages, recognize=0, respond=0, synthesize=0.05)
    async with spoken(slow, text="Word " * 200) as said:
        said.reply.release()
        await asyncio.sleep(2)
        heard = said.reply.stop()
        assert heard.end is ReplyEnd.CANCELLED
        assert 1500 < heard.ms < 2000
        assert 1 <= len(heard.text.split()) < 15
        pieces = stages.pieces
        await asyncio.sleep(1)
        assert (stages.pieces, stages.open) == (pieces, 0)


async def test_stopped_before_it_was_heard_it_was_not_heard():
    async with spoken() as said:
        await asyncio.sleep(1)
        heard = said.reply.stop()
        assert (heard.ms, heard.text) == (0, "")


async def test_a_long_reply_does_not_pile_up():
    stages = Counting()
    async with spoken(stages, text="Nothing ends. " * 100) as said:
        await asyncio.sleep(1)
        held = said.reply.outbox.total
        assert 8000 <= held <= 8300
        said.reply.release()
        await asyncio.sleep(10)
        assert said.reply.outbox.total - said.reply.outbox.sent <= 8300
        heard = await said.running
        assert heard.ms == pytest.approx(100 * 13 * 50, abs=50)


async def test_a_synthesiser_that_fails_at_once_ends_it():
    async with spoken(Counting(languages=("de",))) as said:
        said.reply.release()
        heard = await said.running
        assert (heard.end, heard.ms, heard.text) == (ReplyEnd.FAILED, 0, "")
        assert isinstance(said.reply.error, StageError)
        assert said.news == []


async def test_a_synthesiser_that_fails_in_the_middle_lets_the_rest_be_heard():
    async with spoken(Counting(breaks_at=("radio",))) as said:
        said.reply.release()
        heard = await said.running
        assert heard.end is ReplyEnd.FAILED
        assert heard.text.startswith("The light is on.")
        assert "night" not in heard.text
        assert said.audio_ms == pytest.approx(16 * 50 + 200, abs=30)


async def test_the_times_of_the_synthesis_are_kept():
    slow = SlowStages(Counting(), recognize=0, respond=0, synthesize=0.1)
    async with spoken(slow) as said:
        await asyncio.sleep(0.5)
        said.reply.release()
        await said.running
        assert said.reply.first_piece == pytest.approx(0.1)
        assert said.reply.started == pytest.approx(0.5)


async def test_the_client_knows_better_what_was_heard():
    async with spoken() as said:
        said.reply.release()
        await asyncio.sleep(1)
        said.reply.report(Millis(200))
        assert said.reply.heard(ReplyEnd.CANCELLED).ms == 200
        sent = said.audio_ms
        await asyncio.sleep(0.5)
        # It is 800 ms behind what was thought, so less is sent for as long.
        assert said.audio_ms - sent < 100
        said.reply.report(Millis(700))
        await said.running


async def test_nothing_to_say_is_over_at_once():
    async with spoken(text="") as said:
        said.reply.release()
        heard = await said.running
        assert (heard.end, heard.ms) == (ReplyEnd.COMPLETED, 0)


async def test_what_the_user_waits_for_goes_first():
    stages = Counting()
    async with spoken(stages) as said:
        said.reply.release()
        await said.running
        assert set(stages.priorities) == {Priority.FINAL}


async def test_a_guess_waits_until_it_is_released():
    stages = Counting(letter=Millis(500))
    async with spoken(stages) as said:
        await asyncio.sleep(1)
        assert set(stages.priorities) == {Priority.SPECULATIVE}
        said.reply.release()
        await said.running
        assert stages.priorities[-1] is Priority.FINAL
