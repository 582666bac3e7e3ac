"""Whether speech is meant for us, where a microphone is always open.

Nothing is answered without a wake phrase, except what is said soon after the phrase
alone, and soon after an answer. Text and times in, decisions out: no input or output,
no clock. Time is audio, as everywhere in the core.

| | a phrase and more | a phrase alone | other speech | an answer begins | nobody speaks | time is up |
|---|---|---|---|---|---|---|
| asleep | is answered | called | is not meant | engaged | asleep | asleep |
| called | is answered | called anew | is answered | engaged | called | asleep |
| engaged | is answered | called | a follow-up | engaged | follow-up | engaged |
| follow-up | is answered | called | a follow-up | engaged | follow-up | asleep |

A follow-up is answered only if it is understood: a television must not converse with
us, nor keep us awake. The table knows nothing of transcripts that turn out to be too
early: what is said decides about itself, and only an answer, which begins after the
endpoint, or the phrase alone, which asks for nothing, changes the state.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

from voice.events import Millis

__all__ = [
    "PHRASES",
    "SURE",
    "Attention",
    "Call",
    "WakeGate",
    "WakePolicy",
    "find_phrase",
]

SURE = 0.65
"""Confidence that a sleeper needs where the recogniser knows nothing but the sentences
of the home and the phrases: what else is said is heard as one of them. Of 10 people who
said "hey computer" the least certain was heard with 0.9; "my computer is broken" passed
for it with 0.6."""

LETTERS_PER_SLIP = 6
"""Of so many letters of a phrase one may be wrong: recognisers write "hay computer"."""

PHRASES: Mapping[str, tuple[str, ...]] = {
    "bg": ("хей компютър",),
    "ca": ("ei ordinador",),
    "cs": ("hej počítači",),
    "da": ("hej computer",),
    "de": ("hallo computer",),
    "el": ("γεια σου υπολογιστή",),
    "en": ("hey computer",),
    "es": ("oye ordenador",),
    "et": ("hei arvuti",),
    "fi": ("hei tietokone",),
    "fr": ("dis ordinateur",),
    "ga": ("haigh a ríomhaire",),
    "hr": ("hej računalo",),
    "hu": ("szia számítógép",),
    "it": ("ehi computer",),
    "lt": ("ei kompiuteri",),
    "lv": ("hei dators",),
    "mt": ("ħej kompjuter",),
    "nb": ("hei datamaskin",),
    "nl": ("hallo computer",),
    "pl": ("hej komputer",),
    "pt": ("olá computador",),
    "ro": ("salut calculator",),
    "sk": ("hej počítač",),
    "sl": ("hej računalnik",),
    "sv": ("hej datorn",),
    "uk": ("привіт комп'ютер",),
}
"""By language: words that every recogniser of the language can write."""


HINDSIGHT = Millis(500)
"""That somebody began to speak is known only a little later."""


class Attention(Enum):
    """Who is answered now."""

    ASLEEP = "asleep"
    """Who says the phrase."""
    CALLED = "called"
    """Whoever speaks next: the phrase was said alone."""
    ENGAGED = "engaged"
    """Whoever speaks while there is an answer, if it is understood."""
    FOLLOW_UP = "follow_up"
    """Whoever speaks soon after it, if it is understood."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WakePolicy:
    """What wakes, and for how long."""

    phrases: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: PHRASES)
    """By BCP 47 tag."""
    follow_up: Millis = Millis(8_000)
    """How long one may go on without the phrase."""
    sure: float = 0.0
    """Confidence, 0 to 1, without which a phrase wakes nobody."""

    def of(self, languages: Iterable[str]) -> tuple[str, ...]:
        """The phrases that count where those languages are spoken."""
        return tuple(
            phrase for tag in languages for phrase in self.phrases.get(tag, ())
        )


@dataclass(frozen=True, slots=True)
class Call:
    """What there is in an utterance that is meant for us."""

    text: str
    """Without the phrase; empty if there was nothing else."""
    by_name: bool
    """Whether it is answered in any case; else only if it is understood."""


@dataclass(frozen=True, slots=True)
class _Asleep:
    pass


@dataclass(frozen=True, slots=True)
class _Called:
    until: Millis


