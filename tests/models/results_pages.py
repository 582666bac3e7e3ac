"""Writes what pages say about how well the starter hears; the rest is written by hand.

Run as ``python -m tests.models.results_pages`` it brings them up to date with the
results that are kept beside the model card: it replaces what stands between the marks
``<!-- generated: NAME -->`` and ``<!-- end -->``.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from streaming.commands.target_rows import (
    MOST_WORD_ERRORS,
    Document,
    interval,
    language_rows,
    people_errors,
    target_rows,
)
from voice.languages import LANGUAGES

ROOT = Path(__file__).parents[2]

RESULTS = ROOT / "models" / "results" / "starter-acoustic.json"

COMMAND = (
    "parley eval RECORDINGS --home recordings --targets"
    " --results models/results/starter-acoustic.json"
)


def read_results() -> Document:
    """What was measured of the recogniser that ships."""
    document: Document = json.loads(RESULTS.read_text(encoding="utf-8"))
    return document


def languages(document: Document) -> str:
    """The table of languages, the worst word errors printed bold."""
    rows = [
        (name, count, _marked(document, name, errors), *rest)
        for name, count, errors, *rest in language_rows(document)
    ]
    mute = [one.english for one in LANGUAGES.values() if not one.grammar]
    rows += [(f"{name}: no grammar", *"------") for name in mute]
    head = (
        "language",
        "sentences",
        "words wrong",
        "audibly",
        "understood",
        "neural voices",
        "people",
    )
    return _table(head, rows)


def _marked(document: Document, name: str, errors: str) -> str:
    scores = document["held_out"]
    rates = {
        LANGUAGES[tag].english: float(score["wer"]) for tag, score in scores.items()
    }
    return f"**{errors}**" if rates.get(name, 0) > MOST_WORD_ERRORS else errors


def targets(document: Document) -> str:
    """Every target, and whether it is met."""
    rows = [
        (row.name, row.target, row.verdict, row.measured)
        for row in target_rows(document)
    ]
    return _table(("", "target", "", "measured"), rows)


def recordings(document: Document) -> str:
    """Commands in recorded voices, with what chance may have to do with it."""
    names = {"command/human": "people", "command/tts": "neural"}
    rows = [
        (
            names[group],
            LANGUAGES[tag].english,
            str(score["intents"]),
            str(score["understood"]),
            interval(score["understood"], score["intents"]),
            str(score["mistaken"]),
        )
        for group in names
        for tag, groups in document["recordings"].items()
        if (score := groups.get(group)) and score["intents"]
    ]
    head = (
        *("voices", "language", "commands", "understood", "95 % interval"),
        "something else understood",
    )
    return _table(head, rows)


def people(document: Document) -> str:
    """Every command of people that went wrong."""
    rows = [
        (error["language"], error["said"], error["heard"], error["error"])
        for error in people_errors(document)
    ]
    return _table(("", "said", "heard", ""), rows)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(
        f"| {' | '.join('–' if cell == '-' else cell for cell in cells)} |"
        for cells in lines
    ).replace("|  |", "| |")


Part = Callable[[Document], str]

PAGES: dict[Path, dict[str, Part]] = {
    ROOT / "README.md": {"languages": languages},
    ROOT / "models" / "README.md": {
        "targets": targets,
        "recordings": recordings,
        "people": people,
    },
}


def page(text: str, parts: dict[str, Part], document: Document) -> str:
    """A page, up to date."""
    for name, generate in parts.items():
        pattern = rf"(<!-- generated: {name} -->\n).*?(<!-- end -->)"
        assert len(re.findall(pattern, text, re.DOTALL)) == 1, f"no marks of {name}"
        text = re.sub(
            pattern,
            partial(_filled, f"\n{generate(document).strip()}\n\n"),
            text,
            flags=re.DOTALL,
        )
    return text


def _filled(body: str, match: re.Match[str]) -> str:
    return match[1] + body + match[2]


def stale() -> Iterator[tuple[Path, str]]:
    """The pages that are not up to date, and what should stand in them."""
    document = read_results()
    for path, parts in PAGES.items():
        text = path.read_text(encoding="utf-8")
        fresh = page(text, parts, document)
        if fresh != text:
            yield path, fresh


if __name__ == "__main__":
    for path, fresh in stale():
        path.write_text(fresh, encoding="utf-8")
