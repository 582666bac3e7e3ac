"""Speech that the starter models never learned from, made when it is needed.

Sentences are drawn from all that may be said to a home, as often as they are likely,
and only those that the recipes keep out of their training. eSpeak NG, which comes with
Parley, reads them in the variants that no training hears. So a checkout without a
single recording can measure how well each language is heard. These voices are
synthetic: they say nothing about people.
"""

import math
import random
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from voice.audio import HEARING_RATE, Pcm
from voice.home import Home
from voice.phones import atoms
from voice.responders.spoken_sentences import spoken_sentences
from voice.scoring import align
from voice.scoring import readings as spelled_out
from voice.sentence_graphs import Form, SentenceGraph, joined
from voice.synthesizers.espeak import VOICES, Espeak, Prosody

__all__ = [
    "VARIANTS",
    "Reading",
    "audible_errors",
    "drawn",
    "is_held_out",
    "read_aloud",
    "readings",
    "sentences",
    "unlearned",
]

VARIANTS = (
    "Henrique",
    "Mike",
    "belinda",
    "f5",
    "iven4",
    "klatt5",
    "m7",
    "marcelo",
    "pablo",
    "shelby",
)
"""Voices of eSpeak that no training hears."""

ACCENTS = {
    "en": (
        "en",
        "en-us",
        "en-gb-x-rp",
        "en-gb-scotland",
        "en-gb-x-gbclan",
        "en-us-nyc",
    ),
    "fr": ("fr", "fr-be", "fr-ch"),
    "es": ("es", "es-419"),
}
"""The voices of a language that are read in; of the other languages `VOICES` has one."""

SHARE = 20
"""One sentence in this many is kept out of training."""

MOST_WORDS = 14
"""Of a sentence; people say no longer ones in a breath."""

QUIET = HEARING_RATE // 4
"""Samples of silence before and after the speech."""

_MOST_TRIES = 2000
"""In a row without a new sentence: then the language has no more."""

_LEAST = HEARING_RATE // 20
"""Samples; less is no speech."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One sentence, read aloud.

    Attributes:
        language: canonical tag.
        written: as a recogniser should write it.
        voice: eSpeak's name of it.
        pcm: 16 kHz, with `QUIET` on both sides.
    """

    language: str
    written: str
    voice: str
    pcm: Pcm

    @property
    def seconds(self) -> float:
        """How long the speech is, without the quiet around it."""
        return (len(self.pcm) - 2 * QUIET) / HEARING_RATE


def is_held_out(text: str) -> bool:
    """Whether the recipes keep a sentence out of training: its hash alone decides."""
    return zlib.crc32(text.lower().encode()) % SHARE == 0


def sentences(home: Home, language: str) -> SentenceGraph:
    """What may be said to a home in a language that has a grammar; takes seconds."""
    graph = spoken_sentences(home, language)
    assert graph is not None, f"no grammar for {language}"
    return graph


def drawn(graph: SentenceGraph, rng: random.Random) -> list[Form]:
    """A sentence of the graph, word by word; likely ones come more often."""
    state, forms = graph.start, list[Form]()
    while True:
        ways: list[int] = [*range(len(graph.arcs[state]))]
        weights = [math.exp(-rarity) for rarity in graph.rarities[state]]
        if graph.senses[state]:
            ways.append(-1)
            weights.append(math.exp(-graph.end_rarities[state]))
        (way,) = rng.choices(ways, weights)
        if way < 0:
            return forms
        class_, state = graph.arcs[state][way]
        among = graph.words[class_]
        forms += rng.choices(among, [math.exp(-form.rarity) for form in among])


def readings(graph: SentenceGraph, count: int, rng: random.Random) -> Iterator[Reading]:
    """Different sentences of a graph that no training saw, each in some unheard voice.

    Fewer than `count` where the language has no more.
    """
    read = 0
    for forms in unlearned(graph, rng):
        if read == count:
            return
        spoken = joined(form.spoken for form in forms)
        voice, pcm = read_aloud(spoken, graph.language, rng)
        if len(pcm) - 2 * QUIET >= _LEAST:
            read += 1
            written = joined(form.written for form in forms)
            yield Reading(graph.language, written, voice, pcm)


def unlearned(graph: SentenceGraph, rng: random.Random) -> Iterator[list[Form]]:
    """Different sentences that no training saw, until the language has no more."""
    found: set[str] = set()
    tries = 0
    while tries < _MOST_TRIES:
        tries += 1
        forms = drawn(graph, rng)
        written = joined(form.written for form in forms)
        if len(forms) > MOST_WORDS or written in found or not is_held_out(written):
            continue
        found.add(written)
        tries = 0
        yield forms


def audible_errors(reference: str, hypothesis: str, language: str) -> int:
    """Word errors that can be heard: "quel" is no error for "quels", nor "a" for "à".

    No recogniser can tell apart what sounds the same. Two texts that sound the same
    as a whole do not differ, wherever a space stands.
    """
    fewest: list[int] = []
    for one in spelled_out(reference, language):
        for other in spelled_out(hypothesis, language):
            said, heard = _sounds(one, language), _sounds(other, language)
            same = "".join(said) == "".join(heard)
            fewest.append(0 if same else align(said, heard).errors)
    return min(fewest)


def _sounds(text: str, language: str) -> list[str]:
    """How each word sounds by itself."""
    return [_sound(word, VOICES[language]) for word in text.split()]


@cache
def _sound(word: str, voice: str) -> str:
    symbols = Espeak.load().symbols(word, voice)
    return "".join(atom for symbol in symbols for atom in atoms(symbol))


def read_aloud(text: str, language: str, rng: random.Random) -> tuple[str, Pcm]:
    """A text in some unheard voice: eSpeak's name of it, and the speech amid `QUIET`."""
    espeak = Espeak.load()
    accent = rng.choice(ACCENTS.get(language, (VOICES[language],)))
    voice = f"{accent}+{rng.choice(VARIANTS)}"
    prosody = Prosody(
        rate=round(min(max(rng.gauss(165, 18), 85), 320)),
        pitch=round(min(max(rng.gauss(50, 12), 0), 99)),
        range=round(min(max(rng.gauss(50, 12), 0), 99)),
    )
    samples, _ = espeak.render(text, voice, prosody=prosody)
    speech = Pcm(samples, espeak.rate).resampled(HEARING_RATE).samples
    quiet = np.zeros(QUIET, np.int16)
    return voice, Pcm(np.concatenate([quiet, speech, quiet]), HEARING_RATE)
