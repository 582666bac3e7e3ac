"""The items of a conversation: what was said, what was called, what came of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from streaming.protocols.realtime.fields import Fields, RealtimeError

__all__ = ["MAX_ITEMS", "Conversation", "Heard", "Item", "read_item"]

MAX_ITEMS = 512
"""Of a conversation; the oldest are forgotten."""

FRONT = "root"
"""The `previous_item_id` of what is to be the first item."""

CONTENT_TYPES = {
    "user": ("input_text", "input_audio"),
    "assistant": ("output_text", "output_audio"),
    "system": ("input_text",),
}


@dataclass(frozen=True, slots=True)
class Heard:
    """How much of a spoken item the user has heard, for the words at a position."""

    ms: int
    text: str
    whole: str
    """What was to be heard."""

    def until(self, position: int) -> str:
        """The words that were heard at `position`, at an even pace."""
        if self.ms <= 0:
            return ""
        count = len(self.text.split()) * position // self.ms
        return " ".join(self.whole.split()[:count])


@dataclass(slots=True, kw_only=True)
class Item:
    """One item."""

    id: str
    kind: str
    """``message``, ``function_call`` or ``function_call_output``."""
    status: str = "completed"
    role: str = ""
    content: list[dict[str, Any]] = field(default_factory=list)
    call: dict[str, str] = field(default_factory=dict)
    """Of the two kinds that are no message: ``call_id`` and so on."""
    language: str | None = None
    """Of what was said, if it is known."""
    audio_ms: int = 0
    """Of its audio; of what the assistant says, that which was sent so far."""
    heard: Heard | None = None
    """Of what the assistant has said aloud, once it is over."""
    awaits_words: bool = False
    """Whether audio in it is still being put into words."""

    @property
    def resource(self) -> Mapping[str, Any]:
        """As events tell it."""
        head = {
            "id": self.id,
            "object": "realtime.item",
            "type": self.kind,
            "status": self.status,
        }
        if self.kind == "message":
            return {
                **head,
                "role": self.role,
                "content": [dict(p) for p in self.content],
            }
        return {**head, **self.call}

    @property
    def text(self) -> str:
        """Its words."""
        parts = (p.get("text") or p.get("transcript") or "" for p in self.content)
        return self.call.get("output") or " ".join(part for part in parts if part)

    def set_transcript(self, text: str) -> None:
        """The words of its audio."""
        for part in self.content:
            if "transcript" in part:
                part["transcript"] = text

    def truncate(self, position: int) -> None:
        """Keep the words that were heard until `position`.

        Raises:
            RealtimeError: it has no audio, or less.
        """
        if self.role != "assistant" or not self.audio_ms:
            raise RealtimeError(
                "unsupported_content_type",
                "Only model output audio messages can be truncated",
                param="item_id",
            )
        # Half a millisecond more is as much to a client that rounds.
        if position > self.audio_ms + 1:
            raise RealtimeError(
                "invalid_value",
                f"Audio content of {self.audio_ms}ms is already shorter than"
                f" {position}ms",
                param="audio_end_ms",
            )
        if self.heard is not None:
            self.set_transcript(self.heard.until(position))


class Conversation:
    """The items, in order."""

    def __init__(self) -> None:
        self._items: list[Item] = []

    def __iter__(self) -> Iterator[Item]:
        return iter(self._items)

    @property
    def last_id(self) -> str | None:
        """Of the last item."""
        return self._items[-1].id if self._items else None

    def find(self, id_: str) -> Item | None:
        """The item of that id."""
        return next((item for item in self._items if item.id == id_), None)

    def add(self, item: Item, after: str | None = None) -> str | None:
        """Add an item, at the end or after another one.

        Returns:
            The id of the item before it.

        Raises:
            RealtimeError: there is no such item, or its id is taken.
        """
        if self.find(item.id) is not None:
            raise RealtimeError(
                "invalid_value",
                f"there is an item '{item.id}' already",
                param="item.id",
            )
        place = len(self._items)
        if after == FRONT:
            place = 0
        elif after is not None:
            place = 1 + self._items.index(
                self.get(after, "item_create_invalid_previous_item_id")
            )
        before = self._items[place - 1].id if place else None
        self._items.insert(place, item)
        del self._items[:-MAX_ITEMS]
        return before

    def before(self, item: Item) -> str | None:
        """The id of the item before it."""
        place = next((n for n, i in enumerate(self._items) if i is item), 0)
        return self._items[place - 1].id if place else None

    def get(self, id_: str, code: str) -> Item:
        """The item of that id.

        Raises:
            RealtimeError: of that code: there is none.
        """
        item = self.find(id_)
        if item is None:
            raise RealtimeError(
                code, f"there is no item with id '{id_}'", param="item_id"
            )
        return item

    def delete(self, id_: str) -> Item:
        """Forget an item; which it was.

        Raises:
            RealtimeError: ``item_delete_invalid_item_id``.
        """
        item = self.get(id_, "item_delete_invalid_item_id")
        self._items = [other for other in self._items if other is not item]
        return item


def read_item(fields: Fields, *, new_id: str) -> Item:
    """An item that a client creates.

    Args:
        fields: as it put it.
        new_id: if it gives none.

    Raises:
        RealtimeError: it is none, or holds what we cannot use.
    """
    kinds = ("message", "function_call", "function_call_output")
    kind = fields.choice("type", kinds, None)
    id_ = fields.text("id") if fields.given("id") else new_id
    if kind == "message":
        role = fields.choice("role", tuple(CONTENT_TYPES), None)
        content = [_read_part(part, role) for part in fields.objects("content")]
        return Item(id=id_, kind=kind, role=role, content=content)
    names = ("name", "arguments") if kind == "function_call" else ("output",)
    call = {name: fields.text(name) for name in ("call_id", *names)}
    return Item(id=id_, kind=kind, call=call)


def _read_part(part: Fields, role: str) -> dict[str, Any]:
    kind = part.choice("type", CONTENT_TYPES[role], None)
    if kind.endswith("_text"):
        return {"type": kind, "text": part.text("text")}
    transcript = part.text("transcript") if part.given("transcript") else None
    audio = {"audio": part.text("audio")} if role == "user" else {}
    return {"type": kind, "transcript": transcript, **audio}
