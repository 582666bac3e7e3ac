"""One Wyoming client: mostly one request, after which Home Assistant hangs up."""

import asyncio
import contextlib
import logging

from streaming.config import WyomingConfig
from streaming.dictation import Dictated, Dictation
from streaming.protocols.wyoming import (
    AudioChunk,
    AudioStart,
    AudioStop,
    Converse,
    Describe,
    Ignored,
    Ping,
    Request,
    Synthesize,
    SynthesizeChunk,
    SynthesizeStart,
    SynthesizeStop,
    Transcribe,
    audio_chunk,
    audio_start,
    audio_stop,
    failure,
    parse,
    pong,
    synthesize_stopped,
    transcript,
)
from streaming.protocols.wyoming_frames import Decoder, WyomingEvent, encode
from streaming.reading_aloud import (
    chosen_language,
    language_of_voice,
    read_aloud,
    speak_phrase,
)
from streaming.services import Services
from streaming.wyoming.answers import answer
from streaming.wyoming.speech import RATE, StreamedText
from voice.audio import Pcm
from voice.errors import ClientError, StageError
from voice.events import Millis
from voice.languages import canonical, for_client

__all__ = ["Recent", "WyomingConnection"]

log = logging.getLogger(__name__)

READ = 65_536
"""Bytes that are taken at a time."""

SLICE = Millis(100)
"""Audio that is heard at a time, before the other clients have their turn."""

GOODBYE = 1.0
"""Seconds in which a client that talks nonsense may stop and read why."""

MISTAKES = 20
"""Bad events before a client is cut off: it is not going to learn."""


class Recent:
    """The language that each client used last; Home Assistant names none for speech."""

    def __init__(self, most: int = 256) -> None:
        self._most = most
        self._by_client: dict[str, str] = {}

    def get(self, client: str) -> str | None:
        """The language, if `client` used one."""
        return self._by_client.get(client)

    def put(self, client: str, language: str) -> None:
        """Remember it; the client that was away the longest is forgotten."""
        self._by_client.pop(client, None)
        self._by_client[client] = language
        if len(self._by_client) > self._most:
            del self._by_client[next(iter(self._by_client))]


