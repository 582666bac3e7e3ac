"""Words without a voice: sentences and their beginnings, as if the ear had heard them.

eSpeak tells the phones of a text far faster than it speaks them, and nothing has to
listen. So the network meets many more words before the ends of which it is asked than
there is time to hear. What the acoustic model makes of phones is made up: they last
as long as phones do, some are taken for others of their kind, some are lost.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np

from models.recipes.recognizer.clips import ACCENTS
from models.recipes.turn_end.texts import Sayings
from voice.phones import PHONES, SILENCE, atoms
from voice.recognizers.turn_ends import FRAMES, MELODY
from voice.synthesizers.espeak import VOICES, Espeak

__all__ = ["Spoken"]

LONGEST = 56
"""Phones that are kept of a text: more than `FRAMES` hold."""

MISTAKEN, LOST = 0.18, 0.05
"""Of the phones: those that are taken for others, and those that are not heard."""

SURE = 0.4
"""Of the mistaken phones, those of which the right one is not even suspected."""

LENGTHS, SHARES = (1, 2, 3, 4, 5), (0.15, 0.35, 0.28, 0.14, 0.08)
"""Frames that a phone lasts, and how often."""

KINDS = ("pbtdkɡcɟ", "fvszʃʒθðxɣhçβ", "mnɲŋ", "lʎrɹʁjw")
"""Consonants that are taken for each other; all vowels are."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """The phones of sentences and of their beginnings."""

    phones: np.ndarray
    """int8, [n, `LONGEST`]: places in `PHONES`, the newest last; -1 before the first."""
    over: np.ndarray
    """bool, [n]: whether it is a whole sentence."""

    def __len__(self) -> int:
        return len(self.over)

    @classmethod
    def of(cls, sayings: Sayings, count: int, rng: random.Random) -> "Spoken":
        """`count` of them: for each sentence that is whole, a beginning of it."""
        made = list(islice(_read(sayings, rng), count))
        phones = np.full((count, LONGEST), -1, np.int8)
        for row, (numbers, _) in zip(phones, made, strict=True):
            row[LONGEST - len(numbers) :] = numbers
        return cls(phones, np.array([over for _, over in made], bool))

    def heard(self, some: np.ndarray, drawing: np.random.Generator) -> np.ndarray:
        """What the ear might make of some of them; without a melody.

        Args:
            some: their numbers, [batch].
            drawing: where the chances come from.

        Returns:
            [batch, `FRAMES`, sounds + `MELODY`], as `tail` gives them.
        """
        phones = self.phones[some].astype(int)
        there = phones >= 0
        phones = np.where(there, phones, 0)
        count, length = phones.shape
        share = MISTAKEN * drawing.uniform(0.2, 1.8, (count, 1))
        mistaken = drawing.random(phones.shape) < share
        others = _LIKE[phones, drawing.integers(0, _LIKE.shape[1], phones.shape)]
        suspected = ~mistaken | (drawing.random(phones.shape) >= SURE)
        lasts = _lengths(there, drawing)
        frames = np.zeros((count, FRAMES, len(PHONES) + MELODY), np.float32)
        back = np.arange(FRAMES)
        for row, ends in enumerate(np.cumsum(lasts[:, ::-1], axis=1)):
            ago = np.searchsorted(ends, back, side="right")
            at = FRAMES - 1 - back[ago < length]
            now = length - 1 - ago[ago < length]
            said, other, wrong = phones[row, now], others[row, now], mistaken[row, now]
            surely = drawing.uniform(0.55, 1.0, len(at))
            less = (1 - surely) * suspected[row, now]
            frames[row, at, np.where(wrong, said, other)] += less
            frames[row, at, np.where(wrong, other, said)] += surely
        return frames


def _lengths(there: np.ndarray, drawing: np.random.Generator) -> np.ndarray:
    """Frames of each phone: none of those that are lost, more of the last ones."""
    lasts = drawing.choice(LENGTHS, p=SHARES, size=there.shape)
    lasts[:, -3:] += drawing.integers(0, 2, (len(lasts), 3))
    paced = np.round(lasts * drawing.uniform(0.8, 1.3, (len(lasts), 1)))
    lost = drawing.random(there.shape) < LOST
    return np.where(there & ~lost, np.maximum(1, paced), 0).astype(int)


def _read(sayings: Sayings, rng: random.Random) -> Iterator[tuple[list[int], bool]]:
    espeak = Espeak.load()
    while True:
        language = sayings.language(rng)
        words = sayings.saying(language, rng).split()
        if len(words) < 2:
            continue
        voice = rng.choice(ACCENTS.get(language, (VOICES.get(language, language),)))
        for over in (True, False):
            at = len(words) if over else rng.randrange(1, len(words))
            symbols = espeak.symbols(" ".join(words[:at]), voice)
            numbers = [_NUMBERS[sound] for one in symbols for sound in atoms(one)]
            if numbers:
                yield numbers[-LONGEST:], over


def _alike() -> np.ndarray:
    """For each sound, sounds that it is taken for; [sounds, some]."""
    kinds = [[_NUMBERS[sound] for sound in kind] for kind in KINDS]
    known = {number for kind in kinds for number in kind} | {SILENCE}
    kinds.append([n for n in range(len(PHONES)) if n not in known])
    like = np.zeros((len(PHONES), 24), int)
    for kind in kinds:
        for number in kind:
            like[number] = np.resize(kind, like.shape[1])
    return like


_NUMBERS = {sound: number for number, sound in enumerate(PHONES)}
_LIKE = _alike()
