"""Who answers in one session: the grammar, or a language model with its tools.

The grammar is asked first, and what it understands is done. What it does not
understand goes to the model, if there is one. An utterance that agrees to a question
of ours, or does not, goes to neither: `voice.consent` alone reads it.
"""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, replace

from streaming.dialogue import Answer, Assistant, Situation, Spawn
from streaming.messages import ToolUsed
from streaming.reply import Heard, ReplyEnd
from streaming.turn import Turn
from voice.consent import PATIENCE, Consent, Verdict
from voice.consent_words import CONSENT
from voice.dialogue import Message, Role, ToolCall
from voice.events import Completeness, Millis, TurnId
from voice.prompts import user_message
from voice.stages import Plan
from voice.tools import Risk

__all__ = ["Answering", "Spoken"]

MOST_TURNS = 16
"""That a model remembers. Then half of them are forgotten at once, so that the
beginning of the dialogue, which servers keep ready, seldom changes."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """An answer that stands ready."""

    plan: Plan
    words: AsyncGenerator[str, None] | None = None
    """What to say instead of the plan's reply, while it is being made up."""


@dataclass(frozen=True, slots=True)
class _Prepared:
    turn: TurnId
    said: Message
    answer: Answer | None


@dataclass(frozen=True, slots=True)
class _Question:
    """Somebody was asked about a call."""

    call: ToolCall
    situation: Situation
    heard: float | None = None
    """When it was heard whole, by the clock of the loop."""


class Answering:
    """The answers of one session.

    Args:
        assistant: the language model; None if there is none.
        session: its name, for the log.
        send: takes what the client is told of tools.
        spawn: starts a task that the session owns.
        now: tells the audio received so far.
    """

    def __init__(
        self,
        assistant: Assistant | None,
        *,
        session: str,
        send: Callable[[ToolUsed], None],
        spawn: Spawn,
        now: Callable[[], Millis],
    ) -> None:
        self._assistant = assistant
        self._session = session
        self._send = send
        self._spawn = spawn
        self._now = now
        self._consent = Consent()
        self._question: _Question | None = None
        self._prepared: _Prepared | None = None
        self._released: _Prepared | None = None
        self._history: deque[tuple[Message, ...]] = deque(maxlen=MOST_TURNS)

    def began(self, turn: TurnId) -> None:
        """The user began to speak, or sent text."""
        if self._is_stale():
            self._consent.withdraw()
        self._consent.began(turn, self._now())

    def prepare(self, turn: Turn, plan: Plan) -> Spoken:
        """Who answers an utterance, given what the grammar makes of it."""
        assistant = self._assistant
        if assistant is None:
            return Spoken(plan)
        said = user_message(turn.text, now=assistant.clock())
        if plan.answered_by == "tool":
            # A client has a text of its own read out, which nobody has said.
            self._consent.withdraw()
        verdict = self._consent.verdict(turn.id, turn.text, turn.language)
        self._prepared = _Prepared(turn.id, said, None)
        if verdict is Verdict.NO:
            words = CONSENT.get(turn.language, CONSENT["en"])
            return Spoken(_plan(turn, plan, words.cancelled, answered_by="tool"))
        is_agreement = verdict is Verdict.YES
        if not is_agreement and not _is_unanswered(plan):
            return Spoken(plan)
        language = assistant.reply_language or turn.language
        situation = Situation(
            session=self._session,
            turn=turn.id,
            language=language,
            history=self._remembered(),
            said=said,
            fallback=plan.reply,
            send=self._send,
            ask=lambda call: self._ask(call, situation, turn.language),
            spawn=self._spawn,
        )
        answer = Answer(assistant, situation, is_agreement=is_agreement)
        self._prepared = _Prepared(turn.id, said, answer)
        if is_agreement:
            agreed = _plan(turn, plan, "", answered_by="tool")
            return Spoken(replace(agreed, language=language), answer.words())
        asked = replace(plan, reply="", language=language, answered_by="model")
        return Spoken(asked, answer.words())

    def release(self, turn: Turn) -> None:
        """The utterance is over, and its answer is said: now things may be done."""
        verdict = self._consent.verdict(turn.id, turn.text, turn.language)
        agreed = self._consent.settle(turn.id, turn.text, turn.language)
        states = {Verdict.YES: "agreed", Verdict.NO: "declined"}
        self._close_question(states.get(verdict, "lapsed"))
        prepared, self._prepared = self._prepared, None
        self._released = None
        if prepared is not None and prepared.turn == turn.id:
            self._released = prepared
            if prepared.answer is not None:
                prepared.answer.release(agreed)

    def over(self, turn: TurnId, heard: Heard) -> None:
        """A reply is over."""
        whole = heard.end is ReplyEnd.COMPLETED
        self._consent.played(turn, self._now(), whole=whole)
        question = self._question
        if question is not None and question.situation.turn == turn:
            if whole:
                self._question = replace(question, heard=_clock())
            else:
                self._close_question("lapsed")
        released = self._released
        if released is not None and released.turn == turn:
            self._released = None
            self._remember(released, heard.text)

    def withdraw(self) -> None:
        """Something else is said: nobody is asked any more."""
        self._consent.withdraw()
        self._close_question("lapsed")
        self._prepared = self._released = None

    def _is_stale(self) -> bool:
        """Whether an answer is late by the clock: where no audio comes, no time goes by."""
        question = self._question
        if question is None or question.heard is None:
            return False
        return _clock() - question.heard > PATIENCE / 1000

    def _ask(self, call: ToolCall, situation: Situation, language: str) -> None:
        self._consent.ask(call, language, turn=situation.turn)
        self._question = _Question(call, situation)
        situation.tell(call, Risk.IRREVERSIBLE, "asked")

    def _close_question(self, state: str) -> None:
        question, self._question = self._question, None
        if question is not None:
            question.situation.tell(question.call, Risk.IRREVERSIBLE, state)

    def _remembered(self) -> Sequence[Message]:
        return [message for turn in self._history for message in turn]

    def _remember(self, released: _Prepared, heard: str) -> None:
        if len(self._history) == MOST_TURNS:
            for _ in range(MOST_TURNS // 2):
                self._history.popleft()
        if released.answer is not None:
            self._history.append(tuple(released.answer.exchange(heard)))
            return
        reply = Message(role=Role.ASSISTANT, text=heard or "…")
        self._history.append((released.said, reply))


def _clock() -> float:
    return asyncio.get_running_loop().time()


def _is_unanswered(plan: Plan) -> bool:
    """Whether the grammar made nothing of it, but somebody is to be answered."""
    return plan.intent is None and plan.answered_by == "none" and bool(plan.reply)


def _plan(turn: Turn, plan: Plan, reply: str, *, answered_by: str) -> Plan:
    """What becomes of a plan when the utterance answers a question of ours.

    It is a whole answer, but "yes" may go on: "yes, but not today".
    """
    return replace(
        plan,
        intent=None,
        completeness=Completeness.EXTENDABLE,
        reply=reply,
        language=turn.language,
        effects=(),
        answered_by=answered_by,
    )
