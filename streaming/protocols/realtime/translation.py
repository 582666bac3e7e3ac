"""Between the events of a client and the messages of a session.

A client's event comes in by `Realtime.receive`, a message of the session by `tell`;
out go events to the client and messages to the session. Nothing here waits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Protocol

from streaming.messages import (
    ClientMessage,
    Committed,
    Ducked,
    ErrorMessage,
    FloorChanged,
    InputClear,
    InputCommit,
    InputEnd,
    IntentMessage,
    Playback,
    ReplyAudioDone,
    ReplyText,
    ReplyTextDelta,
    ResponseCreated,
    ResponseDone,
    ServerMessage,
    SessionUpdate,
    SpeechStartedMessage,
    SpeechStoppedMessage,
    TranscriptCompleted,
    TranscriptDelta,
)
from streaming.protocols.realtime.answering import Answering
from streaming.protocols.realtime.events import Event, Outlet
from streaming.protocols.realtime.fields import Fields, RealtimeError, parse
from streaming.protocols.realtime.items import Conversation, Item, read_item
from streaming.protocols.realtime.listening import Listening, commit_empty
from streaming.protocols.realtime.response import Request
from streaming.protocols.realtime.settings import Settings, read_modality
from streaming.protocols.realtime.tools import read_tools
from voice.audio import Pcm
from voice.endpointing import TurnPolicy
from voice.errors import ClientError
from voice.events import Millis
from voice.stages import Plan, Transcript

__all__ = ["Desk", "Realtime"]

SILENT_AFTER = 1.0
"""Seconds without audio after which a response that was asked for waits no longer for
the end of an utterance: where no audio comes, no time goes by."""

HARMLESS = frozenset(
    {
        "conversation_already_has_active_response",
        "input_audio_buffer_commit_empty",
        "item_retrieve_invalid_item_id",
        "item_truncate_invalid_item_id",
        "response_cancel_not_active",
        "unsupported_content_type",
    }
)
"""Errors that correct clients cause, because an event of ours was still on its way."""

MAX_METADATA = 16


class Desk(Protocol):
    """What the translation asks of the server. No call may block."""

    @property
    def heard(self) -> Millis:
        """Audio that the session has heard."""
        ...

    def put(self, event: Event) -> None:
        """Send an event to the client."""
        ...

    def receive(self, message: ClientMessage) -> None:
        """Give a message to the session."""
        ...

    def pace(self, change: Callable[[TurnPolicy], TurnPolicy]) -> None:
        """Let the session wait as long as `change` makes of the server's policy."""
        ...

    def transcribe(self, item: Item, clip: Pcm, languages: tuple[str, ...]) -> None:
        """Put a clip into words; call `recognized` or `unrecognized` with them."""
        ...

    def later(self, seconds: float, call: Callable[[], None]) -> None:
        """Call once, after a while, unless the session is over."""
        ...


