"""False cut-ins against the wait: the grammar-aware policy beside plain silence.

    python -m benchmarks.judgements [--languages en,de] [--json FILE] [--plot FILE]

On text, with time simulated: commands are sampled from the grammar and the demo home,
open speech is read from open_speech.toml. Pauses of 150 to 1200 ms are put between
their words by a seeded random generator. At every pause the responder judges the
words so far, as it does in a conversation, and the policy decides.

**Transcripts are taken for perfect**, and the judgement is known a fixed time after
the last sound (--judged-after). A recogniser that hears an unfinished sentence wrong
makes the policy wait as in open speech, or cut in; this measure does not show it.

Scored as LiveKit's eot-bench does: a false cut-in is a commit within a pause, the
rate is by pauses; the latency is the wait after the true end, in the mean. "At 5 %"
is the lowest latency of all settings that cut in at no more than 5 % of the pauses.
"""

import argparse
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice, product
from pathlib import Path
from typing import TypeAlias

from benchmarks.sentences import Sampler, open_speech
from streaming.benchmark import machine
from streaming.commands.tables import percent, table
from voice.endpointing import TurnPolicy
from voice.events import Completeness, Millis
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.responders.parsing import Grammar
from voice.responders.sentences import load_sentences
from voice.timings import percentiles

SHORTEST_PAUSE, LONGEST_PAUSE = 150, 1200
TWO_PAUSES = 0.3
"""Of the utterances have two pauses, the others one."""
NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
SHARES = (0.05, 0.10)
"""False cut-ins at which latency is quoted."""

FIXED = tuple(range(300, 1201, 50))
GRID = {
    "complete": (150, 200, 250, 300),
    "extendable": (300, 450, 600, 800, 1000, 1200),
    "prefix": (700, 900, 1100, 1200),
    "open": (500, 600, 700, 800, 900, 1000, 1100, 1200),
}

Wait: TypeAlias = Callable[[Completeness], int]
"""How long a policy waits after words of this completeness, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Utterance:
    """What somebody says, with pauses."""

    language: str
    kind: str
    """``command`` or ``open``."""
    text: str
    completeness: Completeness
    """Of the whole."""
    pauses: tuple[tuple[Completeness, int], ...]
    """Of the words before each pause; its length in milliseconds."""


@dataclass(frozen=True, slots=True)
class Score:
    """What a policy does to some utterances."""

    false_cut_ins: float
    """Of the pauses, 0 to 1."""
    latency: float
    """Mean wait after the true end, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Setting:
    """A policy with its parameters."""

    policy: str
    parameters: str
    wait: Wait


def utterances(language: str, count: int, seed: int) -> Iterator[Utterance]:
    """Commands and open speech of a language, judged at every pause."""
    home = demo_home()
    responder = GrammarResponder.load(home, [language])
    rng = random.Random(f"{seed} {language}")
    state = home.initial_state()

    def judged(text: str) -> Completeness:
        return responder.plan(text, language, home=state, now=NOW).completeness

    def sensible(text: str) -> bool:
        plan = responder.plan(text, language, home=state, now=NOW)
        name = plan.intent.name if plan.intent else ""
        asks = name.startswith(("HassGet", "HassClimateGet"))
        return bool(plan.effects or asks) and len(text.split()) > 1

    sampler = Sampler(language, home, rng)
    drawn = dict.fromkeys(islice(sampler.sentences(), 20 * count))
    commands = islice(filter(sensible, drawn), count)
    spoken = [("command", text) for text in commands]
    spoken += [("open", text) for text in open_speech().get(language, ())]
    for kind, text in spoken:
        pauses = _pauses(text, judged, rng)
        yield Utterance(language, kind, text, judged(text), pauses)


def _pauses(
    text: str, judged: Callable[[str], Completeness], rng: random.Random
) -> tuple[tuple[Completeness, int], ...]:
    words = text.split()
    most = min(2 if rng.random() < TWO_PAUSES else 1, len(words) - 1)
    return tuple(
        (judged(" ".join(words[:at])), rng.randint(SHORTEST_PAUSE, LONGEST_PAUSE))
        for at in sorted(rng.sample(range(1, len(words)), most))
    )


def score(said: Iterable[Utterance], wait: Wait) -> Score:
    said = list(said)
    pauses = [pause for utterance in said for pause in utterance.pauses]
    cut = sum(length >= wait(completeness) for completeness, length in pauses)
    waits = [wait(utterance.completeness) for utterance in said]
    return Score(cut / len(pauses), sum(waits) / len(waits))


