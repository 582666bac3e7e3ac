"""Clips of eSpeak with the spectra of people.

A formant synthesiser puts the peaks of a sound where a table says, in every language.
How the mean spectrum of each sound differs between eSpeak and some people is known once
their recordings are aligned; what is added to a clip of eSpeak here is that difference.
So a sound that few people of a language have recorded is heard from mouths that say it
in another.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from models.recipes.acoustic.features import LogMel, colorless
from models.recipes.acoustic.voices import Recording, read_by_espeak
from models.recipes.recognizer.features import HOP
from voice.phones import PHONES, SILENCE

_MELS = 80
_DOUBT = 60.0
"""Frames that a sound must be heard before half of what they say is believed."""

_MOST_CLIPS = 120
"""Of each group of people."""

_FEWEST_CLIPS = 15
_READ = 30
"""Texts of each group that eSpeak reads, to compare."""

_LENT = 0.6
"""Of the clips of eSpeak, how many get other spectra."""

_SMOOTHED = 5
"""Frames of 10 ms over which one sound goes over into the next."""


class _Means:
    """The mean spectrum of each sound."""

    def __init__(self) -> None:
        self.sums = torch.zeros(len(PHONES), _MELS)
        self.counts = torch.zeros(len(PHONES), 1)

    def add(self, mel: Tensor, labels: Tensor) -> None:
        known = labels > SILENCE
        self.sums.index_add_(0, labels[known], mel.T[known])
        self.counts.index_add_(0, labels[known], torch.ones(int(known.sum()), 1))

    def towards(self, prior: Tensor) -> Tensor:
        """[sounds, 80]; what was hardly heard is as `prior` has it."""
        return (self.sums + _DOUBT * prior) / (self.counts + _DOUBT)


class Lender:
    """Knows how people differ from eSpeak.

    Args:
        recordings: of people.
        alignments: name of a recording to its labels of 10 ms.
        rng: where the voices of eSpeak come from.
    """

    def __init__(
        self,
        recordings: Sequence[Recording],
        alignments: dict[str, np.ndarray],
        rng: random.Random,
    ) -> None:
        log_mel = LogMel()
        espeak, people = _Means(), _Means()
        groups: dict[str, list[Recording]] = defaultdict(list)
        for recording in recordings:
            if recording.name in alignments:
                groups[recording.group].append(recording)
        by_group: list[_Means] = []
        for own in groups.values():
            if len(own) < _FEWEST_CLIPS:
                continue
            means = _Means()
            for recording in own[:: 1 + len(own) // _MOST_CLIPS]:
                audio = recording.samples.astype(np.float32) / 32768
                pair = _features(log_mel, audio, alignments[recording.name])
                means.add(*pair)
                people.add(*pair)
            by_group.append(means)
            for recording in [r for r in own if r.text][:: 1 + len(own) // _READ]:
                said = read_by_espeak(
                    recording.text, recording.language, rng, strength=0.5
                )
                if said is not None and said.labels is not None:
                    espeak.add(*_features(log_mel, said.audio, said.labels))
        base = espeak.towards(torch.zeros(len(PHONES), _MELS))
        common = people.towards(base)
        shifts = [means.towards(common) - base for means in by_group]
        self._shifts = torch.stack(shifts or [torch.zeros(len(PHONES), _MELS)])
        self._shifts[:, SILENCE] = 0

    def lend(
        self, mel: Tensor, labels: Tensor, rows: Iterable[int], rng: random.Random
    ) -> Tensor:
        """Give most of `rows` the spectra of somebody.

        Args:
            mel: [batch, 80, n].
            labels: [batch, n]; what is not known stays as it is.
            rows: those in which eSpeak speaks.
            rng: where the choices come from.
        """
        mel = mel.clone()
        for row in rows:
            if rng.random() > _LENT:
                continue
            shifts = self._shifts[rng.randrange(len(self._shifts))]
            shift = shifts[labels[row].clamp_min(SILENCE)].T[None]
            smooth = F.avg_pool1d(
                shift, _SMOOTHED, 1, _SMOOTHED // 2, count_include_pad=False
            )
            mel[row] += rng.uniform(0.4, 1.1) * smooth[0]
        return mel


def _features(
    log_mel: LogMel, audio: np.ndarray, labels: np.ndarray
) -> tuple[Tensor, Tensor]:
    length = min(len(audio) // HOP, len(labels))
    mel = log_mel(torch.from_numpy(audio[None, : length * HOP]))
    known = torch.from_numpy(labels[:length].astype(np.int64))
    return colorless(mel, torch.tensor([length]))[0][:, :length], known
