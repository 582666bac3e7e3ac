"""A recogniser of sentences that are known beforehand: those of a grammar and a home.

The acoustic model tells how much each frame speaks for each sound; the search finds
the sentence that fits best, in all candidate languages at once. So the names of a home are
heard because they are in the graph, however rare they are, and what is written is a
sentence that the responder understands, or the beginning of one: who pauses after
"turn on the" has more to say, and the endpointing waits for it.

What was spoken but is no such sentence is `UNINTELLIGIBLE`: it is honest about speech
that was heard, and no grammar takes it for a wish. What nobody spoke is empty, even where
music or murmur fits a sentence.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from voice.audio import Pcm
from voice.errors import Stage, StageError
from voice.phones import SILENCE
from voice.recognizers.acoustics import AcousticModel, Audio, Signs
from voice.recognizers.bounds import check, holds_nothing, nothing
from voice.recognizers.joint_graphs import JointGraph
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.searching import Search, Searches
from voice.recognizers.trellis import Scores
from voice.recognizers.turn_ends import TurnEnds, tail
from voice.recognizers.voiced_sounds import voicing
from voice.stages import Transcript

__all__ = ["UNINTELLIGIBLE", "SentenceRecognizer"]

UNINTELLIGIBLE = "…"
"""Stands for words that were spoken and not understood."""

LANGUAGE_SHARPNESS = 0.35
"""What a unit of score counts when languages are compared: less than it would if the
frames of a sound were independent witnesses."""

AFTER_ALL = 7.5
"""By how much a beginning may be the better one, and the whole sentence nevertheless be
meant if nothing follows. Nineteen of twenty real beginnings are better by 5, most by far."""

SURE = 0.5
"""What the whole sentence must be believed with."""


class SentenceRecognizer:
    """Speech to text by search; one caller at a time.

    Args:
        model: of the sounds.
        graphs: by canonical tag, everything that may be said in that language.
        ends: tells whether what is no such sentence is over; None: nothing does.
    """

    windows_s = (2.0,)
    """Nothing need be warmed up for each length."""

    def __init__(
        self,
        model: AcousticModel,
        graphs: Mapping[str, Sequence[PhoneGraph]],
        ends: TurnEnds | None = None,
    ) -> None:
        self._model = model
        self._ends = ends
        self._graph = JointGraph.of(
            graphs,
            phones=len(model.acoustics.phones),
            weights=model.acoustics.weights,
        )
        self._languages = tuple(sorted(graphs))

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that there are graphs for."""
        return self._languages

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Put one utterance into words.

        Args:
            pcm: 16 kHz, up to 30 s.
            candidates: the languages it may be in, at least one, all supported.

        Raises:
            StageError: ``unsupported_language``, ``wrong_rate``, ``too_long`` or
                ``crashed``.
        """
        check(pcm, candidates, self._languages)
        if holds_nothing(pcm):
            return nothing(candidates)
        try:
            return self._transcribe(pcm, candidates)
        # onnxruntime has exceptions of its own, which share no other base.
        except Exception as error:
            raise StageError(Stage.RECOGNITION, "crashed", str(error)) from error

    def _transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        audio = pcm.to_floats()
        heard = self._model.posteriors(audio, candidates)
        posteriors = dict(zip(candidates, heard, strict=True))
        searches = self._search(posteriors)
        language, share = _likeliest(searches, candidates)
        acoustics = self._model.acoustics
        found = searches.of(language)
        signs = Signs.of(found, posteriors[language], acoustics.frame_s)
        confidence = acoustics.judgement.probability(signs) if found.best else 0.0
        believed = confidence >= acoustics.judgement.least
        speech = acoustics.judgement.heard_speech(signs)
        if (believed or speech) and not self._of_a_voice(
            audio, posteriors[language], signs
        ):
            return nothing(candidates)
        text = found.best.text if found.best and believed else ""
        unclear = UNINTELLIGIBLE if speech else ""
        over = None
        if unclear and not believed and self._ends is not None:
            frames = tail(posteriors[language], audio, acoustics.frame_ms)
            over = self._ends.over(frames)
        return Transcript(
            text=text or unclear,
            whole=self._whole(found, posteriors[language]) if believed else "",
            language=language,
            language_probability=max(share, 1 / len(candidates)),
            confidence=confidence,
            no_speech=0.0 if believed or speech else 1.0,
            over=over,
        )

    def examine(self, pcm: Pcm, language: str) -> tuple[str, Signs]:
        """The best sentence, believed or not, and what speaks for it.

        Args:
            pcm: 16 kHz.
            language: one of `languages`.
        """
        (posteriors,) = self._model.posteriors(pcm.to_floats(), [language])
        found = self._search({language: posteriors}).of(language)
        signs = Signs.of(found, posteriors, self._model.acoustics.frame_s)
        return found.best.text if found.best else "", signs

    def _search(self, posteriors: Mapping[str, Scores]) -> Searches:
        scores = {tag: self._model.scores(own) for tag, own in posteriors.items()}
        return Searches(scores, self._graph)

    def _of_a_voice(self, audio: Audio, posteriors: Scores, signs: Signs) -> bool:
        acoustics = self._model.acoustics
        speech = 1 - np.exp(posteriors[:, SILENCE])
        made = voicing(audio, speech, acoustics.frame_ms)
        return acoustics.judgement.of_a_voice(made, signs)

    def _whole(self, found: Search, posteriors: Scores) -> str:
        """The sentence that was meant if a beginning is all that was said."""
        begun = found.beginning
        if begun is None or found.best is not begun or not found.sentences:
            return ""
        whole = found.sentences[0]
        if begun.score - whole.score > AFTER_ALL:
            return ""
        acoustics = self._model.acoustics
        signs = Signs.of(replace(found, beginning=None), posteriors, acoustics.frame_s)
        sure = acoustics.judgement.probability(signs) >= SURE
        return whole.text if sure else ""


def _likeliest(searches: Searches, candidates: Sequence[str]) -> tuple[str, float]:
    """The best of the languages, and how likely it is among them."""
    scores = np.array([searches.score(tag) for tag in candidates])
    if np.isneginf(scores).all():
        # No sentence in any: whose sounds are clearest is as good a guess as any.
        scores = np.array([searches.of(tag).free for tag in candidates])
    chances = np.exp((scores - scores.max()) * LANGUAGE_SHARPNESS)
    at = int(chances.argmax())
    return candidates[at], float(chances[at] / chances.sum())
