"""The ports: what a conversation needs of a model, and nothing more.

Every port blocks and is used by one caller at a time; the server runs them in
worker processes. None holds session state, except `VoiceActivity`, of which a
session has one of its own. Adapters live in `voice.vad`, `voice.recognizers`,
`voice.responders` and `voice.synthesizers`; `voice.assembly` alone knows them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from voice.audio import Pcm
from voice.events import Completeness
from voice.home import Effect, HomeState

__all__ = [
    "ANSWERERS",
    "Fulfiller",
    "Intent",
    "Interpreter",
    "Plan",
    "Recognizer",
    "Responder",
    "SlotValue",
    "Synthesizer",
    "Transcript",
    "VoiceActivity",
]

SlotValue = str | int | float


class VoiceActivity(Protocol):
    """Tells speech from everything else, frame by frame, with memory."""

    @property
    def frame_samples(self) -> int:
        """Samples of one frame at 16 kHz."""
        ...

    def probability(self, frame: Pcm) -> float:
        """How likely `frame` (exactly `frame_samples`, 16 kHz) holds speech, 0 to 1."""
        ...

    def reset(self) -> None:
        """Forget the stream so far."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcript:
    """What was said, as a recogniser heard it."""

    text: str
    """Empty if there were no words."""
    language: str
    """One of the candidates, as a BCP 47 tag."""
    language_probability: float
    """Among the candidates, 0 to 1; 1 if there was only one."""
    confidence: float
    """Geometric mean of the token probabilities, 0 to 1."""
    no_speech: float
    """Probability that there were no words, 0 to 1."""
    whole: str = ""
    """Where `text` seems only begun: the whole sentence that it was, if nothing follows."""
    over: float | None = None
    """How likely nothing follows, told from the sound, 0 to 1; None: it does not tell."""

    @property
    def meant(self) -> str:
        """What to answer, once the utterance is over."""
        return self.whole or self.text


class Recognizer(Protocol):
    """Speech to text."""

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags that it can write."""
        ...

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Put one utterance into words.

        Args:
            pcm: 16 kHz, up to 30 s.
            candidates: the languages it may be in, at least one, all supported.

        Raises:
            StageError: the audio cannot be transcribed.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """What the user wants, in machine words.

    Intent names and slot names are those of Home Assistant, e.g. ``HassTurnOn``
    with ``{"name": "light.kitchen", "domain": "light"}``.
    """

    name: str
    slots: tuple[tuple[str, SlotValue], ...]
    """Sorted by name, so that equal intents are equal values."""


ANSWERERS = ("grammar", "names", "model", "tool", "none")
"""Who may answer: the sentences; the sentences, once a misheard name was mended; a
language model; a tool that was confirmed; nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A reply that stands ready: nothing of it was done yet."""

    intent: Intent | None
    """None if the utterance was not understood."""
    completeness: Completeness
    reply: str
    """The sentence to speak, in `language`."""
    language: str
    effects: tuple[Effect, ...]
    """What is to happen to the home once the turn is committed."""
    answered_by: str
    """Who decided: one of `ANSWERERS`."""


class Responder(Protocol):
    """Text to a plan: intent, reply and effects. It changes nothing itself."""

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags of the languages it has a grammar for."""
        ...

    def plan(self, text: str, language: str, *, home: HomeState, now: datetime) -> Plan:
        """What to answer to `text`, given the home as it is.

        In a language without a grammar the plan is not understood, in a polite
        sentence of that language or of English.

        Raises:
            StageError: no plan can be made.
        """
        ...


class Fulfiller(Protocol):
    """From what somebody else understood to a plan. Changes nothing itself."""

    def fulfil(
        self, wish: Intent, text: str, language: str, *, home: HomeState, now: datetime
    ) -> Plan | None:
        """The plan for `wish`, None if the intents or the home have nothing like it.

        Args:
            wish: proposed by a model; names and places by id or by name.
            text: what was said, word for word.
            language: of `text`.
            home: as it is.
            now: the time of day.
        """
        ...


class Interpreter(Protocol):
    """Text to an intent, by a model: a proposal, which nobody has checked yet."""

    def interpret(self, text: str, language: str) -> Intent | None:
        """What `text` asks for; None if the model makes nothing of it.

        Raises:
            StageError: the model broke.
        """
        ...


class Synthesizer(Protocol):
    """Text to speech."""

    @property
    def languages(self) -> tuple[str, ...]:
        """BCP 47 tags that it can speak."""
        ...

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """The speech, piece by piece, all of one rate; empty text gives none.

        Abandoning the iterator stops the synthesis.

        Raises:
            StageError: ``unsupported_language``, or the synthesis broke.
        """
        ...
