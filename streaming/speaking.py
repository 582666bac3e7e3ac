"""The session's voice: the reply that is held and the reply that is heard."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Coroutine
from dataclasses import asdict, dataclass, field

from streaming.messages import (
    Ducked,
    ErrorMessage,
    ReplyAudioDone,
    ReplyText,
    ReplyTextDelta,
    ResponseCreated,
    ResponseDone,
    Timings,
)
from streaming.reply import Heard, Reply
from streaming.services import Listener, Services
from voice.audio import Pcm
from voice.errors import StageError
from voice.events import Event, Millis, ReplyPlayed, ReplyStarted, TurnId
from voice.timings import Marks

__all__ = ["Speaker"]


@dataclass(slots=True)
class _Speech:
    reply: Reply
    marks: Marks
    playback: asyncio.Task[None] | None = field(default=None)
    told: int = 0
    """Characters of the text that the client knows."""
    told_whole: bool = False


class Speaker:
    """Speaks one reply at a time, and prepares the next one in silence.

    Args:
        services: for the synthesiser.
        listener: hears it.
        play: takes the audio for the listener.
        tell: takes what the turn machine must know.
        over: takes what was heard of each reply, when it is over.
        spawn: starts a task that the session owns.
    """

    def __init__(
        self,
        services: Services,
        listener: Listener,
        *,
        play: Callable[[Pcm], None],
        tell: Callable[[Event], None],
        over: Callable[[TurnId, Heard], None],
        spawn: Callable[[Coroutine[None, None, None]], "asyncio.Task[None]"],
    ) -> None:
        self.rate = 24_000
        """Hertz of the replies to come."""
        self._services = services
        self._listener = listener
        self._play_audio = play
        self._tell = tell
        self._over = over
        self._spawn = spawn
        self._held: _Speech | None = None
        self._heard: _Speech | None = None

    def prepare(
        self,
        turn: TurnId,
        text: str,
        language: str,
        marks: Marks | None = None,
        more: AsyncGenerator[str, None] | None = None,
    ) -> None:
        """Begin to synthesise; no sound leaves before `release`.

        Args:
            turn: whose reply it is.
            text: what to say.
            language: of the text.
            marks: takes when it happened.
            more: see `Reply`.
        """
        assert self._held is None, "one reply at a time"
        reply = Reply(
            turn,
            text,
            language,
            stages=self._services.stages,
            rate=self.rate,
            send=self._play_audio,
            clock=asyncio.get_running_loop().time,
            spawn=self._spawn,
            more=more,
        )
        self._held = _Speech(reply, marks or Marks())

    def drop_prepared(self) -> None:
        """Forget what was prepared; it was never heard."""
        if self._held is not None:
            self._held.reply.stop()
            self._held = None

    def release(self) -> None:
        """Let the prepared reply be heard."""
        speech, self._held = self._held, None
        assert speech is not None, "nothing was prepared"
        assert self._heard is None, "two replies at once"
        self._heard = speech
        reply = speech.reply
        self._listener.send(
            ResponseCreated(
                turn=reply.turn, language=reply.language, rate=reply.outbox.rate
            )
        )
        self._tell_text(speech)
        speech.playback = self._spawn(self._play(speech))

    def stop(self) -> Heard:
        """Fall silent at once."""
        speech = self._heard
        assert speech is not None, "there is no reply to stop"
        assert speech.playback is not None
        speech.playback.cancel()
        heard = speech.reply.stop()
        self._end(speech, heard)
        return heard

    def duck(self) -> None:
        """Fall silent, and hold the rest of the reply."""
        assert self._heard is not None
        reply = self._heard.reply
        position = reply.hold()
        self._listener.send(Ducked(turn=reply.turn, ducked=True, position_ms=position))

    def unduck(self) -> None:
        """Go on where the reply was held."""
        assert self._heard is not None
        reply = self._heard.reply
        position = reply.go_on()
        self._listener.send(Ducked(turn=reply.turn, ducked=False, position_ms=position))

    def report(self, turn: TurnId, position: Millis) -> None:
        """The client says how much of the reply to `turn` it has played."""
        if self._heard is not None and self._heard.reply.turn == turn:
            self._heard.reply.report(position)

    async def _play(self, speech: _Speech) -> None:
        reply = speech.reply
        reply.release()
        heard = await reply.run(
            on_start=lambda: self._started(speech),
            on_sent=lambda: self._listener.send(
                ReplyAudioDone(turn=reply.turn, audio_ms=reply.outbox.sent)
            ),
            on_text=lambda: self._tell_text(speech),
        )
        if reply.error is not None:
            report(reply.error, self._services, self._listener)
        self._end(speech, heard)
        self._tell(ReplyPlayed(reply.turn))

    def _tell_text(self, speech: _Speech) -> None:
        reply = speech.reply
        if speech.told_whole:
            return
        # Whose reply is whole from the beginning needs no parts.
        if (delta := reply.text[speech.told :]) and (speech.told or not reply.is_whole):
            self._listener.send(ReplyTextDelta(turn=reply.turn, delta=delta))
            speech.told = len(reply.text)
        if reply.is_whole:
            self._listener.send(ReplyText(turn=reply.turn, transcript=reply.text))
            speech.told_whole = True

    def _started(self, speech: _Speech) -> None:
        speech.marks.first_audio = speech.reply.started
        self._tell(ReplyStarted(speech.reply.turn))

    def _end(self, speech: _Speech, heard: Heard) -> None:
        self._heard = None
        speech.marks.synthesis_began = speech.reply.begun
        speech.marks.synthesis = speech.reply.first_piece
        speech.marks.synthesis_total = speech.reply.synthesis_took
        timings = speech.marks.timings()
        turn, end = speech.reply.turn, heard.end.value
        self._listener.send(
            ResponseDone(
                turn=turn, status=end, heard_ms=heard.ms, heard_text=heard.text
            )
        )
        self._listener.send(Timings(turn=turn, **asdict(timings)))
        self._services.telemetry.turn_ended(speech.reply.language, end, timings)
        self._over(turn, heard)


def report(error: StageError, services: Services, listener: Listener) -> None:
    """Count a failed stage and tell the client, without content."""
    code = f"{error.stage.value}_failed"
    services.telemetry.failed(code)
    listener.send(
        ErrorMessage(code=code, message=f"{error.stage.value}: {error.reason}")
    )