def fixed(milliseconds: int) -> Wait:
    """Plain silence, whatever was said."""
    return lambda _: milliseconds


def graded(policy: TurnPolicy, judged_after: int) -> Wait:
    """Until there is a judgement, the wait for open speech counts."""

    def wait(completeness: Completeness) -> int:
        return min(
            max(policy.wait(completeness), judged_after),
            max(policy.open, policy.wait(completeness)),
        )

    return wait


def _policy(complete: int, extendable: int, prefix: int, open_: int) -> TurnPolicy:
    return TurnPolicy(
        complete=Millis(complete),
        extendable=Millis(extendable),
        prefix=Millis(prefix),
        open=Millis(open_),
    )


def settings(judged_after: int) -> Iterator[Setting]:
    """Every policy with every parameter that is compared."""
    for milliseconds in FIXED:
        yield Setting("silence", str(milliseconds), fixed(milliseconds))
    for understood, other in product(GRID["extendable"], FIXED):
        if understood <= other:
            policy = _policy(understood, understood, other, other)
            yield Setting(
                "understood", f"{understood}/{other}", graded(policy, judged_after)
            )
    for waits in product(*GRID.values()):
        if waits[0] <= waits[1]:
            named = "/".join(map(str, waits))
            yield Setting("grammar", named, graded(_policy(*waits), judged_after))


def best(
    said: Sequence[Utterance], tried: Iterable[Setting], share: float
) -> tuple[Setting, Score] | None:
    """The quickest setting with at most that share of false cut-ins."""
    scored = ((setting, score(said, setting.wait)) for setting in tried)
    allowed = [(s, result) for s, result in scored if result.false_cut_ins <= share]
    return min(allowed, key=lambda pair: pair[1].latency, default=None)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--languages", default="en,de,fr,es,it,nl,pl")
    parser.add_argument("--commands", type=int, default=60, help="in each language")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--judged-after", type=int, default=200, help="milliseconds")
    parser.add_argument("--json", type=Path, help="write the rows there")
    parser.add_argument("--plot", type=Path, help="draw the curves there (matplotlib)")
    arguments = parser.parse_args()
    said = [
        utterance
        for language in arguments.languages.split(",")
        for utterance in utterances(language, arguments.commands, arguments.seed)
    ]
    tried = list(settings(arguments.judged_after))
    print(f"machine: {machine()}")
    print(f"perfect transcripts, judged after {arguments.judged_after} ms; ", end="")
    print(f"{len(said)} utterances, {sum(len(u.pauses) for u in said)} pauses\n")
    print_costs(said)
    print_judgements(said)
    print_fixed(said, arguments.judged_after)
    rows = print_best(said, tried)
    if arguments.json:
        document = {"machine": machine(), "judged_after": arguments.judged_after}
        text = json.dumps({**document, "rows": rows}, indent=1, ensure_ascii=False)
        arguments.json.write_text(text + "\n", encoding="utf-8")
    if arguments.plot:
        plot(said, tried, arguments.plot)


def groups(said: Sequence[Utterance]) -> Iterator[tuple[str, str, list[Utterance]]]:
    """By language and kind, and all languages together."""
    for kind in ("command", "open"):
        for language in dict.fromkeys(utterance.language for utterance in said):
            of = [u for u in said if (u.kind, u.language) == (kind, language)]
            if of:
                yield language, kind, of
        yield "all", kind, [u for u in said if u.kind == kind]
    yield "all", "both", list(said)


def print_costs(said: Sequence[Utterance]) -> None:
    """What the judgement costs: to compile, for new words, for words heard before."""
    rows = []
    for language in dict.fromkeys(utterance.language for utterance in said):
        grammar = Grammar(language, load_sentences(language) or {}, demo_home())
        grammar.parse("1")
        compiling = _milliseconds(grammar, "1")
        texts = [u.text for u in said if u.language == language]
        row = [language, f"{compiling:.0f}"]
        for _ in range(2):
            costs = [_milliseconds(grammar, text) for text in texts]
            spread = percentiles(costs)
            assert spread is not None
            row += [f"{spread.p50:.2f}", f"{spread.p95:.2f}"]
        rows.append(row)
    print("CPU milliseconds of one core")
    header = ["language", "compile", "cold p50", "cold p95", "warm p50", "warm p95"]
    print(table(header, rows))
    print()


