"""Who has the floor. Every rule of turn taking lives in this file, and no other.

Theory of operation. The machine is told facts (`handle`) and the time
(`advance`), and answers with commands. It does nothing itself: no input or
output, no clock, no audio. Time is audio, so a recording replayed a hundred
times faster than life leads to the same decisions.

At the first pause the machine *speculates*: it commands a transcript, then a
prepared reply, both held. The endpoint decision releases the reply; speech that
goes on drops it and raises the revision. Every result carries the turn and the
revision it was asked for, and a stale one dies here.

What always holds (tests/voice/test_turns.py visits every reachable state):

1. An utterance begins once, and is released, apologised for or dropped once.
2. Audio is being kept exactly while the floor is USER, PAUSE or OVERLAP, or
   PENDING for an utterance that may still be reopened.
3. There is at most one reply, and none while the floor is OPEN, USER or PAUSE.
4. The reply is ducked (silent, and held) exactly while the floor is OVERLAP.
5. PENDING always has someone at work: it is no dead end.
6. No effect before the commit: `Release` follows `CommitUtterance`, once.
7. A stale turn or revision changes nothing and commands nothing.
8. After CLOSED, silence.
"""

from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import TypeAlias

from voice.endpointing import NO_HABIT, TurnPolicy
from voice.events import (
    NO_EVIDENCE,
    Announce,
    AnnouncementDue,
    Apologize,
    BeginUtterance,
    Command,
    CommitUtterance,
    Completeness,
    Disconnected,
    DropSpeculation,
    DropUtterance,
    Duck,
    Event,
    Evidence,
    Millis,
    Overheard,
    Prepare,
    Prepared,
    Release,
    ReplyCancelled,
    ReplyPlayed,
    ReplyStarted,
    Revision,
    SpeechEnded,
    SpeechStarted,
    StageFailed,
    StopReply,
    Substance,
    TextSubmitted,
    Transcribe,
    Transcribed,
    TurnId,
    Unduck,
    UtteranceDiscarded,
    UtteranceSubmitted,
)

__all__ = ["Floor", "TurnMachine", "TurnPolicy"]


class Floor(Enum):
    """Who may speak now."""

    OPEN = "open"
    """Nobody speaks."""
    USER = "user"
    """The user speaks."""
    PAUSE = "pause"
    """The user paused and may go on."""
    PENDING = "pending"
    """The turn is the agent's; nothing of the reply was heard yet."""
    AGENT = "agent"
    """The reply is playing."""
    OVERLAP = "overlap"
    """The user speaks over the reply; not yet a barge-in."""
    CLOSED = "closed"
    """The session is over."""


class _Work(Enum):
    """Which stage a turn of the agent's is waiting for."""

    TRANSCRIPT = auto()
    REPLY = auto()
    PLAYBACK = auto()


@dataclass(frozen=True, slots=True)
class _Open:
    pass


@dataclass(frozen=True, slots=True)
class _User:
    turn: TurnId
    revision: Revision
    began: Millis


@dataclass(frozen=True, slots=True)
class _Pause:
    turn: TurnId
    revision: Revision
    began: Millis
    silent: Millis
    work: _Work
    """PLAYBACK here means: the reply stands ready, held."""
    completeness: Completeness | None = None
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class _Pending:
    turn: TurnId
    revision: Revision
    began: Millis | None
    """None for a turn without an utterance in audio: typed, or an announcement."""
    work: _Work


@dataclass(frozen=True, slots=True)
class _Agent:
    turn: TurnId


@dataclass(frozen=True, slots=True)
class _Overlap:
    reply: TurnId
    turn: TurnId
    revision: Revision
    began: Millis


@dataclass(frozen=True, slots=True)
class _OverlapPause:
    reply: TurnId
    turn: TurnId
    revision: Revision
    began: Millis
    silent: Millis


@dataclass(frozen=True, slots=True)
class _Closed:
    pass


_State: TypeAlias = (
    _Open | _User | _Pause | _Pending | _Agent | _Overlap | _OverlapPause | _Closed
)

