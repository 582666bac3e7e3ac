"""Speech to learn from: eSpeak's voices, the voices of festival and flite, people.

Whoever speaks, the sounds come from eSpeak's reading of the text, so that all voices
and languages share one inventory. eSpeak tells when each sound begins; for the others
`align` finds it out.
"""

import csv
import random
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from shutil import which

import numpy as np
import soundfile
import soxr

from models.recipes.acoustic.texts import Texts
from models.recipes.recognizer.clips import (
    ACCENTS,
    TRAINING_VARIANTS,
)
from models.recipes.recognizer.features import HOP, RATE
from voice.held_out import VARIANTS
from voice.phones import PHONES, SILENCE, atoms
from voice.synthesizers.espeak import VOICES, Espeak, Phoneme, Prosody

UNKNOWN = -1
"""The label of a moment whose sound is not known."""

_NUMBERS = {phone: number for number, phone in enumerate(PHONES)}

FESTIVAL_VOICES = {
    "kal_diphone": "en",
    "ked_diphone": "en",
    "cmu_us_slt_arctic_hts": "en",
    "lp_diphone": "it",
    "pc_diphone": "it",
    "upc_ca_ona_hts": "ca",
    "czech_dita": "cs",
    "czech_machac": "cs",
    "czech_ph": "cs",
    "suo_fi_lj_diphone": "fi",
    "hy_fi_mv_diphone": "fi",
}
"""Of Debian's packages festvox-*; those that are installed are used."""

FLITE_VOICES = ("awb", "rms", "slt", "kal16")
_LATIN_2 = {"cs": "iso-8859-2"}


@dataclass(frozen=True, slots=True)
class Utterance:
    """Speech with what is known about its sounds.

    Attributes:
        language: tag.
        audio: float32, 16 kHz, shape [n].
        sounds: numbers of `PHONES` in order, silences left out.
        labels: int16, the sound of each 10 ms or `UNKNOWN`, shape [n // 160]; None where
            no time is known.
    """

    language: str
    audio: np.ndarray
    sounds: tuple[int, ...]
    labels: np.ndarray | None


def sounds_of(phonemes: list[Phoneme]) -> tuple[int, ...]:
    """The sounds in order."""
    return tuple(_NUMBERS[a] for p in phonemes for a in atoms(p.symbol))


