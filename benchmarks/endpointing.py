"""False cut-ins against the wait, heard: the policy beside silence and beside a model.

    python -m benchmarks.endpointing [--languages en,de] [--commands 40] [--plot FILE]

Commands and open speech with pauses of 150 to 1200 ms at drawn places, by eSpeak NG in
held-out voices and by people (a folder of recordings, PARLEY_SPEECH), go through Silero,
the speech gate, the recogniser at each silence, and the grammar. What was heard is kept
in a folder, so that a second run takes seconds. Then every policy with every parameter
decides every silence:

    silence       a fixed wait
    200 + model   200 ms, then Smart Turn of pipecat decides, or a timeout
                  (only after `make peers`, which fetches its weights)
    words         the waits of Parley, by the grammar's judgement alone
    Parley        the same with evidence of the sound and the person's habit

`benchmarks.judgements` measures the grammar's judgement alone, on text, in more
languages. `benchmarks/waiting.py` says how it is scored.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.listening import Heard, Listener
from benchmarks.paused_speech import (
    LANGUAGES,
    PausedClip,
    all_clips,
    recordings_folder,
)
from benchmarks.smart_turn import SmartTurn
from benchmarks.waiting import (
    EVERYTHING,
    SHARES,
    Outcome,
    Score,
    Setting,
    Take,
    best,
    hull,
    outcome,
    plain,
    policies,
    score,
    takes,
    turn_policy,
)
from streaming.benchmark import machine
from streaming.commands.progress import Progress
from streaming.commands.tables import percent, table
from voice.endpointing import TurnPolicy
from voice.events import Completeness
from voice.timings import percentiles

NAMES = ("silence", "200 + model", "words", "Parley")

DECIDING = 60
"""Milliseconds from the gate's report to the judgement, if not measured otherwise."""

CACHE = Path("reports/heard")


@dataclass(frozen=True, slots=True)
class Group:
    """Some of the takes, by their numbers."""

    name: str
    numbers: tuple[int, ...]

    def score(self, outcomes: Sequence[Outcome]) -> Score:
        """Of these takes alone."""
        return score(outcomes[number] for number in self.numbers)


Outcomes = Mapping[Setting, Sequence[Outcome]]


def groups(all_takes: Sequence[Take]) -> Iterator[Group]:
    """Whose pauses were drawn: by voices and kind, in all languages and in each."""

    def of(speech: str, kind: str, language: str) -> tuple[int, ...]:
        return tuple(
            number
            for number, take in enumerate(all_takes)
            if take.clip.drawn
            and (take.clip.speech, take.clip.kind) == (speech, kind)
            and language in ("all", take.clip.language)
        )

    languages = dict.fromkeys(take.clip.language for take in all_takes)
    for speech in ("espeak", "people"):
        for kind in ("command", "open"):
            for language in ("all", *languages):
                if numbers := of(speech, kind, language):
                    yield Group(f"{speech} {kind} {language}", numbers)


def hear(
    clips: Sequence[PausedClip], listener: Listener
) -> list[tuple[PausedClip, Heard]]:
    with Progress(len(clips), "hearing") as progress:
        heard = []
        for clip in clips:
            heard.append((clip, listener.hear(clip)))
            progress.step()
    return heard


def print_stages(heard: Sequence[tuple[PausedClip, Heard]]) -> None:
    told = percentiles(hush.told - hush.at for _, ear in heard for hush in ear.hushes)
    took = percentiles(hush.took for _, ear in heard for hush in ear.hushes)
    late = percentiles(
        ear.hushes[-1].at - clip.end for clip, ear in heard if ear.hushes
    )
    assert told is not None
    assert took is not None
    assert late is not None
    print(
        f"{told.count} silences; the gate puts the end {late.p50:+.0f} ms (p50,"
        f" {late.p95:+.0f} p95) from the true one, and is sure {told.p50:.0f} ms later;"
        f" the transcript then took {took.p50:.0f} ms (p95 {took.p95:.0f}) here"
    )


