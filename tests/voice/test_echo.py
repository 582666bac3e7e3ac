"""Our own voice, coming back: recognised at every delay, and never taken for another's."""

from itertools import pairwise

import numpy as np
import pytest

from voice.audio import HEARING_RATE, Pcm
from voice.echo import LATEST, WINDOW, EchoGuard
from voice.events import Millis
from voice.synthesizers.espeak import EspeakSynthesizer

FRAME = 512
REPLIES = {
    "en": "The weather is sunny, and I turned on the lights in the living room.",
    "de": "Das Wetter ist sonnig, und ich habe die Lichter eingeschaltet.",
    "fr": "Le temps est ensoleillé et j'ai allumé les lumières du salon.",
    "es": "El tiempo es soleado y he encendido las luces del salón.",
}


def speak(text, language):
    synthesizer = EspeakSynthesizer()
    pcm = Pcm.joined(list(synthesizer.speak(text, language)), 22_050)
    return pcm.resampled(HEARING_RATE).samples.astype(np.float64)


@pytest.fixture(scope="module")
def replies():
    return {tag: speak(text, tag) for tag, text in REPLIES.items()}


@pytest.fixture(scope="module")
def interruption():
    return speak("No, stop, turn off the radio in the kitchen", "en")


def room(length):
    return np.random.default_rng(0).normal(0, 6, length)


def late(signal, delay_ms, length):
    shifted = np.zeros(length)
    start = delay_ms * HEARING_RATE // 1000
    signal = signal[: length - start]
    shifted[start : start + len(signal)] = signal
    return shifted


def judged(reply, heard, *, guard=None):
    """For each frame of what is heard: is it loud, and taken for an echo?"""
    guard = guard or EchoGuard()
    sent = 0
    for start in range(0, len(heard) - FRAME + 1, FRAME):
        while sent < min(len(reply), start + 240 * HEARING_RATE // 1000):
            piece = reply[sent : sent + 640].astype(np.int16)
            guard.play(Pcm(piece, HEARING_RATE), Millis(start // 16))
            sent += 640
        end = start + FRAME
        window = heard[max(0, end - WINDOW * 16) : end].astype(np.int16)
        frame = heard[start:end]
        yield (
            np.sqrt((frame**2).mean()) > 100,
            guard.is_echo(Pcm(window, HEARING_RATE), Millis(end // 16)),
        )


@pytest.mark.parametrize("delay", [50, 400])
@pytest.mark.parametrize("language", REPLIES)
def test_a_reply_that_comes_back_at_20_db_less_is_known_in_every_frame(
    replies, language, delay
):
    reply = replies[language]
    length = len(reply) + HEARING_RATE
    heard = late(0.1 * reply, delay, length) + room(length)
    loud = [echo for is_loud, echo in judged(reply, heard) if is_loud]
    assert len(loud) > 40
    assert all(loud)


@pytest.mark.parametrize("language", REPLIES)
def test_a_reflecting_room_does_not_hide_it_for_two_frames(replies, language):
    random = np.random.default_rng(1)
    reply = replies[language]
    reflections = random.normal(0, 1, 4800) * 10 ** (-3 * np.arange(4800) / 4800)
    reflections *= 0.55 / np.sqrt((reflections**2).sum())
    response = np.concatenate([[1.0], reflections])
    length = len(reply) + HEARING_RATE
    echo = np.convolve(0.1 * reply, response)[: len(reply)]
    heard = late(echo, 180, length) + room(length)
    loud = [echo for is_loud, echo in judged(reply, heard) if is_loud]
    assert len(loud) > 40
    assert all(earlier or later for earlier, later in pairwise(loud))


@pytest.mark.parametrize("echo", [0.0, 0.1], ids=["headphones", "loudspeaker"])
@pytest.mark.parametrize("language", REPLIES)
def test_who_speaks_over_the_reply_is_no_echo(replies, interruption, language, echo):
    reply = replies[language]
    length = len(reply) + HEARING_RATE
    begin = 1000
    voice = late(interruption, begin, length)
    heard = late(echo * reply, 180, length) + voice + room(length)
    frames = list(judged(reply, heard))
    onset = begin * 16 // FRAME + 1
    taken = [taken for _, taken in frames[onset : onset + 5]]
    # From 160 ms on it is never in doubt; later, between the words, the echo is alone.
    assert taken.count(True) <= 2
    assert taken[-2:] == [False, False]


def test_nothing_was_played_and_nothing_is_an_echo(interruption):
    assert not any(taken for _, taken in judged(np.zeros(0), interruption))


def test_what_was_played_long_ago_does_not_come_back(replies):
    reply = replies["en"]
    guard = EchoGuard()
    guard.play(Pcm(reply.astype(np.int16), HEARING_RATE), Millis(0))
    window = Pcm(reply[: WINDOW * 16].astype(np.int16), HEARING_RATE)
    long_after = Millis(len(reply) // 16 + LATEST + WINDOW + 1)
    assert guard.is_echo(window, WINDOW)
    assert not guard.is_echo(window, long_after)
    assert not guard.known


def test_after_the_reply_was_held_it_is_known_where_it_goes_on(replies):
    reply = replies["de"]
    half = len(reply) // 2
    guard = EchoGuard()
    now = Millis(half // 16)
    guard.play(Pcm(reply[: half + 8000].astype(np.int16), HEARING_RATE), Millis(0))
    guard.fall_silent(now)
    later = Millis(now + 2000)
    guard.play(Pcm(reply[half:].astype(np.int16), HEARING_RATE), later)
    heard = Pcm((0.1 * reply[half : half + 3072]).astype(np.int16), HEARING_RATE)
    assert guard.is_echo(heard, Millis(later + 192 + 100))


def test_clicks_are_alike_but_no_echo():
    click = np.zeros(3072)
    click[1500] = 20_000.0
    guard = EchoGuard()
    reply = np.tile(click, 4)
    guard.play(Pcm(reply.astype(np.int16), HEARING_RATE), Millis(0))
    assert not guard.is_echo(Pcm(click.astype(np.int16), HEARING_RATE), Millis(500))
