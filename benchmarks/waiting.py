"""What policies of waiting do to what was heard: false cut-ins against latency.

Scored as LiveKit's eot-bench does. A false cut-in is a commit within a pause, the rate
is by pauses, and pauses under 200 ms do not count. The latency is the wait after the
true end, in the mean. "At 5 %" is the lowest latency of all settings of a policy that
cut in at no more than 5 % of the pauses. Every silence is decided by itself, as if the
ones before had not been cut.

A policy sees what the turn machine sees: times of the speech gate in frames of 32 ms,
the judgement of what the recogniser heard, known some time after it was asked.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TypeAlias

from benchmarks.listening import STEP, Heard, Hush, judged
from benchmarks.paused_speech import PausedClip
from voice.endpointing import NO_HABIT, Habit, Trace, TurnPolicy
from voice.events import NO_EVIDENCE, Completeness, Evidence, Millis

__all__ = [
    "EVERYTHING",
    "SHARES",
    "Outcome",
    "Score",
    "Setting",
    "Silence",
    "Take",
    "best",
    "hull",
    "outcome",
    "plain",
    "policies",
    "score",
    "smart_turn",
    "takes",
    "turn_policy",
]

SHARES = (0.05, 0.10)
"""False cut-ins at which latency is quoted."""

SHORTEST_PAUSE = 200
"""Milliseconds; shorter ones do not count, as in eot-bench."""

SMART_TURN_KNOWN = 290
"""Milliseconds of silence after which that model has answered: it is asked at 200, and
takes 90 on a core like ours."""

PLAIN = tuple(range(200, 1601, 50))
GRID = {
    "complete": (130, 160, 200, 250),
    "extendable": (300, 450, 600, 800, 1000),
    "prefix": (600, 800, 1000, 1200),
    "open": (500, 600, 650, 700, 800, 900, 1000, 1200),
}
EVERYTHING = frozenset({"habit", "hush", "fall", "finality", "over"})
"""What the policy knows beside the words."""
THRESHOLDS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)
TIMEOUTS = (600, 800, 1000, 1200, 1600, 2000, 3000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """A silence, with all that a policy may know of it. Milliseconds."""

    at: int
    """When the gate puts its begin."""
    told: int
    """When the gate was sure."""
    resumed: int | None
    """When the gate was sure that speech went on."""
    judgement: Completeness | None
    """None: there were no words, and the utterance is dropped."""
    evidence: Evidence = NO_EVIDENCE
    habit: Habit = NO_HABIT
    smart_turn: float | None = None


@dataclass(frozen=True, slots=True)
class Take:
    """A clip, and the silences in it as they were heard."""

    clip: PausedClip
    silences: tuple[Silence, ...]


@dataclass(frozen=True, slots=True)
class Score:
    """What a policy does to some takes."""

    false_cut_ins: float
    """Of the pauses, 0 to 1."""
    latency: float
    """Mean wait after the true end, in milliseconds."""
    waits: tuple[int, ...]
    """All of them, sorted."""
    unanswered: int
    """Takes in which nothing was heard at the end."""


Commit: TypeAlias = Callable[[Silence], int | None]
"""When a policy ends the utterance if speech does not go on, in ms of the clip; None:
it drops the utterance."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A policy with its parameters."""

    policy: str
    parameters: str
    commit: Commit


def takes(heard: Iterable[tuple[PausedClip, Heard]]) -> list[Take]:
    """Clips with their silences judged; a person's habit grows from clip to clip."""
    habits: dict[str, Habit] = {}
    made = []
    for clip, ear in heard:
        silences = []
        for hush in ear.hushes:
            habit = habits.get(clip.person, NO_HABIT)
            silences.append(
                Silence(
                    at=hush.at,
                    told=hush.told,
                    resumed=hush.resumed,
                    judgement=judged(clip, hush),
                    evidence=evidence(ear, hush),
                    habit=habit,
                    smart_turn=hush.smart_turn,
                )
            )
            if hush.resumed is not None and hush.resumed < clip.end:
                pause = Millis(hush.resumed - hush.at)
                habits[clip.person] = habit.after(pause)
        made.append(Take(clip, tuple(silences)))
    return made


