"""Recordings that strangers send: decoded and cut into utterances, in a worker process.

The codecs are native code that reads bytes from outside. If it crashes or hangs, it is
a worker that ends, and not the server; if it opens what a file points to, that is
nothing, because only containers without references are read.
"""

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import av
import numpy as np

from streaming.worker import Run
from voice.audio import HEARING_RATE, Pcm, Samples
from voice.detection import GatePolicy
from voice.errors import Stage, StageError
from voice.events import Millis
from voice.fixtures import Span
from voice.stages import VoiceActivity
from voice.turns import TurnPolicy
from voice.utterances import join_spans, speech_spans

__all__ = ["Clip", "Length", "load_recordings"]

CONTAINERS = (
    "aac,aiff,amr,au,caf,flac,matroska,webm,mov,mp4,m4a,3gp,3g2,mj2,mp3,ogg,w64,wav"
)
"""What is read. Playlists (HLS, concat) are not: they name other files and hosts."""

MARGIN = Millis(300)
"""Kept around an utterance, so that no sound of it is lost."""


@dataclass(frozen=True, slots=True)
class Length:
    """How long a recording is; comes first."""

    ms: Millis


@dataclass(frozen=True, slots=True)
class Clip:
    """An utterance of it, with a margin."""

    pcm: Pcm
    """16 kHz."""
    start: Millis
    """Of the clip, in the recording."""
    speech: tuple[Span, ...]
    """Where in the recording somebody speaks, in order, at least one."""


def load_recordings(
    load_activity: Callable[[], Callable[[], VoiceActivity]],
    gate: GatePolicy,
    turns: TurnPolicy,
) -> Run:
    """The stage of the worker.

    Args:
        load_activity: loads what makes voice activity detectors.
        gate: how sure to be that somebody speaks.
        turns: how long an utterance, and a pause within one, may be.
    """
    open_activity = load_activity()

    def run(data: bytes, max_s: int) -> Iterator[Length | Clip]:
        pcm = decode(data, max_s=max_s)
        yield Length(pcm.duration)
        spans = speech_spans(pcm, open_activity(), gate)
        longest = Millis(turns.max_utterance - 2 * MARGIN)
        for whole in join_spans(spans, turns.open, longest):
            start = Millis(max(0, whole.start - MARGIN))
            yield Clip(
                pcm.slice(start, Millis(whole.end + MARGIN)),
                start,
                _within(spans, whole),
            )

    return run


def decode(data: bytes, *, max_s: int) -> Pcm:
    """A file of any common format as mono at 16 kHz.

    Raises:
        StageError: ``unreadable_audio`` or ``audio_too_long``.
    """
    parts: list[Samples] = []
    room = max_s * HEARING_RATE
    resampler = av.AudioResampler(format="s16", layout="mono", rate=HEARING_RATE)
    try:
        with av.open(
            io.BytesIO(data),
            "r",
            options={"format_whitelist": CONTAINERS, "protocol_whitelist": "none"},
        ) as container:
            for frame in chain(container.decode(audio=0), [None]):
                for piece in resampler.resample(frame):
                    samples = piece.to_ndarray().reshape(-1).astype(np.int16)
                    room -= len(samples)
                    if room < 0:
                        raise StageError(Stage.RECOGNITION, "audio_too_long")
                    parts.append(samples)
    except (av.FFmpegError, IndexError, ValueError) as error:
        raise StageError(Stage.RECOGNITION, "unreadable_audio") from error
    if not parts:
        raise StageError(Stage.RECOGNITION, "unreadable_audio")
    return Pcm(np.concatenate(parts), HEARING_RATE)


def _within(spans: Sequence[Span], whole: Span) -> tuple[Span, ...]:
    """The parts of `spans` that lie in `whole`, which may be a cut one."""
    cut = (Span(max(s.start, whole.start), min(s.end, whole.end)) for s in spans)
    return tuple(span for span in cut if span.start < span.end)
