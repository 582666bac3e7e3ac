"""The starter language model: one question, one intent, or nothing.

A small decoder of the Llama architecture, which CTranslate2 runs; how it is asked and
how it answers is told in `voice.responders.pointing`.
"""

import json
import math
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ctranslate2
from tokenizers import Tokenizer

from voice.errors import ConfigError, Stage, StageError
from voice.home import Home
from voice.responders.pointing import (
    END,
    MOST_WORDS,
    NameFinder,
    prompt,
    read_answer,
    words_of,
)
from voice.stages import Intent

__all__ = ["PointingModel", "Proposal", "Sureness"]

MOST_TOKENS = 24
"""Of an answer; four slots take 13. It is over within milliseconds."""

ANSWERS = 4
"""That are looked at: where the most probable names what the home does not have, the
next one counts."""


@dataclass(frozen=True, slots=True)
class Sureness:
    """How sure the model is, or must be: probabilities, 0 to 1."""

    intent: float = 0.0
    """Of the intent, whatever its slots."""
    whole: float = 0.0
    """Of the intent with its slots."""

    def reaches(self, other: "Sureness") -> bool:
        """Whether nothing of this is below the other."""
        return self.intent >= other.intent and self.whole >= other.whole


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a text may ask for."""

    wish: Intent | None = None
    sure: Sureness = Sureness()

    def counted(self, least: Sureness) -> Intent | None:
        """The wish, None if the model is not sure of it."""
        return self.wish if self.sure.reaches(least) else None


class PointingModel:
    """Implements `voice.stages.Interpreter` for a home.

    Args:
        generator: the loaded model.
        tokenizer: splits words into its tokens.
        finders: by language, what can be meant.
        least: how sure it must be for its answer to count.
    """

    def __init__(
        self,
        generator: Any,
        tokenizer: Tokenizer,
        finders: dict[str, NameFinder],
        *,
        least: Sureness,
    ) -> None:
        self._generator = generator
        self._tokenizer = tokenizer
        self._finders = finders
        self._least = least

    @classmethod
    def load(
        cls, directory: Path, home: Home, languages: Sequence[str], *, threads: int = 1
    ) -> "PointingModel":
        """Load the model and ask it once, so that the first user need not wait.

        Args:
            directory: as the recipe exports it.
            home: what can be meant.
            languages: canonical tags; those that it does not know are passed over.
            threads: processor cores that one question may take.

        Raises:
            ConfigError: a file is missing or broken.
        """
        try:
            about = json.loads((directory / "parley.json").read_text("utf-8"))
            known = set(map(str, about["languages"]))
            sure = about["sure"]
            least = Sureness(intent=float(sure["intent"]), whole=float(sure["whole"]))
            tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
            generator = ctranslate2.Generator(
                str(directory), device="cpu", intra_threads=threads
            )
        except Exception as error:
            # The tokenizer's errors have no class of their own.
            raise ConfigError(
                f"{directory}: cannot be loaded as a starter language model ({error});"
                " restore it, or name another with models.language_model"
            ) from error
        finders = {tag: NameFinder(home, tag) for tag in languages if tag in known}
        model = cls(generator, tokenizer, finders, least=least)
        for tag in list(finders)[:1]:
            model.interpret("1", tag)
        return model

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that it may be asked in."""
        return tuple(self._finders)

    def interpret(self, text: str, language: str) -> Intent | None:
        """What `text` asks for; None if it is no command, or the model is not sure.

        Raises:
            StageError: the model broke.
        """
        return self.proposal(text, language).counted(self._least)

    def proposal(self, text: str, language: str) -> Proposal:
        """What `text` may ask for: the most probable wish that the home can grant.

        Several answers may come to the same wish ("lamp", "the lamp"): they add up.

        Raises:
            StageError: the model broke.
        """
        finder = self._finders.get(language)
        words = words_of(text)
        if finder is None or not 0 < len(words) <= MOST_WORDS:
            return Proposal()
        intents: dict[str, float] = defaultdict(float)
        wishes: dict[Intent, float] = defaultdict(float)
        for tokens, probability in self._answers(words, language):
            reading = read_answer(tokens, words=len(words))
            if reading is None:
                continue
            intents[reading.intent] += probability
            wish = finder.proposal(reading, words)
            if wish is not None:
                wishes[wish] += probability
        if not wishes:
            return Proposal()
        best = max(wishes, key=lambda wish: wishes[wish])
        sure = Sureness(intent=intents[best.name], whole=wishes[best])
        return Proposal(best, sure)

    def _answers(
        self, words: Sequence[str], language: str
    ) -> list[tuple[list[str], float]]:
        """The tokens of the answers that have an end, each with its probability."""
        asked = prompt(words, language, lambda w: self._tokenizer.encode(w).tokens)
        try:
            (result,) = self._generator.generate_batch(
                [asked],
                max_length=MOST_TOKENS,
                beam_size=ANSWERS,
                num_hypotheses=ANSWERS,
                include_prompt_in_result=False,
                return_scores=True,
                return_end_token=True,
                length_penalty=0.0,
            )
        except RuntimeError as error:
            raise StageError(Stage.RESPONSE, "model", str(error)) from error
        return [
            (list(tokens[:-1]), math.exp(score))
            for tokens, score in zip(result.sequences, result.scores, strict=True)
            if tokens and tokens[-1] == END
        ]
