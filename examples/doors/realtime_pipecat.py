"""The door `/v1/realtime`, with pipecat: its service for OpenAI, and our address."""

import asyncio
import sys
import wave

from pipecat.frames.frames import (
    EndFrame,
    ErrorFrame,
    Frame,
    InputAudioRawFrame,
    LLMContextFrame,
    TTSStoppedFrame,
    TTSTextFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.services.openai.realtime.llm import OpenAIRealtimeLLMService
from pipecat.workers.runner import WorkerRunner

RATE = 24_000


class Listener(FrameProcessor):
    """Prints the answer, and ends with it."""

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Look at what comes out of the pipeline."""
        await super().process_frame(frame, direction)
        if isinstance(frame, TTSTextFrame | ErrorFrame):
            print(getattr(frame, "text", frame))
        if isinstance(frame, TTSStoppedFrame | ErrorFrame):
            await self.pipeline_worker.queue_frame(EndFrame())
        await self.push_frame(frame, direction)


async def main(url: str, recording: str) -> None:
    """Say what is in the WAV, of 24 kHz, and be silent, until it is answered."""
    parley = OpenAIRealtimeLLMService(api_key="none", base_url=url)
    params = PipelineParams(audio_in_sample_rate=RATE, audio_out_sample_rate=RATE)
    worker = PipelineWorker(Pipeline([parley, Listener()]), params=params)
    with wave.open(recording) as file:
        audio = file.readframes(file.getnframes()) + bytes(2 * 2 * RATE)
    frames = [audio[start : start + 1920] for start in range(0, len(audio), 1920)]
    await worker.queue_frame(LLMContextFrame(LLMContext()))
    await worker.queue_frames([InputAudioRawFrame(frame, RATE, 1) for frame in frames])
    runner = WorkerRunner(handle_sigint=False)
    await runner.add_workers(worker)
    await runner.run()


asyncio.run(main(*sys.argv[1:]))  # ws://127.0.0.1:8765/v1/realtime question.wav
