"""The parts of `parley eval --targets`: what is heard of made and recorded speech."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

from streaming.benchmark import machine
from streaming.commands.target_rows import TOLD_AMONG
from streaming.commands.transcribe import load_listener
from streaming.config import Config
from voice.assembly import (
    DEMO,
    FIRST_LANGUAGES,
    ModelChoice,
    load_recognizer,
    load_responder,
    load_voice_activity,
    read_home,
)
from voice.audio import Pcm, read_audio
from voice.evaluation import Evaluation, Outcome, tally
from voice.fixtures import Clip, Utterance
from voice.held_out import Reading, audible_errors, readings, sentences
from voice.languages import canonical
from voice.scoring import normalize
from voice.stages import Recognizer, Transcript
from voice.timings import percentiles
from voice.utterances import Listener
from voice.wordless import Wordless, wordless

__all__ = ["SEED", "Parts", "Result", "Sizes"]

Result: TypeAlias = "dict[str, Any]"
"""Ready for JSON."""

SEED = 20261121

LEAST_S = 1.5
"""Of speech, that the language must be told by."""

DECODED_S = (2.5, 3.5)
"""How long "an utterance of three seconds" is, with a quarter second of quiet around."""


UNGATED = 10
"""One clip of noise in this many is given to the recogniser without the speech gate too:
that takes a hundred times as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much is measured."""

    sentences: int = 40
    """In each language."""
    wordless_s: float = 3600.0
    recordings: int | None = None
    """In each language; None for all."""


class Parts:
    """Measures one part at a time; what several need is made once.

    Args:
        config: the recogniser, and the home that the recordings are about.
        clips: recordings of speech.
        sizes: how much.
    """

    def __init__(self, config: Config, clips: Sequence[Clip], sizes: Sizes) -> None:
        self._config = config
        self._clips = clips
        self._sizes = sizes
        self._readings: dict[str, list[Reading]] = {}
        self._loaded: tuple[tuple[str, ...], Recognizer] | None = None

    def held_out(self, language: str) -> Result:
        """Sentences and voices that no training knew."""
        evaluation = self._evaluation(self._choice(language))
        read = self._read(language)
        outcomes = [
            outcome
            for reading in read
            for outcome in evaluation.hear(_clip(reading), reading.pcm)
        ]
        misheard: list[Result] = [
            {
                "said": one.written,
                "heard": outcome.heard.text,
                "voice": one.voice,
                "audible": audible_errors(one.written, outcome.heard.text, language),
            }
            for one, outcome in zip(read, outcomes, strict=True)
            if outcome.heard and outcome.words and outcome.words.errors
        ]
        return {
            **_summary(outcomes, language),
            "audible_errors": sum(one["audible"] for one in misheard),
            "misheard": misheard,
        }

    def recorded(self, language: str) -> Result:
        """The recordings of a language, by kind and speaker."""
        choice = replace(self._config.choice, languages=(language,))
        evaluation = self._evaluation(choice)
        own = [
            c for c in self._clips if c.language and canonical(c.language) == language
        ]
        outcomes = [
            outcome
            for clip in own[: self._sizes.recordings]
            for outcome in evaluation.hear(clip, read_audio(clip.file))
        ]
        groups = sorted({outcome.group for outcome in outcomes})
        return {group: _group(outcomes, language, group) for group in groups}

    def decoded(self, candidates: int) -> Result:
        """Milliseconds for utterances of three seconds, among so many languages."""
        recognizer = self._recognizer(FIRST_LANGUAGES)
        low, high = DECODED_S
        wall, processor = list[float](), list[float]()
        for tag in FIRST_LANGUAGES:
            among = FIRST_LANGUAGES if candidates > 1 else (tag,)
            for reading in self._read(tag):
                if low <= len(reading.pcm) / reading.pcm.rate <= high:
                    began, worked = time.perf_counter(), time.process_time()
                    recognizer.transcribe(reading.pcm, among)
                    wall.append(1000 * (time.perf_counter() - began))
                    processor.append(1000 * (time.process_time() - worked))
        # On a machine with other work the second tells more than the first.
        return {
            "wall_ms": _spread(wall),
            "processor_ms": _spread(processor),
            "machine": machine(),
        }

    def told(self, language: str) -> Result:
        """How often a language was told among eight."""
        recognizer = self._recognizer(TOLD_AMONG)
        long = [one for one in self._read(language) if one.seconds >= LEAST_S]
        heard = [recognizer.transcribe(one.pcm, TOLD_AMONG).language for one in long]
        taken = [tag for tag in heard if tag != language]
        return {"clips": len(long), "right": heard.count(language), "taken_for": taken}

    def wordless(self, seconds: float, number: int) -> Result:
        """What eight languages write of noise, music and silence."""
        recognizer = self._recognizer(TOLD_AMONG)
        listener = Listener(
            recognizer,
            load_voice_activity(),
            gate=self._config.gate,
            turns=self._config.turns,
        )
        clips = list(wordless(seconds, SEED + number))
        some = clips[::UNGATED]
        return {
            "seconds": seconds,
            "clips": len(clips),
            "texts": list(_written(listener.transcribe, clips)),
            "ungated_clips": len(some),
            "ungated_texts": list(_written(recognizer.transcribe, some)),
        }

    def _choice(self, *languages: str) -> ModelChoice:
        """The recogniser for some languages, in the home that everybody has."""
        return replace(self._config.choice, languages=languages, home=DEMO)

    def _evaluation(self, choice: ModelChoice) -> Evaluation:
        listener, languages = load_listener(self._config, choice)
        return Evaluation(
            listen=listener.transcribe,
            interpreter=load_responder(choice),
            languages=languages,
        )

    def _recognizer(self, languages: tuple[str, ...]) -> Recognizer:
        if self._loaded is None or self._loaded[0] != languages:
            self._loaded = languages, load_recognizer(self._choice(*languages))
        return self._loaded[1]

    def _read(self, language: str) -> list[Reading]:
        if language in self._readings:
            return self._readings[language]
        graph = sentences(read_home(self._choice()), language)
        rng = random.Random(f"{SEED} {language}")  # noqa: S311 - no secret
        read = list(readings(graph, self._sizes.sentences, rng))
        if language in TOLD_AMONG:
            self._readings[language] = read
        return read


def _spread(values: Sequence[float]) -> Result:
    spread = percentiles(values)
    return {} if spread is None else asdict(spread)


def _clip(reading: Reading) -> Clip:
    said = Utterance(transcript=reading.written)
    return Clip(file=Path(), language=reading.language, utterances=(said,))


def _summary(outcomes: Sequence[Outcome], language: str, group: str = "") -> Result:
    score = tally(outcomes, language, group)
    return {
        "clips": score.clips,
        "words": score.words.length,
        "errors": score.words.errors,
        "wer": round(score.words.rate or 0.0, 4),
        "intents": score.intents,
        "understood": score.understood,
        "mistaken": score.mistaken,
        "interval": list(score.intent_interval or ()),
    }


def _group(outcomes: Sequence[Outcome], language: str, group: str) -> Result:
    errors = [
        {
            "error": "mistaken" if outcome.mistaken else "not understood",
            "said": outcome.reference,
            "heard": outcome.heard.text,
            "file": outcome.file.name if outcome.file else "",
        }
        for outcome in outcomes
        if outcome.group == group and outcome.is_error and outcome.heard
    ]
    return {**_summary(outcomes, language, group), "errors_of_intent": errors}


def _written(
    listen: Callable[[Pcm, Sequence[str]], Transcript], clips: Sequence[Wordless]
) -> Iterator[Result]:
    """The clips in which a word was heard."""
    for clip in clips:
        heard = listen(clip.pcm, TOLD_AMONG)
        if normalize(heard.text, heard.language):
            yield {"kind": clip.kind, "heard": heard.text, "language": heard.language}
