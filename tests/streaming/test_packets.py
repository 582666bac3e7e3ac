"""Opus at the door `/v1/stream`, both ways, over a real socket."""

import numpy as np

from streaming.inference import InlineStages
from streaming.protocols.opus import OpusDecoder, OpusEncoder, packet_us
from tests.streaming.wire import serving, talking
from voice.audio import Pcm
from voice.events import Millis
from voice.stages import Transcript
from voice.testing import EchoResponder, ToneSynthesizer


class Listener:
    """A recogniser that hears a voice or none, and how long it was."""

    languages = ("en", "de")

    def __init__(self):
        self.clips = []

    def transcribe(self, pcm, candidates):
        self.clips.append(pcm)
        return Transcript(
            text="hello there",
            language="en",
            language_probability=1.0,
            confidence=0.9,
            no_speech=0.0,
        )


def stages(recognizer):
    return InlineStages(recognizer, EchoResponder(), ToneSynthesizer())


def packets(*parts):
    """A tone and silence as packets of 20 ms: (milliseconds, loud)."""
    encoder = OpusEncoder(16_000, Millis(20))
    sent = []
    for duration, loud in parts:
        time = np.arange(duration * 16) / 16_000
        tone = 0.3 * loud * np.sin(2 * np.pi * 300 * time)
        sent += encoder.feed(Pcm.of_floats(tone, 16_000))
    return sent


async def test_packets_are_heard_and_the_answer_comes_in_packets():
    recognizer = Listener()
    async with serving(stages=stages(recognizer)) as served, talking(served) as peer:
        await peer.tell("session.update", input_format="opus", output_format="opus")
        updated = await peer.until("session.updated")
        assert (updated["input_format"], updated["output_format"]) == ("opus", "opus")
        for packet in packets((200, 0), (600, 1), (1500, 0)):
            await peer.socket.send(packet)
        created = await peer.until("response.created")
        assert (created["format"], created["rate"]) == ("opus", 24_000)
        received, done = [], False
        while not done:
            frame = await peer.socket.recv()
            if isinstance(frame, bytes):
                received.append(frame)
            else:
                done = "response.done" in frame
        assert {packet_us(packet) for packet in received} == {20_000}
        decoder = OpusDecoder(48_000)
        heard = Pcm.joined([decoder.feed(packet) for packet in received], 48_000)
        said = 50 * len("hello there")
        assert said <= heard.duration <= said + 60
        assert np.abs(heard.samples).max() > 5000
        # What the recogniser got has the tone, and the silence that was waited for.
        loud = np.abs(recognizer.clips[-1].samples) > 1000
        assert 0.4 < loud.sum() / 16_000 < 0.7


async def test_time_goes_on_where_packets_are_lost_and_where_they_are_damaged():
    async with serving(stages=stages(Listener())) as served, talking(served) as peer:
        await peer.tell("session.update", input_format="opus")
        await peer.until("session.updated")
        sent = packets((200, 0), (600, 1), (1500, 0))
        for number, packet in enumerate(sent):
            await peer.socket.send(b"" if number % 5 == 4 else packet)
        stopped = await peer.until("input_audio_buffer.speech_stopped")
        assert 700 <= stopped["audio_end_ms"] <= 900
        await peer.until("response.done", status="completed")
        await peer.socket.send(b"OggS" + bytes(80))
        error = await peer.until("error")
        assert error["code"] == "invalid_audio"
        assert "Ogg" in error["message"]
        for packet in sent:
            await peer.socket.send(packet)
        await peer.until("response.done", status="completed")


async def test_a_format_that_does_not_exist_is_refused_and_changes_nothing():
    async with serving() as served, talking(served) as peer:
        for field in ("input_format", "output_format", "attention"):
            await peer.tell("session.update", **{field: "mp3"})
            error = await peer.until("error")
            assert error["code"] == "invalid_value"
            assert field in error["message"]
        await peer.say("hello")
        assert await peer.answer() == "hello"


async def test_a_reply_keeps_the_format_in_which_it_began():
    async with serving() as served, talking(served) as peer:
        await peer.say("a long story about a boat")
        created = await peer.until("response.created")
        assert created["format"] == "pcm16"
        await peer.tell("session.update", output_format="opus")
        await peer.until("response.done", status="completed")
        assert abs(len(peer.audio) / 48 - 50 * 25) <= 60
        await peer.say("and more")
        assert (await peer.until("response.created"))["format"] == "opus"
