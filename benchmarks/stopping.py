"""What stops a reply, and what does not: stop words and signs of listening, replayed.

    python -m benchmarks.stopping [--languages en,de] [--voices 2] [--seed 1]

Every word to stop with and every sign of listening of each language, single stop words
also twice ("para para"), in voices of eSpeak that no training hears. The ear, the
recogniser and the turn machine are those of a session whose reply is playing; time is
audio, so that the speed of the machine decides nothing, and partial transcripts, which
words so short do not live to see, are left out.
"""

import argparse
import os
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.paused_speech import compose
from streaming.benchmark import machine as this_machine
from streaming.commands.progress import Progress
from streaming.commands.tables import table
from streaming.hearing import Hearing
from voice.assembly import (
    ModelChoice,
    heard_languages,
    load_recognizer,
    load_voice_activity,
)
from voice.audio import HEARING_RATE, Pcm
from voice.detection import SpeechGate
from voice.endpointing import TurnPolicy
from voice.events import (
    BeginUtterance,
    Command,
    Completeness,
    DropUtterance,
    Event,
    Millis,
    Prepared,
    ReplyStarted,
    Revision,
    SpeechEnded,
    SpeechStarted,
    StopReply,
    TextSubmitted,
    Transcribe,
    Transcribed,
)
from voice.held_out import VARIANTS
from voice.languages import LANGUAGES
from voice.stages import Recognizer, VoiceActivity
from voice.stop_words import stops_in
from voice.substance import over_reply
from voice.turns import TurnMachine

__all__ = ["Trial", "stops_a_reply", "trials"]

AFTERWARDS = Millis(600)
"""Of the room, until the end of the speech is noticed."""

FRAME = Millis(20)
"""What a microphone delivers at a time."""


@dataclass(frozen=True, slots=True)
class Trial:
    """Something said over a reply."""

    language: str
    said: str
    stop: bool
    """Whether it is there to stop the reply."""
    variant: str
    """Of eSpeak."""

    def audio(self, seed: int) -> Pcm:
        """A room in which it is said."""
        name = f"stopping {seed} {self.language} {self.variant}"
        voice = self.language, self.variant
        clip = compose(name, self.said, "command", voice, ())
        return clip.pcm.slice(Millis(0), Millis(clip.end + AFTERWARDS))


def trials(language: str, voices: int, seed: int) -> Iterator[Trial]:
    """All that is said in a language, each in so many voices."""
    order = random.Random(f"{seed} {language}")
    signs = LANGUAGES[language].backchannels
    for stop, texts in ((True, stops_in(language)), (False, signs)):
        for text in texts:
            for variant in order.sample(VARIANTS, voices):
                yield Trial(language, text, stop, variant)


class _Overlap:
    """A session whose reply is playing, as far as it takes to stop it."""

    def __init__(
        self, language: str, recognizer: Recognizer, activity: VoiceActivity
    ) -> None:
        self.hearing = Hearing(
            activity, SpeechGate(), rate=HEARING_RATE, longest=Millis(28_000)
        )
        self.stopped = False
        self._language = language
        self._recognizer = recognizer
        self._onset = Millis(0)
        self._ended = Millis(0)
        self._machine = TurnMachine(TurnPolicy())
        self._tell(TextSubmitted())
        turn = self._machine.turn
        self._tell(Prepared(turn, Revision(0), Completeness.COMPLETE))
        self._tell(ReplyStarted(turn))

    def hear(self, pcm: Pcm) -> None:
        """Go on for the length of `pcm`."""
        for event in self.hearing.feed(pcm):
            match event:
                case SpeechStarted(at):
                    self._onset = at
                    self._tell(event)
                case SpeechEnded(at):
                    self._ended = at
                    self._tell(event)
                case None:
                    self._obey(self._machine.advance(self.hearing.now))

    def _tell(self, event: Event) -> None:
        self._obey(self._machine.handle(event, self.hearing.now))

    def _obey(self, commands: Sequence[Command]) -> None:
        for command in commands:
            match command:
                case BeginUtterance():
                    self.hearing.keep(self._onset)
                case Transcribe():
                    self._transcribe(command)
                case DropUtterance():
                    self.hearing.let_go()
                case StopReply():
                    self.stopped = True
                case _:
                    pass

    def _transcribe(self, command: Transcribe) -> None:
        heard = self.hearing.utterance()
        transcript = self._recognizer.transcribe(heard, [self._language])
        substance = over_reply(
            transcript.text,
            transcript.language,
            confidence=transcript.confidence,
            speech=Millis(self._ended - self._onset),
        )
        self._tell(Transcribed(command.turn, command.revision, substance))


def stops_a_reply(
    pcm: Pcm, language: str, recognizer: Recognizer, activity: VoiceActivity
) -> bool:
    """Whether a reply is over after this was said over it.

    Args:
        pcm: 16 kHz, with silence after the speech.
        language: that it is in.
        recognizer: that hears the language.
        activity: without memory of other audio.
    """
    session = _Overlap(language, recognizer, activity)
    for start in range(0, pcm.duration, FRAME):
        session.hear(pcm.slice(Millis(start), Millis(start + FRAME)))
        if session.stopped:
            return True
    return False


def measure(languages: Sequence[str], voices: int, seed: int) -> dict[Trial, bool]:
    """By trial, whether it stopped the reply."""
    tried = [t for tag in languages for t in trials(tag, voices, seed)]
    found: dict[Trial, bool] = {}
    open_activity = load_voice_activity()
    cache = os.environ.get("PARLEY_MODELS__CACHE", "")
    recognizer = load_recognizer(ModelChoice(languages=tuple(languages), cache=cache))
    with Progress(len(tried), "talking over") as progress:
        for trial in tried:
            found[trial] = stops_a_reply(
                trial.audio(seed), trial.language, recognizer, open_activity()
            )
            progress.step()
    return found


def summary(found: dict[Trial, bool]) -> str:
    """A table by language, and what went wrong."""
    rows = []
    for name in ("all", *dict.fromkeys(trial.language for trial in found)):
        row = [name]
        for stop in (True, False):
            stopped = [
                found[trial]
                for trial in found
                if trial.stop is stop and name in ("all", trial.language)
            ]
            row.append(f"{sum(stopped)} of {len(stopped)}")
        rows.append(row)
    header = ["language", "stopped by stop words", "stopped by signs of listening"]
    wrong = [
        f"{trial.language} {trial.said!r} in the voice {trial.variant}"
        for trial, stopped in found.items()
        if stopped is not trial.stop
    ]
    return "\n".join([table(header, rows), "wrong:", *(wrong or ["none"])])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    every = heard_languages(ModelChoice())
    parser.add_argument("--languages", default=",".join(every))
    parser.add_argument("--voices", type=int, default=2, help="for each text")
    parser.add_argument("--seed", type=int, default=1, help="of the voices")
    arguments = parser.parse_args()
    languages = arguments.languages.split(",")
    found = measure(languages, arguments.voices, arguments.seed)
    print(summary(found))
    print(this_machine())


if __name__ == "__main__":
    main()
