"""How well the grammar does alone and with the model behind it.

python -m models.recipes.intents.evaluate --model FOLDER --heard FILE [--json FILE]

Two tables. *Typed*: commands about the demo home in every language of the model, half of
them reworded, by somebody who makes no mistakes. *Heard*: those that `hearing --test` had
said, and what a recogniser made of them. What each should lead to is what the grammar
makes of the sentence before it was reworded. A wrong action is an intent, or a slot of
it, that is not the wanted one. Every second command is only for choosing how sure the
model must be; the figures are those of the others.
"""

import argparse
import json
import random
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

import numpy as np

from models.recipes.intents.hearing import Heard, read_heard, requests
from models.recipes.intents.pools import read_sentences
from models.recipes.recognizer.people import recordings_folder
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.responders.pointing_model import PointingModel, Proposal, Sureness
from voice.stages import Intent

__all__ = ["Case", "Figures", "Scores", "figures", "least_sure", "scored"]

TYPED = 80
"""Commands in each language."""

MOST_OTHERWISE = 0.025
"""Share of other intents, of typed and of heard commands each; the target is 0.03."""

WHOLE = 0.2
"""Least probability of an intent with its slots: chosen on every second command, with
the weights of version 1. Below it as many slots are wrong as right."""

SILENT = 1.01
"""What no answer reaches."""


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
    sure: Sureness
    """How sure the model is."""
    took_ms: float
    """The model, validation included; 0 where it was not asked."""

    def got(self, least: Sureness) -> Intent | None:
        """What is done."""
        if self.grammar is not None:
            return self.grammar
        return self.model if self.sure.reaches(least) else None

    def strays(self, least: Sureness) -> bool:
        """Whether another intent than the wanted one is done."""
        got = self.got(least)
        return got is not None and (self.wanted is None or got.name != self.wanted.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Shares, 0 to 1, of commands."""

    commands: int
    grammar_right: float
    grammar_wrong: float
    right: float
    wrong: float
    otherwise: float
    """Those of `wrong` that are another intent altogether."""
    p50_ms: float
    p95_ms: float


def figures(cases: Sequence[Case], least: Sureness) -> Figures:
    """The figures of some commands."""
    count = max(1, len(cases))

    def share(least: Sureness, *, right: bool) -> float:
        got = [(case.got(least), case.wanted) for case in cases]
        hits = [g == w if right else g not in (None, w) for g, w in got]
        return round(sum(hits) / count, 4)

    nobody = Sureness(intent=SILENT, whole=SILENT)
    times = [case.took_ms for case in cases if case.took_ms] or [0.0]
    return Figures(
        commands=len(cases),
        grammar_right=share(nobody, right=True),
        grammar_wrong=share(nobody, right=False),
        right=share(least, right=True),
        wrong=share(least, right=False),
        otherwise=round(sum(case.strays(least) for case in cases) / count, 4),
        p50_ms=round(float(np.percentile(times, 50)), 1),
        p95_ms=round(float(np.percentile(times, 95)), 1),
    )


def least_sure(cases: Sequence[Case], most: float = MOST_OTHERWISE) -> Sureness:
    """The lowest with which no more than that share of commands get another intent.

    Args:
        cases: commands of one kind.
        most: share, 0 to 1.
    """
    steps = [Sureness(intent=sure / 100, whole=WHOLE) for sure in range(20, 100)]
    silent = Sureness(intent=SILENT, whole=WHOLE)
    return next(
        (least for least in steps if figures(cases, least).otherwise <= most), silent
    )


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
        proposal, proposed, took = Proposal(), None, 0.0
        if alone is None and pair.text:
            begun = time.perf_counter()
            proposal = model.proposal(pair.text, language)
            if (wish := proposal.wish) is not None:
                plan = grammar.fulfil(wish, pair.text, language, home=state, now=now)
                proposed = plan.intent if plan else None
            took = 1000 * (time.perf_counter() - begun)
        cases.append(Case(language, wanted, alone, proposed, proposal.sure, took))
    return cases


def false_actions(
    sentences: dict[str, list[str]],
    grammar: GrammarResponder,
    model: PointingModel,
    *,
    least: Sureness,
) -> tuple[int, int]:
    """How many of the sentences that ask for nothing lead to something; and of how many."""
    state, now = demo_home().initial_state(), datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
    acted = asked = 0
    for language in model.languages:
        for text in sentences.get(language, ())[:150]:
            asked += 1
            if wish := model.proposal(text, language).counted(least):
                plan = grammar.fulfil(wish, text, language, home=state, now=now)
                acted += plan is not None and plan.intent is not None
    return acted, asked


@dataclass(frozen=True, slots=True)
class Scores:
    """What `scored` found."""

    least: Sureness
    chosen_on: int
    """Other commands."""
    table: Mapping[str, Figures]
    """By what was asked: "typed all", "typed de", "heard all" ..."""


def typed(languages: Sequence[str]) -> list[Heard]:
    """Commands that nobody mishears; always the same ones."""
    found: list[Heard] = []
    for language in languages:
        asked = requests(language, random.Random(language), test=True)
        found += (replace(one, text=one.command.text) for one in islice(asked, TYPED))
    return found


def scored(model: Path, heard: Sequence[Heard]) -> Scores:
    """The figures of an exported model.

    Args:
        model: its directory; how sure it says it must be counts for nothing.
        heard: of `hearing --test`.
    """
    languages = json.loads((model / "parley.json").read_text("utf-8"))["languages"]
    grammar = GrammarResponder.load(demo_home(), languages)
    loaded = PointingModel.load(model, demo_home(), languages)
    kinds = {
        "typed": judged(typed(languages), grammar, loaded),
        # The languages take turns in the file; every second of each is for choosing.
        "heard": sorted(judged(heard, grammar, loaded), key=lambda case: case.language),
    }
    choosing = [cases[::2] for cases in kinds.values()]
    least = max(map(least_sure, choosing), key=lambda least: least.intent)
    table = {}
    for kind, cases in kinds.items():
        told = cases[1::2]
        table[f"{kind} all"] = figures(told, least)
        for language in sorted({case.language for case in told}):
            own = [case for case in told if case.language == language]
            table[f"{kind} {language}"] = figures(own, least)
    return Scores(least, sum(map(len, choosing)), table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--heard", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("dev"))
    parser.add_argument("--json", type=Path, help="where to write the figures")
    arguments = parser.parse_args()
    scores = scored(arguments.model, read_heard(arguments.heard))
    print(f"{scores.least}, chosen on {scores.chosen_on} commands")
    for name, row in scores.table.items():
        print(name, json.dumps(asdict(row)))
    if sentences := read_sentences(arguments.recordings):
        grammar = GrammarResponder.load(demo_home(), sorted(sentences))
        model = PointingModel.load(arguments.model, demo_home(), sorted(sentences))
        acted, asked = false_actions(sentences, grammar, model, least=scores.least)
        print(f"sentences read aloud: {acted} of {asked} led to an action")
    if arguments.json:
        content = json.dumps(asdict(scores), indent=1)
        arguments.json.write_text(content + "\n", "utf-8")


if __name__ == "__main__":
    main()
