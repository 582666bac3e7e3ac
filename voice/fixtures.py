"""A folder of recordings, and the index that says what is in them.

The index is a CSV file with a header. `language`, `transcript` and `file` must be
there; everything else helps the measures that need it (`audio_fixtures/README.md`
explains every column). A recording of several utterances has one row: its cells hold
one part per utterance, with `` | `` between the parts.
"""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice.errors import ClientError
from voice.events import Millis
from voice.stages import Intent, SlotValue

__all__ = [
    "SPEECHLESS_KINDS",
    "Clip",
    "Interruption",
    "Span",
    "Utterance",
    "read_index",
]

REQUIRED_COLUMNS = ("language", "transcript", "file")

SPEECHLESS_KINDS = frozenset({"silence", "noise"})
"""Kinds of recording in which nobody says anything."""

SEPARATOR = "|"
"""Between the parts of a cell, one part per utterance."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a recording."""

    start: Millis
    end: Millis


@dataclass(frozen=True, slots=True, kw_only=True)
class Utterance:
    """Something said in a recording."""

    transcript: str
    intent: Intent | None = None
    """What it asks of the home that the recordings were made for, if that is known."""
    span: Span | None = None
    """From the first to the last audible sample, if that is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """When a recording is to be spoken into the reply to another one."""

    clip: Path
    """The recording whose reply is interrupted."""
    after: Millis
    """How much of the reply is heard before it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """One recording and what is known of it."""

    file: Path
    language: str | None
    """BCP 47 tag; None if nobody speaks."""
    utterances: tuple[Utterance, ...]
    """In order; none if nobody speaks."""
    kind: str = "command"
    """E.g. ``command``, ``sentence``, ``silence``, ``noise``, ``pause``."""
    speech: str = ""
    """Who speaks, e.g. ``human`` or ``tts``."""
    pauses: tuple[Span, ...] = ()
    """Silence within an utterance."""
    interrupts: Interruption | None = None
    sha256: str = ""
    """Of the file, in hexadecimal; empty if unknown."""

    @property
    def transcript(self) -> str:
        """Everything that is said, in one line."""
        return " ".join(utterance.transcript for utterance in self.utterances)


def read_index(path: Path) -> list[Clip]:
    """Read an index, in the order of its rows; files are relative to its folder.

    Raises:
        ClientError: ``invalid_index``, naming the file, and the line and column where
            they can be told.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise ClientError("invalid_index", f"{path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise ClientError(
            "invalid_index", f"{path}: not a CSV file in UTF-8 ({error})"
        ) from error
    reader = csv.DictReader(io.StringIO(text, newline=""), restval="", strict=True)
    try:
        _check_header(path, reader.fieldnames or ())
        clips = [_Row(path, reader.line_num, cells).clip() for cells in reader]
    except csv.Error as error:
        raise ClientError(
            "invalid_index", f"{path}, line {reader.line_num}: not CSV ({error})"
        ) from error
    if not clips:
        raise ClientError("invalid_index", f"{path}: lists no recordings")
    return clips


def _check_header(path: Path, columns: Sequence[str]) -> None:
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    if missing:
        raise ClientError(
            "invalid_index",
            f"{path}, line 1: no column {', '.join(missing)}; the first line must name"
            f" the columns, among them {', '.join(REQUIRED_COLUMNS)}",
        )


@dataclass(frozen=True, slots=True)
class _Row:
    """One line of an index, and where it is: faults name the place."""

    index: Path
    line: int
    cells: Mapping[str, str]

    def clip(self) -> Clip:
        if None in self.cells:
            raise self.fault("file", "the line has more cells than the first one")
        kind = self.cell("kind") or "command"
        silent = kind in SPEECHLESS_KINDS
        return Clip(
            file=self.file("file"),
            language=None if silent else self.needed("language"),
            utterances=() if silent else self.utterances(),
            kind=kind,
            speech=self.cell("speech"),
            pauses=tuple(
                self.span("pauses_ms", part) for part in self.cell("pauses_ms").split()
            ),
            interrupts=self.interruption(),
            sha256=self.cell("sha256"),
        )

    def utterances(self) -> tuple[Utterance, ...]:
        texts = self.parts("transcript", 1)
        if not all(texts):
            raise self.fault(
                "transcript",
                "empty; write what is said, or the kind noise or silence if nothing is",
            )
        count = len(texts)
        names = self.parts("intent", count)
        slots = self.parts("slots", count)
        starts = self.parts("speech_start_ms", count)
        ends = self.parts("speech_end_ms", count)
        return tuple(
            Utterance(
                transcript=texts[i],
                intent=self.intent(names[i], slots[i]),
                span=(
                    self.span("speech_end_ms", f"{starts[i]}-{ends[i]}")
                    if starts[i]
                    else None
                ),
            )
            for i in range(count)
        )

    def intent(self, name: str, slots: str) -> Intent | None:
        if not name:
            return None
        try:
            values = json.loads(slots or "{}")
        except json.JSONDecodeError as error:
            raise self.fault("slots", f"not JSON ({error})") from error
        if not isinstance(values, dict) or not all(
            isinstance(value, SlotValue) for value in values.values()
        ):
            raise self.fault(
                "slots",
                'not a JSON object of names and values, like {"area": "office"}',
            )
        return Intent(name=name, slots=tuple(sorted(values.items())))

    def span(self, column: str, text: str) -> Span:
        """Read ``START-END`` in milliseconds."""
        start, _, end = text.partition("-")
        if not (start.isdecimal() and end.isdecimal() and int(start) < int(end)):
            raise self.fault(
                column, f"{text!r} is no span: two whole milliseconds, start before end"
            )
        return Span(Millis(int(start)), Millis(int(end)))

    def interruption(self) -> Interruption | None:
        if not self.cell("interrupts"):
            return None
        after = self.needed("interrupts_after_ms")
        if not after.isdecimal():
            raise self.fault("interrupts_after_ms", f"{after!r}: not milliseconds")
        return Interruption(clip=self.file("interrupts"), after=Millis(int(after)))

    def file(self, column: str) -> Path:
        file = self.index.parent / self.needed(column)
        if not file.is_file():
            raise self.fault(column, f"there is no file {file}")
        return file

    def parts(self, column: str, least: int) -> list[str]:
        """The parts of a cell, one per utterance; empty ones if it is empty."""
        cell = self.cell(column)
        parts = [part.strip() for part in cell.split(SEPARATOR)]
        if not cell:
            return [""] * least
        if column != "transcript" and len(parts) != least:
            raise self.fault(
                column, f"{len(parts)} parts, but the transcript has {least}"
            )
        return parts

    def needed(self, column: str) -> str:
        if not self.cell(column):
            raise self.fault(column, "empty")
        return self.cell(column)

    def cell(self, column: str) -> str:
        return (self.cells.get(column) or "").strip()

    def fault(self, column: str, what: str) -> ClientError:
        return ClientError(
            "invalid_index", f"{self.index}, line {self.line}, column {column}: {what}"
        )
