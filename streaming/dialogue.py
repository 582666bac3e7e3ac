"""What a language model says to one utterance, and what it has done for it.

The gate for tools is here, in code: what only reads is called at once, what can be
undone only when the utterance is over, what cannot only after a question and a yes,
and what is forbidden never. The model hears the results and goes on.
"""

import asyncio
import contextlib
import logging
from collections.abc import AsyncGenerator, Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from streaming.chat import LONGEST_REPLY, Chat
from streaming.messages import ToolUsed
from streaming.toolbox import Toolbox, ToolFailed
from streaming.workers import Priority
from voice.consent_words import CONSENT, question
from voice.dialogue import Message, Role, ToolCall
from voice.errors import Stage, StageError
from voice.events import TurnId
from voice.home import Home
from voice.prompts import system_prompt
from voice.tools import Risk, read_out

__all__ = ["Answer", "Assistant", "Situation", "Spawn"]

log = logging.getLogger(__name__)

MOST_ROUNDS = 6
"""How often a model may call tools before it has to answer."""

LONGEST_QUEUE = LONGEST_REPLY * MOST_ROUNDS
"""Pieces of text that wait to be spoken; each has a character at least."""

Spawn = Callable[[Coroutine[None, None, None]], "asyncio.Task[None]"]

ASKED = "Nothing was done yet: the user is being asked, and has to say yes first."
ONE_AT_A_TIME = "Not done: the user is being asked about something else."
TOO_LONG = "Not done: it is too long to be read out, so that nobody can agree to it."
UNKNOWN = "There is no such tool."
NO_RESULT = "The result is not known: the user interrupted."


@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """The language model of a server and what it may use; all sessions share it."""

    chat: Chat
    toolbox: Toolbox
    clock: Callable[[], datetime]
    home: Home = field(default_factory=Home)
    persona: str = ""
    reply_language: str = ""
    """Canonical tag; empty for that of the user."""
    _prompts: dict[str, Message] = field(default_factory=dict, repr=False)

    def prompt(self, language: str) -> Message:
        """What stands first in every dialogue in a language, always to the letter."""
        if language not in self._prompts:
            text = system_prompt(self.persona, language, self.home)
            self._prompts[language] = Message(role=Role.SYSTEM, text=text)
        return self._prompts[language]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """What an utterance is answered in."""

    session: str
    """For the log."""
    turn: TurnId
    language: str
    """Of the reply."""
    history: Sequence[Message]
    said: Message
    """The utterance."""
    fallback: str
    """What to say if the model cannot be had."""
    send: Callable[[ToolUsed], None]
    ask: Callable[[ToolCall], None]
    """The question about a call is part of a reply that is released."""
    spawn: Spawn

    def tell(self, call: ToolCall, risk: Risk, state: str) -> None:
        """Tell the client, and the log, which learns no content."""
        # A model may make up a name, out of what the user said.
        name = "?" if risk is Risk.FORBIDDEN else call.name
        log.info(
            "%s turn %d: tool %s (%s): %s",
            *(self.session, self.turn, name, risk.value, state),
        )
        self.send(
            ToolUsed(
                turn=self.turn,
                tool=call.name,
                risk=risk.value,
                state=state,
                arguments=call.arguments,
            )
        )


