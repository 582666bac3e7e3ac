"""The reference client: speaks recordings in real time and notes what comes back.

It is what `parley talk`, `parley bench` and the tests use, and an example of how
to use `/v1/stream`: binary frames both ways, JSON beside them.
"""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidStatus,
    InvalidURI,
)

from streaming.messages import (
    ClientMessage,
    Committed,
    Ducked,
    ErrorMessage,
    FloorChanged,
    IntentMessage,
    Playback,
    ReplyText,
    ResponseCreated,
    ResponseDone,
    ServerMessage,
    SessionCreated,
    SessionUpdate,
    SessionUpdated,
    Timings,
    TranscriptCompleted,
)
from streaming.playing import Playing
from streaming.protocols.native import parse_server, serialize
from voice.audio import Pcm
from voice.errors import ClientError
from voice.events import Millis

__all__ = ["Client", "Turn", "audible_end", "connected"]

FRAME = Millis(20)
"""What a microphone delivers at a time."""

SETTLE = Millis(1500)
"""Silence after a recording in which an answer must begin to be worked on."""

PATIENCE = 20.0
"""Seconds to wait for the rest of an answer, playing included."""

REFUSALS = frozenset({"unknown_language", "unsupported_rate", "invalid_value"})
"""Errors with which a server answers a `session.update`."""

_KEY = re.compile(r"//[^/@]*@")
"""Before the host of an address: nothing for a message."""

ROOM = 6
"""Sample value of the noise that is sent between recordings: no room is silent."""


@dataclass(slots=True, kw_only=True)
class Turn:
    """What the client saw of one turn; times are seconds of the event loop's clock."""

    id: int
    language: str = ""
    transcript: str = ""
    intent: IntentMessage | None = None
    reply: str = ""
    reply_language: str = ""
    audio: list[Pcm] = field(default_factory=list)
    committed_ms: int | None = None
    first_audible: float | None = None
    last_audible: float | None = None
    """Of what came so far; of a reply that was stopped, of what was played."""
    timings: Timings | None = None
    done: ResponseDone | None = None
    done_at: float | None = None

    def voice_to_voice_ms(self, spoken: float) -> float | None:
        """From `spoken`, when the last word was, to the first audible sample."""
        if self.first_audible is None:
            return None
        return round((self.first_audible - spoken) * 1000, 1)


