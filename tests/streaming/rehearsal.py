"""A whole conversation in virtual time: a real session, a client that notes everything."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from streaming.household import Household
from streaming.inference import InlineStages, Stages
from streaming.messages import (
    Committed,
    Ducked,
    ErrorMessage,
    FloorChanged,
    IntentMessage,
    ReplyAudioDone,
    ReplyText,
    ReplyTextDelta,
    ResponseCreated,
    ResponseDone,
    ServerMessage,
    SessionUpdated,
    SpeechStartedMessage,
    SpeechStoppedMessage,
    Timings,
    ToolUsed,
    TranscriptCompleted,
    TranscriptDelta,
)
from streaming.services import Services
from streaming.session import Session
from streaming.telemetry import Telemetry
from voice.audio import Pcm
from voice.detection import GatePolicy
from voice.events import Millis
from voice.home import Effect, HomeState
from voice.home_files import demo_home
from voice.testing import (
    EchoResponder,
    LoudnessActivity,
    SpellingRecognizer,
    ToneSynthesizer,
    murmur,
    spoken,
)
from voice.turns import TurnPolicy

START = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
"""When every rehearsal begins."""

TICK = Millis(20)
"""Length of the pieces in which the microphone delivers."""

HOME = demo_home().initial_state()

TURNS = TurnPolicy(
    complete=Millis(200),
    extendable=Millis(450),
    prefix=Millis(1200),
    open=Millis(700),
    barge_in=Millis(400),
    max_utterance=Millis(8_000),
)
GATE = GatePolicy(
    onset=0.6, release=0.5, sure=2.0, min_speech=Millis(60), min_silence=Millis(60)
)
"""Not the defaults, so that tuning those changes no test."""

Message = TypeVar("Message", bound=ServerMessage)


class NotingHousehold(Household):
    """The real one, which also remembers every commit with effects."""

    def __init__(self, state: HomeState) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(state, lambda: START + timedelta(seconds=loop.time()))
        self.committed: list[tuple[Effect, ...]] = []

    def commit(self, effects, by):
        if effects:
            self.committed.append(tuple(effects))
        super().commit(effects, by)


class SlowStages:
    """The stages with the time that they take, so that everything can happen meanwhile.

    Args:
        stages: the ones that do the work.
        recognize: seconds for a transcript.
        respond: seconds for a plan.
        synthesize: seconds before the first piece of audio, and between pieces.
    """

    def __init__(
        self, stages: Stages, *, recognize: float, respond: float, synthesize: float
    ) -> None:
        self._stages = stages
        self.recognize = recognize
        self.respond = respond
        self.synthesize = synthesize

    async def transcribe(self, pcm, candidates, *, priority):
        await asyncio.sleep(self.recognize)
        return await self._stages.transcribe(pcm, candidates, priority=priority)

    async def plan(self, text, language, *, home, now, priority):
        await asyncio.sleep(self.respond)
        return await self._stages.plan(
            text, language, home=home, now=now, priority=priority
        )

    async def speak(self, text, language, *, priority):
        await asyncio.sleep(self.synthesize)
        async for pcm in self._stages.speak(text, language, priority=priority):
            yield pcm
            await asyncio.sleep(self.synthesize)


@dataclass
class Client:
    """Implements `streaming.services.Listener`; times are milliseconds."""

    messages: list[tuple[int, ServerMessage]] = field(default_factory=list)
    audio: list[tuple[int, Pcm]] = field(default_factory=list)
    faults: list[BaseException] = field(default_factory=list)

    def send(self, message: ServerMessage) -> None:
        self.messages.append((now_ms(), message))

    def send_audio(self, pcm: Pcm) -> None:
        self.audio.append((now_ms(), pcm))

    def fail(self, error: BaseException) -> None:
        self.faults.append(error)


class Rehearsal:
    """Speaks to a session and remembers what came back.

    The microphone is never off: while this sleeps, the session hears silence.
    """

    def __init__(self, session: Session, client: Client, services: Services) -> None:
        self.session = session
        self.client = client
        self.services = services

    # --- What the user does ---------------------------------------------------

    async def say(self, text: str, language: str = "en") -> None:
        await self.play(spoken(text, language, rate=self.rate))

    async def murmur(self, duration: int) -> None:
        await self.play(murmur(Millis(duration), rate=self.rate))

    async def pause(self, duration: int) -> None:
        await self.play(Pcm.silence(Millis(duration), self.rate))

    async def play(self, pcm: Pcm) -> None:
        step = TICK * pcm.rate // 1000
        for start in range(0, len(pcm), step):
            self.session.hear(Pcm(pcm.samples[start : start + step], 0).to_bytes())
            await asyncio.sleep(TICK / 1000)

    async def until(self, kind: type[ServerMessage], *, patience: int = 20_000) -> int:
        """Listen until a message of that kind comes; when it came."""
        before = len(self.of(kind))
        for _ in range(patience // TICK):
            await self.pause(TICK)
            if len(self.of(kind)) > before:
                return self.times(kind)[-1]
        raise AssertionError(f"no {kind.__name__} within {patience} ms: {self.story()}")

    @property
    def rate(self) -> int:
        return self.session.settings.input_rate

    # --- What came back -------------------------------------------------------

    def of(self, kind: type[Message]) -> list[Message]:
        return [message for _, message in self.client.messages if type(message) is kind]

    def times(self, kind: type[ServerMessage]) -> list[int]:
        return [at for at, message in self.client.messages if type(message) is kind]

    def the(self, kind: type[Message]) -> Message:
        (message,) = self.of(kind)
        return message

    def story(self) -> list[str]:
        """All messages, a line each."""
        return [line(message) for _, message in self.client.messages]

    def audio_ms(self) -> int:
        return sum(pcm.duration for _, pcm in self.client.audio)


@contextlib.asynccontextmanager
async def rehearsal(
    *,
    languages: Sequence[str] = ("en", "de"),
    recognizer=None,
    responder=None,
    synthesizer=None,
    slowed: Callable[[Stages], Stages] = lambda stages: stages,
    services: Services | None = None,
    state: HomeState | None = None,
    turns: TurnPolicy = TURNS,
):
    """A session with its client; afterwards it has no bug and no task left."""
    others = asyncio.all_tasks()
    if services is None:
        stages = InlineStages(
            recognizer or SpellingRecognizer(languages=tuple(languages)),
            responder or EchoResponder(languages=tuple(languages)),
            synthesizer or ToneSynthesizer(),
        )
        services = Services(
            stages=slowed(stages),
            household=NotingHousehold(state or HOME),
            languages=tuple(languages),
            open_activity=LoudnessActivity,
            telemetry=Telemetry(),
            turns=turns,
            gate=GATE,
        )
    client = Client()
    async with Session(services, client, name="rehearsal") as session:
        yield Rehearsal(session, client, services)
    assert client.faults == []
    assert asyncio.all_tasks() == others, "the session left tasks behind"


def now_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)


def line(message: ServerMessage) -> str:
    """A message as a line of a play, with its turn in front."""
    match message:
        case SpeechStartedMessage(turn=turn):
            return f"{turn} user speaks"
        case SpeechStoppedMessage(turn=turn):
            return f"{turn} user falls silent"
        case FloorChanged(turn=turn, floor=floor):
            return f"{turn} = {floor}"
        case TranscriptDelta(turn=turn, delta=delta):
            return f"{turn} < {delta} …"
        case Committed(turn=turn):
            return f"{turn} committed"
        case TranscriptCompleted(turn=turn, transcript=text, language=language):
            return f"{turn} < {text} ({language})"
        case IntentMessage(turn=turn, name=name, slots=slots):
            filled = "".join(f" {key}={value}" for key, value in slots.items())
            return f"{turn} intent {name or 'none'}{filled}"
        case ResponseCreated(turn=turn, language=language):
            return f"{turn} reply in {language}"
        case ReplyTextDelta(turn=turn, delta=delta):
            return f"{turn} > {delta.strip()} …"
        case ToolUsed(turn=turn, tool=tool, risk=risk, state=state):
            return f"{turn} tool {tool} ({risk}) {state}"
        case ReplyText(turn=turn, transcript=text):
            return f"{turn} > {text}"
        case ReplyAudioDone(turn=turn):
            return f"{turn} reply sent"
        case Ducked(turn=turn, ducked=ducked):
            return f"{turn} {'ducked' if ducked else 'loud again'}"
        case ResponseDone(turn=turn, status="completed"):
            return f"{turn} reply completed"
        case ResponseDone(turn=turn, status=status, heard_text=heard):
            return f"{turn} reply {status} after: {heard}"
        case Timings(turn=turn):
            return f"{turn} timings"
        case SessionUpdated(languages=languages):
            return f"session in {' '.join(languages)}"
        case ErrorMessage(code=code):
            return f"error {code}"
        case _:
            raise AssertionError(f"no line for {message}")
