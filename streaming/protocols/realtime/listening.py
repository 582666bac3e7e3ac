"""The user's side: speech that starts and stops, what was committed, and its words.

A session says when it thinks that an utterance is over, and takes that back when the
user goes on before the reply. This API has no word for taking back. So what would be
told at a commit is told when nothing can undo it any more: as the reply begins. And
speech over a reply is told once it has taken the floor, because clients fall silent
at the first word of it, and a mere "mhm" shall not stop them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum, auto

from streaming.messages import (
    SpeechStartedMessage,
    SpeechStoppedMessage,
    TranscriptCompleted,
    TranscriptDelta,
)
from streaming.protocols.realtime.events import Outlet
from streaming.protocols.realtime.fields import RealtimeError
from streaming.protocols.realtime.items import Conversation, Item
from voice.audio import Pcm
from voice.events import Millis
from voice.stages import Transcript

__all__ = ["Listening"]

PREFIX_PADDING = 300
"""Milliseconds before the onset that count as part of the speech."""

LEAST_CLIP = 100
"""Milliseconds of audio that can be committed."""

LONGEST_CLIP = 28_000
"""Milliseconds that are kept for a manual commit: what a recogniser takes."""


class _Phase(Enum):
    """What the client knows of an utterance."""

    HELD = auto()
    """Nothing: it may be a mere "mhm"."""
    TOLD = auto()
    """That the user speaks."""
    SETTLED = auto()
    """Everything: it is an item of the conversation."""


@dataclass(slots=True, kw_only=True)
class _Utterance:
    turn: int
    item_id: str
    began: int
    phase: _Phase = _Phase.HELD
    ended: int | None = None
    words: list[str] = field(default_factory=list)
    """Those that will not change any more, while it lasts."""
    told: int = 0
    """How many of them the client knows."""
    transcript: TranscriptCompleted | None = None


class Listening:
    """What is heard of the user.

    Args:
        outlet: takes the events.
        conversation: gets the items.
    """

    def __init__(self, outlet: Outlet, conversation: Conversation) -> None:
        self.tells_words = True
        """Whether the client wants to know them."""
        self.unheard_ms = 0
        """Audio received that never went to the session."""
        self._outlet = outlet
        self._conversation = conversation
        self._utterance: _Utterance | None = None
        self._buffer: list[Pcm] = []

    # --- The server finds the utterances --------------------------------------

    @property
    def turn(self) -> int | None:
        """Of the newest utterance that is not over yet."""
        return self._utterance.turn if self._utterance else None

    def start(self, message: SpeechStartedMessage, *, over_reply: bool) -> bool:
        """The user speaks, or goes on to.

        Returns:
            Whether an utterance began.
        """
        if message.turn == self.turn:
            return False
        self.drop(Millis(message.audio_start_ms))
        self._utterance = _Utterance(
            turn=message.turn,
            item_id=self._outlet.new_id("item"),
            began=message.audio_start_ms,
        )
        if not over_reply:
            self.confirm()
        return True

    def stop(self, message: SpeechStoppedMessage) -> None:
        """The user is silent, for now."""
        if self._utterance is not None:
            self._utterance.ended = message.audio_end_ms

    def confirm(self) -> None:
        """The speech has the floor: it is no mere "mhm"."""
        utterance = self._utterance
        if utterance is None or utterance.phase is not _Phase.HELD:
            return
        utterance.phase = _Phase.TOLD
        start = max(0, utterance.began - PREFIX_PADDING) + self.unheard_ms
        self._outlet.send(
            "input_audio_buffer.speech_started",
            audio_start_ms=start,
            item_id=utterance.item_id,
        )
        self._tell_words(utterance)

    def drop(self, now: Millis) -> None:
        """There was no utterance after all."""
        utterance, self._utterance = self._utterance, None
        if utterance is not None and utterance.phase is _Phase.TOLD:
            self._tell_end(utterance, now)

    def hear_words(self, message: TranscriptDelta) -> None:
        """Some words of the utterance are certain."""
        utterance = self._utterance
        if utterance is None or utterance.turn != message.turn:
            return
        gap = " " if utterance.words else ""
        utterance.words.append(gap + message.delta)
        self._tell_words(utterance)

    def transcribed(self, message: TranscriptCompleted) -> None:
        """The utterance is in words; they may come again."""
        if self._utterance is not None and self._utterance.turn == message.turn:
            self._utterance.transcript = message

    def settle(self, turn: int, now: Millis) -> Item | None:
        """The reply to `turn` begins: its utterance is over for good.

        Returns:
            The item that it became; None if the turn has no utterance.
        """
        utterance = self._utterance
        if utterance is None or utterance.turn != turn:
            return None
        self.confirm()
        self._utterance = None
        utterance.phase = _Phase.SETTLED
        end = self._tell_end(utterance, now)
        item = self._commit(utterance.item_id)
        transcript = utterance.transcript
        if transcript is None:
            self.fail(item, "recognition_failed")
            return item
        said = "".join(utterance.words)
        rest = transcript.transcript.removeprefix(said)
        self._complete(
            item,
            transcript.transcript,
            transcript.language,
            deltas=(rest,) if transcript.transcript.startswith(said) else (),
            ms=max(0, end - utterance.began),
        )
        return item

    # --- The client says where they are ---------------------------------------

    def keep(self, pcm: Pcm) -> None:
        """Audio for a commit of the client's."""
        self.unheard_ms += pcm.duration
        if self._buffer and self._buffer[0].rate != pcm.rate:
            self._buffer.clear()
        self._buffer.append(pcm)
        while self._buffered() - self._buffer[0].duration > LONGEST_CLIP:
            del self._buffer[0]

    def clear(self) -> None:
        """Forget the audio that is kept."""
        self._buffer.clear()

    def take(self) -> tuple[Item, Pcm]:
        """What was kept becomes an item.

        Returns:
            The item and its audio, which is to be put into words.

        Raises:
            RealtimeError: ``input_audio_buffer_commit_empty``.
        """
        length = self._buffered()
        if length < LEAST_CLIP:
            raise commit_empty(length)
        clip = Pcm.joined(self._buffer, self._buffer[0].rate)
        self._buffer.clear()
        item = self._commit(self._outlet.new_id("item"))
        item.awaits_words = True
        return item, clip

    def recognized(self, item: Item, transcript: Transcript, ms: int) -> None:
        """An item that was waiting for its words has them."""
        item.awaits_words = False
        self._complete(
            item,
            transcript.text,
            transcript.language,
            deltas=(transcript.text,),
            ms=ms,
        )

    def fail(self, item: Item, code: str) -> None:
        """There will be no words of it."""
        item.awaits_words = False
        if self.tells_words:
            self._outlet.send(
                "conversation.item.input_audio_transcription.failed",
                item_id=item.id,
                content_index=0,
                error={
                    "type": "server_error",
                    "code": code,
                    "message": "the audio could not be put into words",
                    "param": None,
                },
            )

    # --- Events ---------------------------------------------------------------

    def _buffered(self) -> int:
        return sum(pcm.duration for pcm in self._buffer)

    def _tell_end(self, utterance: _Utterance, now: Millis) -> int:
        end = now if utterance.ended is None else utterance.ended
        self._outlet.send(
            "input_audio_buffer.speech_stopped",
            audio_end_ms=end + self.unheard_ms,
            item_id=utterance.item_id,
        )
        return end

    def _commit(self, item_id: str) -> Item:
        part = {"type": "input_audio", "transcript": None}
        item = Item(id=item_id, kind="message", role="user", content=[part])
        before = self._conversation.add(item)
        self._outlet.send(
            "input_audio_buffer.committed", previous_item_id=before, item_id=item_id
        )
        for what in ("added", "done"):
            self._outlet.send(
                f"conversation.item.{what}",
                previous_item_id=before,
                item=item.resource,
            )
        return item

    def _tell_words(self, utterance: _Utterance) -> None:
        if utterance.phase is _Phase.HELD:
            return
        for delta in utterance.words[utterance.told :]:
            self._tell_delta(utterance.item_id, delta)
        utterance.told = len(utterance.words)

    def _tell_delta(self, item_id: str, delta: str) -> None:
        if self.tells_words and delta:
            self._outlet.send(
                "conversation.item.input_audio_transcription.delta",
                item_id=item_id,
                content_index=0,
                delta=delta,
            )

    def _complete(
        self, item: Item, text: str, language: str, *, deltas: Sequence[str], ms: int
    ) -> None:
        item.language, item.audio_ms = language, ms
        item.set_transcript(text)
        for delta in deltas:
            self._tell_delta(item.id, delta)
        if self.tells_words:
            self._outlet.send(
                "conversation.item.input_audio_transcription.completed",
                item_id=item.id,
                content_index=0,
                transcript=text,
                languages=[{"code": language}] if text else [],
                usage={"type": "duration", "seconds": round(ms / 1000, 3)},
            )


def commit_empty(length: int) -> RealtimeError:
    """There is too little audio to commit."""
    return RealtimeError(
        "input_audio_buffer_commit_empty",
        f"Error committing input audio buffer: buffer too small. Expected at least"
        f" {LEAST_CLIP}ms of audio, but buffer only has {length}ms of audio.",
    )
