"""What was measured of the starter models, against what they are to reach.

Everything here follows from one document, the results as `streaming.commands.targets`
writes them: so what is printed, and what stands in the pages, is the same.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from streaming.commands.options import print_json
from streaming.commands.tables import percent, table
from voice.evaluation import wilson
from voice.languages import LANGUAGES
from voice.scoring import NORMALIZER

__all__ = [
    "LANGUAGE_HEADER",
    "MOST_WORD_ERRORS",
    "PEOPLE",
    "TOLD_AMONG",
    "Document",
    "Row",
    "interval",
    "language_rows",
    "people_errors",
    "print_results",
    "target_rows",
]

Document: TypeAlias = "Mapping[str, Any]"
"""The results; `streaming.commands.targets` says what stands where."""

Measured: TypeAlias = "tuple[str, bool | None]"
"""What came out, and whether that is enough; None: it cannot be told."""

TOLD_AMONG = ("de", "en", "es", "fr", "it", "nl", "pl", "pt")
"""The candidates where the language is to be told."""

PEOPLE = ("en", "fr")
"""Languages of which people's commands are at hand."""

MOST_WORD_ERRORS = 0.08
LEAST_NEURAL = 0.75
LEAST_PEOPLE = 0.6
LEAST_TOLD = 0.95
WORDLESS_S = 3600
MOST_DECODE_MS = 120
MOST_BYTES = 60_000_000
LEAST_MORE_RIGHT = 0.15
MOST_OTHERWISE = 0.03

LANGUAGE_HEADER = (
    "language",
    "sentences",
    "word errors",
    "that can be heard",
    "understood",
    "neural voices",
    "people",
)

_NO_RECORDINGS = "no recordings were given: name their folder"
_NOT_MEASURED = "not measured yet"


@dataclass(frozen=True, slots=True)
class Row:
    """One target."""

    name: str
    target: str
    measured: str
    """Or why it was not."""
    met: bool | None
    """None: it was not measured, or too little of it."""

    @property
    def verdict(self) -> str:
        """As it is printed; nothing where nothing is demanded."""
        if self.target == "-":
            return ""
        return {True: "met", False: "missed", None: "skipped"}[self.met]


def target_rows(document: Document) -> list[Row]:
    """Every target, in the order of the specification."""
    return [Row(name, target, *measure(document)) for name, target, measure in _TARGETS]


def language_rows(document: Document) -> Iterator[tuple[str, ...]]:
    """How well each language is heard, in order of their names: cells under `LANGUAGE_HEADER`."""
    spoken = document.get("held_out", {})
    recorded = document.get("recordings", {})
    for tag, language in sorted(LANGUAGES.items(), key=lambda entry: entry[1].english):
        own, heard = spoken.get(tag), recorded.get(tag, {})
        if own is None and not heard:
            continue
        yield (
            language.english,
            str(own["clips"]) if own else "-",
            percent(own["wer"]) if own else "-",
            percent(own["audible_errors"] / own["words"]) if own else "-",
            _shown(own),
            _shown(heard.get("command/tts")),
            _shown(heard.get("command/human")),
        )


def _shown(score: Mapping[str, Any] | None) -> str:
    if not score or not score["intents"]:
        return "-"
    return f"{score['understood']} of {score['intents']}"


def people_errors(document: Document) -> Iterator[Mapping[str, str]]:
    """Every command of people that was not understood, or taken for another."""
    for tag, groups in document.get("recordings", {}).items():
        for error in groups.get("command/human", {}).get("errors_of_intent", ()):
            yield {"language": tag, **error}


def interval(successes: int, count: int) -> str:
    """Between which shares it lies with 95 %."""
    low, high = wilson(successes, count)
    return f"{100 * low:.0f}-{100 * high:.0f} %"