_Step: TypeAlias = "tuple[_State, list[Command]]"

_FLOORS: dict[type[_State], Floor] = {
    _Open: Floor.OPEN,
    _User: Floor.USER,
    _Pause: Floor.PAUSE,
    _Pending: Floor.PENDING,
    _Agent: Floor.AGENT,
    _Overlap: Floor.OVERLAP,
    _OverlapPause: Floor.OVERLAP,
    _Closed: Floor.CLOSED,
}


class TurnMachine:
    """Decides who has the floor.

    Feed it with `handle` whenever something happened and with `advance` whenever
    `deadline` has come; carry out the returned commands in order.
    """

    def __init__(self, policy: TurnPolicy) -> None:
        self.policy = policy
        self._state: _State = _Open()
        self._turn = TurnId(0)
        self._announcements = 0
        self._habit = NO_HABIT

    @property
    def floor(self) -> Floor:
        """Who has the floor now."""
        return _FLOORS[type(self._state)]

    @property
    def turn(self) -> TurnId:
        """The newest turn; 0 before the first."""
        return self._turn

    @property
    def deadline(self) -> Millis | None:
        """When `advance` will next have something to say; None: only after an event."""
        match self._state:
            case _User(began=began):
                return Millis(began + self.policy.max_utterance)
            case _Pause(silent=silent, completeness=judged, evidence=evidence):
                wait = self.policy.wait(judged, evidence, self._habit)
                return Millis(silent + wait)
            case _Overlap(began=began):
                return Millis(began + self.policy.barge_in)
            case _:
                return None

    def handle(self, event: Event, now: Millis) -> list[Command]:
        """Take a fact into account.

        Args:
            event: what happened; a stale one is ignored.
            now: audio received so far.
        """
        if isinstance(event, AnnouncementDue):
            self._announcements += 1
            return self._enter(self._state, [])
        state, commands = self._step(event)
        return self._enter(state, commands) + self.advance(now)

    def advance(self, now: Millis) -> list[Command]:
        """Take into account that time has passed."""
        commands: list[Command] = []
        while self.deadline is not None and now >= self.deadline:
            commands += self._on_deadline()
        return commands

    def _on_deadline(self) -> list[Command]:
        match self._state:
            case _User() | _Pause() as state:
                return self._enter(*_commit(state))
            case _Overlap(reply, turn, revision, began):
                user = _User(turn, revision, began)
                return self._enter(user, [StopReply(reply)])
            case _:
                raise AssertionError("only these states have deadlines")

    def _enter(self, state: _State, commands: list[Command]) -> list[Command]:
        """Change the state; a free floor goes to a waiting announcement."""
        if isinstance(state, _Closed):
            self._announcements = 0
        if isinstance(state, _Open) and self._announcements:
            self._announcements -= 1
            turn = self._next_turn()
            commands = [*commands, Announce(turn)]
            state = _Pending(turn, Revision(0), None, _Work.PLAYBACK)
        self._state = state
        return commands

    def _next_turn(self) -> TurnId:
        self._turn = TurnId(self._turn + 1)
        return self._turn

    def _step(self, event: Event) -> _Step:
        match event:
            case SpeechStarted(at):
                return self._on_speech(at)
            case SpeechEnded(at, evidence):
                return self._on_silence(at, evidence)
            case Transcribed():
                return self._on_transcribed(event)
            case Overheard(turn, substance):
                return self._on_overheard(turn, substance)
            case Prepared():
                return self._on_prepared(event)
            case ReplyStarted(turn):
                return self._on_reply_started(turn)
            case ReplyPlayed(turn):
                return self._on_reply_played(turn)
            case StageFailed(turn, revision):
                return self._on_failure(turn, revision)
            case UtteranceSubmitted():
                return self._on_submitted()
            case UtteranceDiscarded():
                return self._on_discarded()
            case TextSubmitted():
                return self._on_text()
            case ReplyCancelled():
                return self._on_cancelled()
            case Disconnected():
                return _Closed(), _vacate(self._state)
            case AnnouncementDue():
                raise AssertionError("handled before")

    def _on_speech(self, at: Millis) -> _Step:
        match self._state:
            case _Open():
                turn = self._next_turn()
                return _User(turn, Revision(0), at), [BeginUtterance(turn)]
            case _Pause(turn, revision, began, silent):
                self._habit = self._habit.after(Millis(at - silent))
                return _resume(turn, revision, began)
            case _Pending(turn, revision, int(began), work) if (
                work is not _Work.PLAYBACK
            ):
                return _resume(turn, revision, began)
            case _Pending() as pending:
                turn = self._next_turn()
                user = _User(turn, Revision(0), at)
                return user, [*_vacate(pending), BeginUtterance(turn)]
            case _Agent(reply):
                turn = self._next_turn()
                overlap = _Overlap(reply, turn, Revision(0), at)
                return overlap, [Duck(reply), BeginUtterance(turn)]
            case _OverlapPause(reply, turn, revision, began):
                overlap = _Overlap(reply, turn, Revision(revision + 1), began)
                return overlap, [DropSpeculation(turn, revision)]
            case state:
                return state, []

    def _on_silence(self, at: Millis, evidence: Evidence) -> _Step:
        match self._state:
            case _User(turn, revision, began):
                pause = _Pause(
                    turn, revision, began, at, _Work.TRANSCRIPT, evidence=evidence
                )
                return pause, [Transcribe(turn, revision)]
            case _Overlap(reply, turn, revision, began):
                pause_ = _OverlapPause(reply, turn, revision, began, at)
                return pause_, [Transcribe(turn, revision)]
            case state:
                return state, []

    def _on_transcribed(self, event: Transcribed) -> _Step:
        turn, revision = event.turn, event.revision
        nothing = event.substance is Substance.NOTHING
        match self._state:
            case _Pause(t, r, work=_Work.TRANSCRIPT) | _Pending(
                t, r, work=_Work.TRANSCRIPT
            ) as state if (t, r) == (turn, revision):
                if nothing:
                    return _Open(), [DropUtterance(turn)]
                return replace(state, work=_Work.REPLY), [Prepare(turn, revision)]
            case _OverlapPause(reply, t, r, began, silent) if (t, r) == (
                turn,
                revision,
            ):
                if event.substance is not Substance.WORDS:
                    return _Agent(reply), [DropUtterance(turn), Unduck(reply)]
                pause = _Pause(turn, revision, began, silent, _Work.REPLY)
                return pause, [StopReply(reply), Prepare(turn, revision)]
            case state:
                return state, []

    def _on_overheard(self, turn: TurnId, substance: Substance) -> _Step:
        match self._state:
            case _Overlap(reply, t, revision, began) if t == turn and (
                substance is Substance.WORDS
            ):
                return _User(turn, revision, began), [StopReply(reply)]
            case state:
                return state, []

    def _on_prepared(self, event: Prepared) -> _Step:
        turn, revision = event.turn, event.revision
        match self._state:
            case _Pause(t, r, work=_Work.REPLY) as pause if (t, r) == (turn, revision):
                ready = replace(
                    pause,
                    work=_Work.PLAYBACK,
                    completeness=event.completeness,
                    evidence=event.evidence,
                )
                return ready, []
            case _Pending(t, r, work=_Work.REPLY) as pending if (t, r) == (
                turn,
                revision,
            ):
                return replace(pending, work=_Work.PLAYBACK), [Release(turn)]
            case state:
                return state, []

    def _on_reply_started(self, turn: TurnId) -> _Step:
        match self._state:
            case _Pending(t, work=_Work.PLAYBACK) if t == turn:
                return _Agent(turn), []
            case state:
                return state, []

    def _on_reply_played(self, turn: TurnId) -> _Step:
        match self._state:
            case _Agent(t) if t == turn:
                return _Open(), []
            case _Pending(t, work=_Work.PLAYBACK) if t == turn:
                return _Open(), []
            case _Overlap(reply, t, revision, began) if reply == turn:
                return _User(t, revision, began), []
            case _OverlapPause(reply, t, revision, began, silent) if reply == turn:
                return _Pause(t, revision, began, silent, _Work.TRANSCRIPT), []
            case state:
                return state, []

    def _on_failure(self, turn: TurnId, revision: Revision) -> _Step:
        match self._state:
            case _Pause(t, r) if (t, r) == (turn, revision):
                pending = _Pending(turn, revision, None, _Work.PLAYBACK)
                return pending, [CommitUtterance(turn), Apologize(turn)]
            case _Pending(t, r, began, work) if (t, r) == (turn, revision) and (
                work is not _Work.PLAYBACK
            ):
                pending = _Pending(turn, revision, began, _Work.PLAYBACK)
                return pending, [Apologize(turn)]
            case _OverlapPause(reply, t, r) if (t, r) == (turn, revision):
                return _Agent(reply), [DropUtterance(turn), Unduck(reply)]
            case state:
                return state, []

    def _on_submitted(self) -> _Step:
        match self._state:
            case _User() | _Pause() as state:
                return _commit(state)
            case _Overlap(reply, turn, revision, began):
                pending, commands = _commit(_User(turn, revision, began))
                return pending, [StopReply(reply), *commands]
            case _OverlapPause(reply, turn, revision, began):
                pending = _Pending(turn, revision, began, _Work.TRANSCRIPT)
                return pending, [StopReply(reply), CommitUtterance(turn)]
            case state:
                return state, []

    def _on_discarded(self) -> _Step:
        match self._state:
            case _User() | _Pause() as state:
                return _Open(), _vacate(state)
            case _Overlap(reply, turn) | _OverlapPause(reply, turn):
                return _Agent(reply), [DropUtterance(turn), Unduck(reply)]
            case state:
                return state, []

    def _on_text(self) -> _Step:
        if isinstance(self._state, _Closed):
            return self._state, []
        commands = _vacate(self._state)
        turn = self._next_turn()
        pending = _Pending(turn, Revision(0), None, _Work.REPLY)
        return pending, [*commands, CommitUtterance(turn), Prepare(turn, Revision(0))]

    def _on_cancelled(self) -> _Step:
        match self._state:
            case _Pending() | _Agent() as state:
                return _Open(), _vacate(state)
            case _Overlap(reply, turn, revision, began):
                return _User(turn, revision, began), [StopReply(reply)]
            case _OverlapPause(reply, turn, revision, began, silent):
                pause = _Pause(turn, revision, began, silent, _Work.TRANSCRIPT)
                return pause, [StopReply(reply)]
            case state:
                return state, []