class Client:
    """One session with a server; see `connected`."""

    def __init__(self, connection: ClientConnection, greeting: SessionCreated) -> None:
        self.greeting = greeting
        self.rate = greeting.input_rate
        self.output_rate = greeting.output_rate
        self.languages = greeting.languages
        self.floor = "open"
        self.turns: dict[int, Turn] = {}
        self.errors: list[ErrorMessage] = []
        self.sent = 0
        """Samples sent in this session."""
        self.on_message: Callable[[ServerMessage], None] = lambda _message: None
        self.on_audio: Callable[[Pcm], None] | None = None
        """Who plays the replies, and reports how far; None: nobody, it is feigned."""
        self._connection = connection
        self._speaking: Turn | None = None
        self.playing = Playing()
        """The reply that came last, as a listener hears it."""
        self._updated = asyncio.Event()
        self._refusal: ErrorMessage | None = None
        self._lost: ClientError | None = None
        self._earlier: frozenset[int] = frozenset()
        """Turns from before the recording that was spoken last."""
        self._noise = np.random.default_rng(0)
        self._start = asyncio.get_running_loop().time()
        self._reader = asyncio.create_task(self._read())

    @property
    def now(self) -> float:
        """Seconds of the event loop's clock."""
        return asyncio.get_running_loop().time()

    @property
    def audio_ms(self) -> int:
        """Audio sent so far."""
        return self.sent * 1000 // self.rate

    async def aclose(self) -> None:
        """End the session."""
        self._reader.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._reader
        await self._connection.close()

    async def send(self, message: ClientMessage) -> None:
        """Send a message; raises `ClientError` if the connection is lost."""
        await self._transmit(serialize(message))

    async def send_audio(self, data: bytes) -> None:
        """Send what a microphone just delivered; for recordings use `speak`."""
        await self._transmit(data)
        self.sent += len(data) // 2

    async def set_languages(self, *languages: str) -> None:
        """Say which languages will be spoken; none means all that are served.

        Raises:
            ClientError: one of them is not served.
        """
        self._refusal = None
        self._updated.clear()
        await self.send(SessionUpdate(languages=languages))
        try:
            async with asyncio.timeout(PATIENCE):
                await self._updated.wait()
        except TimeoutError as error:
            raise _no_answer() from error
        self._check()
        if self._refusal is not None:
            raise ClientError(self._refusal.code, self._refusal.message)

    async def speak(self, pcm: Pcm) -> tuple[float, int]:
        """Send a recording as a microphone would, in real time.

        Returns:
            When its first sample was spoken, by the event loop's clock, and in
            milliseconds of audio sent.

        Raises:
            ClientError: the connection is lost.
        """
        self._earlier = frozenset(self.turns)
        pcm = pcm.resampled(self.rate)
        step = FRAME * self.rate // 1000
        begun, begun_ms = self._spoken_at(self.sent), self.audio_ms
        for start in range(0, len(pcm), step):
            await self._send_paced(Pcm(pcm.samples[start : start + step], self.rate))
        return begun, begun_ms

    async def listen(self, *, settle: Millis = SETTLE) -> None:
        """Send the noise of a quiet room until what was said last is answered.

        Raises:
            ClientError: it is not, or the connection is lost.
        """
        quiet_until = self.now + settle / 1000
        give_up = self.now + PATIENCE
        while self.now < give_up:
            if self.floor != "open":
                quiet_until = max(quiet_until, self.now + 0.1)
            elif self.now >= quiet_until or self._all_answered():
                return
            await self._send_paced(self._room(FRAME))
        raise _no_answer()

    async def wait_in_the_room(self, until: Callable[[], bool]) -> None:
        """Send the noise of a quiet room until a condition holds, or patience ends."""
        give_up = self.now + PATIENCE
        while not until() and self.now < give_up:
            await self._send_paced(self._room(FRAME))

    def _all_answered(self) -> bool:
        fresh = [turn for id_, turn in self.turns.items() if id_ not in self._earlier]
        return bool(fresh) and all(turn.done is not None for turn in fresh)

    def _check(self) -> None:
        if self._lost is not None:
            raise self._lost

    async def _transmit(self, frame: str | bytes) -> None:
        self._check()
        try:
            await self._connection.send(frame)
        except ConnectionClosed as closed:
            raise _connection_lost(closed) from closed

    def _room(self, duration: Millis) -> Pcm:
        count = duration * self.rate // 1000
        noise = self._noise.integers(-ROOM, ROOM + 1, count)
        return Pcm(noise.astype(np.int16), self.rate)

    def _spoken_at(self, samples: int) -> float:
        return self._start + samples / self.rate

    async def _send_paced(self, pcm: Pcm) -> None:
        due = self._spoken_at(self.sent + len(pcm))
        late = self.now - due
        if late > 0.5:
            # Nothing was sent for a while: the microphone's clock begins anew.
            self._start += late
        else:
            await asyncio.sleep(max(0.0, -late))
        await self.send_audio(pcm.to_bytes())

    async def _read(self) -> None:
        try:
            while True:
                await self._take(await self._connection.recv())
        except ConnectionClosed as closed:
            self._lost = _connection_lost(closed)
        except ClientError as error:
            self._lost = error
        finally:
            self._updated.set()

    async def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            await self._hear(Pcm.of_bytes(frame, self.output_rate))
            return
        try:
            message = parse_server(frame)
        except ClientError as error:
            if error.code != "unknown_event":
                raise
            return  # a newer server may say more than we understand
        self._note(message)
        self.on_message(message)

    def _turn(self, id_: int) -> Turn:
        return self.turns.setdefault(id_, Turn(id=id_))

    def _note(self, message: ServerMessage) -> None:
        match message:
            case SessionUpdated():
                self.languages = message.languages
                self._updated.set()
            case FloorChanged():
                self.floor = message.floor
            case Committed():
                self._turn(message.turn).committed_ms = message.audio_ms
            case TranscriptCompleted():
                turn = self._turn(message.turn)
                turn.transcript, turn.language = message.transcript, message.language
            case IntentMessage():
                self._turn(message.turn).intent = message
            case ResponseCreated():
                self._speaking = self._turn(message.turn)
                self._speaking.reply_language = message.language
                self.playing = Playing()
            case Ducked(ducked=True):
                self._fall_silent()
            case Ducked(position_ms=position):
                self.playing.go_on(Millis(position))
            case ReplyText():
                self._turn(message.turn).reply = message.transcript
            case ResponseDone():
                turn = self._turn(message.turn)
                turn.done, turn.done_at = message, self.now
                if message.status == "cancelled":
                    self._fall_silent()
            case Timings():
                self._turn(message.turn).timings = message
            case ErrorMessage():
                self.errors.append(message)
                if message.code in REFUSALS:
                    self._refusal = message
                    self._updated.set()
            case _:
                pass

    async def _hear(self, pcm: Pcm) -> None:
        if self.on_audio is not None:
            self.on_audio(pcm)
            return
        turn = self._speaking
        if turn is None:
            return
        self.playing.play(pcm, self.now)
        if turn.first_audible is None:
            turn.first_audible = self.playing.first_audible
        turn.last_audible = self.playing.last_audible
        turn.audio.append(pcm)
        received = sum(part.duration for part in turn.audio)
        if received % 200 < pcm.duration:
            position = self.playing.position(self.now)
            await self.send(Playback(turn=turn.id, position_ms=position))

    def _fall_silent(self) -> None:
        self.playing.fall_silent(self.now)
        if self._speaking is not None:
            self._speaking.last_audible = self.playing.last_audible


