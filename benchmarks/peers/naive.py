"""The loop that everybody writes first, as a server to compare with.

500 ms of silence end the turn; then faster-whisper transcribes as it comes, the
responder answers, and the whole reply is sent. One client at a time.
"""

import argparse
import asyncio
import json
from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

from faster_whisper import WhisperModel
from websockets.asyncio.server import ServerConnection, serve
from websockets.exceptions import ConnectionClosed

from benchmarks.peers.parts import INPUT_RATE, Parts, recognizer_directory
from streaming.hearing import Hearing
from voice.assembly import load_voice_activity
from voice.audio import Pcm
from voice.detection import SpeechGate
from voice.events import Millis, SpeechEnded, SpeechStarted

SILENCE = 500
"""Milliseconds."""


class Naive:
    """The server."""

    def __init__(self, *, hearing: str) -> None:
        self._parts = Parts.load()
        self._hearing = hearing
        self._open_activity = load_voice_activity()
        self._whisper: WhisperModel | None = None
        if hearing == "faster-whisper":
            self._whisper = WhisperModel(str(recognizer_directory()), device="cpu")

    async def converse(self, connection: ServerConnection) -> None:
        """One client, until it leaves."""
        assert connection.request is not None
        query = parse_qs(urlsplit(connection.request.path).query)
        (language,) = query.get("language", ["en"])
        ear = Hearing(
            self._open_activity(), SpeechGate(), rate=INPUT_RATE, longest=Millis(28_000)
        )
        silent: Millis | None = None
        begun: Millis | None = None
        try:
            async for data in connection:
                assert isinstance(data, bytes)
                for event in ear.feed(Pcm.of_bytes(data, INPUT_RATE)):
                    match event:
                        case SpeechStarted(at):
                            silent = None
                            if begun is None:
                                begun = at
                                ear.keep(at)
                        case SpeechEnded(at):
                            silent = at
                        case None:
                            pass
                    if silent is not None and ear.now >= silent + SILENCE:
                        utterance = ear.utterance()
                        ear.let_go()
                        silent = begun = None
                        for piece in await asyncio.to_thread(
                            lambda heard=utterance: list(self._reply(heard, language))
                        ):
                            await connection.send(piece.to_bytes())
        except ConnectionClosed:
            return

    def _reply(self, utterance: Pcm, language: str) -> Iterator[Pcm]:
        if self._whisper is None:
            text = self._parts.hear(utterance, language)
        else:
            segments, _ = self._whisper.transcribe(
                utterance.to_floats(), language=language
            )
            text = " ".join(segment.text.strip() for segment in segments)
        if text.strip():
            yield from self._parts.speak(self._parts.answer(text, language), language)


async def run(port: int, hearing: str) -> None:
    naive = Naive(hearing=hearing)
    async with serve(naive.converse, "127.0.0.1", port, compression=None) as server:
        (socket,) = server.sockets
        url = f"ws://127.0.0.1:{socket.getsockname()[1]}/"
        print(json.dumps({"url": url}), flush=True)
        await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--hearing", choices=("faster-whisper", "parley"), default="faster-whisper"
    )
    arguments = parser.parse_args()
    asyncio.run(run(arguments.port, arguments.hearing))


if __name__ == "__main__":
    main()
