"""The vocabulary of turn taking: what happens, and what is to be done about it.

An `Event` tells the turn machine a fact; a `Command` tells the session what to
do. Both are frozen values without behaviour. Times are audio: milliseconds of
audio received in this session.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NewType, TypeAlias

Millis = NewType("Millis", int)
"""Milliseconds of audio."""

TurnId = NewType("TurnId", int)
"""One user utterance with the reply to it, or one announcement; counts from 1."""

Revision = NewType("Revision", int)
"""How often the user went on after a pause within one utterance; counts from 0."""


class Completeness(Enum):
    """How far an utterance is from being a whole request."""

    COMPLETE = "complete"
    """A whole request, and nothing in the grammar goes on from here."""
    EXTENDABLE = "extendable"
    """A whole request that could go on ("turn on the light" … "in the kitchen")."""
    PREFIX = "prefix"
    """The beginning of a request ("turn on the")."""
    OPEN = "open"
    """Speech that the grammar says nothing about."""


class Substance(Enum):
    """What there is in an utterance, as far as the floor is concerned."""

    NOTHING = "nothing"
    """No words: noise, a breath, a cough."""
    BACKCHANNEL = "backchannel"
    """A sign of listening ("mhm"), which does not ask for the floor."""
    WORDS = "words"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What the sound around a pause shows; None: not known."""

    hush: float | None = None
    """How sure the silence is, 0 to 1: 1 less the mean speech probability of the
    frames since the last that held speech."""
    fall: float | None = None
    """Decibels by which the voice was softer at its end than before; below zero if
    it was raised."""
    finality: float | None = None
    """How final the recogniser's text looks, 0 to 1."""
    over: float | None = None
    """How likely nothing follows, told from the sound of the last two seconds, 0 to 1."""


NO_EVIDENCE = Evidence()


# --- Events -----------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SpeechStarted:
    """The user began, or went on, to speak."""

    at: Millis
    """When the speech began; at or before the moment of the event."""


@dataclass(frozen=True, slots=True)
class SpeechEnded:
    """The user fell silent, perhaps only for a moment."""

    at: Millis
    """When the silence began; at or before the moment of the event."""
    evidence: Evidence = NO_EVIDENCE


@dataclass(frozen=True, slots=True)
class Transcribed:
    """The utterance, as far as it goes, is in words."""

    turn: TurnId
    revision: Revision
    substance: Substance


@dataclass(frozen=True, slots=True)
class Overheard:
    """Of what the user is saying over the reply, this much is certain already."""

    turn: TurnId
    substance: Substance


@dataclass(frozen=True, slots=True)
class Prepared:
    """A reply to the utterance stands ready; nothing of it was done or heard."""

    turn: TurnId
    revision: Revision
    completeness: Completeness
    evidence: Evidence = NO_EVIDENCE
    """What the pause shows by now."""


@dataclass(frozen=True, slots=True)
class ReplyStarted:
    """The first sample of the reply left for the listener."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class ReplyPlayed:
    """The listener has heard the whole reply, or all of it there will be."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class StageFailed:
    """A stage gave up on this revision of this turn."""

    turn: TurnId
    revision: Revision


@dataclass(frozen=True, slots=True)
class UtteranceSubmitted:
    """The user declares the utterance finished (push to talk)."""


@dataclass(frozen=True, slots=True)
class UtteranceDiscarded:
    """The user takes back what they are saying, by other means than the voice."""


@dataclass(frozen=True, slots=True)
class TextSubmitted:
    """The user typed an utterance instead of speaking it."""


@dataclass(frozen=True, slots=True)
class ReplyCancelled:
    """The user, by other means than the voice, wants no reply or no more of it."""


@dataclass(frozen=True, slots=True)
class AnnouncementDue:
    """The server has something to say by itself (a timer has ended)."""


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The user is gone."""


Event: TypeAlias = (
    SpeechStarted
    | SpeechEnded
    | Transcribed
    | Overheard
    | Prepared
    | ReplyStarted
    | ReplyPlayed
    | StageFailed
    | UtteranceSubmitted
    | UtteranceDiscarded
    | TextSubmitted
    | ReplyCancelled
    | AnnouncementDue
    | Disconnected
)


# --- Commands ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BeginUtterance:
    """Keep the audio from now on, and the pre-roll before it."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Transcribe:
    """Put the utterance so far into words."""

    turn: TurnId
    revision: Revision


@dataclass(frozen=True, slots=True)
class Prepare:
    """Plan the reply and its first audio. Hold both: no effect, no sound."""

    turn: TurnId
    revision: Revision


@dataclass(frozen=True, slots=True)
class DropSpeculation:
    """Forget what was transcribed and prepared: the user goes on speaking."""

    turn: TurnId
    revision: Revision


@dataclass(frozen=True, slots=True)
class CommitUtterance:
    """The utterance is over: the endpoint is decided."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class DropUtterance:
    """There was no utterance after all: forget its audio and its words."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Release:
    """Carry out the prepared reply: its effects, once, and its audio."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Apologize:
    """Say, in the user's language, that something went wrong."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Announce:
    """Say what the server has to say by itself."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class StopReply:
    """Fall silent at once; the rest of the reply is never heard."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Duck:
    """Fall silent at once and hold the reply: the user may be taking the floor."""

    turn: TurnId


@dataclass(frozen=True, slots=True)
class Unduck:
    """Go on with the reply where it was held: the user was only listening aloud."""

    turn: TurnId


Command: TypeAlias = (
    BeginUtterance
    | Transcribe
    | Prepare
    | DropSpeculation
    | CommitUtterance
    | DropUtterance
    | Release
    | Apologize
    | Announce
    | StopReply
    | Duck
    | Unduck
)
