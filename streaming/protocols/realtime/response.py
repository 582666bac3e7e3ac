"""One response: its events in their order, and exactly one ``response.done``."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from streaming.protocols.realtime.events import Outlet
from streaming.protocols.realtime.items import Conversation, Heard, Item
from streaming.protocols.realtime.settings import Settings
from streaming.protocols.realtime.tools import Call
from voice.audio import Pcm, Resampler
from voice.events import Millis

__all__ = ["Consumption", "Request", "Response"]

MS_PER_INPUT_TOKEN, MS_PER_OUTPUT_TOKEN = 100, 50
"""Audio of a token: what the API counts, so that usage can be compared."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a client wants of a response."""

    settings: Settings
    """Those of the session, with what the response is to have of its own."""
    metadata: Mapping[str, str] | None = None
    in_conversation: bool = True
    """Whether the conversation is to hold it."""
    input: tuple[Item, ...] | None = None
    """What to answer instead of the conversation."""


@dataclass(frozen=True, slots=True)
class Consumption:
    """What was answered, for the bill."""

    text: str = ""
    audio_ms: int = 0


class _Phase(Enum):
    """How far the events are."""

    CREATED = auto()
    """No item yet."""
    OPEN = auto()
    """The item is open."""
    SPOKEN = auto()
    """Its audio and its words are complete."""
    DONE = auto()


@dataclass(slots=True)
class _Message:
    """The item that is being said or written."""

    item: Item
    words: list[str] = field(default_factory=list)


