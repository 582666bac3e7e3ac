"""Speech that is over, and speech that goes on, by people and by eSpeak's voices.

Both are cut in the same way, faded alike, and followed by the same quiet noise, so that
nothing but the speech tells them apart: no file that ends, no click, no silence of its
own length, no level.
"""

import random
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import soxr

from audio_fixtures.rooms import decibels, in_room, room_tone
from models.recipes.acoustic.voices import read_recording
from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.clips import ACCENTS, TRAINING_VARIANTS
from models.recipes.turn_end.texts import Sayings
from voice.loudness import voiced
from voice.synthesizers.espeak import VOICES, Espeak, Prosody

__all__ = ["RATE", "Clip", "espeak_clips", "people_clips"]

RATE = 16_000

Sound = np.ndarray
"""float64, 16 kHz, shape [n]."""

A_PAUSE = 150
"""Milliseconds from which a gap is a pause that somebody made."""

ENOUGH = 300
"""Milliseconds of voice before a cut, at least, and behind it."""

LONGEST_S = 2.6
"""Seconds of an utterance that are kept before a cut."""

SILENCE = (70, 180)
"""Milliseconds of noise behind every cut; the ear is asked after about as many."""

_INSIDE = ("word", "word", "sentence", "sentence", "comma")
"""Places that are no end, as often as eSpeak is cut at each."""

_EDGE = RATE // 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """Speech up to a place where nobody speaks."""

    audio: Sound
    over: bool
    place: str
    """``end``; ``pause``, that somebody made; ``word``, a cut between words or within;
    ``sentence``, the beginning of a sentence read as if it were one."""
    voices: str
    """``people`` or ``espeak``."""
    speaker: str
    language: str


# --- People -------------------------------------------------------------------


def people_clips(rows: Sequence[Mapping[str, str]], folder: Path) -> Iterator[Clip]:
    """Where people end, pause, and are cut off, in recordings of one sentence each.

    Args:
        rows: of an index of recordings.
        folder: where their files are.
    """
    for row in rows:
        samples = read_recording(folder / row["file"])
        if samples is None:
            continue
        sound = samples.astype(np.float64) / 32768
        rng = random.Random(zlib.crc32(row["file"].encode()))
        speaker = row.get("speaker") or Path(row["file"]).stem.split("_")[0]
        for at, place in _places(sound, rng):
            yield Clip(
                audio=sound[:at][-int(LONGEST_S * RATE) :],
                over=place == "end",
                place=place,
                voices="people",
                speaker=f"{row['language']} {speaker}",
                language=row["language"],
            )


def _places(sound: Sound, rng: random.Random) -> Iterator[tuple[int, str]]:
    spans = voiced(sound, RATE)
    if not spans:
        return
    begin, end = spans[0][0], spans[-1][1]
    if end - begin < ENOUGH * RATE // 1000:
        return
    yield end, "end"
    pauses, lulls = [], []
    for (_, stop), (after, _) in pairwise(spans):
        if min(stop - begin, end - after) >= ENOUGH * RATE // 1000:
            gap = (after - stop) * 1000 // RATE
            (pauses if gap >= A_PAUSE else lulls).append(stop)
    yield from ((at, "pause") for at in rng.sample(pauses, min(2, len(pauses))))
    yield from ((at, "word") for at in rng.sample(lulls, min(1, len(lulls))))


# --- eSpeak -------------------------------------------------------------------


def espeak_clips(sayings: Sayings, count: int, rng: random.Random) -> Iterator[Clip]:
    """`count` clips in training voices; half of them are over."""
    made = 0
    while made < count:
        language = sayings.language(rng)
        text = sayings.saying(language, rng)
        words = text.split()
        over = rng.random() < 0.5
        if len(words) < 2:
            continue
        at = len(words) if over else rng.randrange(1, len(words))
        place = "end" if over else rng.choice(_INSIDE)
        sound, variant = _read(words, at, place, language, rng)
        if sound is None:
            continue
        made += 1
        yield Clip(
            audio=sound[-int(LONGEST_S * RATE) :],
            over=over,
            place=place,
            voices="espeak",
            speaker=f"{language}+{variant}",
            language=language,
        )


def _read(
    words: Sequence[str], at: int, place: str, language: str, rng: random.Random
) -> tuple[Sound | None, str]:
    """The first `at` of the words, as they sound at such a place."""
    espeak = Espeak.load()
    variant = rng.choice(TRAINING_VARIANTS)
    accent = rng.choice(ACCENTS.get(language, (VOICES.get(language, language),)))
    voice = f"{accent}+{variant}" if variant else accent
    tract = float(np.clip(np.exp(rng.gauss(0, 0.08)), 0.8, 1.25))
    prosody = Prosody(
        rate=int(np.clip(rng.gauss(165, 25) / tract, 110, 260)),
        pitch=int(np.clip(rng.gauss(50, 18), 5, 95)),
        range=int(np.clip(rng.gauss(50, 18), 5, 95)),
    )
    said = words if place == "word" else words[:at]
    text = " ".join(said) + {"comma": ",", "end": rng.choice(("", "", "."))}.get(
        place, ""
    )
    samples, phonemes = espeak.render(text, voice, prosody=prosody)
    scale = RATE / (espeak.rate * tract)
    sound = soxr.resample(
        samples.astype(np.float64) / 32768, espeak.rate * tract, RATE, quality="MQ"
    )

    def begins(word: int) -> int | None:
        offset = len(" ".join(said[:word])) + 1
        starts = [p.start for p in phonemes if p.position == offset and p.symbol]
        return int(starts[0] * scale) if starts else None

    if place == "word":
        cut = begins(at)
        if cut is None:
            return None, variant
        sound = sound[:cut]
    before = rng.randrange(1, at) if at > 1 and rng.random() < 0.3 else None
    paused = begins(before) if before else None
    if paused is not None and paused < len(sound):
        gap = np.zeros(rng.randint(A_PAUSE, 900) * RATE // 1000)
        sound = np.concatenate([_faded(sound[:paused]), gap, _faded(sound[paused:])])
    loud = np.flatnonzero(np.abs(sound) > decibels(-40) * np.abs(sound).max(initial=0))
    if len(loud) < RATE // 10:
        return None, variant
    return sound[loud[0] : loud[-1] + 1], variant


# --- What comes behind ----------------------------------------------------------


def heard(clip: Clip, rooms: Rooms, seed: int) -> np.ndarray:
    """The clip as a microphone hears it, with a moment of its noise behind; float32."""
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    lead = np.zeros(rng.randint(100, 250) * RATE // 1000)
    tail = np.zeros(rng.randint(*SILENCE) * RATE // 1000)
    dry = np.concatenate([lead, _faded(clip.audio), tail])
    dry *= decibels(rng.uniform(-20.0, -5.0)) / np.abs(dry).max()
    if clip.voices == "espeak" and rng.random() < 0.6:
        dry = in_room(dry, noise)
    floor = decibels(rng.uniform(0.0, 18.0))
    sound = (dry + room_tone(len(dry), noise) * floor).astype(np.float32)
    return rooms.impair(sound, 0.4) if rng.random() < 0.4 else sound


def _faded(sound: Sound) -> Sound:
    """Without a click at either end."""
    edge = min(_EDGE, len(sound) // 2)
    ramp = np.linspace(0, 1, edge)
    sound = sound.copy()
    sound[:edge] *= ramp
    sound[len(sound) - edge :] *= ramp[::-1]
    return sound
