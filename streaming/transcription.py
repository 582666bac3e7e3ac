"""Utterances to text, each in the language of its turn."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from streaming.inference import Stages
from streaming.workers import Priority
from voice.audio import Pcm
from voice.conversation_language import SHORT, ConversationLanguage
from voice.events import Millis
from voice.stages import Transcript

__all__ = ["Said", "Transcriber"]


@dataclass(frozen=True, slots=True)
class Said:
    """A transcript, and the language that the audio alone was taken for."""

    transcript: Transcript
    likeliest: str


class Transcriber:
    """The recogniser of one session, with the memory of its language.

    Args:
        stages: for the recogniser.
    """

    def __init__(self, stages: Stages) -> None:
        self.language = ConversationLanguage()
        self._stages = stages

    async def transcribe(
        self,
        clip: Pcm,
        candidates: Sequence[str],
        *,
        speech: Millis,
        priority: Priority,
    ) -> Said:
        """Put an utterance into words.

        A change of language that the audio does not carry is not believed; the
        utterance is then heard again in the language of the conversation. The
        probability that is told of that one is what the other left.

        Args:
            clip: the utterance with the silence around it, 16 kHz.
            candidates: BCP 47 tags that it may be in.
            speech: how much of the clip is speech.
            priority: of the work.

        Raises:
            StageError: the recogniser failed.
        """
        first = await self._stages.transcribe(clip, candidates, priority=priority)
        if self._believes(first, speech, candidates):
            return Said(first, first.language)
        kept = (self.language.among(candidates),)
        again = await self._stages.transcribe(clip, kept, priority=priority)
        left = 1 - first.language_probability
        return Said(replace(again, language_probability=left), first.language)

    async def transcribe_partially(
        self, clip: Pcm, candidates: Sequence[str], *, speech: Millis
    ) -> str:
        """The words so far; none while it is open which language they are in.

        Nor does a mark for what is not understood yet count: it would be committed, and
        the words that it becomes would not be its continuation.

        Raises:
            StageError: the recogniser failed, or has no time for it.
        """
        if speech < SHORT and self.language.begun(candidates):
            candidates = (self.language.among(candidates),)
        transcript = await self._stages.transcribe(
            clip, candidates, priority=Priority.PARTIAL
        )
        words = any(letter.isalnum() for letter in transcript.text)
        if words and self._believes(transcript, speech, candidates):
            return transcript.text
        return ""

    def _believes(
        self, transcript: Transcript, speech: Millis, candidates: Sequence[str]
    ) -> bool:
        return not transcript.text.strip() or self.language.believes(
            transcript.language,
            text=transcript.text,
            probability=transcript.language_probability,
            speech=speech,
            candidates=candidates,
        )