def print_shipped(all_takes: Sequence[Take], deciding: int) -> None:
    """The policy as it is, and with each kind of evidence kept from it."""
    tried = [("silence 500", plain(500)), ("silence 800", plain(800))]
    policy = TurnPolicy()
    tried += [
        ("words alone", turn_policy(policy, deciding, blind=EVERYTHING)),
        *(
            (
                f"as shipped, without {one}",
                turn_policy(policy, deciding, blind=frozenset({one})),
            )
            for one in sorted(EVERYTHING)
        ),
        ("as shipped", turn_policy(policy, deciding)),
    ]
    rows = []
    for name, commit in tried:
        outcomes = [outcome(take, commit) for take in all_takes]
        wholes = (g for g in groups(all_takes) if g.name.endswith("all"))
        rows.append([name, *(_as_text(group.score(outcomes)) for group in wholes)])
    header = [
        g.name.removesuffix(" all") for g in groups(all_takes) if g.name.endswith("all")
    ]
    print("\nfalse cut-ins, then the wait after the true end: mean, p50/p95 in ms")
    print(table(["policy", *header], rows))


def _as_text(result: Score) -> str:
    spread = percentiles(result.waits)
    if spread is None:
        return "-"
    return (
        f"{percent(result.false_cut_ins)}, {result.latency:.0f},"
        f" {spread.p50:.0f}/{spread.p95:.0f}"
    )


def print_best(
    all_takes: Sequence[Take], outcomes: Outcomes
) -> list[dict[str, object]]:
    """The latency that each policy comes down to at a share of false cut-ins."""
    found: list[dict[str, object]] = []
    rows = []
    for group in groups(all_takes):
        pauses = sum(outcomes_of.pauses for outcomes_of in _of(group, outcomes))
        row = [group.name, str(len(group.numbers)), str(pauses)]
        for share in SHARES:
            for name in NAMES:
                scored = [
                    (setting, group.score(each))
                    for setting, each in outcomes.items()
                    if setting.policy == name
                ]
                hit = best(scored, share)
                row.append("-" if hit is None else f"{hit[1].latency:.0f}")
                if hit is not None:
                    found.append(
                        {
                            "group": group.name,
                            "policy": name,
                            "share": share,
                            "setting": hit[0].parameters,
                            "false_cut_ins": round(hit[1].false_cut_ins, 4),
                            "latency_ms": round(hit[1].latency, 1),
                        }
                    )
        rows.append(row)
    header = [f"{name} @{percent(share)}" for share in SHARES for name in NAMES]
    print("\nlowest mean wait in ms at a share of false cut-ins (-: not reached)")
    print(table(["speech", "n", "pauses", *header], rows))
    return found


def _of(group: Group, outcomes: Outcomes) -> list[Outcome]:
    each = next(iter(outcomes.values()))
    return [each[number] for number in group.numbers]


def print_compromise(all_takes: Sequence[Take], outcomes: Outcomes) -> None:
    """One setting for all: quickest on commands with both kinds of speech in bounds."""
    wholes = [g for g in groups(all_takes) if g.name.endswith("all")]
    print("\none setting for every kind of speech: complete/extendable/prefix/open")
    rows = []
    for share in (0.05, 0.08, 0.10, 0.15, 0.20):
        allowed = []
        for setting, each in outcomes.items():
            if setting.policy == "Parley":
                scores = [group.score(each) for group in wholes]
                if all(result.false_cut_ins <= share for result in scores):
                    allowed.append((sum(r.latency for r in scores), setting, scores))
        if allowed:
            _, setting, scores = min(allowed, key=lambda one: one[0])
            rows.append(
                [percent(share), setting.parameters, *(_as_text(r) for r in scores)]
            )
    header = [group.name.removesuffix(" all") for group in wholes]
    print(table(["at most", "waits", *header], rows))


def print_judgements(all_takes: Sequence[Take], deciding: int) -> None:
    """How words are judged and heard, and how often each kind of pause is cut."""
    commit = turn_policy(TurnPolicy(), deciding)
    heard: dict[Completeness, Counter[str]] = {c: Counter() for c in Completeness}
    ends: dict[Completeness, Counter[str]] = {c: Counter() for c in Completeness}
    cut: Counter[Completeness] = Counter()
    seen: Counter[Completeness] = Counter()
    for take in all_takes:
        if take.clip.speech != "espeak":
            continue
        for pause in take.clip.pauses:
            assert pause.before is not None
            within = [s for s in take.silences if pause.start - 100 <= s.at < pause.end]
            seen[pause.before] += 1
            told = within[-1].judgement if within else None
            heard[pause.before][told.value if told else "nothing"] += 1
            dues = ((s, commit(s)) for s in within)
            cut[pause.before] += any(
                due is not None and due < (s.resumed or take.clip.end)
                for s, due in dues
            )
        last = take.silences[-1].judgement if take.silences else None
        ends[take.clip.whole][last.value if last else "nothing"] += 1
    columns = [*(c.value for c in Completeness), "nothing"]
    rows = []
    for kind in Completeness:
        for place, counts in (("end", ends[kind]), ("pause", heard[kind])):
            total = counts.total()
            shares = [percent(counts[c] / total) if total else "-" for c in columns]
            cuts = percent(cut[kind] / seen[kind]) if seen[kind] else "-"
            rows.append(
                [
                    kind.value,
                    place,
                    str(total),
                    *shares,
                    cuts if place == "pause" else "",
                ]
            )
    print("\neSpeak: truly (rows), as heard (columns); cut in by the shipped policy")
    print("pauses put where a request is whole already are counted here as well")
    print(table(["truly", "at", "n", *columns, "cut in"], rows))


