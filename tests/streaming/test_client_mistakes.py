"""Audio that is not what the client says, and messages that are too many."""

import io
import random

import numpy as np
import pytest
import soundfile

from streaming.client_mistakes import AudioCheck, MessageBudget

FRAME_S = 0.02


def stream(check, *, sent, declared, seconds, start=0.0, jitter=0.0, gap=None):
    """What is said while a microphone at `sent` Hz is taken for one at `declared`."""
    rng = random.Random(1)
    complaints = []
    for number in range(round(seconds / FRAME_S)):
        now = start + number * FRAME_S + rng.uniform(0, jitter)
        if gap is not None and now % gap < 0.6:
            continue
        data = bytes(2 * round(sent * FRAME_S))
        said = check.look(data, rate=declared, now=now)
        if said is not None:
            complaints.append(said)
    return complaints


@pytest.mark.parametrize(
    ("sent", "declared", "words"),
    [
        (48_000, 16_000, ["about 48000", "input_rate is 16000", '"input_rate": 48000']),
        (8_000, 16_000, ["about 8000", '"input_rate": 8000', "0.5 times"]),
        (44_100, 48_000, []),
        (44_100, 16_000, ["about 44100", "resample it to one of 8000, 16000"]),
        (24_000, 16_000, ["about 24000", "1.5 times"]),
    ],
)
def test_a_wrong_rate_is_told_once(sent, declared, words):
    said = stream(AudioCheck(), sent=sent, declared=declared, seconds=20, jitter=0.015)
    assert len(said) == bool(words)
    for word in words:
        assert word in said[0]


@pytest.mark.parametrize("rate", [8_000, 16_000, 24_000, 48_000])
@pytest.mark.parametrize("drift", [0.97, 1.0, 1.03])
def test_the_right_rate_is_no_mistake(rate, drift):
    assert not stream(
        AudioCheck(), sent=rate * drift, declared=rate, seconds=10, jitter=0.1
    )


def test_a_file_that_is_sent_at_once_is_no_mistake():
    check = AudioCheck()
    for number in range(500):
        assert check.look(bytes(640), rate=16_000, now=number * 0.0001) is None


def test_half_of_the_audio_is_no_mistake_if_the_rest_is_silence_that_is_not_sent():
    assert not stream(AudioCheck(), sent=16_000, declared=16_000, seconds=30, gap=1.2)


def test_a_flood_at_no_steady_pace_is_no_mistake():
    check, rng, now = AudioCheck(), random.Random(2), 0.0
    for _ in range(2_000):
        now += rng.uniform(0, 0.02)
        assert (
            check.look(bytes(rng.randrange(0, 7000, 2)), rate=16_000, now=now) is None
        )


def test_after_a_change_of_the_rate_it_looks_again():
    check = AudioCheck()
    assert not stream(check, sent=16_000, declared=16_000, seconds=1)
    said = stream(check, sent=16_000, declared=48_000, seconds=10, start=1)
    assert len(said) == 1


def wav(rate=16_000, channels=1, subtype="PCM_16"):
    file = io.BytesIO()
    samples = np.zeros((rate, channels), np.float32)
    soundfile.write(file, samples, rate, subtype=subtype, format="WAV")
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (wav(), ["header of a WAV file;", "bare PCM"]),
        (wav(rate=44_100), ["44100 Hz while input_rate is 16000"]),
        (wav(channels=2, subtype="PCM_24"), ["2 channels", "24 bits", " and "]),
        (wav()[:20], ["header of a WAV file;"]),
        (b"\x1aE\xdf\xa3\x01\x02", ["WebM", "compressed"]),
        (b"OggS\0\2", ["Ogg"]),
    ],
)
def test_a_file_instead_of_samples_is_told_once(data, words):
    check = AudioCheck()
    said = check.look(data, rate=16_000, now=0.0)
    assert said is not None
    for word in words:
        assert word in said
    assert check.look(data, rate=16_000, now=0.02) is None


def test_only_the_beginning_of_the_stream_is_looked_at():
    check = AudioCheck()
    assert check.look(b"", rate=16_000, now=0.0) is None
    assert check.look(bytes(640), rate=16_000, now=0.0) is None
    assert check.look(wav(), rate=16_000, now=0.02) is None


def test_a_budget_allows_a_burst_and_then_its_rate():
    budget = MessageBudget(per_second=10, burst=5)
    assert [budget.spend(0.0) for _ in range(6)] == [True] * 5 + [False]
    assert not budget.spend(0.05)
    assert budget.spend(0.16)
    assert not budget.spend(0.17)
    assert [budget.spend(1000.0) for _ in range(6)] == [True] * 5 + [False]