def evidence(ear: Heard, hush: Hush) -> Evidence:
    """What the sound shows of a silence when the gate tells of it."""
    trace = Trace()
    for frame in ear.frames[: hush.told // STEP]:
        trace.hear(frame.probability, frame.level)
    return replace(trace.evidence(hush.text), over=hush.over)


def plain(milliseconds: int) -> Commit:
    """Silence of a fixed length, whatever was said."""
    return lambda silence: _on_frame(silence.at + milliseconds, silence)


def turn_policy(
    policy: TurnPolicy, deciding: int, *, blind: frozenset[str] = frozenset()
) -> Commit:
    """The waits of the turn machine.

    Args:
        policy: with its waits.
        deciding: milliseconds until transcript and judgement are known.
        blind: ``habit`` and fields of `Evidence` that are kept from it.
    """

    def commit(silence: Silence) -> int | None:
        if silence.judgement is None:
            return None
        if blind:
            silence = _without(silence, blind)
        known = silence.told + deciding
        unjudged = silence.at + policy.wait(None, silence.evidence, silence.habit)
        if known >= unjudged:
            return _on_frame(unjudged, silence)
        wait = policy.wait(silence.judgement, silence.evidence, silence.habit)
        return _on_frame(max(silence.at + wait, known), silence)

    return commit


def _without(silence: Silence, blind: frozenset[str]) -> Silence:
    unknown = dict.fromkeys(blind - {"habit"})
    habit = NO_HABIT if "habit" in blind else silence.habit
    evidence = replace(silence.evidence, **unknown)
    return replace(silence, evidence=evidence, habit=habit)


def smart_turn(threshold: float, timeout: int) -> Commit:
    """A fixed 200 ms and the model of pipecat; it waits for `timeout` if unsure."""

    def commit(silence: Silence) -> int:
        sure = silence.smart_turn is not None and silence.smart_turn >= threshold
        wait = SMART_TURN_KNOWN if sure else max(timeout, SMART_TURN_KNOWN)
        return _on_frame(silence.at + wait, silence)

    return commit


def _on_frame(due: int, silence: Silence) -> int:
    """Decisions fall at the ends of frames, and not before the gate has told."""
    return max(silence.told, -(-due // STEP) * STEP)


def policies(deciding: int, *, smart: bool) -> Iterator[Setting]:
    """Every policy with every parameter that is compared."""
    for milliseconds in PLAIN:
        yield Setting("silence", str(milliseconds), plain(milliseconds))
    if smart:
        for threshold, timeout in product(THRESHOLDS, TIMEOUTS):
            named = f"{threshold}/{timeout}"
            yield Setting("200 + model", named, smart_turn(threshold, timeout))
    for waits in product(*GRID.values()):
        if waits[0] <= waits[1]:
            named, policy = "/".join(map(str, waits)), with_waits(*waits)
            deaf = turn_policy(policy, deciding, blind=EVERYTHING)
            yield Setting("words", named, deaf)
            yield Setting("Parley", named, turn_policy(policy, deciding))


def with_waits(complete: int, extendable: int, prefix: int, open_: int) -> TurnPolicy:
    """The policy as shipped, with other base waits."""
    return replace(
        TurnPolicy(),
        complete=Millis(complete),
        extendable=Millis(extendable),
        prefix=Millis(prefix),
        open=Millis(open_),
    )


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a policy does to one take."""

    pauses: int
    cut: int
    wait: int | None
    """Milliseconds after the true end; None: the end was never decided."""


def outcome(take: Take, commit: Commit) -> Outcome:
    """Every silence is decided by itself; the end by the first commit after it."""
    clip = take.clip
    pauses = sum(pause.end - pause.start >= SHORTEST_PAUSE for pause in clip.pauses)
    ends = []
    for silence in take.silences:
        due = commit(silence)
        if due is not None and (silence.resumed is None or due < silence.resumed):
            ends.append(due)
    early = {_pause_of(clip, end) for end in ends if end < clip.end}
    late = [end - clip.end for end in ends if end >= clip.end]
    return Outcome(pauses, len(early), late[0] if late else None)


def score(outcomes: Iterable[Outcome]) -> Score:
    """False cut-ins and latency of a policy."""
    outcomes = list(outcomes)
    pauses = sum(one.pauses for one in outcomes)
    waits = sorted(one.wait for one in outcomes if one.wait is not None)
    return Score(
        false_cut_ins=sum(one.cut for one in outcomes) / pauses if pauses else 0.0,
        latency=sum(waits) / len(waits) if waits else 0.0,
        waits=tuple(waits),
        unanswered=len(outcomes) - len(waits),
    )


def _pause_of(clip: PausedClip, when: int) -> int:
    """Which pause a cut-in belongs to; -1: none that was put there."""
    begun = [n for n, pause in enumerate(clip.pauses) if pause.start <= when]
    return begun[-1] if begun else -1


def best(
    scored: Sequence[tuple[Setting, Score]], share: float
) -> tuple[Setting, Score] | None:
    """The quickest setting with at most that share of false cut-ins."""
    allowed = [pair for pair in scored if pair[1].false_cut_ins <= share]
    return min(allowed, key=lambda pair: pair[1].latency, default=None)


def hull(scored: Iterable[Score]) -> list[Score]:
    """Those that no other beats in both, by rising false cut-ins."""
    kept: list[Score] = []
    for point in sorted(scored, key=lambda p: (p.false_cut_ins, p.latency)):
        if not kept or point.latency < kept[-1].latency:
            kept.append(point)
    return kept
