"""What all servers of the comparison are made of: Parley's own stages, in process.

Only turn taking and plumbing differ, which is what is compared. This module is imported
in the environment of the peers too, so it needs no more than the stages do.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from voice.assembly import (
    STARTER_WHISPER,
    ModelChoice,
    load_recognizer,
    load_responder,
    load_synthesizer,
    read_home,
    served_languages,
    starter_manifest,
)
from voice.audio import Pcm, Resampler
from voice.manifests import data_root
from voice.stages import Recognizer, Responder, Synthesizer

__all__ = ["INPUT_RATE", "OUTPUT_RATE", "Parts", "recognizer_directory"]

INPUT_RATE, OUTPUT_RATE = 16_000, 24_000
"""Hertz, of the wire of every server."""


def recognizer_directory() -> Path:
    """The CTranslate2 directory that comes along, which faster-whisper loads as well."""
    return data_root() / starter_manifest(STARTER_WHISPER).directory


@dataclass(frozen=True, slots=True)
class Parts:
    """The stages, loaded and warm."""

    recognizer: Recognizer
    responder: Responder
    synthesizer: Synthesizer

    @classmethod
    def load(cls) -> "Parts":
        """Load what `parley serve` loads without options."""
        choice = ModelChoice()
        parts = cls(
            load_recognizer(choice), load_responder(choice), load_synthesizer(choice)
        )
        for language in served_languages(choice):
            parts.recognizer.transcribe(Pcm.silence(1500, INPUT_RATE), [language])
            for _ in parts.speak(parts.answer("hello", language), language):
                pass
        return parts

    def hear(self, pcm: Pcm, language: str) -> str:
        """An utterance in words, by the short windows of Parley's recogniser."""
        return self.recognizer.transcribe(pcm, [language]).text

    def answer(self, text: str, language: str) -> str:
        """The reply to `text`; nothing is done."""
        home = read_home(ModelChoice()).initial_state()
        now = datetime.now(UTC)
        return self.responder.plan(text, language, home=home, now=now).reply

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """`text` as audio at `OUTPUT_RATE`, piece by piece."""
        resampler: Resampler | None = None
        for pcm in self.synthesizer.speak(text, language):
            resampler = resampler or Resampler(pcm.rate, OUTPUT_RATE)
            yield resampler.feed(pcm)