def timed_labels(phonemes: list[Phoneme], ends: list[int], length: int) -> np.ndarray:
    """The sound of each 10 ms; what follows the last sound is silence.

    Args:
        phonemes: their `start` is a sample.
        ends: the sample after each.
        length: samples of the clip.
    """
    labels = np.full(length // HOP, SILENCE, np.int16)
    for phone, end in zip(phonemes, ends, strict=True):
        parts = [_NUMBERS[atom] for atom in atoms(phone.symbol)]
        edges = np.linspace(phone.start, end, len(parts) + 1) / HOP
        if phone.symbol and not parts:
            # A mark that lengthens or softens the sound before it.
            first = int(phone.start / HOP)
            parts, edges = (
                [int(labels[max(0, first - 1)])],
                np.array([first, end / HOP]),
            )
        for part, begin, last in zip(parts, edges, edges[1:], strict=False):
            labels[int(begin + 0.5) : int(last + 0.5)] = part
    return labels


def read_by_espeak(
    text: str, language: str, rng: random.Random, *, strength: float, test: bool = False
) -> Utterance | None:
    """`text` in a random voice of eSpeak; None where it says nothing.

    Resampling moves the formants (a longer or shorter vocal tract) while the speaking
    rate makes up for the tempo.
    """
    espeak = Espeak.load()
    variant = rng.choice(VARIANTS if test else TRAINING_VARIANTS)
    accent = rng.choice(ACCENTS.get(language, (VOICES.get(language, language),)))
    tract = float(np.clip(np.exp(rng.gauss(0, 0.11 * strength)), 0.75, 1.3))
    spread = 0.5 + 0.5 * strength
    prosody = Prosody(
        rate=int(np.clip(rng.gauss(165, 35 * spread) / tract, 85, 320)),
        pitch=int(np.clip(rng.gauss(50, 24 * spread), 0, 99)),
        range=int(np.clip(rng.gauss(50, 24 * spread), 0, 99)),
    )
    voice = f"{accent}+{variant}" if variant else accent
    samples, phonemes = espeak.render(text, voice, prosody=prosody)
    if len(samples) < RATE // 20:
        return None
    audio = soxr.resample(
        samples.astype(np.float32) / 32768, espeak.rate * tract, RATE, quality="MQ"
    )
    scale = RATE / (espeak.rate * tract)
    moved = [Phoneme(p.symbol, int(p.start * scale), p.position) for p in phonemes]
    ends = [*(p.start for p in moved[1:]), len(audio)][: len(moved)]
    return Utterance(
        language, audio, sounds_of(moved), timed_labels(moved, ends, len(audio))
    )


@dataclass(frozen=True, slots=True)
class Recording:
    """A voice that is not made while we train.

    Attributes:
        name: unique in a run.
        language: tag.
        group: recordings of one source share it.
        text: what is said; empty where nobody has written it down.
        samples: int16, 16 kHz, shape [n].
    """

    name: str
    language: str
    group: str
    text: str
    samples: np.ndarray


def people(folder: Path, *, longest: float) -> list[Recording]:
    """The recordings of people under `folder`; `text` is empty where none is known."""
    found: list[Recording] = []
    with (folder / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            if not 0.2 < float(row["seconds"]) <= longest:
                continue
            samples = read_recording(folder / row["file"])
            if samples is not None:
                group = f"{row['language']} {row['source']}"
                found.append(
                    Recording(
                        row["file"],
                        row["language"],
                        group,
                        row["transcript"].strip(),
                        samples,
                    )
                )
    return found


def read_by_others(
    texts: dict[str, Texts], count: int, rng: random.Random
) -> list[Recording]:
    """`count` texts by each installed voice of festival and of flite."""
    found: list[Recording] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for voice in FLITE_VOICES if which("flite") else ():
            for number, text in enumerate(_varied(texts["en"], count, rng)):
                path = folder / f"{voice}{number}.wav"
                subprocess.run(
                    ["flite", "-voice", voice, "-t", text, "-o", str(path)],
                    check=True,
                    timeout=60,
                    capture_output=True,
                )
                found += _taken(path, "en", f"flite {voice}", text)
        for voice, language in FESTIVAL_VOICES.items():
            if which("festival") and language in texts:
                found += _festival(voice, texts[language], count, folder, rng)
    return found


def _festival(
    voice: str, texts: Texts, count: int, folder: Path, rng: random.Random
) -> list[Recording]:
    said = _varied(texts, count, rng)
    lines = [f"(voice_{voice})"]
    for number, text in enumerate(said):
        quoted = text.replace("\\", "").replace('"', "")
        path = folder / f"{voice}{number}.wav"
        lines.append(
            f'(unwind-protect (utt.save.wave (utt.synth (Utterance Text "{quoted}"))'
            f' "{path}" (quote riff)))'
        )
    encoding = _LATIN_2.get(texts.language, "iso-8859-1")
    script = folder / f"{voice}.scm"
    script.write_bytes("\n".join(lines).encode(encoding, "replace"))
    # A voice that is not installed ends festival at once: there are no files then.
    subprocess.run(
        ["festival", "-b", str(script)], check=False, timeout=1200, capture_output=True
    )
    found: list[Recording] = []
    for number, text in enumerate(said):
        path = folder / f"{voice}{number}.wav"
        if path.exists():
            found += _taken(path, texts.language, f"festival {voice}", text)
    return found


def _varied(texts: Texts, count: int, rng: random.Random) -> list[str]:
    makers = (texts.command, texts.command, texts.words, texts.piece)
    return [rng.choice(makers)() for _ in range(count)]


def _taken(path: Path, language: str, group: str, text: str) -> list[Recording]:
    samples = read_recording(path)
    path.unlink()
    if samples is None or len(samples) < RATE // 5:
        return []
    return [Recording(path.name, language, group, text, samples)]


def read_recording(path: Path) -> np.ndarray | None:
    """Samples as int16, or None for the few files that end in the middle of a packet."""
    try:
        audio, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except soundfile.LibsndfileError:
        return None
    samples = audio[:, 0]
    if rate != RATE:
        samples = soxr.resample(samples, rate, RATE)
    return (np.clip(samples, -1, 1) * 32767).astype(np.int16)
