"""The door for Home Assistant, with its own package wyoming: three requests of a turn."""

import asyncio
import sys
import wave

from wyoming.asr import Transcribe, Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.client import AsyncClient
from wyoming.event import Event
from wyoming.handle import Handled
from wyoming.tts import Synthesize


async def ask(url: str, *events: Event, until: str) -> list[Event]:
    """What is answered; each request has a connection of its own."""
    async with AsyncClient.from_uri(url) as parley:
        for event in events:
            await parley.write_event(event)
        answers = []
        while answer := await parley.read_event():
            answers.append(answer)
            if answer.type == until:
                break
        return answers


async def main(url: str, recording: str) -> None:
    """Put the WAV into words, do what they say, and speak the answer."""
    with wave.open(recording) as file:
        rate, audio = file.getframerate(), file.readframes(file.getnframes())
    (heard,) = await ask(
        url,
        Transcribe(language="en").event(),
        AudioStart(rate, 2, 1).event(),
        AudioChunk(rate, 2, 1, audio).event(),
        AudioStop().event(),
        until="transcript",
    )
    print(text := Transcript.from_event(heard).text)
    (done,) = await ask(url, Transcript(text, language="en").event(), until="handled")
    print(reply := Handled.from_event(done).text)
    speech = await ask(url, Synthesize(reply).event(), until="audio-stop")
    print(sum(len(piece.payload or b"") for piece in speech), "bytes of speech")


asyncio.run(main(*sys.argv[1:]))  # tcp://127.0.0.1:10300 question.wav
