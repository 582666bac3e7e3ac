"""The session's ear: from wire audio to speech that starts and ends.

It resamples, cuts frames, asks the voice activity model and keeps the audio of
the utterance. All of it runs in the gateway: a frame costs less than a hop.
"""

from collections import deque
from collections.abc import Iterator

from voice.audio import HEARING_RATE, Framer, Pcm, Resampler
from voice.detection import SpeechGate
from voice.events import Millis, SpeechEnded, SpeechStarted
from voice.stages import VoiceActivity

__all__ = ["Hearing"]

PRE_ROLL = Millis(250)
"""Audio before the detected onset that the recogniser gets, so that none is cut."""

LOOK_BACK = Millis(1500)
"""What is always kept: the pre-roll, and the time that the gate takes to decide."""


class Hearing:
    """Listens to one session.

    Args:
        activity: of this session alone.
        gate: likewise.
        rate: Hertz of the audio fed.
        longest: what is kept of one utterance at most.
    """

    def __init__(
        self, activity: VoiceActivity, gate: SpeechGate, *, rate: int, longest: Millis
    ) -> None:
        self._activity = activity
        self._gate = gate
        self._longest = longest
        self._resampler = Resampler(rate, HEARING_RATE)
        self._framer = Framer(activity.frame_samples, HEARING_RATE)
        self._frames: deque[Pcm] = deque()
        self._samples = 0
        self._keep_from: Millis | None = None
        self._silent_from = Millis(0)
        """When the newest speech ended: what was before it is another utterance's."""

    @property
    def rate(self) -> int:
        """Hertz of the audio fed."""
        return self._resampler.source

    @rate.setter
    def rate(self, rate: int) -> None:
        self._resampler = Resampler(rate, HEARING_RATE)

    @property
    def now(self) -> Millis:
        """Audio heard so far: the time of the session."""
        return Millis(self._samples * 1000 // HEARING_RATE)

    def feed(self, pcm: Pcm) -> Iterator[SpeechStarted | SpeechEnded | None]:
        """Hear a piece of audio of any length.

        Yields:
            After each frame what it decided; `now` has advanced by one frame.
        """
        for frame in self._framer.feed(self._resampler.feed(pcm)):
            self._frames.append(frame)
            self._samples += len(frame)
            self._forget()
            event = self._gate.step(self._activity.probability(frame), self.now)
            if isinstance(event, SpeechEnded):
                self._silent_from = event.at
            yield event

    def keep(self, since: Millis) -> None:
        """Keep the audio from `since`, and the pre-roll as far as it was silent."""
        self._keep_from = Millis(max(self._silent_from, since - PRE_ROLL))

    def let_go(self) -> None:
        """The utterance is over or dropped: its audio is not needed any more."""
        self._keep_from = None
        self._forget()

    def utterance(self) -> Pcm:
        """What was kept since `keep`, up to now."""
        assert self._keep_from is not None, "no utterance is being kept"
        clip = Pcm.joined(list(self._frames), HEARING_RATE)
        return clip.slice(Millis(max(0, self._keep_from - self._oldest)))

    @property
    def _oldest(self) -> Millis:
        kept = sum(len(frame) for frame in self._frames)
        return Millis((self._samples - kept) * 1000 // HEARING_RATE)

    def _forget(self) -> None:
        frame = Millis(self._activity.frame_samples * 1000 // HEARING_RATE)
        back = LOOK_BACK
        if self._keep_from is not None:
            back = Millis(min(max(back, self.now - self._keep_from), self._longest))
        while len(self._frames) * frame > back + frame:
            self._frames.popleft()
