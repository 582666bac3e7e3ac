"""What a recording led to: spoken by the reference client, measured by its label."""

from dataclasses import dataclass, replace
from pathlib import Path

from streaming.client import Client, Turn, audible_end
from voice.audio import Pcm, read_audio
from voice.errors import ClientError
from voice.events import Millis
from voice.fixtures import Clip, Span, Utterance, read_index
from voice.stages import SlotValue

__all__ = ["TurnRecord", "clips_of", "labelled", "speak_clip"]

INDEX = "index.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnRecord:
    """One turn as the client saw it; the measures are those of `voice.timings`."""

    file: str
    language: str
    transcript: str
    intent: str | None
    slots: dict[str, SlotValue]
    reply: str
    reply_language: str
    reply_audio: Pcm | None
    voice_to_voice_ms: float | None
    endpointing_ms: int | None
    finalization_ms: float | None
    first_audio_ms: float | None
    cut_in: bool
    """The turn was taken from the user before the utterance was over."""
    spoken_ms: int
    """How long the utterance is."""
    turn: Turn

    @property
    def reply_audio_s(self) -> float:
        """How long the reply is."""
        return 0.0 if self.reply_audio is None else self.reply_audio.duration / 1000

    def to_json(self) -> dict[str, object]:
        """The keys that `parley talk --json` promises."""
        intent = None
        if self.intent is not None:
            intent = {"name": self.intent, "slots": self.slots}
        return {
            "file": self.file,
            "language": self.language,
            "transcript": self.transcript,
            "intent": intent,
            "reply": self.reply,
            "reply_language": self.reply_language,
            "reply_audio_s": round(self.reply_audio_s, 3),
            "voice_to_voice_ms": self.voice_to_voice_ms,
            "endpointing_ms": self.endpointing_ms,
            "finalization_ms": self.finalization_ms,
            "first_audio_ms": self.first_audio_ms,
        }


def labelled(file: Path, language: str | None) -> Clip:
    """The recording with its label, if an index beside or above it lists it."""
    for folder in list(file.resolve().parents)[:2]:
        if not (folder / INDEX).is_file():
            continue
        for clip in read_index(folder / INDEX):
            if clip.file.resolve() == file.resolve():
                return replace(clip, file=file)
    return Clip(file=file, language=language, utterances=())


async def speak_clip(client: Client, clip: Clip) -> list[TurnRecord]:
    """Speak a recording in real time and wait for all that is answered.

    Returns:
        One record for each turn that it led to; none if nothing was heard.

    Raises:
        ClientError: the file cannot be read, or the server is gone.
    """
    pcm = read_audio(clip.file)
    utterances = _utterances(clip, pcm)
    known = set(client.turns)
    begun, begun_ms = await client.speak(pcm)
    await client.listen()
    fresh = [turn for id_, turn in sorted(client.turns.items()) if id_ not in known]
    return [
        _record(client, clip, turn, utterances, begun, begun_ms)
        for turn in fresh
        if turn.committed_ms is not None
    ]


def _utterances(clip: Clip, pcm: Pcm) -> list[Utterance]:
    spoken = [utterance for utterance in clip.utterances if utterance.span]
    if spoken:
        return spoken
    whole = Span(Millis(0), audible_end(pcm))
    return [Utterance(transcript=clip.transcript, span=whole)]


def _record(
    client: Client,
    clip: Clip,
    turn: Turn,
    utterances: list[Utterance],
    begun: float,
    begun_ms: int,
) -> TurnRecord:
    assert turn.committed_ms is not None
    committed = turn.committed_ms - begun_ms
    span = _answered(utterances, committed)
    cut_in = committed < span.end
    reply = Pcm.joined(turn.audio, client.output_rate) if turn.audio else None
    intent, timings = turn.intent, turn.timings
    return TurnRecord(
        file=str(clip.file),
        language=turn.language,
        transcript=turn.transcript,
        intent=intent.name if intent else None,
        slots=dict(intent.slots) if intent else {},
        reply=turn.reply,
        reply_language=turn.reply_language,
        reply_audio=reply,
        voice_to_voice_ms=(
            None if cut_in else turn.voice_to_voice_ms(begun + span.end / 1000)
        ),
        endpointing_ms=None if cut_in else committed - span.end,
        finalization_ms=timings.finalization_ms if timings else None,
        first_audio_ms=timings.first_audio_ms if timings else None,
        cut_in=cut_in,
        spoken_ms=span.end - span.start,
        turn=turn,
    )


def _answered(utterances: list[Utterance], committed: int) -> Span:
    """The utterance that a turn committed at this time belongs to."""
    spans = [utterance.span for utterance in utterances if utterance.span]
    begun = [span for span in spans if span.start < committed]
    return begun[-1] if begun else spans[0]


def clips_of(folder: Path) -> list[Clip]:
    """The recordings of a folder with an index.

    Raises:
        ClientError: it has none.
    """
    if not (folder / INDEX).is_file():
        raise ClientError(
            "invalid_index",
            f"{folder / INDEX}: there is no such file; a folder of recordings has an"
            " index with at least the columns language, transcript, file",
        )
    return read_index(folder / INDEX)
