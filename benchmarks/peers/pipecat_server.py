"""A server of pipecat 1.14 to compare with; runs in the environment of `make peers`.

Silero with 0.2 s, Smart Turn v3.2 with its default of 3 s, interruptions on, one
pipeline. Its language model is replaced by Parley's responder and its voice by Parley's
synthesiser, both in process, which is quicker than any service that it comes with. The
recogniser is either its own Whisper service on the Whisper that comes with Parley
("pipecat", windows of 30 s, as it comes) or Parley's own ("parley"), which is the fairer
opponent.
"""

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncGenerator, AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from loguru import logger
from pipecat.audio.turn.smart_turn.base_smart_turn import SmartTurnParams
from pipecat.audio.turn.smart_turn.local_smart_turn_v3 import LocalSmartTurnAnalyzerV3
from pipecat.audio.vad.silero import SileroVADAnalyzer
from pipecat.audio.vad.vad_analyzer import VADParams
from pipecat.frames.frames import (
    Frame,
    InputAudioRawFrame,
    InterruptionFrame,
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMTextFrame,
    OutputAudioRawFrame,
    TranscriptionFrame,
)
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineParams, PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import (
    LLMContextAggregatorPair,
    LLMUserAggregatorParams,
)
from pipecat.processors.frame_processor import FrameDirection, FrameProcessor
from pipecat.serializers.base_serializer import FrameSerializer
from pipecat.services.settings import TTSSettings
from pipecat.services.tts_service import TTSService
from pipecat.services.whisper.stt import WhisperSTTService
from pipecat.transports.websocket.server import (
    SingleClientWebsocketServerParams,
    SingleClientWebsocketServerTransport,
)
from pipecat.turns.user_stop import TurnAnalyzerUserTurnStopStrategy
from pipecat.turns.user_turn_strategies import UserTurnStrategies
from pipecat.utils.time import time_now_iso8601
from pipecat.workers.runner import WorkerRunner

from benchmarks.peers.parts import (
    INPUT_RATE,
    OUTPUT_RATE,
    Parts,
    recognizer_directory,
)
from voice.audio import Pcm


class BarePcm(FrameSerializer):
    """Audio alone, both ways: what the client of the comparison speaks."""

    async def serialize(self, frame: Frame) -> str | bytes | None:
        """What the client hears of a frame."""
        return frame.audio if isinstance(frame, OutputAudioRawFrame) else None

    async def deserialize(self, data: str | bytes) -> Frame | None:
        """What a client's message says."""
        if isinstance(data, str):
            return None
        return InputAudioRawFrame(audio=data, sample_rate=INPUT_RATE, num_channels=1)


class Talk:
    """What the stages of the one session share."""

    def __init__(self, parts: Parts) -> None:
        self.parts = parts
        self.language = "en"


class ShortWindows(WhisperSTTService):
    """The Whisper service of pipecat with Parley's way of decoding."""

    def __init__(self, talk: Talk, **options: Any) -> None:
        self._talk = talk
        super().__init__(**options)

    def _load(self) -> None:
        """Loaded before."""

    async def run_stt(self, audio: bytes) -> AsyncGenerator[Frame, None]:
        """Transcribe a segment."""
        pcm = Pcm(np.frombuffer(audio, np.int16), INPUT_RATE)
        text = await asyncio.to_thread(self._talk.parts.hear, pcm, self._talk.language)
        if text:
            yield TranscriptionFrame(text, "", time_now_iso8601(), None)


class Responding(FrameProcessor):
    """Stands where the language model would."""

    def __init__(self, talk: Talk) -> None:
        super().__init__()
        self._talk = talk

    async def process_frame(self, frame: Frame, direction: FrameDirection) -> None:
        """Answer the newest message of the user."""
        await super().process_frame(frame, direction)
        if not isinstance(frame, LLMContextFrame):
            await self.push_frame(frame, direction)
            return
        said = str(frame.context.get_messages()[-1]["content"])
        await self.push_frame(LLMFullResponseStartFrame())
        reply = self._talk.parts.answer(said, self._talk.language)
        await self.push_frame(LLMTextFrame(reply))
        await self.push_frame(LLMFullResponseEndFrame())