class WyomingConnection:
    """Reads requests and answers them, until the client leaves.

    Args:
        reader: from the client.
        writer: to the client.
        services: shared with the sessions.
        config: deadlines, and how to converse.
        info: the answer to ``describe``.
        spoken: languages with a voice.
        recent: what the clients spoke before.
        name: for the log.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        services: Services,
        config: WyomingConfig,
        info: bytes,
        spoken: tuple[str, ...],
        recent: Recent,
        name: str,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._services = services
        self._config = config
        self._info = info
        self._spoken = spoken
        self._recent = recent
        self._name = name
        self._client = str((writer.get_extra_info("peername") or ("",))[0])
        self._languages = services.languages
        self._dictation: Dictation | None = None
        self._answering: asyncio.Task[None] | None = None
        self._text: StreamedText | None = None
        self._spoke = False
        self._taking = False
        self._mistakes = 0

    @property
    def busy(self) -> bool:
        """Whether a request is under way."""
        answering = self._answering is not None and not self._answering.done()
        return answering or self._taking or self._text is not None

    async def run(self) -> None:
        """Serve until the client leaves, or has to."""
        decoder = Decoder()
        try:
            while data := await self._read():
                if not await self._take_all(decoder, data):
                    break
        except (ConnectionError, TimeoutError) as error:
            # A client that has its transcript is gone at once; that is no fault.
            log.debug("%s ends: %s", self._name, type(error).__name__)
        finally:
            await self._stop_dictation()

    async def _take_all(self, decoder: Decoder, data: bytes) -> bool:
        """Whether there is more to be understood."""
        try:
            for event in decoder.feed(data):
                await self._take(event)
        except ClientError as error:
            await self._object(error)
            # What it still sends is taken: a reset would take the reason away.
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(GOODBYE):
                    while await self._reader.read(READ):
                        pass
            return False
        return True

    async def _read(self) -> bytes:
        async with asyncio.timeout(self._config.idle_timeout_s):
            return await self._reader.read(READ)

    async def _take(self, event: WyomingEvent) -> None:
        self._taking = True
        try:
            await self._obey(parse(event))
        except StageError as error:
            await self._fail(error)
        except ClientError as error:
            self._mistakes += 1
            if self._mistakes >= MISTAKES:
                raise
            await self._object(error)
        finally:
            self._taking = False

    async def _obey(self, request: Request) -> None:
        match request:
            case Describe():
                await self._write(self._info)
            case Ping(text):
                await self._send(pong(text))
            case Transcribe(language):
                self._languages = self._candidates(language)
            case AudioStart(rate):
                await self._listen(rate)
            case AudioChunk(pcm):
                await self._hear(pcm)
            case AudioStop():
                if self._dictation is not None:
                    self._dictation.end()
            case Synthesize() if self._text is None:
                await self._synthesize(request)
            case SynthesizeStart(voice):
                self._text = StreamedText(
                    voice, spoken=self._spoken, recent=self._recent.get(self._client)
                )
                self._spoke = False
            case SynthesizeChunk(text) if self._text is not None:
                await self._say(self._text.feed(text))
            case SynthesizeStop() if self._text is not None:
                await self._finish_speech()
            case Converse():
                await self._converse(request)
            case Synthesize() | SynthesizeChunk() | SynthesizeStop() | Ignored():
                # The whole text follows its pieces, for servers that take no pieces.
                pass

    # --- Speech to text -------------------------------------------------------

    def _candidates(self, language: str | None) -> tuple[str, ...]:
        if not language:
            return self._services.languages
        tag = for_client(language, among=self._services.languages)
        self._recent.put(self._client, tag)
        return (tag,)

    async def _listen(self, rate: int) -> None:
        await self._stop_dictation()
        dictation = Dictation(
            self._services, languages=self._languages, rate=rate, name=self._name
        )
        self._dictation = await dictation.__aenter__()
        self._answering = asyncio.create_task(self._answer(dictation))

    async def _hear(self, pcm: Pcm) -> None:
        if self._dictation is None:
            raise ClientError("no_audio_start", "audio-chunk: audio-start comes first")
        if self._dictation.rate != pcm.rate:
            raise ClientError("unsupported_format", "the rate changed within the audio")
        for start in range(0, pcm.duration + 1, SLICE):
            self._dictation.hear(pcm.slice(Millis(start), Millis(start + SLICE)))
            await asyncio.sleep(0)

    async def _answer(self, dictation: Dictation) -> None:
        """Send the transcript as soon as there is one, while audio may still come."""
        try:
            dictated = await dictation.result
            await self._send(self._transcript(dictated))
        except StageError as error:
            await self._fail(error)
        except (ConnectionError, TimeoutError):
            pass  # the client is gone, and `run` finds out by itself

    def _transcript(self, dictated: Dictated) -> WyomingEvent:
        if dictated is None:
            return transcript("", self._languages[0])
        self._recent.put(self._client, dictated.language)
        return transcript(dictated.transcript, dictated.language)

    async def _stop_dictation(self) -> None:
        dictation, self._dictation = self._dictation, None
        answering, self._answering = self._answering, None
        if dictation is not None:
            await dictation.__aexit__(None, None, None)
        if answering is not None:
            answering.cancel()
            await asyncio.wait([answering])
            if not answering.cancelled() and (bug := answering.exception()):
                raise bug

    # --- Text to speech -------------------------------------------------------

    async def _synthesize(self, request: Synthesize) -> None:
        voice = request.voice
        language = chosen_language(
            request.text,
            language_of_voice(voice.name, voice.language),
            spoken=self._spoken,
            recent=self._recent.get(self._client),
        )
        await self._send(audio_start(RATE))
        try:
            stages, text = self._services.stages, request.text
            async for pcm in read_aloud(stages, text, language, rate=RATE):
                await self._send_pcm(pcm)
        finally:
            await self._send(audio_stop())

    async def _say(self, phrases: list[str]) -> None:
        assert self._text is not None
        if phrases and not self._spoke:
            self._spoke = True
            await self._send(audio_start(RATE))
        for phrase in phrases:
            stages, language = self._services.stages, self._text.language
            assert language is not None
            async for pcm in speak_phrase(stages, phrase, language, rate=RATE):
                await self._send_pcm(pcm)

    async def _finish_speech(self) -> None:
        assert self._text is not None
        try:
            await self._say(self._text.finish())
        finally:
            self._text = None
            if not self._spoke:
                await self._send(audio_start(RATE))
            await self._send(audio_stop())
            await self._send(synthesize_stopped())

    async def _send_pcm(self, pcm: Pcm) -> None:
        step = Millis(1000)
        for start in range(0, pcm.duration + 1, step):
            part = pcm.slice(Millis(start), Millis(start + step))
            if len(part):
                await self._send(audio_chunk(part))

    # --- Conversation ---------------------------------------------------------

    async def _converse(self, request: Converse) -> None:
        if tag := canonical(request.language or ""):
            self._recent.put(self._client, tag)
        await self._send(await answer(request, self._services, self._config))

    # --- Out ------------------------------------------------------------------

    async def _fail(self, error: StageError) -> None:
        self._services.telemetry.failed(f"{error.stage.value}_failed")
        log.warning("%s %s failed: %s", self._name, error.stage.value, error.reason)
        await self._send(failure(f"{error.stage.value}_failed"))

    async def _object(self, error: ClientError) -> None:
        self._services.telemetry.failed(error.code)
        log.info("%s %s", self._name, error.code)
        await self._send(failure(error))

    async def _send(self, event: WyomingEvent) -> None:
        await self._write(encode(event))

    async def _write(self, data: bytes) -> None:
        if self._writer.is_closing():
            # To write nevertheless is a bug to some event loops, and nothing to others.
            raise ConnectionResetError("the client is gone")
        self._writer.write(data)
        async with asyncio.timeout(self._config.send_timeout_s):
            await self._writer.drain()
