"""The assistant's side: what is answered, as speech, as text or as a function call."""

import json
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from streaming.messages import (
    ClientMessage,
    ResponseCancel,
    ResponseDone,
    TextInput,
)
from streaming.protocols.realtime.events import Outlet
from streaming.protocols.realtime.fields import RealtimeError
from streaming.protocols.realtime.items import MAX_ITEMS, Conversation, Item
from streaming.protocols.realtime.response import Consumption, Request, Response
from streaming.protocols.realtime.tools import Call, call_for
from voice import languages as known
from voice.audio import Pcm
from voice.events import Completeness
from voice.stages import Plan
from voice.text_language import guess

__all__ = ["Answering", "Dictation", "Question"]

MAX_TEXT = 1000
"""Characters of a turn that is typed, and of what is read out."""

SPEECH_KEYS = ("speech", "message", "text", "output", "result", "error")
"""Where an object that a function gave back may hold a sentence for the user."""


class Way(Enum):
    """What becomes of a plan that calls no function."""

    SPEAK = "speak"
    WRITE = "write"
    LISTEN = "listen"
    """Nothing: nobody asked for an answer."""


Course: TypeAlias = Way | Call


@dataclass(frozen=True, slots=True)
class Question:
    """A text of the user's that is to be answered."""

    text: str
    language: str | None
    """BCP 47 tag, if it is known."""


@dataclass(frozen=True, slots=True)
class Dictation:
    """A text that is to be read out as it is."""

    text: str
    language: str


@dataclass(frozen=True, slots=True)
class _Planned:
    plan: Plan
    course: Course


