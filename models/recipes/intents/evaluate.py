"""How well the grammar does alone and with the model behind it.

python -m models.recipes.intents.evaluate --model FOLDER --heard FILE [--json FILE]

The commands are those that `hearing --test` had said and heard; with --typed they are
read as they were said, by somebody who makes no mistakes. What each should lead to is
what the grammar makes of the sentence before it was reworded. A wrong action is an
intent, or a slot of it, that is not the wanted one. Every second command is only for
choosing the threshold; the figures are those of the others.
"""

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from models.recipes.intents.hearing import Heard, read_heard
from models.recipes.intents.pools import read_sentences
from models.recipes.recognizer.people import recordings_folder
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.responders.pointing_model import PointingModel
from voice.stages import Intent

__all__ = ["Case", "Figures", "best_threshold", "figures"]

MOST_WRONG = 0.03
"""Share of wrong actions that the model may add."""

SILENT = 0.999_999
"""A threshold that no answer reaches."""


@dataclass(frozen=True, slots=True)
class Case:
    """One utterance."""

    language: str
    wanted: Intent | None
    grammar: Intent | None
    """What the grammar alone makes of what was heard."""
    model: Intent | None
    """What the model makes of it, if it is valid; asked only where the grammar has
    nothing."""
    probability: float
    """Of the model's answer."""
    took_ms: float
    """The model, validation included; 0 where it was not asked."""

    def got(self, threshold: float) -> Intent | None:
        """What is done."""
        if self.grammar is not None:
            return self.grammar
        return self.model if self.probability >= threshold else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares, 0 to 1, of commands."""

    commands: int
    grammar_right: float
    grammar_wrong: float
    right: float
    wrong: float
    p50_ms: float
    p95_ms: float


def figures(cases: Sequence[Case], threshold: float) -> Figures:
    """The figures of some commands."""
    count = max(1, len(cases))

    def share(limit: float, *, right: bool) -> float:
        got = [(case.got(limit), case.wanted) for case in cases]
        hits = [g == w if right else g not in (None, w) for g, w in got]
        return round(sum(hits) / count, 4)

    times = [case.took_ms for case in cases if case.took_ms] or [0.0]
    return Figures(
        commands=len(cases),
        grammar_right=share(2.0, right=True),
        grammar_wrong=share(2.0, right=False),
        right=share(threshold, right=True),
        wrong=share(threshold, right=False),
        p50_ms=round(float(np.percentile(times, 50)), 1),
        p95_ms=round(float(np.percentile(times, 95)), 1),
    )


def best_threshold(cases: Sequence[Case], most_wrong: float = MOST_WRONG) -> float:
    """The lowest threshold with which the model adds no more wrong actions than that.

    `SILENT` if there is none below.
    """
    wrong = sorted(
        case.probability
        for case in cases
        if case.grammar is None and case.model not in (None, case.wanted)
    )
    allowed = int(most_wrong * len(cases))
    if len(wrong) <= allowed:
        return 0.3
    return min(max(0.3, wrong[-allowed - 1] + 1e-4), SILENT)


def judged(
    heard: Sequence[Heard], grammar: GrammarResponder, model: PointingModel
) -> list[Case]:
    """Every command, understood by both."""
    state, now = demo_home().initial_state(), datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    cases = []
    for pair in heard:
        language = pair.command.language
        wanted = grammar.interpret(pair.plain, language)
        alone = grammar.interpret(pair.text, language)
        proposed, probability, took = None, 0.0, 0.0
        if alone is None and pair.text:
            begun = time.perf_counter()
            wish, probability = model.proposal(pair.text, language)
            if wish is not None:
                plan = grammar.fulfil(wish, pair.text, language, home=state, now=now)
                proposed = plan.intent if plan else None
            took = 1000 * (time.perf_counter() - begun)
        cases.append(Case(language, wanted, alone, proposed, probability, took))
    return cases


def false_actions(
    sentences: dict[str, list[str]],
    grammar: GrammarResponder,
    model: PointingModel,
    *,
    threshold: float,
) -> tuple[int, int]:
    """How many of the sentences that ask for nothing lead to something; and of how many."""
    state, now = demo_home().initial_state(), datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    acted = asked = 0
    for language in model.languages:
        for text in sentences.get(language, ())[:150]:
            asked += 1
            wish, probability = model.proposal(text, language)
            if wish is not None and probability >= threshold:
                plan = grammar.fulfil(wish, text, language, home=state, now=now)
                acted += plan is not None and plan.intent is not None
    return acted, asked


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--heard", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    parser.add_argument("--typed", action="store_true", help="as said, not as heard")
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    heard = read_heard(arguments.heard)
    if arguments.typed:
        heard = [replace(pair, text=pair.command.text) for pair in heard]
    languages = sorted({pair.command.language for pair in heard})
    grammar = GrammarResponder.load(demo_home(), languages)
    model = PointingModel.load(arguments.model, demo_home(), languages)
    # The languages take turns in the file; every second of each is for choosing.
    cases = sorted(judged(heard, grammar, model), key=lambda case: case.language)
    threshold = best_threshold(cases[::2])
    table = {"all": figures(cases[1::2], threshold)}
    for language in languages:
        own = [case for case in cases[1::2] if case.language == language]
        table[language] = figures(own, threshold)
    print(f"threshold {threshold:.4f}, chosen on {len(cases[::2])} other commands")
    for name, row in table.items():
        print(name, json.dumps(asdict(row)))
    if sentences := read_sentences(arguments.recordings):
        acted, asked = false_actions(sentences, grammar, model, threshold=threshold)
        print(f"sentences read aloud: {acted} of {asked} led to an action")
    if arguments.json:
        content = {"threshold": threshold}
        content |= {name: asdict(row) for name, row in table.items()}
        arguments.json.write_text(json.dumps(content, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
