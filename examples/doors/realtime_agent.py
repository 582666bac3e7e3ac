"""The door `/v1/realtime`, with openai-agents: the server calls a function of ours."""

import asyncio
import sys
import wave

from agents import function_tool
from agents.realtime import RealtimeAgent, RealtimeRunner


@function_tool
def turn_on(name: str) -> str:
    """Switch a device on."""
    print("turn_on", name)
    return "It shines."


async def main(url: str, recording: str) -> None:
    """Say what is in the WAV, of 24 kHz, until the answer is complete."""
    runner = RealtimeRunner(RealtimeAgent(name="home", tools=[turn_on]))
    async with await runner.run(model_config={"url": url, "api_key": "none"}) as agent:
        with wave.open(recording) as file:
            await agent.send_audio(file.readframes(file.getnframes()))
        await agent.send_audio(bytes(2 * 2 * 24_000))  # a pause, which ends the turn
        async for event in agent:
            if event.type == "error":
                raise SystemExit(str(event.error))
            if event.type == "audio_end":
                print("answered")
                break


# ws://127.0.0.1:8765/v1/realtime?model=parley question.wav
asyncio.run(main(*sys.argv[1:]))
