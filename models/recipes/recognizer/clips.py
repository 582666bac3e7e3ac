"""Clips to learn from, and the voices of eSpeak, which tell their phonemes."""

import random
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import soxr

from models.recipes.recognizer.features import FRAME, RATE
from voice.held_out import VARIANTS
from voice.synthesizers.espeak import Espeak, Phoneme, Prosody

ACCENTS = {
    "en": (
        "en",
        "en-us",
        "en",
        "en-us",
        "en-gb-x-rp",
        "en-gb-scotland",
        "en-gb-x-gbclan",
        "en-us-nyc",
    ),
    "de": ("de",),
    "fr": ("fr", "fr", "fr-be", "fr-ch"),
    "es": ("es", "es", "es-419"),
}
TRAINING_VARIANTS = (
    *(
        "",
        "",
        "",
        "",
        "Alex",
        "Alicia",
        "Andrea",
        "Andy",
        "Annie",
        "Denis",
        "Diogo",
        "Gene",
        "Gene2",
    ),
    *(
        "Hugo",
        "Jacky",
        "Lee",
        "Marco",
        "Mario",
        "Michael",
        "Reed",
        "Storm",
        "adam",
        "anika",
        "antonio",
    ),
    *(
        "aunty",
        "benjamin",
        "boris",
        "caleb",
        "david",
        "ed",
        "edward",
        "edward2",
        "f1",
        "f2",
        "f3",
        "f4",
    ),
    *(
        "grandma",
        "grandpa",
        "gustave",
        "ian",
        "iven",
        "iven2",
        "iven3",
        "john",
        "kaukovalta",
        "klatt",
    ),
    *(
        "klatt2",
        "klatt3",
        "klatt4",
        "klatt6",
        "linda",
        "m1",
        "m2",
        "m3",
        "m4",
        "m5",
        "m6",
        "m8",
        "max",
    ),
    *(
        "michel",
        "miguel",
        "mike2",
        "norbert",
        "paul",
        "quincy",
        "rob",
        "robert",
        "sandro",
        "steph",
    ),
    *(
        "steph2",
        "travis",
        "victor",
        "zac",
        "whisper",
        "klatt",
        "klatt2",
        "klatt3",
        "klatt4",
        "klatt6",
    ),
)


@dataclass(frozen=True, slots=True)
class Clip:
    """Speech and what is known about it.

    Attributes:
        language: tag.
        text: normalised; empty where nobody speaks.
        audio: float32, 16 kHz, shape [n].
        phonemes: in order of time; their `start` is a sample of `audio`, or -1 where no time is known.
    """

    language: str
    text: str
    audio: np.ndarray
    phonemes: tuple[Phoneme, ...]

    @property
    def is_timed(self) -> bool:
        """Whether the phonemes have times."""
        return not self.phonemes or self.phonemes[0].start >= 0


def plain_symbol(symbol: str) -> str:
    """The phoneme without stress and length: what a frame of 20 ms can show."""
    return symbol.translate({ord(mark): None for mark in "ˈˌː"})


def synthesized(
    text: str, language: str, rng: random.Random, *, strength: float, test: bool = False
) -> Clip | None:
    """`text` in a random voice of eSpeak; None where it says nothing.

    Resampling moves the formants (a longer or shorter vocal tract) while the speaking rate makes up for the tempo.
    """
    espeak = Espeak.load()
    variant = rng.choice(VARIANTS if test else TRAINING_VARIANTS)
    accent = rng.choice(ACCENTS[language])
    tract = float(np.clip(np.exp(rng.gauss(0, 0.09 * strength)), 0.8, 1.25))
    spread = 0.5 + 0.5 * strength
    prosody = Prosody(
        rate=int(np.clip(rng.gauss(160, 30 * spread) / tract, 90, 300)),
        pitch=int(np.clip(rng.gauss(50, 22 * spread), 0, 99)),
        range=int(np.clip(rng.gauss(50, 22 * spread), 0, 99)),
    )
    samples, reported = espeak.render(
        text, f"{accent}+{variant}" if variant else accent, prosody=prosody
    )
    if not len(samples):
        return None
    scale = RATE / (espeak.rate * tract)
    audio = soxr.resample(
        samples.astype(np.float32) / 32768, espeak.rate * tract, RATE, quality="MQ"
    )
    timed = tuple(
        Phoneme(plain_symbol(phone.symbol), int(phone.start * scale), phone.position)
        for phone in reported
    )
    return Clip(language=language, text=text, audio=audio, phonemes=timed)


def frame_labels(
    clip: Clip, ids: dict[str, int], *, lead: int, frames: int
) -> np.ndarray:
    """The phoneme that sounds at the middle of each frame of 20 ms, 0 for none; shape [frames].

    Args:
        clip: with timed phonemes.
        ids: symbol to number.
        lead: samples before the clip.
        frames: how many.
    """
    labels = np.zeros(frames, np.int64)
    starts = [phone.start for phone in clip.phonemes]
    ends = [*starts[1:], len(clip.audio)][: len(starts)]
    for phone, end in zip(clip.phonemes, ends, strict=True):
        first = (phone.start + lead + FRAME // 2) // FRAME
        last = (end + lead + FRAME // 2) // FRAME
        labels[first:last] = ids.get(phone.symbol, 0)
    return labels


def token_frames(
    clip: Clip, spans: Sequence[tuple[int, int]], *, lead: int
) -> list[float]:
    """The frame in which the middle of each token sounds; -1 where that is not known.

    The time of a word is exact; within the word, letters are taken to last equally long.

    Args:
        clip: with timed phonemes.
        spans: of characters of `clip.text`, one for each token.
        lead: samples before the clip.
    """
    words: dict[int, tuple[int, int]] = {}
    ends = [*(phone.start for phone in clip.phonemes[1:]), len(clip.audio)]
    for phone, end in zip(clip.phonemes, ends, strict=False):
        if phone.symbol and phone.start >= 0:
            words[phone.position] = (
                words.get(phone.position, (phone.start, 0))[0],
                end,
            )
    beginnings = sorted(words)
    frames: list[float] = []
    for begin, last in spans:
        # The space before a word belongs to its first token, not to its sound.
        first = begin + (clip.text[begin : begin + 1] == " ")
        number = bisect_right(beginnings, first) - 1
        if number < 0:
            frames.append(-1.0)
            continue
        position = beginnings[number]
        following = beginnings[number + 1 :] or [len(clip.text) + 1]
        part = ((first + last) / 2 - position) / max(1, following[0] - 1 - position)
        start, end = words[position]
        frames.append((lead + start + min(1.0, part) * (end - start)) / FRAME)
    return frames
