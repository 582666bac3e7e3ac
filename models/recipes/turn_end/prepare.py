"""Let the acoustic model hear the clips, part by part, and keep what it heard.

Parts that are there already are not heard again: an interrupted run goes on.
"""

import csv
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np

from models.recipes.recognizer.augment import Rooms
from models.recipes.turn_end.clips import Clip, espeak_clips, heard, people_clips
from models.recipes.turn_end.texts import Sayings
from voice.recognizers.acoustics import AcousticModel
from voice.recognizers.turn_ends import tail

__all__ = ["PART", "Tails", "by_espeak", "by_people", "rows_of"]

PART = 200
"""Clips of eSpeak, or recordings of people, in one part."""

LONGEST_S, SHORTEST_S = 20.0, 0.8
"""Seconds of the recordings that are used."""

NO_SPEECH = ("fsdd", "picovoice_wakeword", "precise_community")
"""Folders of single words and names, which are no turns."""


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


def rows_of(folder: Path, rng: random.Random, each: int) -> list[dict[str, str]]:
    """Recordings of people in a random order, `each` of a language and source at most."""
    with (folder / "index.csv").open(encoding="utf-8", newline="") as index:
        rows = [row for row in csv.DictReader(index) if _usable(row)]
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
    return (
        row.get("speech", "human") == "human"
        and row.get("kind", "sentence") != "noise"
        and row["file"].split("/")[0] not in NO_SPEECH
        and SHORTEST_S < float(row["seconds"]) < LONGEST_S
    )


def by_people(
    rows: Sequence[Mapping[str, str]],
    folder: Path,
    model: AcousticModel,
    kept: Path,
    seed: int,
) -> Iterator[Tails]:
    """People's clips, in parts.

    Args:
        rows: of the index in `folder`, as `rows_of` gives them.
        folder: of recordings.
        model: that hears.
        kept: folder of the parts.
        seed: of rooms and noises.
    """
    for number in range(-(-len(rows) // PART)):
        some = rows[number * PART : (number + 1) * PART]
        path = kept / f"{folder.name}-people-{number:03}.npz"
        yield _part(path, people_clips(some, folder), model, f"{seed} {path.name}")


def by_espeak(
    sayings: Sayings, count: int, model: AcousticModel, kept: Path, seed: int
) -> Iterator[Tails]:
    """`count` clips of eSpeak, rounded up to whole parts."""
    for number in range(-(-count // PART)):
        path = kept / f"espeak-{number:03}.npz"
        clips = espeak_clips(sayings, PART, random.Random(f"{seed} {number}"))
        yield _part(path, clips, model, f"{seed} {path.name}")


def _part(path: Path, clips: Iterable[Clip], model: AcousticModel, seed: str) -> Tails:
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        _heard(list(clips), model, random.Random(seed)).save(path)
    return Tails.load(path)


def _heard(clips: Sequence[Clip], model: AcousticModel, rng: random.Random) -> Tails:
    rooms = Rooms(np.random.default_rng(rng.getrandbits(32)))
    tails = []
    for clip in clips:
        audio = heard(clip, rooms, rng.getrandbits(32))
        (posteriors,) = model.posteriors(audio, [clip.language])
        tails.append(tail(posteriors, audio, model.acoustics.frame_ms))
    return Tails(
        frames=np.array(tails, np.float16),
        over=np.array([clip.over for clip in clips], bool),
        place=np.array([clip.place for clip in clips], str),
        voices=np.array([clip.voices for clip in clips], str),
        speaker=np.array([clip.speaker for clip in clips], str),
        language=np.array([clip.language for clip in clips], str),
    )