class Answer:
    """One answer.

    Args:
        assistant: who gives it.
        situation: to what.
        is_agreement: whether the utterance agrees to a call, which `release` brings.
    """

    def __init__(
        self, assistant: Assistant, situation: Situation, *, is_agreement: bool = False
    ) -> None:
        self._assistant = assistant
        self._situation = situation
        self._is_agreement = is_agreement
        self._exchange: list[Message] = [situation.said]
        self._fallback = situation.fallback
        self._released = asyncio.Event()
        self._agreed: ToolCall | None = None
        self._question: ToolCall | None = None
        self._said = False
        self._pieces: asyncio.Queue[str | StageError | None] = asyncio.Queue(
            LONGEST_QUEUE
        )

    def release(self, agreed: ToolCall | None) -> None:
        """The utterance is over: from now on things may be done.

        Args:
            agreed: the call that the user has just agreed to.
        """
        self._agreed = agreed
        self._released.set()
        if self._question is not None:
            self._situation.ask(self._question)

    async def words(self) -> AsyncGenerator[str, None]:
        """What to say, piece by piece; closing it stops the model.

        What has effects and is under way is not stopped. An empty piece means that
        there is nothing to come for a while.

        Raises:
            StageError: the model broke off after it had begun.
        """
        work = self._situation.spawn(self._answer())
        try:
            while (piece := await self._pieces.get()) is not None:
                if isinstance(piece, StageError):
                    raise piece
                yield piece
        finally:
            work.cancel()

    def exchange(self, heard: str) -> Iterator[Message]:
        """What is to be remembered of it, given what the user heard."""
        yield from self._exchange
        yield Message(role=Role.ASSISTANT, text=heard or "…")

    # --- The model ------------------------------------------------------------

    async def _answer(self) -> None:
        try:
            if self._is_agreement:
                await self._do_as_agreed()
            await self._converse()
        except StageError as error:
            situation = self._situation
            log.warning(
                "%s ! turn %d: no answer of the language model: %s",
                *(situation.session, situation.turn, error.reason),
            )
            await self._pieces.put(error if self._said else self._fallback)
        await self._pieces.put(None)

    async def _do_as_agreed(self) -> None:
        words = CONSENT.get(self._situation.language, CONSENT["en"])
        self._fallback = words.failed
        await self._released.wait()
        if self._agreed is None:
            raise StageError(Stage.RESPONSE, "lapsed", "there is nothing to agree to")
        (answer,) = self._note([self._agreed])
        result, done = await self._call(self._agreed, Risk.IRREVERSIBLE)
        self._fallback = words.done if done else words.failed
        self._answered(answer, result)

    async def _converse(self) -> None:
        for _ in range(MOST_ROUNDS):
            calls = await self._listen()
            if not calls:
                break
            if self._said:
                await self._pieces.put("")
            for call, answer in zip(calls, self._note(calls), strict=True):
                self._answered(answer, await self._carry_out(call))
            if self._question is not None:
                return
        if not self._said:
            raise StageError(Stage.RESPONSE, "silent", "the model says nothing")

    async def _listen(self) -> list[ToolCall]:
        calls: list[ToolCall] = []
        situation, assistant = self._situation, self._assistant
        first = True
        stream = assistant.chat.converse(
            [
                assistant.prompt(situation.language),
                *situation.history,
                *self._exchange,
            ],
            assistant.toolbox.tools,
            priority=(
                Priority.FINAL if self._released.is_set() else Priority.SPECULATIVE
            ),
        )
        async with contextlib.aclosing(stream) as pieces:
            async for piece in pieces:
                if isinstance(piece, ToolCall):
                    calls.append(piece)
                elif piece.strip() or self._said:
                    await self._say(f" {piece}" if first and self._said else piece)
                    first = False
        return calls

    async def _say(self, text: str) -> None:
        self._said = True
        await self._pieces.put(text)

    def _note(self, calls: Sequence[ToolCall]) -> range:
        """Note calls before they are made; where in the exchange their answers stand.

        Who interrupts cancels this answer at any place, but not what has effects: a
        model that did not know of the call would make it again.
        """
        self._exchange.append(Message(role=Role.ASSISTANT, calls=tuple(calls)))
        first = len(self._exchange)
        self._exchange += [
            Message(role=Role.TOOL, text=NO_RESULT, answers=call.id) for call in calls
        ]
        return range(first, len(self._exchange))

    def _answered(self, answer: int, result: str) -> None:
        self._exchange[answer] = replace(self._exchange[answer], text=result)

    # --- The gate -------------------------------------------------------------

    async def _carry_out(self, call: ToolCall) -> str:
        """Do what a call asks for, if it may be done; what to tell the model."""
        risk = self._assistant.toolbox.risk(call.name)
        match risk:
            case Risk.READ:
                pass
            case Risk.REVERSIBLE:
                await self._released.wait()
            case Risk.IRREVERSIBLE:
                return await self._ask(call)
            case Risk.FORBIDDEN:
                self._situation.tell(call, risk, "refused")
                return UNKNOWN
        result, _ = await self._call(call, risk)
        return result

    async def _ask(self, call: ToolCall) -> str:
        tool = self._assistant.toolbox.tool(call.name)
        action = read_out(tool, call) if tool else None
        if action is None or self._question is not None:
            self._situation.tell(call, Risk.IRREVERSIBLE, "refused")
            return TOO_LONG if action is None else ONE_AT_A_TIME
        self._question = call
        text = question(action, self._situation.language)
        await self._say(f" {text}" if self._said else text)
        if self._released.is_set():
            self._situation.ask(call)
        return ASKED

    async def _call(self, call: ToolCall, risk: Risk) -> tuple[str, bool]:
        """The result of a call, and whether it worked.

        What has effects runs to its end, even if the user stops listening or the
        session is over: half done is worse.
        """
        work = self._make(call, risk)
        if risk is Risk.READ:
            return await work
        return await asyncio.shield(self._assistant.toolbox.carry_through(work))

    async def _make(self, call: ToolCall, risk: Risk) -> tuple[str, bool]:
        self._situation.tell(call, risk, "running")
        try:
            text = await self._assistant.toolbox.call(call)
        except asyncio.CancelledError:
            # Nobody needs any more what is read.
            self._situation.tell(call, risk, "failed")
            raise
        except ToolFailed as fault:
            self._situation.tell(call, risk, "failed")
            return f"Error: {fault}", False
        self._situation.tell(call, risk, "done")
        return text, True