def print_results(document: Document, *, as_json: bool) -> None:
    """Languages, targets, and every error of people's commands."""
    rows, errors = target_rows(document), list(people_errors(document))
    if as_json:
        for row in rows:
            print_json({**asdict(row), "verdict": row.verdict})
        print_json({"results": document})
        return
    print(table(LANGUAGE_HEADER, list(language_rows(document))), end="\n\n")
    cells = [(row.name, row.target, row.verdict, row.measured) for row in rows]
    print(table(("", "target", "", "measured"), cells))
    print("\nsentences: read by eSpeak in voices that no training heard; word errors")
    print(f"after the normaliser {NORMALIZER}; understood: the same intent and slots")
    for error in errors:
        print("{error} [{language}] {said!r}: {heard!r} {file}".format(**error))


# --- Row by row ---------------------------------------------------------------


def _held_out(document: Document) -> Measured:
    return _word_errors(document, "errors")


def _audible(document: Document) -> Measured:
    text, _ = _word_errors(document, "audible_errors")
    return text, None


def _word_errors(document: Document, key: str) -> Measured:
    found = document.get("held_out", {})
    if not found:
        return _reason(document, "held_out"), None
    rates = {tag: score[key] / score["words"] for tag, score in found.items()}
    missed = {tag: rate for tag, rate in rates.items() if rate > MOST_WORD_ERRORS}
    words = sum(score["words"] for score in found.values())
    errors = sum(score[key] for score in found.values())
    text = f"{len(rates) - len(missed)} of {len(rates)} languages; {percent(errors / words)} in all"
    if missed:
        worst = sorted(missed.items(), key=lambda item: -item[1])
        text += "; above it: " + ", ".join(f"{t} {percent(w)}" for t, w in worst)
    if missed:
        return text, False
    return _if_complete(document, "held_out", (text, True))


def _held_out_intents(document: Document) -> Measured:
    found = document.get("held_out", {}).values()
    count = sum(score["intents"] for score in found)
    if not count:
        return _reason(document, "held_out"), None
    understood = sum(score["understood"] for score in found)
    share = percent(understood / count)
    return f"{understood} of {count} ({share}, {interval(understood, count)})", None


def _recorded(
    document: Document, group: str, among: Sequence[str] = ()
) -> dict[str, Mapping[str, Any]]:
    """Scores of one kind of voices by language, where there are commands."""
    return {
        tag: groups[group]
        for tag, groups in document.get("recordings", {}).items()
        if (not among or tag in among) and groups.get(group, {}).get("intents")
    }


def _neural(document: Document) -> Measured:
    found = _recorded(document, "command/tts")
    if not found:
        return _reason(document, "recordings"), None
    shares = [score["understood"] / score["intents"] for score in found.values()]
    mean = sum(shares) / len(shares)
    clips = sum(score["intents"] for score in found.values())
    told = f"{percent(mean)} ({len(found)} languages, {clips} clips)"
    return _if_complete(document, "recordings", (told, mean >= LEAST_NEURAL))


def _people(document: Document) -> Measured:
    found = _recorded(document, "command/human", PEOPLE)
    if not found:
        return _reason(document, "recordings"), None
    parts = [
        f"{tag} {score['understood']} of {score['intents']}"
        f" ({interval(score['understood'], score['intents'])})"
        for tag, score in found.items()
    ]
    missing = [tag for tag in PEOPLE if tag not in found]
    if missing:
        reason = document.get("skipped", {}).get("recordings", "no such commands")
        return f"{'; '.join(parts)}; {', '.join(missing)}: {reason}", None
    met = all(s["understood"] >= LEAST_PEOPLE * s["intents"] for s in found.values())
    return "; ".join(parts), met


def _told(document: Document) -> Measured:
    found = document.get("told", {})
    if set(found) != set(TOLD_AMONG):
        return _reason(document, "told"), None
    right = sum(one["right"] for one in found.values())
    clips = sum(one["clips"] for one in found.values())
    if not clips:
        return "no utterance was that long", None
    share = right / clips
    told = f"{right} of {clips} ({percent(share)}, {interval(right, clips)})"
    return told, share >= LEAST_TOLD


