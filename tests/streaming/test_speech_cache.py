"""Speech that is kept: what is found again, what goes, and what is never kept."""

import asyncio
import contextlib
from dataclasses import dataclass, field

import numpy as np
import pytest

from streaming.inference import InlineStages
from streaming.speech_cache import RememberingStages, SpeechCache, rehearse
from streaming.workers import Priority
from voice.audio import Pcm
from voice.errors import StageError
from voice.testing import EchoResponder, SpellingRecognizer, ToneSynthesizer


def pcm(samples, value=1):
    return Pcm(np.full(samples, value, np.int16), 1000)


def test_what_was_put_is_found_in_one_piece():
    cache = SpeechCache(10_000)
    cache.put("yes", "en", [pcm(100, 1), pcm(50, 2)])
    assert cache.get("yes", "en").samples.tolist() == [1] * 100 + [2] * 50
    assert cache.size == 300
    assert cache.get("yes", "de") is None
    assert cache.get("no", "en") is None


def test_what_was_not_said_for_longest_goes_first_and_the_bound_holds():
    cache = SpeechCache(10_000)
    for number in range(16):
        cache.put(str(number), "en", [pcm(300)])
    assert cache.get("0", "en")
    for number in range(16, 20):
        cache.put(str(number), "en", [pcm(300)])
    assert cache.size == 9_600
    assert len(cache) == 16
    assert cache.get("0", "en")
    kept = [number for number in range(20) if cache.get(str(number), "en")]
    assert kept == [0, *range(5, 20)]


def test_a_sentence_that_is_put_twice_counts_once():
    cache = SpeechCache(10_000)
    for value in (1, 2):
        cache.put("yes", "en", [pcm(100, value)])
    assert cache.size == 200
    assert cache.get("yes", "en").samples[0] == 2


def test_what_is_too_long_is_not_kept_and_pushes_nothing_out():
    cache = SpeechCache(10_000)
    cache.put("short", "en", [pcm(300)])
    cache.put("long", "en", [pcm(313)])
    cache.put("silence", "en", [])
    assert cache.get("short", "en")
    assert len(cache) == 1


@dataclass
class NotingSynthesizer:
    tone: ToneSynthesizer = field(default_factory=ToneSynthesizer)
    said: list[str] = field(default_factory=list)

    @property
    def languages(self):
        return self.tone.languages

    def speak(self, text, language):
        self.said.append(text)
        return self.tone.speak(text, language)


def remembering(synthesizer, capacity=2**20):
    cache = SpeechCache(capacity)
    stages = InlineStages(SpellingRecognizer(), EchoResponder(), synthesizer)
    return RememberingStages(stages, cache), cache


async def speech(stages, text, language="en"):
    return [
        piece async for piece in stages.speak(text, language, priority=Priority.FINAL)
    ]


async def test_the_second_time_nobody_has_to_speak_and_it_sounds_the_same():
    synthesizer = NotingSynthesizer()
    stages, _ = remembering(synthesizer, 2**22)
    text = "a sentence of some length that lasts for seconds"
    first, second = await speech(stages, text), await speech(stages, text)
    assert synthesizer.said == [text]
    whole = [np.concatenate([p.samples for p in pieces]) for pieces in (first, second)]
    assert np.array_equal(*whole)
    assert max(piece.duration for piece in second) <= 1000


async def test_what_breaks_off_is_not_kept():
    broken = NotingSynthesizer(ToneSynthesizer(breaks_at=["long"]))
    stages, cache = remembering(broken)
    with pytest.raises(StageError):
        await speech(stages, "a long one")
    async with contextlib.aclosing(
        stages.speak("abandoned", "en", priority=Priority.FINAL)
    ) as pieces:
        await anext(pieces)
    assert len(cache) == 0


class OneWorker(InlineStages):
    """Speaks to one caller at a time, as a pool with a single process does."""

    def __init__(self):
        super().__init__(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
        self._free = asyncio.Lock()

    async def speak(self, text, language, *, priority):
        async with self._free:
            async for piece in super().speak(text, language, priority=priority):
                await asyncio.sleep(0)
                yield piece


async def test_who_listens_slowly_keeps_no_worker_from_the_others():
    stages = RememberingStages(OneWorker(), SpeechCache())
    slow = stages.speak("a long story", "en", priority=Priority.FINAL)
    async with asyncio.timeout(5), contextlib.aclosing(slow) as pieces:
        await anext(pieces)
        assert await speech(stages, "the light is on")
        assert [piece async for piece in pieces], "and hears the rest when it likes"


async def test_who_leaves_takes_the_worker_from_nobody():
    stages = RememberingStages(OneWorker(), SpeechCache())
    others = asyncio.all_tasks()
    async with asyncio.timeout(5):
        left = stages.speak("a long story", "en", priority=Priority.FINAL)
        async with contextlib.aclosing(left) as pieces:
            await anext(pieces)
        assert asyncio.all_tasks() == others
        assert await speech(stages, "the light is on")


@pytest.mark.virtual_time
async def test_a_rehearsal_goes_on_where_the_worker_gives_up():
    synthesizer = NotingSynthesizer(ToneSynthesizer(breaks_at=["broken"]))
    stages, cache = remembering(synthesizer)
    begun = asyncio.get_running_loop().time()
    await rehearse(stages, ["broken", "Yes. No, well, perhaps."], "en")
    assert asyncio.get_running_loop().time() - begun >= 1
    # By the phrases in which a reply is asked for.
    assert synthesizer.said == ["broken", "Yes. ", "No, well, perhaps."]
    assert len(cache) == 2
