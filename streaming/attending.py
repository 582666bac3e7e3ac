"""A session that answers only who calls it: the wake gate between session and stages.

The session knows nothing of it. What is not meant for us comes from the recogniser as
silence, and the turn machine drops it as it drops a cough: no words of it leave the
server, nothing is planned, nothing is answered. Only while somebody may go on without
the phrase do words reach the client before it is known whether they are meant for us:
they let a user interrupt.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import replace
from datetime import datetime

from streaming.inference import Stages
from streaming.messages import (
    AttentionChanged,
    Committed,
    FloorChanged,
    ResponseCreated,
    ServerMessage,
    SpeechStartedMessage,
)
from streaming.workers import Priority
from voice.audio import Pcm
from voice.events import Completeness, Millis
from voice.home import HomeState
from voice.stages import Plan, Transcript
from voice.turns import Floor
from voice.waking import Attention, WakeGate, WakePolicy

__all__ = ["Attendant"]


class Attendant:
    """Listens along with one session. Implements `streaming.inference.Stages`.

    Until `begin` it lets everything pass.

    Args:
        stages: that do the work.
        policy: what wakes.
        now: audio received so far.
        tell: takes a message for the client.
        dismiss: forgets the utterance that is being considered.
        hush: stops the reply.
        has_model: whether a language model answers what the grammar does not: then
            nothing that is said in time is beyond us.
    """

    def __init__(
        self,
        stages: Stages,
        policy: WakePolicy,
        *,
        now: Callable[[], Millis],
        tell: Callable[[AttentionChanged], None],
        dismiss: Callable[[], None],
        hush: Callable[[], None],
        has_model: bool,
    ) -> None:
        self._stages = stages
        self._policy = policy
        self._now = now
        self._tell = tell
        self._dismiss = dismiss
        self._hush = hush
        self._has_model = has_model
        self._gate: WakeGate | None = None
        self._told = Attention.ASLEEP
        self._began = Millis(0)
        self._speaking = self._committed = 0
        """Turns: of the newest speech, and of the newest that was committed."""
        self._floor = Floor.OPEN.value
        self._by_name = False
        """Whether what is considered is to be answered in any case."""
        self._half: asyncio.Future[None] | None = None
        """Half a request that nobody understands yet, until it is over."""

    # --- From the door ----------------------------------------------------------

    def begin(self) -> None:
        """Answer only who calls, from now on."""
        if self._gate is None:
            self._gate = WakeGate(self._policy)
            self._told = Attention.ASLEEP
            self._say(self._told)

    def end(self) -> None:
        """Answer everybody again."""
        self._gate = None

    def call(self) -> None:
        """The user calls by other means than the voice."""
        if self._gate is not None:
            self._by_name = True
            self._gate.called(self._now())
            self._changed()

    def listen(self) -> None:
        """Time went by."""
        if self._gate is not None and self._floor == Floor.OPEN.value:
            self._gate.advance(self._now())
            self._changed()

    def note(self, message: ServerMessage) -> None:
        """The session says something to the client."""
        match message:
            case SpeechStartedMessage(turn=turn, audio_start_ms=at):
                # Who goes on after a pause goes on with what began before it.
                if turn != self._speaking:
                    self._speaking, self._began = turn, Millis(at)
            case Committed(turn=turn):
                self._committed = turn
            case ResponseCreated(turn=turn) if turn == self._committed:
                # Not for what we say by ourselves: nobody called.
                if self._gate is not None:
                    self._gate.answered()
            case FloorChanged(floor=floor):
                self._floor = floor
                if floor == Floor.PENDING.value and self._half is not None:
                    asyncio.get_running_loop().call_soon(self._give_up, self._half)
                if self._gate is not None and floor == Floor.OPEN.value:
                    self._gate.freed(self._now())
            case _:
                return
        self._changed()

    # --- Between the session and the stages -------------------------------------

    async def transcribe(
        self, pcm: Pcm, candidates: Sequence[str], *, priority: Priority
    ) -> Transcript:
        """What is meant for us of what was said."""
        gate = self._gate
        if gate is None:
            return await self._stages.transcribe(pcm, candidates, priority=priority)
        began = self._began
        if priority is Priority.PARTIAL and not gate.answers(began):
            return _nothing(candidates)
        heard = await self._stages.transcribe(pcm, candidates, priority=priority)
        call = gate.judge(
            heard.text,
            self._policy.of(candidates),
            began=began,
            confidence=heard.confidence,
        )
        if call is None:
            return _nothing(candidates)
        if priority is not Priority.PARTIAL:
            self._by_name = call.by_name
            if call.by_name and not call.text:
                gate.called(self._now())
                self._hush()
                self._changed()
        whole = heard.whole if call.text == heard.text else ""
        return replace(heard, text=call.text, whole=whole)

    async def plan(
        self,
        text: str,
        language: str,
        *,
        home: HomeState,
        now: datetime,
        priority: Priority,
    ) -> Plan:
        """The plan; none for who neither calls us nor is understood."""
        plan = await self._stages.plan(
            text, language, home=home, now=now, priority=priority
        )
        understood = plan.intent is not None or plan.answered_by != "none"
        understood = understood or self._has_model
        if self._gate is not None and not (self._by_name or understood):
            # The session takes the utterance back, and this call with it.
            loop = asyncio.get_running_loop()
            over: asyncio.Future[None] = loop.create_future()
            is_half = plan.completeness is Completeness.PREFIX
            if is_half and self._floor != Floor.PENDING.value:
                # It may go on, and then be understood; `note` sees when it did not.
                self._half = over
            else:
                loop.call_soon(self._give_up, over)
            await over
        return plan

    def speak(
        self, text: str, language: str, *, priority: Priority
    ) -> AsyncGenerator[Pcm, None]:
        """As ever."""
        return self._stages.speak(text, language, priority=priority)

    # ------------------------------------------------------------------------------

    def _give_up(self, over: "asyncio.Future[None]") -> None:
        if over.done():
            return
        if self._by_name:
            # A button was pressed meanwhile.
            over.set_result(None)
        else:
            self._dismiss()

    def _changed(self) -> None:
        attention = self._gate.attention if self._gate is not None else self._told
        if attention is not self._told:
            self._told = attention
            self._say(attention)

    def _say(self, attention: Attention) -> None:
        self._tell(AttentionChanged(attention=attention.value, audio_ms=self._now()))


def _nothing(candidates: Sequence[str]) -> Transcript:
    return Transcript(
        text="",
        language=candidates[0],
        language_probability=0.0,
        confidence=0.0,
        no_speech=1.0,
    )