class Answering:
    """What is said to the user.

    Args:
        outlet: takes the events.
        conversation: gets the items.
        receive: gives a message to the session.
        languages: BCP 47 tags that are served, the first one first.
    """

    def __init__(
        self,
        outlet: Outlet,
        conversation: Conversation,
        *,
        receive: Callable[[ClientMessage], None],
        languages: Sequence[str],
    ) -> None:
        self.waiting: Request | None = None
        """What was asked for while the floor was not free."""
        self.dictated: Plan | None = None
        """What the session is to answer to a text of ours: the text itself."""
        self._outlet = outlet
        self._conversation = conversation
        self._receive = receive
        self._languages = languages
        self._response: Response | None = None
        self._turn: int | None = None
        """Of the response; None until the session has begun the turn."""
        self._begun = False
        """Whether the session has begun the reply of the response."""
        self._muted: int | None = None
        """The turn whose reply is not for the client's ears."""
        self._partly_told: int | None = None
        """The turn whose reply was told in parts."""
        self._planned: _Planned | None = None
        self._said: dict[str, Dictation] = {}
        """By call: what our own responder would have said to it."""
        self._last: Dictation | None = None
        """What was said last."""
        self._language = languages[0]
        self._unanswered: deque[Item] = deque(maxlen=MAX_ITEMS)
        self._fault = ""
        self._cancelling = False

    # --- What the client wants ------------------------------------------------

    @property
    def is_active(self) -> bool:
        """Whether there is a response that is not done."""
        return self._response is not None and not self._response.is_done

    def ask(self, request: Request) -> None:
        """A response is wanted, as soon as the floor is free.

        Raises:
            RealtimeError: ``conversation_already_has_active_response``.
        """
        if self.is_active or self.waiting is not None:
            active = self._response.id if self._response else ""
            raise RealtimeError(
                "conversation_already_has_active_response",
                "Conversation already has an active response in progress:"
                f" {active}. Wait until the response is finished before creating a"
                " new one.",
            )
        self.waiting = request

    def begin(self) -> None:
        """The floor is free: answer what was asked for.

        Raises:
            RealtimeError: the text is too long.
        """
        request = self.waiting
        if request is None or self.is_active:
            return
        items = [*self._unanswered] if request.input is None else [*request.input]
        if any(item.awaits_words for item in items):
            return
        self.waiting = None
        words = self._words(items)
        if isinstance(words, Question) and len(words.text) > MAX_TEXT:
            raise RealtimeError(
                "invalid_value", f"a text may have {MAX_TEXT} characters"
            )
        if request.input is None:
            self._unanswered.clear()
        self._response, self._turn = self._new(request), None
        self._begun = False
        self._response.consumption = Consumption(words.text)
        if isinstance(words, Dictation):
            self.dictated = _reading(words)
        self._receive(TextInput(text=words.text, language=words.language))

    def cancel(self, response_id: str | None) -> None:
        """The client wants no more of the response.

        Raises:
            RealtimeError: ``response_cancel_not_active``.
        """
        if self.waiting is not None and response_id is None:
            request, self.waiting = self.waiting, None
            self._new(request).finish("cancelled", reason="client_cancelled")
            return
        response = self._response
        if (
            response is None
            or response.is_done
            or response_id
            not in (
                None,
                response.id,
            )
        ):
            raise RealtimeError(
                "response_cancel_not_active",
                "Cancellation failed: no active response found",
            )
        self._cancelling = True
        self._receive(ResponseCancel())
        self._cancelling = False
        response.finish("cancelled", reason="client_cancelled")

    def note(self, item: Item) -> None:
        """An item was added to the conversation, to be answered when asked."""
        if item.role == "assistant":
            self._unanswered.clear()
        elif item.role == "user" or item.kind == "function_call_output":
            self._unanswered.append(item)

    def forget(self, item: Item) -> None:
        """An item was deleted."""
        kept = (other for other in self._unanswered if other is not item)
        self._unanswered = deque(kept, MAX_ITEMS)

    def live_turn(self, item: Item) -> int | None:
        """The turn in which `item` is being said right now, if it is."""
        response = self._response
        if response is None or response.is_done or response.item is not item:
            return None
        return self._turn

    # --- What the session does ------------------------------------------------

    def plan(self, plan: Plan, request: Request, *, answers: bool) -> Plan:
        """What the session is to carry out of a plan.

        Args:
            plan: of our own responder.
            request: what is wanted, if the turn is nobody's response yet.
            answers: whether an utterance is to be answered unasked.
        """
        typed = self.is_active and not self._begun
        if typed and self._response is not None:
            request = self._response.request
        elif self.waiting is not None:
            request = self.waiting
        elif not answers:
            self._planned = _Planned(plan, Way.LISTEN)
            return _silent(plan, effects=False)
        call = None
        if plan is not self.dictated:
            call = call_for(plan.intent, request.settings.callable_tools)
        if call is not None:
            self._planned = _Planned(plan, call)
            return _silent(plan, effects=False)
        if request.settings.modality == "text":
            self._planned = _Planned(plan, Way.WRITE)
            return _silent(plan, effects=True)
        self._planned = _Planned(plan, Way.SPEAK)
        return plan

    def committed(self, turn: int) -> None:
        """The session begins a turn for a text of ours."""
        if self.is_active and self._turn is None:
            self._turn = turn

    def released(self, turn: int, item: Item | None, request: Request) -> None:
        """The session answers a turn: what was planned for it happens.

        Args:
            turn: which.
            item: what the user said in it; None if it was a text of ours.
            request: what is wanted, if the turn is nobody's response yet.
        """
        planned, self._planned = self._planned, None
        self.dictated = None
        if planned is None:
            return
        plan, course = planned.plan, planned.course
        if course is Way.LISTEN:
            self._muted = turn
            if item is not None:
                self._unanswered.append(item)
            return
        response = self._bound(turn, request)
        if item is not None:
            response.consumption = Consumption(item.text, item.audio_ms)
        said = Dictation(plan.reply, plan.language)
        if isinstance(course, Call):
            self._muted = turn
            called = response.call(course)
            self._said[called.call["call_id"]] = said
            if len(self._said) > MAX_ITEMS:
                # A client that never tells what came of its calls.
                del self._said[next(iter(self._said))]
        elif course is Way.WRITE:
            self._muted = turn
            self._last = said
            response.write(plan.reply)

    def begun(self, turn: int, language: str, request: Request, *, mute: bool) -> None:
        """The session begins a reply, perhaps unasked: an apology, an announcement.

        Args:
            turn: whose reply it is.
            language: of it.
            request: what is wanted, if the turn is nobody's response yet.
            mute: whether the client is not to know of it.
        """
        self._language = language
        if mute and self._turn != turn:
            self._muted = turn
        if self._muted != turn:
            self._bound(turn, request)
            self._begun = True

    def text_delta(self, turn: int, delta: str) -> None:
        """More of a reply whose end is not known yet."""
        response = self._response
        if self._muted != turn and response is not None and response.modality != "text":
            self._partly_told = turn
            response.speak(delta)

    def text(self, turn: int, text: str) -> None:
        """What the reply says."""
        response = self._response
        if self._muted == turn or response is None:
            return
        self._last = Dictation(text, self._language)
        if self._partly_told == turn:
            return
        if response.modality == "text":
            self._muted = turn
            response.write(text)
        else:
            response.speak(text)

    def sound(self, pcm: Pcm) -> None:
        """A piece of the reply."""
        if self._muted is None and self._response is not None:
            self._response.sound(pcm)

    def sound_complete(self, turn: int) -> None:
        """The whole reply was sent."""
        if self._muted != turn and self._response is not None:
            self._response.sound_complete()

    def resume(self, turn: int, position: int) -> None:
        """The reply was held and goes on, at a position."""
        if self._muted != turn and self._response is not None:
            self._response.resume(position)

    def fault(self, code: str) -> None:
        """A stage has failed."""
        self._fault = code

    def done(self, message: ResponseDone) -> None:
        """The reply is over."""
        if self._muted == message.turn:
            self._muted = None
        elif self._response is not None and self._turn == message.turn:
            reason = "client_cancelled" if self._cancelling else "turn_detected"
            self._response.finish(
                message.status,
                reason=reason,
                error=self._fault,
                heard_ms=message.heard_ms,
                heard_text=message.heard_text,
            )

    def interrupt(self) -> None:
        """The user speaks: what has not begun is not going to."""
        if self._response is not None and not self._begun:
            self._response.finish("cancelled", reason="turn_detected")
            self.dictated = None

    # --- Within ---------------------------------------------------------------

    def _new(self, request: Request) -> Response:
        return Response(self._outlet, self._conversation, request)

    def _bound(self, turn: int, request: Request) -> Response:
        """The response of a turn, which is the one that was asked for if any was."""
        if self._response is not None and self._turn == turn:
            return self._response
        if self._response is not None:
            self._response.finish("cancelled", reason="turn_detected")
        request, self.waiting = self.waiting or request, None
        self._response, self._turn = self._new(request), turn
        self._begun = False
        return self._response

    def _words(self, items: Sequence[Item]) -> Question | Dictation:
        """What is to be answered, or read out, for the newest of `items`."""
        outputs = [item for item in items if item.kind == "function_call_output"]
        if outputs:
            parts = [self._spoken(item) for item in outputs]
            text = " ".join(dict.fromkeys(part.text for part in parts))
            return Dictation(text[:MAX_TEXT], parts[-1].language)
        first = self._last.language if self._last else self._languages[0]
        if not items:
            again = Dictation(known.get(first).disclosure, first)
            return self._last or again
        text, language = items[-1].text, items[-1].language
        if not text.strip():
            return Dictation(known.get(first).not_understood, first)
        return Question(text, language or guess(text, self._languages))

    def _spoken(self, item: Item) -> Dictation:
        """What to say when a function has given something back."""
        first = self._last.language if self._last else self._languages[0]
        said = self._said.pop(item.call["call_id"], None)
        language = said.language if said else first
        sentence = _sentence(item.call["output"])
        if sentence:
            return Dictation(sentence, language)
        return said or Dictation(known.get(language).okay, language)


def _sentence(output: str) -> str:
    """What a function gave back, if it is something to say; else nothing."""
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return output.strip()
    if isinstance(value, dict):
        value = next((value[key] for key in SPEECH_KEYS if value.get(key)), "")
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value.strip() if isinstance(value, str) else ""


def _reading(words: Dictation) -> Plan:
    return Plan(
        intent=None,
        completeness=Completeness.COMPLETE,
        reply=words.text,
        language=words.language,
        effects=(),
        answered_by="tool",
    )


def _silent(plan: Plan, *, effects: bool) -> Plan:
    return Plan(
        intent=plan.intent,
        completeness=plan.completeness,
        reply="",
        language=plan.language,
        effects=plan.effects if effects else (),
        answered_by=plan.answered_by,
    )
