"""The starter language model: one question, one intent, or nothing.

A small decoder of the Llama architecture, which CTranslate2 runs; how it is asked and
how it answers is told in `voice.responders.pointing`.
"""

import json
import math
from collections.abc import Sequence
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

__all__ = ["PointingModel"]

MOST_TOKENS = 24
"""Of an answer; four slots take 13. It is over within milliseconds."""


class PointingModel:
    """Implements `voice.stages.Interpreter` for a home.

    Args:
        generator: the loaded model.
        tokenizer: splits words into its tokens.
        finders: by language, what can be meant.
        threshold: probability of the whole answer below which it does not count.
    """

    def __init__(
        self,
        generator: Any,
        tokenizer: Tokenizer,
        finders: dict[str, NameFinder],
        *,
        threshold: float,
    ) -> None:
        self._generator = generator
        self._tokenizer = tokenizer
        self._finders = finders
        self._threshold = threshold

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
            threshold = float(about["threshold"])
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
        model = cls(generator, tokenizer, finders, threshold=threshold)
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
        intent, probability = self.proposal(text, language)
        return intent if probability >= self._threshold else None

    def proposal(self, text: str, language: str) -> tuple[Intent | None, float]:
        """What `text` may ask for, and how probable the model finds it, 0 to 1.

        Raises:
            StageError: the model broke.
        """
        finder = self._finders.get(language)
        words = words_of(text)
        if finder is None or not 0 < len(words) <= MOST_WORDS:
            return None, 0.0
        tokens, probability = self._answer(words, language)
        reading = read_answer(tokens, words=len(words))
        if reading is None:
            return None, probability
        return finder.proposal(reading, words), probability

    def _answer(self, words: Sequence[str], language: str) -> tuple[list[str], float]:
        """The tokens of the answer; none if it has no end."""
        asked = prompt(words, language, lambda w: self._tokenizer.encode(w).tokens)
        try:
            (result,) = self._generator.generate_batch(
                [asked],
                max_length=MOST_TOKENS,
                include_prompt_in_result=False,
                return_scores=True,
                return_end_token=True,
                length_penalty=0.0,
            )
        except RuntimeError as error:
            raise StageError(Stage.RESPONSE, "model", str(error)) from error
        tokens: list[str] = list(result.sequences[0])
        if not tokens or tokens[-1] != END:
            return [], 0.0
        return tokens[:-1], math.exp(result.scores[0])