@dataclass(frozen=True, slots=True)
class _Engaged:
    pass


@dataclass(frozen=True, slots=True)
class _FollowUp:
    until: Millis


_State: TypeAlias = _Asleep | _Called | _Engaged | _FollowUp

_ATTENTION: Mapping[type[_State], Attention] = {
    _Asleep: Attention.ASLEEP,
    _Called: Attention.CALLED,
    _Engaged: Attention.ENGAGED,
    _FollowUp: Attention.FOLLOW_UP,
}


class WakeGate:
    """Decides for one session which utterances are meant for us."""

    def __init__(self, policy: WakePolicy) -> None:
        self.policy = policy
        self._state: _State = _Asleep()

    @property
    def attention(self) -> Attention:
        """Who is answered, as of the last `advance`."""
        return _ATTENTION[type(self._state)]

    def answers(self, began: Millis) -> bool:
        """Whether speech that began then may be answered without the phrase."""
        match self._state:
            case _Asleep():
                return False
            case _Called(until) | _FollowUp(until):
                return began <= until
            case _Engaged():
                return True

    def judge(
        self, text: str, phrases: Iterable[str], *, began: Millis, confidence: float
    ) -> Call | None:
        """What an utterance asks for; None if it is not meant for us.

        Args:
            text: all that was heard of it so far.
            phrases: that count.
            began: when it did.
            confidence: of the recogniser in the text, 0 to 1.
        """
        answers = self.answers(began)
        rest = find_phrase(text, phrases)
        if rest is not None and (answers or confidence >= self.policy.sure):
            return Call(rest, by_name=True)
        if answers:
            return Call(text, by_name=isinstance(self._state, _Called))
        return None

    def called(self, now: Millis) -> None:
        """The phrase was said alone, or a button was pressed: there is more to come."""
        self._state = _Called(Millis(now + self.policy.follow_up))

    def answered(self) -> None:
        """The answer to an utterance begins."""
        self._state = _Engaged()

    def freed(self, now: Millis) -> None:
        """Nobody speaks any more, neither the user nor we."""
        if isinstance(self._state, _Engaged):
            self._state = _FollowUp(Millis(now + self.policy.follow_up))

    def advance(self, now: Millis) -> None:
        """Time has passed, and nobody speaks."""
        match self._state:
            case _Called(until) | _FollowUp(until) if now > until + HINDSIGHT:
                self._state = _Asleep()
            case _:
                pass


def find_phrase(text: str, phrases: Iterable[str]) -> str | None:
    """What follows the first phrase in a text; None if there is none.

    The phrase may stand after other speech, which is then somebody else's, may be said
    twice, may be written as more or fewer words, and may have small slips.
    """
    letters = [found for phrase in phrases if (found := _letters(phrase))]
    words = text.split()
    for start in range(len(words)):
        end = _end_of_phrase(words, start, letters)
        if end is not None:
            while (again := _end_of_phrase(words, end, letters)) is not None:
                end = again
            while end < len(words) and not _letters(words[end]):
                end += 1
            return " ".join(words[end:])
    return None


def _end_of_phrase(words: list[str], start: int, phrases: list[str]) -> int | None:
    """Where a phrase ends that begins with the word at `start`: the best fit."""
    if start >= len(words) or not _letters(words[start]):
        return None
    fits = []
    for phrase in phrases:
        allowed = len(phrase) // LETTERS_PER_SLIP
        heard = ""
        for end in range(start + 1, len(words) + 1):
            heard += _letters(words[end - 1])
            if len(heard) > len(phrase) + allowed:
                break
            slips = _slips(heard, phrase)
            if slips <= allowed:
                fits.append((slips, end))
    return min(fits)[1] if fits else None


def _letters(text: str) -> str:
    return "".join(letter for letter in text.casefold() if letter.isalnum())


def _slips(one: str, other: str) -> int:
    """The fewest letters to insert, leave out or replace."""
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        above, row[0] = row[0], i
        for j, expected in enumerate(other, 1):
            replaced = above + (letter != expected)
            above, row[j] = row[j], min(replaced, row[j] + 1, row[j - 1] + 1)
    return row[-1]