class Response:
    """One response, from ``response.created`` to ``response.done``.

    Args:
        outlet: takes the events.
        conversation: gets the items.
        request: what is wanted of it.
    """

    def __init__(
        self, outlet: Outlet, conversation: Conversation, request: Request
    ) -> None:
        self.id = outlet.new_id("resp")
        self.consumption = Consumption()
        self._outlet = outlet
        self._conversation = conversation
        self.request = request
        self._settings = request.settings
        self._phase = _Phase.CREATED
        self._message: _Message | None = None
        self._output: list[Item] = []
        self._resampler: Resampler | None = None
        self._sent_samples = 0
        self._skip_ms = 0
        outlet.send("response.created", response=self._resource("in_progress"))

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to come."""
        return self._phase is _Phase.DONE

    @property
    def modality(self) -> str:
        """``audio`` or ``text``."""
        return self._settings.modality

    @property
    def item(self) -> Item | None:
        """What is being said or written."""
        return self._message.item if self._message else None

    def call(self, call: Call) -> Item:
        """Call a function of the client's, and be done."""
        item = Item(
            id=self._outlet.new_id("item"),
            kind="function_call",
            status="in_progress",
            call={
                "call_id": self._outlet.new_id("call"),
                "name": call.name,
                "arguments": "",
            },
        )
        self._open(item)
        where = {**self._where(item), "call_id": item.call["call_id"]}
        self._outlet.send(
            "response.function_call_arguments.delta", **where, delta=call.arguments
        )
        self._outlet.send(
            "response.function_call_arguments.done",
            **where,
            name=call.name,
            arguments=call.arguments,
        )
        item.call["arguments"] = call.arguments
        self._close(item, "completed")
        self._done("completed", None)
        return item

    def speak(self, text: str) -> None:
        """Say `text`, after what is being said already; its audio follows."""
        if self._message is None:
            self._begin("output_audio", transcript="")
            self._part("added", type="audio", transcript="")
        message = self._message
        assert message is not None
        message.words.append(text)
        message.item.set_transcript("".join(message.words))
        self._delta("response.output_audio_transcript", delta=text)

    def write(self, text: str) -> None:
        """Write `text`, and be done."""
        message = self._begin("output_text", text=text)
        message.words.append(text)
        self._part("added", type="text", text="")
        self._delta("response.output_text", delta=text)
        self._outlet.send(
            "response.output_text.done", **self._place(message.item), text=text
        )
        self._part("done", type="text", text=text)
        self._close(message.item, "completed")
        self._done("completed", None)

    def sound(self, pcm: Pcm) -> None:
        """The next piece of audio, at any rate."""
        if self._message is None or self._phase is not _Phase.OPEN:
            return
        form = self._settings.output
        if self._resampler is None or self._resampler.source != pcm.rate:
            self._resampler = Resampler(pcm.rate, form.rate)
        self._send_sound(self._resampler.feed(pcm))

    def resume(self, position: int) -> None:
        """The audio to come begins anew at `position`; what was sent is not repeated.

        A listener of ours empties its buffer when the reply is held. A client of this
        API was never told to: it goes on where the audio that it has ends.
        """
        if self._message is not None:
            self._skip_ms = max(0, self._message.item.audio_ms - position)

    def sound_complete(self) -> None:
        """All of the audio was sent."""
        if self._phase is not _Phase.OPEN or self._message is None:
            return
        if self._resampler is not None:
            rest = Pcm.silence(Millis(0), self._resampler.source)
            self._send_sound(self._resampler.feed(rest, last=True))
        place, words = self._place(self._message.item), "".join(self._message.words)
        self._outlet.send("response.output_audio.done", **place)
        self._outlet.send(
            "response.output_audio_transcript.done", **place, transcript=words
        )
        self._part("done", type="audio", transcript=words)
        self._phase = _Phase.SPOKEN

    def finish(
        self,
        status: str,
        *,
        reason: str | None = None,
        error: str | None = None,
        heard_ms: int = 0,
        heard_text: str = "",
    ) -> None:
        """It is over.

        Args:
            status: ``completed``, ``cancelled`` or ``failed``.
            reason: why it was cancelled.
            error: the code, if it failed.
            heard_ms: how much of it the user has heard.
            heard_text: the words of that.
        """
        if self.is_done:
            return
        if self._message is not None:
            self.sound_complete()
            item = self._message.item
            whole = status == "completed"
            self._close(item, "completed" if whole else "incomplete")
            item.heard = Heard(heard_ms, heard_text, item.text)
            if not whole:
                item.set_transcript(heard_text)
        details: Mapping[str, Any] | None = None
        if status == "cancelled":
            details = {"type": status, "reason": reason}
        elif status == "failed":
            fault = {"type": "server_error", "code": error}
            details = {"type": status, "error": fault}
        self._done(status, details)

    # --- The events -----------------------------------------------------------

    def _begin(self, kind: str, **content: str) -> _Message:
        assert self._message is None, "one message in a response"
        item = Item(
            id=self._outlet.new_id("item"),
            kind="message",
            status="in_progress",
            role="assistant",
        )
        self._open(item)
        item.content.append({"type": kind, **content})
        self._message = _Message(item)
        return self._message

    def _open(self, item: Item) -> None:
        self._phase = _Phase.OPEN
        self._output.append(item)
        self._outlet.send(
            "response.output_item.added",
            response_id=self.id,
            output_index=0,
            item=item.resource,
        )
        if self.request.in_conversation:
            before = self._conversation.add(item)
            self._outlet.send(
                "conversation.item.added", previous_item_id=before, item=item.resource
            )

    def _close(self, item: Item, status: str) -> None:
        item.status = status
        self._outlet.send(
            "response.output_item.done",
            response_id=self.id,
            output_index=0,
            item=item.resource,
        )
        if self.request.in_conversation:
            self._outlet.send(
                "conversation.item.done",
                previous_item_id=self._conversation.before(item),
                item=item.resource,
            )

    def _part(self, what: str, **part: str) -> None:
        assert self._message is not None
        self._outlet.send(
            f"response.content_part.{what}",
            **self._place(self._message.item),
            part=part,
        )

    def _delta(self, kind: str, **fields: str) -> None:
        assert self._message is not None
        self._outlet.send(f"{kind}.delta", **self._place(self._message.item), **fields)

    def _done(self, status: str, details: Mapping[str, Any] | None) -> None:
        self._phase = _Phase.DONE
        self._outlet.send("response.done", response=self._resource(status, details))

    def _where(self, item: Item) -> Mapping[str, Any]:
        return {"response_id": self.id, "item_id": item.id, "output_index": 0}

    def _place(self, item: Item) -> dict[str, Any]:
        return {**self._where(item), "content_index": 0}

    def _send_sound(self, pcm: Pcm) -> None:
        piece = self._without_repetition(pcm)
        if self._message is None or not len(piece):
            return
        form = self._settings.output
        self._sent_samples += len(piece)
        self._message.item.audio_ms = self._sent_samples * 1000 // form.rate
        self._delta("response.output_audio", delta=form.encode(piece))

    def _without_repetition(self, pcm: Pcm) -> Pcm:
        """`pcm` without what the client has already."""
        skipped = min(self._skip_ms, pcm.duration)
        self._skip_ms -= skipped
        return pcm.slice(Millis(skipped)) if skipped else pcm

    def _resource(
        self, status: str, details: Mapping[str, Any] | None = None
    ) -> Mapping[str, Any]:
        kept = self._settings.kept
        audio = self.modality == "audio"
        return {
            "object": "realtime.response",
            "id": self.id,
            "status": status,
            "status_details": details,
            "output": [item.resource for item in self._output],
            "conversation_id": (
                f"conv_{self._outlet.session}" if self.request.in_conversation else None
            ),
            "output_modalities": [self.modality],
            "max_output_tokens": kept.get("max_output_tokens", "inf"),
            "audio": {"output": self._settings.output_resource} if audio else None,
            "usage": None if status == "in_progress" else self._usage,
            "metadata": self.request.metadata,
        }

    @property
    def _usage(self) -> Mapping[str, Any]:
        """Tokens: words, and audio as the API counts it."""
        heard = self.consumption
        asked = {
            "text_tokens": len(heard.text.split()),
            "audio_tokens": -(-heard.audio_ms // MS_PER_INPUT_TOKEN),
        }
        item = self._output[0] if self._output else None
        words = (item.text or item.call.get("arguments", "")) if item else ""
        given = {
            "text_tokens": len(words.split()),
            "audio_tokens": -(-item.audio_ms // MS_PER_OUTPUT_TOKEN) if item else 0,
        }
        return {
            "total_tokens": sum(asked.values()) + sum(given.values()),
            "input_tokens": sum(asked.values()),
            "output_tokens": sum(given.values()),
            "input_token_details": {
                **asked,
                "image_tokens": 0,
                "cached_tokens": 0,
                "cached_tokens_details": {
                    "text_tokens": 0,
                    "audio_tokens": 0,
                    "image_tokens": 0,
                },
            },
            "output_token_details": given,
        }