def _wordless(document: Document) -> Measured:
    parts = document.get("wordless", {}).values()
    if not parts:
        return _reason(document, "wordless"), None
    seconds = sum(part["seconds"] for part in parts)
    texts = sum(len(part["texts"]) for part in parts)
    clips = sum(part["clips"] for part in parts)
    told = f"{texts} in {clips} clips, {seconds / 60:.0f} minutes"
    enough = seconds >= WORDLESS_S or texts
    return told, texts == 0 if enough else None


def _ungated(document: Document) -> Measured:
    parts = document.get("wordless", {}).values()
    if not parts:
        return _reason(document, "wordless"), None
    texts = sum(len(part["ungated_texts"]) for part in parts)
    return f"{texts} in {sum(part['ungated_clips'] for part in parts)} clips", None


def _decode(key: str) -> Callable[[Document], Measured]:
    def measured(document: Document) -> Measured:
        found = document.get("decode", {}).get(key)
        if not found or not found["wall_ms"]:
            return _reason(document, "decode"), None
        wall, processor = found["wall_ms"], found["processor_ms"]
        told = (
            f"p50 {wall['p50']:.0f} ms, p95 {wall['p95']:.0f} ms, n = {wall['count']}"
            f" (of a core: p50 {processor['p50']:.0f} ms)" + _elsewhere(found, document)
        )
        return told, wall["p50"] <= MOST_DECODE_MS

    return measured


def _elsewhere(timed: Mapping[str, Any], document: Document) -> str:
    """Where it was timed, if the last run was on another machine."""
    keys = ("processor", "cores", "system")
    own, last = timed.get("machine"), document.get("machine")
    if not own or not last or all(own.get(key) == last.get(key) for key in keys):
        return ""
    return "; on {processor}, {cores} cores, {system}".format(**own)


def _pipeline(document: Document) -> Measured:
    found = document.get("intents", {}).get("heard_all")
    if not found:
        return "no model of intents comes along", None
    more = found["right"] - found["grammar_right"]
    otherwise = found["otherwise"]
    told = (
        f"{100 * more:+.1f} points, {percent(otherwise)} another intent, of"
        f" {found['commands']} commands that were misheard or reworded; with another"
        f" slot too {percent(found['wrong'])} wrong"
        f" (grammar alone {percent(found['grammar_wrong'])})"
    )
    return told, more >= LEAST_MORE_RIGHT and otherwise <= MOST_OTHERWISE


def _weights(document: Document) -> Measured:
    total = document["bytes"]
    return f"{total / 1e6:.1f} MB", total <= MOST_BYTES


def _if_complete(document: Document, part: str, measured: Measured) -> Measured:
    """No verdict on a part of which something could not be measured."""
    reason = document.get("skipped", {}).get(part)
    if reason is None:
        return measured
    return f"{measured[0]}; not all: {reason}", None


def _reason(document: Document, part: str) -> str:
    told: Mapping[str, str] = document.get("skipped", {})
    default = _NO_RECORDINGS if part == "recordings" else _NOT_MEASURED
    return told.get(part, default)


_TARGETS: tuple[tuple[str, str, Callable[[Document], Measured]], ...] = (
    ("held-out eSpeak voices, word errors", "≤ 8 % in each language", _held_out),
    ("the same, of words that sound different", "-", _audible),
    ("the same, commands understood", "-", _held_out_intents),
    ("neural voices, mean of the languages", "≥ 75 % understood", _neural),
    ("people, English and French", "≥ 60 % understood", _people),
    ("language told among 8, from 1.5 s", "≥ 95 %", _told),
    ("text on noise, music, silence", "0 in an hour", _wordless),
    ("the same, without the speech gate", "-", _ungated),
    (
        "grammar and model, against grammar",
        "≥ 15 points more right, ≤ 3 % another intent",
        _pipeline,
    ),
    ("decode of 3 s, one language", "p50 ≤ 120 ms", _decode("one")),
    ("decode of 3 s, four languages", "p50 ≤ 120 ms", _decode("four")),
    ("weights in all", "≤ 60 MB", _weights),
)
"""Name, target, and how it is read off the results."""
