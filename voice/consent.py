"""Whether somebody has agreed to what cannot be undone: a gate in code, not in a prompt.

A model may ask for anything. What is irreversible waits here until a person, having
heard the question to its end, begins a new utterance and says yes. The rules:

1. One question stands at a time, and it names one call with its arguments. A new
   question takes the place of the old one.
2. The question must have been heard whole. Who interrupts it has not heard it.
3. The yes must be a new utterance that began after the question ended, and not more
   than `PATIENCE` after it: a yes that was on its way, or comes late, means something
   else.
4. It must be the next thing that is answered. Whatever else is said, by the user or
   by the assistant, takes the question away.
5. It must be nothing but a yes, in the language of the question. "Yes, but" is no yes,
   nor is "yes?".
6. It counts once.

No words of a model come in here except the call that is asked about.
"""

from dataclasses import dataclass
from enum import Enum

from voice.consent_words import agreement_in
from voice.dialogue import ToolCall
from voice.events import Millis, TurnId

__all__ = ["PATIENCE", "Consent", "Verdict"]

PATIENCE = Millis(15_000)
"""Of audio, from the end of the question to the beginning of the answer; the session
takes a question back after as much by its clock."""


class Verdict(Enum):
    """What an utterance says about the question that stands."""

    YES = "yes"
    NO = "no"
    OTHER = "other"
    """It is no answer, or there is no question."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The question is being spoken."""

    turn: TurnId
    call: ToolCall
    language: str


@dataclass(frozen=True, slots=True)
class _Heard:
    """The question was heard whole, at a time."""

    call: ToolCall
    language: str
    at: Millis


@dataclass(frozen=True, slots=True)
class _Answering:
    """An utterance began afterwards, and in time."""

    turn: TurnId
    heard: _Heard


_State = _Asked | _Heard | _Answering | None


class Consent:
    """The gate of one session."""

    def __init__(self) -> None:
        self._state: _State = None

    def ask(self, call: ToolCall, language: str, *, turn: TurnId) -> None:
        """The reply to `turn`, from now on being spoken, asks about `call`."""
        self._state = _Asked(turn, call, language)

    def played(self, turn: TurnId, now: Millis, *, whole: bool) -> None:
        """The reply to `turn` is over; `whole`: all of it was heard."""
        if isinstance(self._state, _Asked) and self._state.turn == turn:
            asked = self._state
            self._state = _Heard(asked.call, asked.language, now) if whole else None

    def began(self, turn: TurnId, now: Millis) -> None:
        """The user began to speak, or sent text."""
        match self._state:
            case (_Heard() as heard) | _Answering(heard=heard):
                in_time = now - heard.at <= PATIENCE
                self._state = _Answering(turn, heard) if in_time else None
            case _:
                pass

    def verdict(self, turn: TurnId, text: str, language: str) -> Verdict:
        """What the utterance of `turn` says to the question; changes nothing.

        Args:
            turn: whose utterance.
            text: all of it.
            language: canonical tag, of the utterance.
        """
        state = self._state
        if not isinstance(state, _Answering) or state.turn != turn:
            return Verdict.OTHER
        if state.heard.language != language:
            return Verdict.OTHER
        agreed = agreement_in(text, language)
        if agreed is None:
            return Verdict.OTHER
        return Verdict.YES if agreed else Verdict.NO

    def settle(self, turn: TurnId, text: str, language: str) -> ToolCall | None:
        """The utterance of `turn` counts: the call that it agreed to, if it did.

        Whatever it says, no question stands any more.
        """
        agreed = self.verdict(turn, text, language) is Verdict.YES
        state, self._state = self._state, None
        return state.heard.call if agreed and isinstance(state, _Answering) else None

    def withdraw(self) -> None:
        """Something else was said meanwhile: no question stands any more."""
        self._state = None
