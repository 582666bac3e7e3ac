"""Let the acoustic model hear the clips, part by part, and keep what it heard.

Parts that are there already are not heard again: an interrupted run goes on. They lie in
a folder that is named by all they depend on: what hears them, what they say, how they
are cut. A run folder that is used again for something else keeps both apart.
"""

import csv
import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from models.recipes.recognizer.augment import Rooms
from models.recipes.turn_end import clips as cutting
from models.recipes.turn_end.clips import Clip, espeak_clips, heard, people_clips
from models.recipes.turn_end.texts import Sayings
from voice.errors import ConfigError
from voice.manifests import files_in
from voice.phones import PHONES
from voice.recognizers import pitch, turn_ends
from voice.recognizers.acoustics import AcousticModel
from voice.recognizers.turn_ends import FRAMES, MELODY, tail

__all__ = ["PART", "Ear", "Tails", "by_espeak", "by_people", "rows_of"]

PART = 200
"""Clips of eSpeak, or recordings of people, in one part."""

LONGEST_S, SHORTEST_S = 20.0, 0.8
"""Seconds of the recordings that are used."""

NO_SPEECH = ("fsdd", "picovoice_wakeword", "precise_community")
"""Folders of single words and names, which are no turns."""

COLUMNS = ("language", "transcript", "file", "seconds")
"""That an index must have."""

