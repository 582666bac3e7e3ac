"""Finds the utterances of a whole recording, as a conversation would."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from voice.audio import HEARING_RATE, Framer, Pcm
from voice.detection import GatePolicy, SpeechGate
from voice.events import Millis, SpeechStarted
from voice.fixtures import Span
from voice.stages import Recognizer, Transcript, VoiceActivity
from voice.turns import TurnPolicy

__all__ = ["Listener", "join_spans", "speech_spans"]

MARGIN = Millis(300)
"""Kept around an utterance that is cut out, so that no sound of it is lost."""

LEAST_LONGEST = Millis(2000)
"""Cut into smaller pieces, a recording makes no sense."""


def speech_spans(pcm: Pcm, activity: VoiceActivity, policy: GatePolicy) -> list[Span]:
    """Where somebody speaks.

    Args:
        pcm: 16 kHz, of any length.
        activity: without memory of other audio.
        policy: how sure to be.
    """
    gate = SpeechGate(policy)
    framer = Framer(activity.frame_samples, pcm.rate)
    # What the last frame lacks is silence; so is the end that closes open speech.
    padding = Pcm.silence(Millis(policy.min_silence + 500), pcm.rate)
    spans: list[Span] = []
    began = Millis(0)
    heard = 0
    for part in (pcm, padding):
        for frame in framer.feed(part):
            heard += len(frame)
            now = Millis(heard * 1000 // pcm.rate)
            change = gate.step(activity.probability(frame), now)
            if change is None:
                continue
            if isinstance(change, SpeechStarted):
                began = change.at
            else:
                spans.append(Span(began, min(change.at, pcm.duration)))
    if gate.speaking:
        spans.append(Span(began, pcm.duration))
    return spans


def join_spans(spans: Iterable[Span], pause: Millis, longest: Millis) -> list[Span]:
    """Utterances: stretches of speech less than `pause` apart, none over `longest`."""
    joined: list[Span] = []
    for span in spans:
        last = joined[-1] if joined else None
        if (
            last is not None
            and span.start - last.end < pause
            and span.end - last.start <= longest
        ):
            joined[-1] = Span(last.start, span.end)
        else:
            joined += _cut(span, longest)
    return joined


def _cut(span: Span, longest: Millis) -> list[Span]:
    starts = range(span.start, span.end, longest)
    return [
        Span(Millis(start), Millis(min(start + longest, span.end))) for start in starts
    ]


class Listener:
    """Puts whole recordings into words, utterance by utterance.

    Args:
        recognizer: hears one utterance.
        open_activity: makes a voice activity detector without memory.
        gate: how sure to be that somebody speaks.
        turns: how long an utterance, and a pause within one, may be.
    """

    def __init__(
        self,
        recognizer: Recognizer,
        open_activity: Callable[[], VoiceActivity],
        *,
        gate: GatePolicy,
        turns: TurnPolicy,
    ) -> None:
        self._recognizer = recognizer
        self._open = open_activity
        self._gate = gate
        self._turns = turns

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """What is said in a recording of any rate and length.

        The language is that of the longest utterance, the confidence that of the
        least certain one.

        Raises:
            StageError: an utterance cannot be transcribed.
        """
        parts = self._utterances(pcm.resampled(HEARING_RATE))
        heard = [
            (part, self._recognizer.transcribe(part, candidates)) for part in parts
        ]
        written = [(part, transcript) for part, transcript in heard if transcript.text]
        if not written:
            return Transcript(
                text="",
                language=candidates[0],
                language_probability=1 / len(candidates),
                confidence=0.0,
                no_speech=1.0,
            )
        _, longest = max(written, key=lambda pair: len(pair[0]))
        return replace(
            longest,
            text=" ".join(transcript.meant for _, transcript in written),
            whole="",
            over=None,
            confidence=min(transcript.confidence for _, transcript in written),
            no_speech=min(transcript.no_speech for _, transcript in written),
        )

    def _utterances(self, heard: Pcm) -> list[Pcm]:
        """What the recogniser is to hear: a short recording whole, none of silence."""
        spans = speech_spans(heard, self._open(), self._gate)
        if not spans:
            return []
        longest = max(LEAST_LONGEST, self._turns.max_utterance)
        if heard.duration <= longest:
            return [heard]
        joined = join_spans(spans, self._turns.open, Millis(longest - 2 * MARGIN))
        return [
            heard.slice(Millis(max(0, span.start - MARGIN)), Millis(span.end + MARGIN))
            for span in joined
        ]