class Speaking(TTSService):
    """Parley's synthesiser as a service of pipecat."""

    def __init__(self, talk: Talk) -> None:
        settings = TTSSettings(model=None, voice=None, language=None)
        super().__init__(
            push_start_frame=True, push_stop_frames=True, settings=settings
        )
        self._talk = talk

    async def run_tts(
        self, text: str, context_id: str
    ) -> AsyncGenerator[Frame | None, None]:
        """Speak a sentence."""
        pieces = self._talk.parts.speak(text, self._talk.language)

        async def audio() -> AsyncIterator[bytes]:
            while (pcm := await asyncio.to_thread(next, pieces, None)) is not None:
                if len(pcm):
                    yield pcm.to_bytes()

        async for frame in self._stream_audio_frames_from_iterator(
            audio(), in_sample_rate=OUTPUT_RATE, context_id=context_id
        ):
            yield frame


def recognizing(talk: Talk, hearing: str) -> WhisperSTTService:
    settings = WhisperSTTService.Settings(
        model=str(recognizer_directory()), language=None
    )
    if hearing == "pipecat":
        return WhisperSTTService(
            device="cpu",
            compute_type="default",
            ttfs_p99_latency=3.0,
            settings=settings,
        )
    return ShortWindows(talk, ttfs_p99_latency=0.3, settings=settings)


async def run(port: int, hearing: str) -> None:
    talk = Talk(Parts.load())
    transport = SingleClientWebsocketServerTransport(
        SingleClientWebsocketServerParams(
            serializer=BarePcm(),
            audio_in_enabled=True,
            audio_out_enabled=True,
            add_wav_header=False,
        ),
        host="127.0.0.1",
        port=port,
    )
    stt = recognizing(talk, hearing)
    analyzer = LocalSmartTurnAnalyzerV3(cpu_count=2, params=SmartTurnParams())
    user, assistant = LLMContextAggregatorPair(
        LLMContext(),
        user_params=LLMUserAggregatorParams(
            vad_analyzer=SileroVADAnalyzer(params=VADParams(stop_secs=0.2)),
            user_turn_strategies=UserTurnStrategies(
                stop=[TurnAnalyzerUserTurnStopStrategy(turn_analyzer=analyzer)]
            ),
        ),
    )
    worker = PipelineWorker(
        Pipeline(
            [
                transport.input(),
                stt,
                user,
                Responding(talk),
                Speaking(talk),
                transport.output(),
                assistant,
            ]
        ),
        params=PipelineParams(
            audio_in_sample_rate=INPUT_RATE, audio_out_sample_rate=OUTPUT_RATE
        ),
        idle_timeout_secs=None,
    )

    @transport.event_handler("on_client_connected")
    async def connected(_transport: object, socket: Any) -> None:
        query = parse_qs(urlsplit(socket.request.path).query)
        (talk.language,) = query.get("language", ["en"])
        # pipecat keeps Whisper's own code there; its setter would log each change.
        stt._settings.language = talk.language  # noqa: SLF001

    @transport.event_handler("on_client_disconnected")
    async def disconnected(_transport: object, _socket: object) -> None:
        # The rest of a reply must not be spoken to the next client.
        await worker.queue_frames([InterruptionFrame()])

    @transport.event_handler("on_websocket_ready")
    async def ready(_transport: object) -> None:
        print(json.dumps({"url": f"ws://127.0.0.1:{port}/"}), flush=True)

    runner = WorkerRunner(handle_sigint=True, handle_sigterm=True)
    await runner.add_workers(worker)
    await runner.run()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8911)
    parser.add_argument("--hearing", choices=("pipecat", "parley"), default="pipecat")
    arguments = parser.parse_args()
    # It logs every frame otherwise, which costs it time.
    logger.remove()
    logger.add(sys.stderr, level="ERROR")
    asyncio.run(run(arguments.port, arguments.hearing))


if __name__ == "__main__":
    main()
