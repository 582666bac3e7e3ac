"""What the models make of a clip, frame by frame, kept so that a sweep costs seconds.

The production path as far as the words: `streaming.hearing` with Silero and the speech
gate, and at each silence the recogniser's transcript of the utterance so far. Nothing
of it depends on how long the policy waits, so it is done once for each clip and
recogniser and kept in a file. The grammar judges anew each time: it costs little.
"""

import dataclasses
import hashlib
import json
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from benchmarks.paused_speech import PausedClip, judge
from benchmarks.smart_turn import SmartTurn
from streaming.hearing import Hearing
from voice import assembly
from voice.assembly import ModelChoice, load_recognizer, load_voice_activity
from voice.audio import HEARING_RATE, Pcm
from voice.detection import GatePolicy, SpeechGate
from voice.events import Completeness, Millis, SpeechEnded, SpeechStarted
from voice.stages import Recognizer, VoiceActivity

__all__ = ["Frame", "Heard", "Hush", "Listener", "judged"]

STEP = 32
"""Milliseconds of audio that are fed at a time: one frame of Silero."""

SMART_TURN_AFTER = 200
"""Milliseconds of silence after which that model is asked."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame as the gate saw it."""

    probability: float
    level: float
    """Decibels of full scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hush:
    """A silence that the gate reported. Times are milliseconds of the clip."""

    at: int
    """When it began."""
    told: int
    """When the gate was sure of it, and the recogniser was asked."""
    resumed: int | None
    """When the gate was sure that speech went on; None: it never did."""
    text: str
    confidence: float
    over: float | None
    """How likely the recogniser took the turn to be over, if it tells."""
    took: float
    """Milliseconds that the transcript took here; not used for any decision."""
    smart_turn: float | None = None
    """Probability of that model that the turn is over; None: not asked."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A clip as the models heard it."""

    frames: tuple[Frame, ...]
    hushes: tuple[Hush, ...]


class _Noting:
    """Voice activity that notes what it told the gate."""

    def __init__(self, activity: VoiceActivity) -> None:
        self.frames: list[Frame] = []
        self.frame_samples = activity.frame_samples
        self._activity = activity

    def probability(self, frame: Pcm) -> float:
        probability = self._activity.probability(frame)
        self.frames.append(Frame(round(probability, 4), _level(frame)))
        return probability

    def reset(self) -> None:
        self._activity.reset()


