"""Opus: what is said comes through; what is lost or damaged costs only itself."""

import contextlib

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.protocols.opus import LARGEST, OpusDecoder, OpusEncoder, packet_us
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis

RATE = 16_000

EXACT = 48_000
"""Where nothing is resampled, which takes time and gives it back later."""


def voice(seconds=1.0, rate=RATE):
    """A vowel that rises, at -12 dBFS."""
    time = np.arange(int(seconds * rate)) / rate
    phase = 2 * np.pi * (120 * time + 40 * time**2)
    tone = sum(np.sin(n * phase) / n for n in range(1, 9))
    return Pcm.of_floats(0.15 * tone, rate)


def packets(pcm, packet=20):
    encoder = OpusEncoder(pcm.rate, Millis(packet))
    return [*encoder.feed(pcm), *encoder.finish()]


def likeness(one, other):
    """The greatest correlation, with a delay of 3 to 10 ms."""
    a, b = one.to_floats(), other.resampled(one.rate).to_floats()
    step, length = one.rate // 2000, len(a) - one.rate // 50
    return max(
        np.corrcoef(a[:length], b[delay : delay + length])[0, 1]
        for delay in range(6 * step, 20 * step)
    )


@pytest.mark.parametrize(("rate", "packet"), [(8_000, 40), (16_000, 20), (24_000, 60)])
def test_a_voice_comes_through_both_ways(packet, rate):
    said = voice(rate=rate)
    sent = packets(said, packet)
    assert {packet_us(data) for data in sent} == {1000 * packet}
    decoder = OpusDecoder(EXACT)
    heard = Pcm.joined([decoder.feed(data) for data in sent], EXACT)
    assert said.duration <= heard.duration <= said.duration + 2 * packet
    assert likeness(said, heard) > 0.8


def test_the_decoder_gives_the_rate_that_is_asked_for():
    decoder = OpusDecoder(RATE)
    heard = Pcm.joined([decoder.feed(data) for data in packets(voice())], RATE)
    assert np.abs(heard.samples).max() > 5000
    assert 960 <= heard.duration <= 1020


def decoded(sent):
    decoder = OpusDecoder(EXACT)
    return Pcm.joined([decoder.feed(data) for data in sent], EXACT)


def test_the_end_of_speech_is_sent_too():
    heard = decoded(packets(voice(0.995)))
    last = np.flatnonzero(np.abs(heard.samples) > 500)[-1]
    assert last / EXACT > 0.995


def test_speech_costs_a_tenth_of_what_samples_cost():
    said = voice(2.0, 24_000)
    assert sum(map(len, packets(said))) < len(said.to_bytes()) / 10


def test_a_lost_packet_costs_as_much_time_and_fades_away():
    sent = packets(voice())
    decoder = OpusDecoder(EXACT)
    before = decoder.feed(sent[0]), decoder.feed(sent[1])
    lost = [decoder.conceal() for _ in range(3)]
    after = decoder.feed(sent[5])
    assert [part.duration for part in (*before[1:], *lost, after)] == [20] * 5
    loudness = [float(np.abs(part.to_floats()).mean()) for part in lost]
    assert loudness[0] > loudness[1] >= loudness[2]
    assert loudness[2] < 1e-3


def test_what_comes_first_may_be_lost():
    assert OpusDecoder(RATE).conceal().duration <= 20


@pytest.mark.parametrize(
    ("packet", "complaint"),
    [
        (b"", "no packet"),
        (b"\x03", "no packet"),
        (b"\x03\x00", "no packet"),
        (b"\x1b\x3f" + bytes(9), "no packet"),
        (bytes(LARGEST + 1), "no packet"),
        (b"OggS" + bytes(60), "a page of Ogg"),
    ],
)
def test_what_is_no_packet_is_refused(packet, complaint):
    with pytest.raises(ClientError, match=complaint) as refused:
        OpusDecoder(RATE).feed(packet)
    assert refused.value.code == "invalid_audio"


@settings(max_examples=50, deadline=None)
@given(data=st.binary(max_size=300))
def test_no_bytes_whatever_break_the_decoder(data):
    decoder = OpusDecoder(RATE)
    with contextlib.suppress(ClientError):
        assert decoder.feed(data).duration <= 120
    sent = packets(voice(0.2))
    heard = Pcm.joined([decoder.feed(part) for part in sent], RATE)
    assert heard.duration >= 160


@settings(max_examples=50, deadline=None)
@given(data=st.binary(min_size=1, max_size=200))
def test_the_length_of_a_packet_is_what_the_codec_makes_of_it(data):
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout, codec.format = 48_000, "mono", "s16"
    try:
        samples = sum(frame.samples for frame in codec.decode(av.Packet(data)))
    except av.error.FFmpegError:
        return
    assert packet_us(data) == samples * 1000 // 48