def plot(
    all_takes: Sequence[Take], outcomes: Outcomes, deciding: int, path: Path
) -> None:
    """The lower hull of what each policy can do: latency against false cut-ins."""
    from matplotlib.figure import Figure

    wholes = [group for group in groups(all_takes) if group.name.endswith("all")]
    figure = Figure(figsize=(5 * len(wholes), 4.2))
    axes = figure.subplots(1, len(wholes), sharey=True, squeeze=False)[0]
    shipped = turn_policy(TurnPolicy(), deciding)
    at = [outcome(take, shipped) for take in all_takes]
    colors = dict(zip(NAMES, ("#888888", "#cc6677", "#88ccee", "#117733"), strict=True))
    for axis, group in zip(axes, wholes, strict=True):
        for name in NAMES:
            points = hull(
                group.score(each)
                for setting, each in outcomes.items()
                if setting.policy == name
            )
            if points:
                axis.plot(
                    [100 * point.false_cut_ins for point in points],
                    [point.latency for point in points],
                    label=name,
                    color=colors[name],
                    marker=".",
                    drawstyle="steps-post",
                )
        here = group.score(at)
        axis.plot(
            100 * here.false_cut_ins, here.latency, "k*", ms=10, label="as shipped"
        )
        axis.axvline(5, color="#bbbbbb", linewidth=0.8, linestyle=":")
        axis.set(xlabel="false cut-ins, % of pauses", xlim=(-1, 50))
        axis.set_title(group.name.removesuffix(" all"))
        axis.grid(alpha=0.25)
    axes[0].set_ylabel("mean wait after the true end, ms")
    axes[0].set_ylim(bottom=0)
    axes[-1].legend(fontsize=8)
    figure.tight_layout()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", default=",".join(LANGUAGES))
    parser.add_argument("--commands", type=int, default=40, help="in each language")
    parser.add_argument("--deciding", type=int, default=DECIDING, help="milliseconds")
    parser.add_argument("--cache", type=Path, default=CACHE, help="what was heard")
    parser.add_argument("--smart-turn", type=Path, default=SmartTurn.find())
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--plot", type=Path, help="draw the curves there (matplotlib)")
    arguments = parser.parse_args()
    model = SmartTurn(arguments.smart_turn) if arguments.smart_turn else None
    listener = Listener(arguments.cache, smart_turn=model)
    folder = recordings_folder()
    clips = list(all_clips(arguments.languages.split(","), arguments.commands, folder))
    heard = hear(clips, listener)
    all_takes = takes(heard)
    print(f"machine: {machine()}")
    print(f"{len(clips)} clips, judged {arguments.deciding} ms after the gate's report")
    if folder is None:
        print("no recordings of people: set PARLEY_SPEECH")
    if model is None:
        print("no Smart Turn: run `make peers`, or give --smart-turn FILE")
    print_stages(heard)
    print_judgements(all_takes, arguments.deciding)
    print_shipped(all_takes, arguments.deciding)
    outcomes = {
        setting: [outcome(take, setting.commit) for take in all_takes]
        for setting in policies(arguments.deciding, smart=model is not None)
    }
    rows = print_best(all_takes, outcomes)
    print_compromise(all_takes, outcomes)
    if arguments.json:
        document = {"machine": machine(), "deciding": arguments.deciding, "rows": rows}
        text = json.dumps(document, indent=1, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if arguments.plot:
        plot(all_takes, outcomes, arguments.deciding, arguments.plot)


if __name__ == "__main__":
    main()