class Listener:
    """Hears clips, and remembers what it heard.

    Args:
        cache: folder for what was heard; None: nothing is kept.
        smart_turn: a model to ask as well.
        gate: when speech begins and ends.
    """

    def __init__(
        self,
        cache: Path | None,
        *,
        smart_turn: SmartTurn | None = None,
        gate: GatePolicy | None = None,
    ) -> None:
        self._gate = gate or GatePolicy()
        self._open_activity = load_voice_activity()
        self._recognizers: dict[str, Recognizer] = {}
        """By home: a recogniser may search for what can be said in it."""
        self._smart_turn = smart_turn
        self._prepared = ""
        """Where the recogniser keeps what takes it seconds to prepare."""
        if cache:
            (cache / "prepared").mkdir(parents=True, exist_ok=True)
            self._prepared = str(cache / "prepared")
        self._file = cache / f"heard-{self._fingerprint()}.jsonl" if cache else None
        self._known = dict(_read(self._file)) if self._file else {}

    def hear(self, clip: PausedClip) -> Heard:
        """The clip as the models hear it, from the cache if it was heard before."""
        about = f"{clip.language} {clip.home}"
        digest = hashlib.sha256(clip.pcm.to_bytes() + about.encode())
        key = digest.hexdigest()[:32]
        if key not in self._known:
            self._known[key] = self._listen(clip)
            if self._file is not None:
                self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._file.open("a", encoding="utf-8") as file:
                    file.write(f"{_line(key, self._known[key])}\n")
        return self._known[key]

    def _listen(self, clip: PausedClip) -> Heard:
        activity = _Noting(self._open_activity())
        hearing = Hearing(
            activity, SpeechGate(self._gate), rate=HEARING_RATE, longest=Millis(28_000)
        )
        hushes: list[Hush] = []
        step = STEP * HEARING_RATE // 1000
        whole = len(clip.pcm) // step * step
        for start in range(0, whole, step):
            piece = Pcm(clip.pcm.samples[start : start + step], HEARING_RATE)
            for event in hearing.feed(piece):
                match event:
                    case SpeechStarted(at) if not hushes:
                        hearing.keep(at)
                    case SpeechStarted():
                        hushes[-1] = dataclasses.replace(
                            hushes[-1], resumed=hearing.now
                        )
                    case SpeechEnded(at):
                        utterance = hearing.utterance()
                        hushes.append(self._hush(clip, utterance, at, hearing.now))
                    case None:
                        pass
        return Heard(tuple(activity.frames), tuple(hushes))

    def _hush(self, clip: PausedClip, utterance: Pcm, at: Millis, now: Millis) -> Hush:
        if clip.home not in self._recognizers:
            choice = ModelChoice(home=clip.home, cache=self._prepared)
            self._recognizers[clip.home] = load_recognizer(choice)
        recognizer = self._recognizers[clip.home]
        begun = time.perf_counter()
        transcript = recognizer.transcribe(utterance, [clip.language])
        took = 1000 * (time.perf_counter() - begun)
        over = None
        if self._smart_turn is not None:
            # It hears until 200 ms after the last sound, as its users let it.
            until = at + SMART_TURN_AFTER
            begin = now - utterance.duration
            heard = clip.pcm.slice(Millis(begin), Millis(until))
            over = round(self._smart_turn.probability(heard), 4)
        return Hush(
            at=at,
            told=now,
            resumed=None,
            text=transcript.text,
            confidence=round(transcript.confidence, 4),
            over=None if transcript.over is None else round(transcript.over, 4),
            took=round(took, 1),
            smart_turn=over,
        )

    def _fingerprint(self) -> str:
        """Changes when anything changes that the cached results depend on."""
        digest = hashlib.sha256(repr(self._gate).encode())
        root = Path(assembly.__file__).parent
        sources = [
            root / "audio.py",
            root / "detection.py",
            *sorted((root / "vad").glob("*.py")),
            *sorted((root / "recognizers").glob("*.py")),
            root / "courteous_sentences.py",
            *(
                root / "responders" / name
                for name in ("courtesies.toml", "templates.py", "spoken_sentences.py")
            ),
            *(root / f"{name}_sentences.py" for name in ("courteous", "wake")),
            root / "sentence_preparation.py",
            *sorted((root / "homes").glob("*.toml")),
            root.parent / "streaming" / "hearing.py",
            Path(__file__),
        ]
        for source in sources:
            digest.update(source.read_bytes())
        for file in assembly.starter_manifest().files:
            digest.update(file.sha256.encode())
        digest.update(b"smart turn" if self._smart_turn else b"")
        return digest.hexdigest()[:12]


def judged(clip: PausedClip, hush: Hush) -> Completeness | None:
    """How the grammar judges what was heard; None: nobody spoke."""
    if not hush.text.strip():
        return None
    return judge(hush.text, clip.language, clip.home)


def _level(piece: Pcm) -> float:
    power = float((piece.to_floats() ** 2).mean())
    return round(10 * float(np.log10(power + 1e-10)), 1)


def _line(key: str, heard: Heard) -> str:
    frames = [[frame.probability, frame.level] for frame in heard.frames]
    hushes: Sequence[dict[str, object]] = [asdict(hush) for hush in heard.hushes]
    return json.dumps({"key": key, "frames": frames, "hushes": hushes})


def _read(file: Path) -> Iterator[tuple[str, Heard]]:
    if not file.is_file():
        return
    for line in _whole_lines(file.read_text(encoding="utf-8").splitlines()):
        frames = tuple(Frame(*pair) for pair in line["frames"])
        hushes = tuple(Hush(**hush) for hush in line["hushes"])
        yield line["key"], Heard(frames, hushes)


def _whole_lines(lines: Iterable[str]) -> Iterator[dict[str, list[dict[str, object]]]]:
    """Without the one that an interrupted run left unfinished."""
    for line in lines:
        try:
            yield json.loads(line)
        except ValueError:
            continue
