"""The session's ear: from wire audio to speech that starts and ends.

It resamples, cuts frames, asks the voice activity model and keeps the audio of
the utterance. All of it runs in the gateway: a frame costs less than a hop.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

import numpy as np

from voice.audio import HEARING_RATE, Framer, Pcm, Resampler
from voice.detection import SpeechGate
from voice.echo import WINDOW, EchoGuard
from voice.endpointing import Trace
from voice.events import Evidence, Millis, SpeechEnded, SpeechStarted
from voice.stages import VoiceActivity

__all__ = ["Hearing"]

PRE_ROLL = Millis(250)
"""Audio before the detected onset that the recogniser gets, so that none is cut."""

LOOK_BACK = Millis(1500)
"""What is always kept: the pre-roll, and the time that the gate takes to decide."""


PROBABLE = 0.5
"""Speech probability from which a frame may hold a voice."""

PROBABLE_THERE = 0.7
"""What it is at most where echoes were heard: below what the gate is sure of at once."""

SEAMLESS = Millis(250)
"""Speech that is found again so soon after listening anew never stopped."""


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
        self._clip_end = Millis(0)
        """Up to where an utterance was taken last."""
        self._anew: Millis | None = None
        """When it began to listen anew to somebody who was still speaking."""
        self._echo = EchoGuard()
        self._trace = Trace()

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
            yield self._step(frame)

    def play(self, pcm: Pcm) -> None:
        """This is on its way to the listener's ear, and may come back."""
        self._echo.play(pcm, self.now)

    def fall_silent(self) -> None:
        """What was on its way will not be heard."""
        self._echo.fall_silent(self.now)

    def evidence(self, text: str) -> Evidence:
        """What the pause shows by now, the recogniser's text included."""
        return self._trace.evidence(text)

    def listen_anew(self) -> bool:
        """An utterance ended while the user spoke: what goes on is another one's.

        Returns:
            Whether the user was speaking, and is taken for silent from now on.
        """
        if not self._gate.speaking:
            return False
        self._gate.reset()
        self._anew = self.now
        return True

    def keep(self, since: Millis) -> None:
        """Keep the audio from `since`, and the pre-roll as far as it was silent.

        Of speech that never stopped, all is kept that no utterance has had.
        """
        if self._anew is not None and since < self._anew + SEAMLESS:
            self._keep_from = Millis(max(self._clip_end, self._oldest))
        else:
            self._keep_from = Millis(max(self._silent_from, since - PRE_ROLL))
        self._anew = None

    def let_go(self) -> None:
        """The utterance is over or dropped: its audio is not needed any more."""
        self._keep_from = None
        self._forget()

    def utterance(self) -> Pcm:
        """What was kept since `keep`, up to now."""
        assert self._keep_from is not None, "no utterance is being kept"
        self._clip_end = self.now
        clip = Pcm.joined(list(self._frames), HEARING_RATE)
        return clip.slice(Millis(max(0, self._keep_from - self._oldest)))

    def _step(self, frame: Pcm) -> SpeechStarted | SpeechEnded | None:
        probability = self._activity.probability(frame)
        if self._begins(probability):
            probability = self._of_the_user(probability)
        self._trace.hear(probability, _level(frame))
        event = self._gate.step(probability, self.now)
        match event:
            case SpeechStarted():
                self._trace.begin()
            case SpeechEnded(at):
                self._silent_from = at
                event = replace(event, evidence=self._trace.evidence())
            case None:
                pass
        return event

    def _begins(self, probability: float) -> bool:
        """Whether the frame may begin speech: then it matters whose voice it is."""
        return probability >= PROBABLE and not self._gate.speaking

    def _of_the_user(self, probability: float) -> float:
        """How likely it is the user who speaks, and not our own voice."""
        if self._echo.is_echo(self._recent(), self.now):
            return 0.0
        # Where an echo comes back, one frame in which it was not known tells little.
        return min(probability, PROBABLE_THERE) if self._echo.known else probability

    def _recent(self) -> Pcm:
        """The audio of the last moment, at least `WINDOW` of it if there was so much."""
        count = -(-WINDOW * HEARING_RATE // 1000 // self._activity.frame_samples)
        newest = islice(reversed(self._frames), count)
        return Pcm.joined([*newest][::-1], HEARING_RATE)

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


def _level(frame: Pcm) -> float:
    """Decibels of full scale."""
    samples = frame.to_floats()
    power = float(samples @ samples) / len(samples)
    return 10 * float(np.log10(power + 1e-10))
