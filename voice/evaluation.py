"""How well recordings are understood: heard clip by clip, summed up by language.

A clip in which somebody speaks counts towards the word and character error rates and,
if its reference asks for something in this home, towards intent accuracy: the same
intent with the same slots. A clip in which nobody speaks must give no text, in any of
the languages; it counts there and nowhere else.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import sqrt
from pathlib import Path
from typing import Protocol

from voice.audio import Pcm
from voice.fixtures import Clip
from voice.languages import canonical
from voice.scoring import Counts, character_counts, normalize, word_counts
from voice.stages import Intent, Transcript

__all__ = ["ALL", "Evaluation", "Interpreter", "Outcome", "Score", "tally", "wilson"]

_TWO_SIDED = 1.96
"""Standard deviations that hold 95 % of a normal distribution."""

ALL = "all"
"""Stands for every language together."""


class Interpreter(Protocol):
    """What tells the intent of a sentence."""

    def interpret(self, text: str, language: str) -> Intent | None:
        """What `text` asks for, None if nothing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One clip, heard once."""

    language: str
    """Canonical tag of what was spoken, or of what was listened for in noise; the
    index's own word if it is no language of ours; empty if there is none."""
    group: str
    """Kind of recording and of speaker, e.g. ``command/human``."""
    heard: Transcript | None = None
    """None if the recogniser does not know the language."""
    words: Counts | None = None
    """None if nobody speaks."""
    characters: Counts | None = None
    understood: bool | None = None
    """None if the reference asks for nothing in this home, or nobody speaks."""
    mistaken: bool = False
    """Whether something was understood that was not asked for."""
    reference: str = ""
    """What was said, word for word."""
    file: Path | None = None

    @property
    def is_error(self) -> bool:
        """Whether a wish was not understood, or one that there was not."""
        in_noise = self.words is None and self.said_something
        return self.understood is False or self.mistaken or in_noise

    @property
    def said_something(self) -> bool:
        """Whether the recogniser wrote at least one word."""
        return self.heard is not None and bool(
            normalize(self.heard.text, self.language)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The stages under test, and how they are asked.

    Attributes:
        listen: gives the transcript of a clip's audio among candidate languages.
        interpreter: of the home that the commands are about.
        languages: those that the recogniser is to be tested in.
        detect: whether it must tell the language itself, among all of them.
    """

    listen: Callable[[Pcm, Sequence[str]], Transcript]
    interpreter: Interpreter
    languages: Sequence[str]
    detect: bool = False

    def hear(self, clip: Clip, audio: Pcm) -> Iterator[Outcome]:
        """Judge one clip: once, or if nobody speaks, once in every language."""
        group = f"{clip.kind}/{clip.speech}" if clip.speech else clip.kind
        if clip.language is None:
            for outcome in self._hear_nobody(audio, group):
                yield replace(outcome, file=clip.file)
            return
        language = canonical(clip.language) or clip.language
        if language not in self.languages:
            yield Outcome(language=language, group=group, file=clip.file)
            return
        candidates = self.languages if self.detect else (language,)
        heard = self.listen(audio, candidates)
        wanted = self.interpreter.interpret(clip.transcript, language)
        got = self.interpreter.interpret(heard.text, heard.language)
        yield Outcome(
            language=language,
            group=group,
            heard=heard,
            words=word_counts(clip.transcript, heard.text, language),
            characters=character_counts(clip.transcript, heard.text, language),
            understood=None if wanted is None else got == wanted,
            mistaken=got is not None and got != wanted,
            reference=clip.transcript,
            file=clip.file,
        )

    def _hear_nobody(self, audio: Pcm, group: str) -> Iterator[Outcome]:
        if self.detect:
            heard = self.listen(audio, self.languages)
            yield Outcome(language="", group=group, heard=heard)
            return
        for language in self.languages:
            heard = self.listen(audio, (language,))
            yield Outcome(language=language, group=group, heard=heard)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Outcomes, summed up."""

    language: str
    """Canonical tag, or `ALL`."""
    group: str = ""
    """Empty for every kind of recording together."""
    clips: int = 0
    """In which somebody speaks, and which were heard."""
    words: Counts = field(default_factory=Counts)
    characters: Counts = field(default_factory=Counts)
    intents: int = 0
    """Clips whose reference asks for something in this home."""
    understood: int = 0
    """Of those, how many led to the same intent and slots."""
    mistaken: int = 0
    """Clips in which something was understood that was not asked for."""
    empty_on_speech: int = 0
    """Clips with speech in which no word was heard."""
    speechless: int = 0
    """How often nobody spoke: clips times languages."""
    text_on_noise: int = 0
    """Of those, how often words were heard nevertheless."""
    skipped_language: int = 0
    """Clips in a language that the recogniser does not know: not heard."""
    detected: int = 0
    """Clips whose language was told rightly."""

    @property
    def intent_accuracy(self) -> float | None:
        """Share of the commands that were understood; None if there were none."""
        return self.understood / self.intents if self.intents else None

    @property
    def intent_interval(self) -> tuple[float, float] | None:
        """Between which shares the accuracy lies with 95 %; None if there were none."""
        return wilson(self.understood, self.intents) if self.intents else None

    @property
    def language_accuracy(self) -> float | None:
        """Share of the clips whose language was told rightly; None without clips."""
        return self.detected / self.clips if self.clips else None

    @property
    def no_reference_intent(self) -> int:
        """Clips with speech that asks for nothing in this home."""
        return self.clips - self.intents


def wilson(successes: int, count: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share, after Wilson; it holds for few as well.

    >>> wilson(8, 15)
    (0.301, 0.752)
    """
    share = successes / count
    spread = _TWO_SIDED**2 / count
    middle = share + spread / 2
    half = _TWO_SIDED * sqrt(share * (1 - share) / count + spread / (4 * count))
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return round(max(low, 0.0), 3), round(min(high, 1.0), 3)


def tally(outcomes: Iterable[Outcome], language: str, group: str = "") -> Score:
    """Sum up the outcomes of one language (or `ALL`) and one group (or all)."""
    kept = [
        outcome
        for outcome in outcomes
        if language in (ALL, outcome.language) and group in ("", outcome.group)
    ]
    spoken = [outcome for outcome in kept if outcome.words is not None]
    nobody = [o for o in kept if o.words is None and o.heard is not None]
    judged = [outcome for outcome in spoken if outcome.understood is not None]
    return Score(
        language=language,
        group=group,
        clips=len(spoken),
        words=sum((o.words for o in spoken if o.words), Counts()),
        characters=sum((o.characters for o in spoken if o.characters), Counts()),
        intents=len(judged),
        understood=sum(outcome.understood is True for outcome in judged),
        mistaken=sum(outcome.mistaken for outcome in spoken),
        empty_on_speech=sum(not outcome.said_something for outcome in spoken),
        speechless=len(nobody),
        text_on_noise=sum(outcome.said_something for outcome in nobody),
        skipped_language=sum(outcome.heard is None for outcome in kept),
        detected=sum(
            o.heard is not None and o.heard.language == o.language for o in spoken
        ),
    )
