"""Speak a recording to Parley, print what it heard and keep its answer.

    pip install websockets
    python client.py question.wav answer.wav [ws://127.0.0.1:8765/v1/stream]

A device does the same with what its microphone delivers, and never stops sending.
"""

import asyncio
import json
import sys
import wave

from websockets.asyncio.client import ClientConnection, connect

FRAME_MS = 20
ANSWER_RATE = 24_000
PATIENCE_S = 60


async def speak(socket: ClientConnection, path: str) -> None:
    """Send a recording as a microphone would, in real time."""
    with wave.open(path) as question:  # 16 bit, mono; 8, 16, 24 or 48 kHz
        rate = question.getframerate()
        await socket.send(json.dumps({"type": "session.update", "input_rate": rate}))
        while frame := question.readframes(rate * FRAME_MS // 1000):
            await socket.send(frame)
            await asyncio.sleep(FRAME_MS / 1000)
    await socket.send(json.dumps({"type": "parley.input_end"}))


async def listen(socket: ClientConnection, path: str) -> None:
    """Write the answer to a file, and print the words."""
    with wave.open(path, "wb") as answer:
        answer.setparams((1, 2, ANSWER_RATE, 0, "NONE", ""))
        async for frame in socket:
            if isinstance(frame, bytes):
                answer.writeframes(frame)
                continue
            match json.loads(frame):
                case {"type": "error", "message": text}:
                    print("error   ", text)
                case {"type": kind, "transcript": text} if "input" in kind:
                    print("heard   ", text)
                case {"type": _, "transcript": text}:
                    print("answered", text)
                case {"type": "parley.floor", "floor": "open"}:
                    return  # nobody speaks, nobody is about to


async def main(question: str, answer: str, url: str) -> None:
    """Ask one question."""
    async with asyncio.timeout(PATIENCE_S), connect(url, compression=None) as socket:
        await asyncio.gather(speak(socket, question), listen(socket, answer))


if __name__ == "__main__":
    asyncio.run(main(*[*sys.argv[1:], "ws://127.0.0.1:8765/v1/stream"][:3]))