def _milliseconds(grammar: Grammar, text: str) -> float:
    begun = time.thread_time()
    grammar.read(text)
    return 1000 * (time.thread_time() - begun)


def print_judgements(said: Sequence[Utterance]) -> None:
    """How the words are judged, at the end and in the middle."""
    rows = []
    for language, kind, of in groups(said):
        ends = Counter(utterance.completeness for utterance in of)
        middles = Counter(c for utterance in of for c, _ in utterance.pauses)
        for place, counts in (("end", ends), ("pause", middles)):
            total = counts.total()
            shares = [percent(counts[c] / total) for c in Completeness]
            rows.append([language, kind, place, str(total), *shares])
    print(
        table(["language", "kind", "at", "n", *(c.value for c in Completeness)], rows)
    )
    print()


def print_fixed(said: Sequence[Utterance], judged_after: int) -> None:
    """Plain silence of any length beside the policy as it is shipped."""
    shipped = graded(TurnPolicy(), judged_after)
    tried: list[tuple[str, Wait]] = [
        (f"silence {ms} ms", fixed(ms)) for ms in range(300, 1201, 150)
    ]
    kinds = {kind: of for language, kind, of in groups(said) if language == "all"}
    rows = []
    tried.append(("grammar, as shipped", shipped))
    for waits in ((200, 800, 1200, 700), (200, 800, 1200, 900), (200, 800, 1200, 1200)):
        name = "grammar " + "/".join(map(str, waits))
        tried.append((name, graded(_policy(*waits), judged_after)))
    for name, wait in tried:
        row = [name]
        for of in kinds.values():
            result = score(of, wait)
            row += [percent(result.false_cut_ins), f"{result.latency:.0f}"]
        rows.append(row)
    header = [text for kind in kinds for text in (f"{kind}: cut in", "wait ms")]
    print(table(["policy", *header], rows))
    print()


def print_best(
    said: Sequence[Utterance], tried: Sequence[Setting]
) -> list[dict[str, object]]:
    """The latency that each policy comes down to at a share of false cut-ins."""
    found: list[dict[str, object]] = []
    rows = []
    for language, kind, of in groups(said):
        row = [language, kind]
        for share in SHARES:
            for policy in ("silence", "understood", "grammar"):
                hit = best(of, (s for s in tried if s.policy == policy), share)
                row.append("-" if hit is None else f"{hit[1].latency:.0f}")
                if hit is not None:
                    found.append(
                        {
                            "language": language,
                            "kind": kind,
                            "policy": policy,
                            "share": share,
                            "setting": hit[0].parameters,
                            **asdict(hit[1]),
                        }
                    )
        rows.append(row)
    header = [
        f"{p} @{percent(s)}"
        for s in SHARES
        for p in ("silence", "understood", "grammar")
    ]
    print("mean wait in ms; a grammar's waits are complete/extendable/prefix/open")
    print(table(["language", "kind", *header], rows))
    chosen = [r for r in found if (r["language"], r["policy"]) == ("all", "grammar")]
    for record in chosen:
        print(f"  {record['kind']} @{record['share']}: {record['setting']}")
    return found


def plot(said: Sequence[Utterance], tried: Sequence[Setting], path: Path) -> None:
    """The lower hull of what each policy can do: latency against false cut-ins."""
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(10, 4), sharey=True)
    for axis, kind in zip(axes, ("command", "open"), strict=True):
        of = [utterance for utterance in said if utterance.kind == kind]
        for policy in ("silence", "understood", "grammar"):
            scored = (score(of, s.wait) for s in tried if s.policy == policy)
            hull: list[Score] = []
            for point in sorted(scored, key=lambda p: (p.false_cut_ins, p.latency)):
                if not hull or point.latency < hull[-1].latency:
                    hull.append(point)
            axis.plot(
                [100 * p.false_cut_ins for p in hull],
                [p.latency for p in hull],
                label=policy,
                marker=".",
                drawstyle="steps-post",
            )
        shipped = score(of, graded(TurnPolicy(), 200))
        axis.plot(
            100 * shipped.false_cut_ins, shipped.latency, "k*", label="as shipped"
        )
        axis.set(title=kind, xlabel="false cut-ins, % of pauses", xlim=(0, 40))
    axes[0].set_ylabel("mean wait after the true end, ms")
    axes[1].legend()
    figure.tight_layout()
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
