"""Stages for tests: made-up models that obey the same ports as the real ones.

They share an imaginary way of speaking, in which audio spells itself: `spoken` makes
each letter a level that the samples keep for `LETTER`. So what was said is in the
samples, as in real speech: it survives resampling, it can be cut, and a recogniser
that hears half of a word writes half of it. Nothing here draws lots, sleeps or keeps
state between calls.

tests/voice/test_stages.py holds these stages and the real ones to one contract.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from voice.audio import HEARING_RATE, Pcm, Samples
from voice.errors import Stage, StageError
from voice.events import Completeness, Millis
from voice.home import HomeState
from voice.languages import LANGUAGES
from voice.stages import Plan, Transcript

__all__ = [
    "LETTER",
    "EchoResponder",
    "LoudnessActivity",
    "ScriptedResponder",
    "SpellingRecognizer",
    "ToneSynthesizer",
    "murmur",
    "spoken",
]

LETTER = Millis(40)
"""How long each character of a text is spoken, spaces included."""

LOUD = 100
"""Samples beyond this are taken for a voice."""

MURMUR = 256
"""A voice that spells nothing."""

FIRST_LEVEL, LEVEL_STEP = 512, 16
"""Level of a character: the first, plus the step times its code point. A level below
zero names the language, by its place in the table."""

LAST_CHARACTER = (2**15 - 1 - FIRST_LEVEL) // LEVEL_STEP
"""Code point; beyond Latin, Greek and Cyrillic, which is enough for Europe."""

SLICE = HEARING_RATE * LETTER // 1000 // 16
"""Samples; what is looked at to tell a steady level from the step between two."""

UNSTEADY = 4
"""Resampling rounds; within a level, samples differ by less than this."""

LONGEST_S = 30


def spoken(text: str, language: str, *, rate: int = HEARING_RATE) -> Pcm:
    """Somebody says `text`.

    Args:
        text: at least one character, in small letters if it is to be read so.
        language: canonical tag, which the recogniser hears as well.
        rate: Hertz.

    Raises:
        ValueError: a character is neither Latin, Greek nor Cyrillic.
    """
    if strange := [letter for letter in text if ord(letter) > LAST_CHARACTER]:
        raise ValueError(f"nobody can say {strange[0]!r}")
    levels = [
        -FIRST_LEVEL - LEVEL_STEP * list(LANGUAGES).index(language),
        *(FIRST_LEVEL + LEVEL_STEP * ord(letter) for letter in text),
    ]
    samples = np.repeat(np.array(levels, np.int16), LETTER * rate // 1000)
    return Pcm(samples, rate)


def murmur(duration: Millis, *, rate: int = HEARING_RATE) -> Pcm:
    """Somebody makes a sound that is no word."""
    return Pcm(np.full(duration * rate // 1000, MURMUR, np.int16), rate)


@dataclass(frozen=True, slots=True)
class LoudnessActivity:
    """Takes for speech whatever is loud. Implements `voice.stages.VoiceActivity`."""

    frame_samples: int = 320
    """20 ms, so that times in tests come out round."""

    def probability(self, frame: Pcm) -> float:
        """The part of the frame that is loud."""
        assert frame.rate == HEARING_RATE, frame.rate
        assert len(frame) == self.frame_samples, len(frame)
        return float(np.mean(np.abs(frame.samples.astype(np.int32)) > LOUD))

    def reset(self) -> None:
        """There is nothing to forget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpellingRecognizer:
    """Reads what `spoken` said. Implements `voice.stages.Recognizer`."""

    languages: tuple[str, ...] = ("en", "de")
    breaks_at: Collection[str] = ()
    """Words at which it fails with the reason ``crashed``."""

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Read one utterance; if its language is no candidate, the first one is it.

        Raises:
            StageError: ``unsupported_language``, ``wrong_rate``, ``too_long`` or
                ``crashed``.
        """
        if not candidates or not set(candidates) <= set(self.languages):
            raise _broken(Stage.RECOGNITION, "unsupported_language")
        if pcm.rate != HEARING_RATE:
            raise _broken(Stage.RECOGNITION, "wrong_rate")
        if len(pcm) > LONGEST_S * HEARING_RATE:
            raise _broken(Stage.RECOGNITION, "too_long")
        text, language = _read(pcm.samples)
        if _holds(text, self.breaks_at):
            raise _broken(Stage.RECOGNITION, "crashed")
        sure = language in candidates and bool(text)
        return Transcript(
            text=text,
            language=language if language and sure else candidates[0],
            language_probability=_share(len(candidates), sure=sure),
            confidence=0.9 if text else 0.0,
            no_speech=0.05 if text else 0.95,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class EchoResponder:
    """Answers with what was said. Implements `voice.stages.Responder`."""

    languages: tuple[str, ...] = ("en", "de")
    completeness: Completeness = Completeness.OPEN
    breaks_at: Collection[str] = ()
    """Words at which it fails with the reason ``crashed``."""

    def plan(self, text: str, language: str, *, home: HomeState, now: datetime) -> Plan:
        """Say it back; it asks for nothing.

        Raises:
            StageError: ``crashed``.
        """
        if _holds(text, self.breaks_at):
            raise _broken(Stage.RESPONSE, "crashed")
        if language not in self.languages or not text.strip():
            return _not_understood(language)
        return Plan(
            intent=None,
            completeness=self.completeness,
            reply=text,
            language=language,
            effects=(),
            answered_by="none",
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptedResponder:
    """Has a plan for each text that it knows. Implements `voice.stages.Responder`."""

    plans: Mapping[str, Plan]
    """By what is said, word for word."""
    languages: tuple[str, ...] = ("en", "de")

    def plan(self, text: str, language: str, *, home: HomeState, now: datetime) -> Plan:
        """The plan for `text` if it is in `language`; else it is not understood."""
        plan = self.plans.get(text)
        if plan is None or plan.language != language:
            return _not_understood(language)
        return plan


@dataclass(frozen=True, slots=True, kw_only=True)
class ToneSynthesizer:
    """Hums, the longer the more there is to say. Implements `voice.stages.Synthesizer`."""

    languages: tuple[str, ...] = tuple(LANGUAGES)
    rate: int = 22_050
    letter: Millis = Millis(50)
    piece: Millis = Millis(200)
    """It comes in pieces of this length; the last may be shorter."""
    pitch: int = 440
    """Hertz."""
    breaks_at: Collection[str] = ()
    """Words at which it fails with the reason ``crashed``, after the first piece."""

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """A tone.

        Raises:
            StageError: ``unsupported_language`` at once, or ``crashed``.
        """
        if language not in self.languages:
            raise _broken(Stage.SYNTHESIS, "unsupported_language")
        return self._hum(text)

    def _hum(self, text: str) -> Iterator[Pcm]:
        length = len(text.strip()) * self.letter * self.rate // 1000
        time = np.arange(length) / self.rate
        tone = Pcm.of_floats(0.3 * np.sin(2 * np.pi * self.pitch * time), self.rate)
        step = self.piece * self.rate // 1000
        for start in range(0, length, step):
            yield Pcm(tone.samples[start : start + step], self.rate)
            if _holds(text, self.breaks_at):
                raise _broken(Stage.SYNTHESIS, "crashed")


def _read(samples: Samples) -> tuple[str, str | None]:
    """What the samples spell at 16 kHz, and the language that they name last."""
    slices = (
        samples[: len(samples) // SLICE * SLICE].reshape(-1, SLICE).astype(np.int32)
    )
    steady = np.ptp(slices, axis=1) < UNSTEADY
    levels = slices.mean(axis=1).round().astype(int)
    letters: list[str] = []
    language = None
    for level, length in _runs(levels, steady):
        number = round((abs(level) - FIRST_LEVEL) / LEVEL_STEP)
        if level > 0 and number >= 0:
            letters.append(chr(number) * max(1, round(length / 16)))
            continue
        letters.append(" ")
        if level < -LOUD:
            language = list(LANGUAGES)[number]
    return " ".join("".join(letters).split()), language


def _runs(levels: Samples, steady: Samples) -> Iterator[tuple[int, int]]:
    """Level, and number of slices, wherever a level is kept for at least two."""
    level, length = 0, 0
    for now, is_steady in zip(levels.tolist(), steady.tolist(), strict=True):
        if is_steady and length and abs(now - level) < UNSTEADY:
            length += 1
            continue
        if length > 1:
            yield level, length
        level, length = now, int(is_steady)
    if length > 1:
        yield level, length


def _share(candidates: int, *, sure: bool) -> float:
    if candidates == 1:
        return 1.0
    return 0.98 if sure else 1 / candidates


def _holds(text: str, words: Collection[str]) -> bool:
    return any(word in text for word in words)


def _broken(stage: Stage, reason: str) -> StageError:
    return StageError(stage, reason, "as the test wants it")


def _not_understood(language: str) -> Plan:
    spoken_in = LANGUAGES.get(language, LANGUAGES["en"])
    return Plan(
        intent=None,
        completeness=Completeness.OPEN,
        reply=spoken_in.not_understood,
        language=spoken_in.tag,
        effects=(),
        answered_by="none",
    )