_USABLE = (
    f"sentences of people, {SHORTEST_S:g} to {LONGEST_S:g} s long, that soundfile reads;"
    " name another folder with --recordings"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tails:
    """The ends of clips as the network reads them, with what they are; by clip."""

    frames: np.ndarray
    """float16, [n, frames, sounds + melody]."""
    over: np.ndarray
    """bool."""
    place: np.ndarray
    voices: np.ndarray
    speaker: np.ndarray
    language: np.ndarray
    """Text; see `Clip`."""

    def __len__(self) -> int:
        return len(self.over)

    def where(self, chosen: np.ndarray) -> "Tails":
        """Some of them.

        Args:
            chosen: bool, [n].
        """
        return Tails(**{f.name: getattr(self, f.name)[chosen] for f in fields(self)})

    @classmethod
    def joined(cls, parts: Sequence["Tails"]) -> "Tails":
        """One after the other."""
        return cls(
            **{
                f.name: np.concatenate([getattr(part, f.name) for part in parts])
                for f in fields(cls)
            }
        )

    def save(self, path: Path) -> None:
        """Write it; the file appears when it is whole."""
        unfinished = path.with_suffix(".tmp.npz")
        np.savez_compressed(
            unfinished, **{f.name: getattr(self, f.name) for f in fields(self)}
        )
        unfinished.rename(path)

    @classmethod
    def load(cls, path: Path) -> "Tails":
        """Read what `save` wrote."""
        with np.load(path) as kept:
            return cls(**{f.name: kept[f.name] for f in fields(cls)})


class Ear:
    """An acoustic model that hears clips, and keeps what it heard.

    Args:
        directory: of the model.
        run: folder of a run; what was heard is kept in it.
        threads: of the model.

    Raises:
        ConfigError: a file of the model is missing or damaged.
    """

    def __init__(self, directory: Path, run: Path, *, threads: int = 1) -> None:
        self.model = AcousticModel.load(directory, threads=threads)
        self._kept = run / "heard"
        # The code, too: who changes how clips are cut or read wants to hear them anew.
        sources = [Path(str(m.__file__)) for m in (cutting, pitch, turn_ends)]
        model = [f"{file.path} {file.sha256}" for file in files_in(directory)]
        code = [path.read_text(encoding="utf-8") for path in (*sources, Path(__file__))]
        self._digest = _digest(*model, *code)

    def folder(self, *said: object) -> Path:
        """Where parts are kept; another one for each ear and all that is in `said`."""
        about = json.dumps([PART, *said], sort_keys=True)
        return self._kept / _digest(self._digest, about)[:16]

    def hear(self, path: Path, clips: Iterable[Clip], seed: str) -> Tails:
        """The clips as they were heard; from `path`, if they were before."""
        if not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            _heard(list(clips), self.model, random.Random(seed)).save(path)
        return Tails.load(path)


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def rows_of(folder: Path, rng: random.Random, each: int) -> list[dict[str, str]]:
    """Recordings of people in a random order, `each` of a language and source at most.

    Raises:
        ConfigError: the folder has no index, or nothing in it is of use.
    """
    path = folder / "index.csv"
    if not path.is_file():
        raise ConfigError(f"{path}: is missing; name another folder with --recordings")
    with path.open(encoding="utf-8", newline="") as index:
        table = csv.DictReader(index)
        if lacking := [
            name for name in COLUMNS if name not in (table.fieldnames or ())
        ]:
            raise ConfigError(f"{path}: has no column {', '.join(lacking)}")
        try:
            rows = [row for row in table if _usable(row)]
        except ValueError as error:
            raise ConfigError(f"{path}: line {table.line_num}: {error}") from error
    if not rows:
        raise ConfigError(f"{path}: lists no recording of use: {_USABLE}")
    rng.shuffle(rows)
    taken: dict[str, int] = {}
    chosen = []
    for row in rows:
        source = f"{row['language']} {row['file'].split('/')[0]}"
        taken[source] = taken.get(source, 0) + 1
        if taken[source] <= each:
            chosen.append(row)
    return chosen


def _usable(row: Mapping[str, str]) -> bool:
    if None in row.values():
        raise ValueError("has too few values")
    return (
        row.get("speech", "human") == "human"
        and row.get("kind", "sentence") != "noise"
        and row["file"].split("/")[0] not in NO_SPEECH
        and SHORTEST_S < float(row["seconds"]) < LONGEST_S
    )


def by_people(
    rows: Sequence[Mapping[str, str]], folder: Path, ear: Ear, *, seed: int
) -> Iterator[Tails]:
    """People's clips, in parts.

    Args:
        rows: of the index in `folder`, as `rows_of` gives them.
        folder: of recordings.
        ear: that hears.
        seed: of rooms and noises.

    Raises:
        ConfigError: no recording can be read, or none holds a voice.
    """
    listed = [
        [row[name] for name in (*COLUMNS, "speaker") if name in row] for row in rows
    ]
    kept = ear.folder("people", seed, listed)
    clips = 0
    for number in range(-(-len(rows) // PART)):
        some = rows[number * PART : (number + 1) * PART]
        path = kept / f"{folder.name}-people-{number:03}.npz"
        tails = ear.hear(path, people_clips(some, folder), f"{seed} {path.name}")
        clips += len(tails)
        yield tails
    if not clips:
        raise ConfigError(f"{folder}: holds no recording of use: {_USABLE}")


def by_espeak(sayings: Sayings, count: int, ear: Ear, *, seed: int) -> Iterator[Tails]:
    """`count` clips of eSpeak, rounded up to whole parts."""
    kept = ear.folder("espeak", seed, sayings.everything)
    for number in range(-(-count // PART)):
        path = kept / f"espeak-{number:03}.npz"
        clips = espeak_clips(sayings, PART, random.Random(f"{seed} {number}"))
        yield ear.hear(path, clips, f"{seed} {path.name}")


def _heard(clips: Sequence[Clip], model: AcousticModel, rng: random.Random) -> Tails:
    rooms = Rooms(np.random.default_rng(rng.getrandbits(32)))
    tails = []
    for clip in clips:
        audio = heard(clip, rooms, rng.getrandbits(32))
        (posteriors,) = model.posteriors(audio, [clip.language])
        tails.append(tail(posteriors, audio, model.acoustics.frame_ms))
    return Tails(
        # With its shape, so that a part without clips can be joined with others.
        frames=np.array(tails, np.float16).reshape(-1, FRAMES, len(PHONES) + MELODY),
        over=np.array([clip.over for clip in clips], bool),
        place=np.array([clip.place for clip in clips], str),
        voices=np.array([clip.voices for clip in clips], str),
        speaker=np.array([clip.speaker for clip in clips], str),
        language=np.array([clip.language for clip in clips], str),
    )
