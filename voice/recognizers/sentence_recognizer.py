"""A recogniser of sentences that are known beforehand: those of a grammar and a home.

The acoustic model tells how much each frame speaks for each sound; the search finds
the sentence that fits best, in each candidate language. So the names of a home are
heard because they are in the graph, however rare they are, and what is written is a
sentence that the responder understands, or the beginning of one: who pauses after
"turn on the" has more to say, and the endpointing waits for it.

What was spoken but is no such sentence is `UNINTELLIGIBLE`: it is honest about speech
that was heard, and no grammar takes it for a wish. What nobody spoke is empty.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from voice.audio import Pcm
from voice.errors import Stage, StageError
from voice.recognizers.acoustics import AcousticModel, Signs
from voice.recognizers.bounds import check, holds_nothing, nothing
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.searching import Found, Scores, Search, search
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

_WORST = -3.0
"""Score of a frame, against the free path, where no sentence was found at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Heard:
    """The best sentence in one language."""

    language: str
    text: str
    score: float
    confidence: float
    speech: bool
    """Whether somebody spoke, whatever it was."""
    whole: str = ""
    """See `Transcript.whole`."""


class SentenceRecognizer:
    """Speech to text by search; one caller at a time.

    Args:
        model: of the sounds.
        graphs: by canonical tag, everything that may be said in that language.
    """

    windows_s = (2.0,)
    """Nothing need be warmed up for each length."""

    def __init__(
        self, model: AcousticModel, graphs: Mapping[str, Sequence[PhoneGraph]]
    ) -> None:
        self._model = model
        self._graphs = graphs
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
        posteriors = self._model.posteriors(pcm.to_floats(), candidates)
        heard = [
            self._best(tag, own)
            for tag, own in zip(candidates, posteriors, strict=True)
        ]
        best, share = _likeliest(heard)
        believed = best.confidence >= self._model.acoustics.judgement.least
        unclear = UNINTELLIGIBLE if best.speech else ""
        return Transcript(
            text=best.text if believed else unclear,
            whole=best.whole if believed else "",
            language=best.language,
            language_probability=max(share, 1 / len(candidates)),
            confidence=best.confidence,
            no_speech=0.0 if believed or best.speech else 1.0,
        )

    def examine(self, pcm: Pcm, language: str) -> tuple[str, Signs]:
        """The best sentence, believed or not, and what speaks for it.

        Args:
            pcm: 16 kHz.
            language: one of `languages`.
        """
        (posteriors,) = self._model.posteriors(pcm.to_floats(), [language])
        found, signs = self._search(language, posteriors)
        return found.best.text if found.best else "", signs

    def _search(self, language: str, posteriors: Scores) -> tuple[Search, Signs]:
        """What all graphs of a language have."""
        acoustics = self._model.acoustics
        scores = self._model.scores(posteriors)
        found = _together(
            [
                search(scores, graph, weights=acoustics.weights)
                for graph in self._graphs[language]
            ]
        )
        return found, Signs.of(found, posteriors, acoustics.frame_s)

    def _best(self, language: str, posteriors: Scores) -> _Heard:
        acoustics = self._model.acoustics
        found, signs = self._search(language, posteriors)
        speech = acoustics.judgement.heard_speech(signs)
        best = found.best
        if best is None:
            return _Heard(
                language=language,
                text=UNINTELLIGIBLE,
                score=float(found.free) + _WORST * len(posteriors),
                confidence=0.0,
                speech=speech,
            )
        return _Heard(
            language=language,
            text=best.text,
            score=best.score,
            confidence=acoustics.judgement.probability(signs),
            speech=speech,
            whole=self._whole(found, posteriors),
        )

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


def _together(searches: Sequence[Search]) -> Search:
    """What was found in several graphs, as if they had been one."""
    sentences = [found for one in searches for found in one.sentences]
    sentences.sort(key=lambda found: -found.score)
    texts: dict[str, Found] = {}
    for found in sentences:
        texts.setdefault(found.text, found)
    beginnings = [one.beginning for one in searches if one.beginning]
    return replace(
        searches[0],
        sentences=tuple(texts.values()),
        beginning=max(beginnings, key=lambda found: found.score, default=None),
    )


def _likeliest(heard: Sequence[_Heard]) -> tuple[_Heard, float]:
    """The best of the languages, and how likely it is among them."""
    totals = np.array([one.score for one in heard]) * LANGUAGE_SHARPNESS
    chances = np.exp(totals - totals.max())
    at = int(chances.argmax())
    return heard[at], float(chances[at] / chances.sum())
