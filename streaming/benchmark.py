"""Measures how fast a server answers: many sessions, recorded fixtures, one summary."""

import os
import platform
import random
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from streaming.client import Client, connected
from streaming.records import TurnRecord, speak_clip
from streaming.together import all_together
from voice.audio import read_audio
from voice.errors import ClientError
from voice.events import Millis
from voice.fixtures import Clip
from voice.timings import Percentiles, percentiles

__all__ = ["Run", "machine", "measure"]

SPOKEN = frozenset({"command", "sentence", "pause"})
"""Kinds of recording that stand for a turn; the others are there for other ends."""


@dataclass(slots=True)
class Run:
    """Everything that was observed."""

    sessions: int
    records: list[TurnRecord] = field(default_factory=list)
    barge_ins_ms: list[float] = field(default_factory=list)
    barge_ins_missed: int = 0
    """Interruptions that did not stop the reply before its end."""
    unanswered: int = 0
    """Recordings of speech that led to no turn."""

    def summary(self) -> dict[str, object]:
        """What `parley bench --json` prints; times in milliseconds."""
        records = self.records
        cut_ins = sum(record.cut_in for record in records)
        return {
            "sessions": self.sessions,
            "turns": len(records),
            "unanswered": self.unanswered,
            "false_cut_ins": cut_ins,
            "false_cut_in_rate": round(cut_ins / len(records), 4) if records else None,
            **{
                measure: _spread(getattr(record, measure) for record in records)
                for measure in (
                    "voice_to_voice_ms",
                    "endpointing_ms",
                    "finalization_ms",
                    "first_audio_ms",
                )
            },
            "understood_voice_to_voice_ms": _spread(
                record.voice_to_voice_ms for record in records if record.intent
            ),
            "barge_in_ms": _spread(self.barge_ins_ms),
            "barge_ins_missed": self.barge_ins_missed,
            "speculation_stood": _share(
                record.finalization_ms == 0
                for record in records
                if record.finalization_ms is not None
            ),
            "real_time_factor": {
                "recognition": _factor(records, "recognition_ms"),
                "response": _factor(records, "response_ms"),
                "synthesis": _synthesis_factor(records),
            },
            "machine": machine(),
        }


async def measure(
    url: str,
    clips: Sequence[Clip],
    *,
    sessions: int,
    turns: int,
    seed: int = 0,
    on_turn: Callable[[], None] = lambda: None,
) -> Run:
    """Speak recordings in `sessions` at once, `turns` in each, in real time.

    Args:
        url: of the server.
        clips: to choose from; each session has its own order.
        sessions: how many talk at once, each with pauses of its own.
        turns: recordings in each session.
        seed: of the order and the pauses.
        on_turn: called after each recording.

    Raises:
        ClientError: none of the recordings is in a language that is served.
    """
    run = Run(sessions)
    orders = [
        random.Random(seed * 1000 + number)  # noqa: S311 - no secret
        for number in range(sessions)
    ]
    await all_together(
        _session(url, clips, turns, order, run, on_turn) for order in orders
    )
    return run


async def _session(
    url: str,
    clips: Sequence[Clip],
    turns: int,
    order: random.Random,
    run: Run,
    on_turn: Callable[[], None],
) -> None:
    async with connected(url) as client:
        served = [clip for clip in clips if clip.language in client.greeting.languages]
        spoken = [clip for clip in served if clip.kind in SPOKEN]
        if not spoken:
            raise ClientError(
                "no_recordings",
                "none of the recordings is in a language that the server serves:"
                f" {', '.join(client.greeting.languages)}",
            )
        await client.listen(settle=_pause(order))
        deck: list[Clip] = []
        for _ in range(turns):
            deck = deck or order.sample(spoken, len(spoken))
            clip = deck.pop()
            assert clip.language is not None
            await client.set_languages(clip.language)
            records = await speak_clip(client, clip)
            run.records += records
            run.unanswered += not records
            on_turn()
        questions = {clip.file: clip for clip in served}
        for clip in served:
            if clip.interrupts is not None and clip.interrupts.clip in questions:
                await _interrupt(client, questions[clip.interrupts.clip], clip, run)


async def _interrupt(client: Client, question: Clip, clip: Clip, run: Run) -> None:
    """Ask, and speak over the reply; measure until the reply is silent."""
    assert clip.interrupts is not None
    assert clip.language is not None
    await client.set_languages(clip.language)
    known = set(client.turns)
    await client.speak(read_audio(question.file))
    offset = clip.interrupts.after / 1000

    def is_heard() -> bool:
        return any(
            turn.first_audible is not None and client.now > turn.first_audible + offset
            for id_, turn in client.turns.items()
            if id_ not in known
        )

    await client.wait_in_the_room(is_heard)
    replies = [turn for id_, turn in client.turns.items() if id_ not in known]
    begun, _ = await client.speak(read_audio(clip.file))
    span = clip.utterances[0].span
    assert span is not None
    await client.listen()
    stopped = [
        reply
        for reply in replies
        if reply.done is not None and reply.done.status == "cancelled"
    ]
    for reply in stopped:
        onset = begun + span.start / 1000
        # Silent already, between two words, it took no time at all.
        last = max(reply.last_audible or 0.0, onset)
        run.barge_ins_ms.append(round((last - onset) * 1000, 1))
    run.barge_ins_missed += not stopped


def _pause(order: random.Random) -> Millis:
    return Millis(order.randrange(0, 1000))


def _spread(values: Iterable[float | None]) -> dict[str, float] | None:
    spread = percentiles(value for value in values if value is not None)
    if spread is None:
        return None
    return {
        "p50": spread.p50,
        "p95": spread.p95,
        "p99": spread.p99,
        "count": spread.count,
    }


def _share(flags: Iterable[bool]) -> float | None:
    known = list(flags)
    return round(sum(known) / len(known), 4) if known else None


def _factor(records: Sequence[TurnRecord], measure: str) -> dict[str, float] | None:
    return _rounded(
        percentiles(
            took / record.spoken_ms
            for record in records
            if record.turn.timings
            and (took := getattr(record.turn.timings, measure)) is not None
        )
    )


def _synthesis_factor(records: Sequence[TurnRecord]) -> dict[str, float] | None:
    return _rounded(
        percentiles(
            record.turn.timings.synthesis_total_ms / (record.reply_audio_s * 1000)
            for record in records
            if record.turn.timings
            and record.turn.timings.synthesis_total_ms is not None
            and record.turn.done is not None
            and record.turn.done.status == "completed"
            and record.reply_audio_s
        )
    )


def _rounded(spread: Percentiles | None) -> dict[str, float] | None:
    if spread is None:
        return None
    return {name: round(getattr(spread, name), 4) for name in ("p50", "p95", "p99")}


def machine() -> dict[str, object]:
    """What the numbers were measured on."""
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0))
        if hasattr(os, "sched_getaffinity")
        else os.cpu_count(),
        "load": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }


def _processor() -> str:
    try:
        info = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return platform.processor() or "unknown"
    names = re.findall(r"^model name\s*:\s*(.+)$", info, flags=re.MULTILINE)
    return names[0] if names else platform.processor() or "unknown"