def _resume(turn: TurnId, revision: Revision, began: Millis) -> _Step:
    user = _User(turn, Revision(revision + 1), began)
    return user, [DropSpeculation(turn, revision)]


def _commit(state: _User | _Pause) -> _Step:
    turn, revision, began = state.turn, state.revision, state.began
    match state:
        case _User():
            pending = _Pending(turn, revision, began, _Work.TRANSCRIPT)
            return pending, [Transcribe(turn, revision), CommitUtterance(turn)]
        case _Pause(work=_Work.PLAYBACK):
            pending = _Pending(turn, revision, began, _Work.PLAYBACK)
            return pending, [CommitUtterance(turn), Release(turn)]
        case _Pause(work=work):
            return _Pending(turn, revision, began, work), [CommitUtterance(turn)]


def _vacate(state: _State) -> list[Command]:
    """The commands that leave nobody at work and nothing to be heard."""
    match state:
        case _User(turn) | _Pause(turn):
            return [DropUtterance(turn)]
        case _Pending(turn, work=_Work.PLAYBACK) | _Agent(turn):
            return [StopReply(turn)]
        case _Pending(turn):
            return [DropUtterance(turn)]
        case _Overlap(reply, turn) | _OverlapPause(reply, turn):
            return [StopReply(reply), DropUtterance(turn)]
        case _Open() | _Closed():
            return []