class Realtime:
    """One session.

    Args:
        name: of the session.
        desk: what it needs of the server.
        served: BCP 47 tags of the languages, the first one first.
        kind: ``realtime`` or ``transcription``.
    """

    def __init__(
        self, name: str, desk: Desk, *, served: tuple[str, ...], kind: str = "realtime"
    ) -> None:
        self.settings = Settings(kind=kind)
        self.conversation = Conversation()
        self._desk = desk
        self._served = served
        self._outlet = Outlet(name, desk.put)
        self._listening = Listening(self._outlet, self.conversation)
        self._answering = Answering(
            self._outlet, self.conversation, receive=desk.receive, languages=served
        )
        self._floor = "open"
        self._heard_at_check = Millis(-1)

    @property
    def now(self) -> Millis:
        """Audio received so far."""
        return Millis(self._desk.heard + self._listening.unheard_ms)

    def greet(self) -> None:
        """The session is open."""
        self._apply()
        self._tell_session("session.created")

    # --- From the client ------------------------------------------------------

    def receive(self, frame: str) -> Pcm | None:
        """Obey an event.

        Returns:
            Audio that the session is to hear.

        Raises:
            RealtimeError: it cannot be obeyed; `refuse` tells the client.
        """
        event = parse(frame)
        cause = event.data.get("event_id")
        try:
            return self._obey(event)
        except RealtimeError as error:
            error.cause = cause if isinstance(cause, str) else None
            if error.code not in HARMLESS:
                raise
            self.refuse(error, str(error))
        return None

    def refuse(self, error: ClientError, message: str) -> None:
        """Tell the client why an event was not obeyed."""
        if not isinstance(error, RealtimeError):
            error = RealtimeError(error.code, message)
        self._outlet.refuse(error, message, error.cause)

    def _obey(self, event: Fields) -> Pcm | None:
        match event.data["type"]:
            case "input_audio_buffer.append":
                return self._append(event)
            case "input_audio_buffer.commit":
                self._commit()
            case "input_audio_buffer.clear":
                self._listening.clear()
                self._desk.receive(InputClear())
                self._outlet.send("input_audio_buffer.cleared")
            case "session.update":
                self._update(event.object("session"))
            case "conversation.item.create":
                self._create_item(event)
            case "conversation.item.retrieve":
                code = "item_retrieve_invalid_item_id"
                item = self.conversation.get(event.text("item_id"), code)
                self._outlet.send("conversation.item.retrieved", item=item.resource)
            case "conversation.item.truncate":
                self._truncate(event)
            case "conversation.item.delete":
                self._answering.forget(self.conversation.delete(event.text("item_id")))
                self._outlet.send(
                    "conversation.item.deleted", item_id=event.data["item_id"]
                )
            case "response.create":
                self._answering.ask(self._request(event))
                self._answer_when_free()
            case "response.cancel":
                given = event.given("response_id")
                self._answering.cancel(event.text("response_id") if given else None)
            case "output_audio_buffer.clear":
                pass  # of WebRTC, where the server owns the buffer
            case unknown:
                raise event.invalid("type", f"there is no event {str(unknown)[:60]!r}")
        return None

    def _append(self, event: Fields) -> Pcm | None:
        pcm = self.settings.input.decode(event.text("audio"))
        if self.settings.detection is not None:
            return pcm
        self._listening.keep(pcm)
        return None

    def _commit(self) -> None:
        if self.settings.detection is None:
            item, clip = self._listening.take()
            self._answering.note(item)
            self._desk.transcribe(item, clip, self.settings.languages or self._served)
        elif self._floor in ("user", "pause", "overlap"):
            self._desk.receive(InputCommit())
        else:
            raise commit_empty(0)

    def _update(self, session: Fields) -> None:
        before = self.settings
        self.settings = before.changed_by(session, served=self._served)
        if self.settings.input != before.input:
            self._listening.clear()
        if self.settings.detection is None and before.detection is not None:
            # The session hears no more: what was said so far is an utterance.
            self._desk.receive(InputEnd())
        self._apply()
        self._tell_session("session.updated")

    def _apply(self) -> None:
        settings = self.settings
        self._listening.tells_words = settings.transcription is not None
        self._desk.receive(
            SessionUpdate(
                languages=settings.languages,
                input_rate=settings.input.rate,
                output_rate=settings.output.rate,
            )
        )
        if settings.detection is not None:
            self._desk.pace(settings.detection.policy)

    def _tell_session(self, type_: str) -> None:
        id_ = f"sess_{self._outlet.session}"
        self._outlet.send(type_, session=self.settings.resource(id_))

    def _create_item(self, event: Fields) -> None:
        item = read_item(event.object("item"), new_id=self._outlet.new_id("item"))
        spoken = [
            self.settings.input.decode(part.pop("audio"))
            for part in item.content
            if "audio" in part
        ]
        given = event.given("previous_item_id")
        after = event.text("previous_item_id") if given else None
        before = self.conversation.add(item, after)
        for what in ("added", "done"):
            self._outlet.send(
                f"conversation.item.{what}",
                previous_item_id=before,
                item=item.resource,
            )
        self._answering.note(item)
        if spoken and not item.text:
            item.awaits_words = True
            clip = Pcm.joined(spoken, self.settings.input.rate)
            self._desk.transcribe(item, clip, self.settings.languages or self._served)

    def _truncate(self, event: Fields) -> None:
        item_id = event.text("item_id")
        item = self.conversation.get(item_id, "item_truncate_invalid_item_id")
        position = event.whole("audio_end_ms", least=0, most=2**31)
        item.truncate(position)
        turn = self._answering.live_turn(item)
        if turn is not None:
            self._desk.receive(Playback(turn=turn, position_ms=position))
        self._outlet.send(
            "conversation.item.truncated",
            item_id=item_id,
            content_index=0,
            audio_end_ms=position,
        )

    def _request(self, event: Fields) -> Request:
        """What a ``response.create`` asks for."""
        if self.settings.kind == "transcription":
            raise event.invalid("type", "a transcription session has no responses")
        if not event.given("response"):
            return Request(settings=self.settings)
        wanted, settings = event.object("response"), self.settings
        if wanted.given("output_modalities"):
            settings = replace(settings, modality=read_modality(wanted))
        if wanted.given("tools"):
            settings = replace(settings, tools=read_tools(wanted))
        if wanted.given("tool_choice"):
            settings = replace(settings, tool_choice=wanted.data["tool_choice"])
        items = None
        if wanted.given("input"):
            items = tuple(self._input(part) for part in wanted.objects("input"))
        return Request(
            settings=settings,
            metadata=_metadata(wanted),
            in_conversation=wanted.text("conversation", "auto") != "none",
            input=items,
        )

    def _input(self, part: Fields) -> Item:
        if part.data.get("type") == "item_reference":
            return self.conversation.get(part.text("id"), "invalid_value")
        return read_item(part, new_id=self._outlet.new_id("item"))

    # --- From the session -----------------------------------------------------

    def tell(self, message: ServerMessage) -> None:
        """What the session has to say."""
        listening, answering = self._listening, self._answering
        match message:
            case SpeechStartedMessage():
                over_reply = self._floor in ("agent", "overlap")
                began = listening.start(message, over_reply=over_reply)
                if began and not over_reply:
                    answering.interrupt()
            case SpeechStoppedMessage():
                listening.stop(message)
            case TranscriptDelta():
                listening.hear_words(message)
            case TranscriptCompleted():
                listening.transcribed(message)
            case Committed(turn=turn):
                if turn != listening.turn:
                    answering.committed(turn)
            case IntentMessage(turn=turn):
                item = listening.settle(turn, self._desk.heard)
                answering.released(turn, item, Request(settings=self.settings))
            case ResponseCreated(turn=turn, language=language):
                self._begin_reply(turn, language)
            case ReplyTextDelta(turn=turn, delta=delta):
                answering.text_delta(turn, delta)
            case ReplyText(turn=turn, transcript=text):
                answering.text(turn, text)
            case ReplyAudioDone(turn=turn):
                answering.sound_complete(turn)
            case Ducked(turn=turn, ducked=False, position_ms=position):
                answering.resume(turn, position)
            case ResponseDone():
                if message.status == "cancelled":
                    listening.confirm()
                answering.done(message)
            case FloorChanged(floor=floor):
                self._change_floor(floor)
            case ErrorMessage(code=code):
                answering.fault(code)
            case _:
                pass  # what this API has no word for

    def sound(self, pcm: Pcm) -> None:
        """A piece of a reply."""
        self._answering.sound(pcm)

    def recognized(self, item: Item, transcript: Transcript, ms: int) -> None:
        """A clip is in words."""
        self._listening.recognized(item, transcript, ms)
        self._answer_when_free()

    def unrecognized(self, item: Item, code: str) -> None:
        """A clip cannot be put into words."""
        self._listening.fail(item, code)
        self._answer_when_free()

    # --- For the stages of the session ----------------------------------------

    def dictated(self, text: str) -> Plan | None:
        """The answer to a text of ours that is only to be read out."""
        plan = self._answering.dictated
        return plan if plan is not None and plan.reply == text else None

    def shaped(self, plan: Plan) -> Plan:
        """What is left of a plan for the session to carry out."""
        return self._answering.plan(
            plan, Request(settings=self.settings), answers=self._answers_unasked
        )

    @property
    def _answers_unasked(self) -> bool:
        detection = self.settings.detection
        creates = detection is not None and detection.create_response
        return creates and self.settings.kind == "realtime"

    def _begin_reply(self, turn: int, language: str) -> None:
        item = self._listening.settle(turn, self._desk.heard)
        # An utterance of another turn is no utterance any more.
        self._listening.drop(self._desk.heard)
        silent = item is not None and not self._answers_unasked
        self._answering.begun(
            turn,
            language,
            Request(settings=self.settings),
            mute=silent or self.settings.kind == "transcription",
        )

    def _change_floor(self, floor: str) -> None:
        self._floor = floor
        match floor:
            case "user" | "pause" | "pending":
                self._listening.confirm()
            case "overlap":
                pass  # it may be a mere "mhm"
            case _:
                self._listening.drop(self._desk.heard)
        if floor == "open":
            # Not at once: the session is in the middle of something.
            self._desk.later(0, self._answer_when_free)

    def _answer_when_free(self) -> None:
        """Begin a response that was asked for, or see to it that its time comes."""
        if self._answering.waiting is None:
            return
        if self._floor == "open":
            try:
                self._answering.begin()
            except RealtimeError as error:
                self.refuse(error, str(error))
        elif self._floor in ("user", "pause", "overlap"):
            self._heard_at_check = self._desk.heard
            self._desk.later(SILENT_AFTER, self._expect_audio)

    def _expect_audio(self) -> None:
        if self._answering.waiting is None or self._floor == "open":
            return
        if self._desk.heard == self._heard_at_check:
            self._desk.receive(InputEnd())
            return
        self._answer_when_free()


def _metadata(fields: Fields) -> Mapping[str, str] | None:
    if not fields.given("metadata"):
        return None
    data: Mapping[str, Any] = fields.object("metadata").data
    if len(data) > MAX_METADATA or not all(isinstance(v, str) for v in data.values()):
        raise fields.invalid("metadata", f"use up to {MAX_METADATA} strings")
    return data
