"""What a session knows of its newest turn."""

from dataclasses import dataclass, field

from streaming.messages import TranscriptCompleted
from voice.events import Completeness, TurnId
from voice.stages import Plan, Transcript
from voice.timings import Marks

__all__ = ["Turn"]


@dataclass(slots=True)
class Turn:
    """One utterance, or typed text, and what was made of it so far."""

    id: TurnId
    language: str
    marks: Marks = field(default_factory=Marks)
    text: str = ""
    """The words to answer: transcribed or typed."""
    transcript: Transcript | None = None
    likeliest: str = ""
    """The language that the audio alone was taken for."""
    plan: Plan | None = None

    def forget(self) -> None:
        """The user goes on: what was made of it was too early."""
        self.transcript = self.plan = None
        self.marks.committed = None

    def completeness(self, plan: Plan) -> Completeness:
        """Whether the user may go on: as the plan has it, unless it was heard otherwise."""
        begun = self.transcript is not None and self.transcript.whole
        return Completeness.PREFIX if begun else plan.completeness

    @property
    def over(self) -> float | None:
        """How likely it is over by its sound; None where the recogniser does not tell."""
        return None if self.transcript is None else self.transcript.over

    def completed(self) -> TranscriptCompleted | None:
        """The words for the client; None while there are none, or they were typed."""
        if self.transcript is None:
            return None
        return TranscriptCompleted(
            turn=self.id,
            transcript=self.transcript.meant,
            language=self.transcript.language,
            language_probability=round(self.transcript.language_probability, 3),
            confidence=round(self.transcript.confidence, 3),
        )