@contextlib.asynccontextmanager
async def connected(url: str) -> AsyncIterator[Client]:
    """A session with the server at `url`, which may hold a key: ``ws://:KEY@HOST/``.

    Raises:
        ClientError: there is no server, or it refuses, or it is none of ours.
    """
    shown = _KEY.sub("//", url, count=1)
    try:
        connection = await connect(url, compression=None, max_size=2**20)
    except InvalidURI as error:
        raise ClientError(
            "unreachable",
            f"{shown}: not a websocket address like ws://host:8765/v1/stream",
        ) from error
    except InvalidStatus as error:
        raise ClientError(
            "unreachable", f"{shown}: {_refusal(error.response.status_code)}"
        ) from error
    except (OSError, TimeoutError, InvalidHandshake) as error:
        raise ClientError(
            "unreachable",
            f"{shown}: no server answers ({error}); is `parley serve` up?",
        ) from error
    async with connection:
        client = Client(connection, await _greeting(connection, shown))
        try:
            yield client
        finally:
            await client.aclose()


def _refusal(status: int) -> str:
    """What to do about a status of HTTP."""
    match status:
        case 401:
            return (
                "the server wants a key, one of its server.api_keys; give it as"
                " ws://:KEY@HOST:PORT/v1/stream"
            )
        case 503:
            return "the server refuses (HTTP 503); try again later"
        case _:
            return f"the server answers HTTP {status}; is this its address?"


async def _greeting(connection: ClientConnection, url: str) -> SessionCreated:
    try:
        async with asyncio.timeout(PATIENCE):
            first = await connection.recv()
    except TimeoutError as error:
        raise ClientError("no_answer", f"{url}: the server says nothing") from error
    except ConnectionClosed as closed:
        raise _connection_lost(closed) from closed
    greeting = parse_server(first) if isinstance(first, str) else None
    if not isinstance(greeting, SessionCreated):
        raise ClientError("unreachable", f"{url}: is no server of this protocol")
    return greeting


def _connection_lost(closed: ConnectionClosed) -> ClientError:
    return ClientError("connection_lost", f"the server is gone ({closed})")


def _no_answer() -> ClientError:
    return ClientError("no_answer", f"no answer within {PATIENCE:g} seconds")


def audible_end(pcm: Pcm) -> Millis:
    """Where the last sound of a recording without a label ends.

    The last 10 ms that are louder than a twentieth of the loudest: a yardstick that
    owes nothing to any detector of ours.
    """
    step = pcm.rate // 100
    count = len(pcm) // step
    if not count:
        return pcm.duration
    frames = pcm.to_floats()[: count * step].reshape(count, step)
    loudness = np.sqrt((frames**2).mean(axis=1))
    loud = np.flatnonzero(loudness > loudness.max() / 20)
    return Millis((int(loud[-1]) + 1) * 10) if len(loud) else pcm.duration
