"""Makes the recordings and their index from recordings.toml.

Run from the root of the repository: ``python -m audio_fixtures.make_fixtures``.
eSpeak NG speaks, a made-up room reverberates, a made-up microphone hisses. The true
span of the speech is known because it is taken from the dry voice, by its level alone.
"""

import argparse
import csv
import hashlib
import json
import tomllib
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr

from audio_fixtures.rooms import RATE, SOUNDS, Sound, decibels, in_room, room_tone
from voice.synthesizers.espeak import Espeak, Prosody

FOLDER = Path(__file__).parent

COLUMNS = (
    "language",
    "transcript",
    "file",
    "intent",
    "slots",
    "kind",
    "speech",
    "speech_start_ms",
    "speech_end_ms",
    "pauses_ms",
    "voice",
    "seconds",
    "license",
    "sha256",
    "interrupts",
    "interrupts_after_ms",
)

AUDIBLE = -40.0
"""Speech lasts from the first to the last sample above this, in dB of its peak."""

LEAD = (0.4, 0.7)
"""Seconds before the first word, least and most."""

TAIL = 0.7
"""Seconds after the last word."""

PEAK = (-15.0, -8.0)
"""Loudest sample of the speech in dB of full scale, least and most."""

SPEECHLESS_SECONDS = 5.0

LICENSE = "CC0-1.0"


@dataclass(frozen=True, slots=True)
class Recording:
    """Samples at `RATE`, and where somebody speaks in them."""

    samples: Sound
    spans: tuple[tuple[int, int], ...] = ()
    """One per utterance, in milliseconds."""
    pauses: tuple[tuple[int, int], ...] = ()
    """Within the utterances, in milliseconds."""


def main() -> None:
    """Make everything, or only what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--into", type=Path, default=FOLDER, help="folder (default: this one)"
    )
    into: Path = parser.parse_args().into
    make(into)
    print(f"wrote {into / 'index.csv'}")


def make(into: Path) -> None:
    """Write every recording and the index into a folder."""
    with (FOLDER / "recordings.toml").open("rb") as source:
        clips = tomllib.load(source)["clips"]
    rows = [_make_clip(clip, into) for clip in clips]
    with (into / "index.csv").open("w", encoding="utf-8", newline="") as target:
        writer = csv.DictWriter(target, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def _make_clip(clip: dict[str, Any], into: Path) -> dict[str, str]:
    # A seed of its own: adding a recording changes no other.
    random = np.random.default_rng(zlib.crc32(clip["file"].encode()))
    recording = (
        _speechless(clip["sound"], random)
        if "sound" in clip
        else _spoken(_utterances(clip), clip, random)
    )
    file = into / f"{clip['file']}.flac"
    file.parent.mkdir(parents=True, exist_ok=True)
    scaled = np.clip(np.round(recording.samples * 32_768), -32_768, 32_767)
    soundfile.write(
        file, scaled.astype(np.int16), RATE, subtype="PCM_16", compression_level=1.0
    )
    return _row(clip, recording, file)


def _utterances(clip: dict[str, Any]) -> list[dict[str, Any]]:
    return clip.get("utterances", [clip]) if "sound" not in clip else []


def _speechless(sound: str, random: np.random.Generator) -> Recording:
    return Recording(SOUNDS[sound](int(SPEECHLESS_SECONDS * RATE), random))


def _spoken(
    utterances: list[dict[str, Any]], clip: dict[str, Any], random: np.random.Generator
) -> Recording:
    prosody = Prosody(
        rate=int(random.integers(145, 185)),
        pitch=int(random.integers(35, 65)),
        range=int(random.integers(40, 65)),
    )
    track = _Track(start=int(random.uniform(*LEAD) * RATE))
    spans, pauses = [], []
    for number, utterance in enumerate(utterances):
        if number:
            track.wait(clip["gap_ms"])
        begin = track.position
        for piece in _pieces(utterance["say"]):
            if isinstance(piece, int):
                pauses.append((_millis(track.position), track.wait(piece)))
            else:
                track.say(piece, clip["voice"], prosody)
        spans.append((_millis(begin), _millis(track.position)))
    dry = track.mixed(tail=int(TAIL * RATE))
    dry *= decibels(random.uniform(*PEAK)) / np.abs(dry).max()
    heard = in_room(dry, random) + room_tone(len(dry), random)
    return Recording(heard, tuple(spans), tuple(pauses))


def _pieces(say: str | list[str | int]) -> list[str | int]:
    return [say] if isinstance(say, str) else say


class _Track:
    """Pieces of speech on a common time; `position` is where the last one ends."""

    def __init__(self, *, start: int) -> None:
        self.position = start
        self._placed: list[tuple[int, Sound]] = []

    def wait(self, millis: int) -> int:
        """Move on in silence; returns the new position in milliseconds."""
        self.position += millis * RATE // 1000
        return _millis(self.position)

    def say(self, text: str, voice: str, prosody: Prosody) -> None:
        """Speak so that the first audible sample is here, and move to the last."""
        espeak = Espeak.load()
        samples, _ = espeak.render(text, voice, prosody=prosody)
        sound = soxr.resample(samples.astype(np.float64), espeak.rate, RATE)
        audible = np.flatnonzero(
            np.abs(sound) > decibels(AUDIBLE) * np.abs(sound).max()
        )
        first, last = int(audible[0]), int(audible[-1])
        self._placed.append((self.position - first, sound))
        self.position += last - first + 1

    def mixed(self, *, tail: int) -> Sound:
        """Everything that was said, until `tail` samples after the last word."""
        mix = np.zeros(self.position + tail)
        for start, sound in self._placed:
            begin = max(start, 0)
            part = sound[begin - start : len(mix) - start]
            mix[begin : begin + len(part)] += part
        return mix


def _row(clip: dict[str, Any], recording: Recording, file: Path) -> dict[str, str]:
    utterances = _utterances(clip)
    row = {
        "language": clip["file"].split("/")[0],
        "transcript": _cell([_transcript(u["say"]) for u in utterances]),
        "file": f"{clip['file']}.flac",
        "kind": clip.get("kind", "command"),
        "seconds": f"{len(recording.samples) / RATE:.2f}",
        "license": LICENSE,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    if not utterances:
        return row
    if "interrupts" in clip:
        row["interrupts"] = f"{clip['interrupts']}.flac"
        row["interrupts_after_ms"] = str(clip["interrupts_after_ms"])
    if any("intent" in u for u in utterances):
        slots = [json.dumps(u.get("slots", {}), ensure_ascii=False) for u in utterances]
        row["intent"] = _cell([u["intent"] for u in utterances])
        row["slots"] = _cell(slots)
    return row | {
        "speech": "tts",
        "speech_start_ms": _cell([str(start) for start, _ in recording.spans]),
        "speech_end_ms": _cell([str(end) for _, end in recording.spans]),
        "pauses_ms": " ".join(f"{start}-{end}" for start, end in recording.pauses),
        "voice": f"eSpeak NG {clip['voice']}",
    }


def _transcript(say: str | list[str | int]) -> str:
    return " ".join(piece for piece in _pieces(say) if isinstance(piece, str))


def _cell(parts: list[str]) -> str:
    return " | ".join(parts)


def _millis(samples: int) -> int:
    return samples * 1000 // RATE


if __name__ == "__main__":
    main()
