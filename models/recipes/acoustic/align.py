"""Find out when the sounds of a recording are heard, with a network that half knows them.

Which sounds come, and in which order, is known from the transcript, so a weak network is
enough. A weak preference for the places that eSpeak's own timing suggests keeps it from
getting lost. Where there is no transcript, what the network is sure of is believed.
"""

from collections.abc import Iterator, Sequence

import numpy as np
import torch

from models.recipes.acoustic.features import LogMel, colorless
from models.recipes.acoustic.network import STRIDE, Acoustic
from models.recipes.acoustic.voices import UNKNOWN, Recording
from models.recipes.recognizer.features import HOP
from voice.phones import PHONES, SILENCE, atoms
from voice.synthesizers.espeak import Espeak

FRAME = STRIDE * HOP

_QUIET_COST, _LOUD_COST = 0.3, 2.0
"""Against silence, where the recording is quiet and where it is not."""

_QUIET = 1e-3
"""Of the loudest frame's power."""

_LEAST_LIKELY = -1.8
"""Mean log probability of the sounds found; below it the transcript is not believed."""

_SURE = -0.35
"""Log probability from which a sound is believed without a transcript."""

_STRAY_FRAMES = 17.0
"""How far from its expected frame a sound may lie before that costs 0.5 nats."""

_AT_ONCE = 48
_NEVER = np.float32(-1e9)

_NUMBERS = {phone: number for number, phone in enumerate(PHONES)}


def pronounced(text: str, language: str) -> tuple[np.ndarray, np.ndarray]:
    """The sounds of `text` as eSpeak says it, and when it does, in seconds; both [n]."""
    espeak = Espeak.load()
    samples, phonemes = espeak.render(text, language)
    ends = [*(p.start for p in phonemes[1:]), len(samples)]
    sounds: list[int] = []
    times: list[float] = []
    for phone, end in zip(phonemes, ends, strict=False):
        parts = atoms(phone.symbol)
        for place, part in enumerate(parts):
            sounds.append(_NUMBERS[part])
            share = (place + 0.5) / len(parts)
            times.append((phone.start + share * (end - phone.start)) / espeak.rate)
    return np.array(sounds, np.int64), np.array(times)


def log_probabilities(
    model: Acoustic, clips: Sequence[np.ndarray], languages: Sequence[str]
) -> list[np.ndarray]:
    """The network's opinion on clips of int16 audio; each [frames of 30 ms, phones].

    `languages` has the tag of each.
    """
    longest = max(len(clip) for clip in clips)
    audio = np.zeros((len(clips), longest + -longest % FRAME), np.float32)
    for row, clip in zip(audio, clips, strict=True):
        row[: len(clip)] = clip.astype(np.float32) / 32768
    mel = _LOG_MEL(torch.from_numpy(audio))
    frames = torch.tensor([len(clip) // HOP for clip in clips])
    with torch.inference_mode():
        scores = model(colorless(mel, frames), model.numbers(languages))
        scores = scores.log_softmax(-1).numpy()
    return [
        row[: -(-len(clip) // FRAME)] for row, clip in zip(scores, clips, strict=True)
    ]


_LOG_MEL = LogMel()


def best_paths(emissions: list[np.ndarray]) -> list[np.ndarray]:
    """The best way through the sounds of each clip, each with a possible pause around it.

    Args:
        emissions: log probabilities, [frames, 1 + sounds]; the pause comes first, then
            the sounds of the clip in their order.

    Returns:
        For each frame of each clip the number of its sound, or -1 in a pause.
    """
    longest = max(len(e) for e in emissions)
    widest = 2 * max(e.shape[1] for e in emissions) - 1
    scores = np.full((longest, len(emissions), widest), _NEVER, np.float32)
    for row, own in enumerate(emissions):
        frames, states = len(own), 2 * own.shape[1] - 1
        scores[:frames, row, 0:states:2] = own[:, :1]
        scores[:frames, row, 1:states:2] = own[:, 1:]
    # A pause may be skipped, a sound may not.
    skip = np.where(np.arange(widest) % 2 == 1, 0.0, _NEVER).astype(np.float32)
    skip[1] = _NEVER
    best = np.full((len(emissions), widest), _NEVER, np.float32)
    best[:, :2] = scores[0, :, :2]
    came = np.zeros((longest, len(emissions), widest), np.int8)
    finals = np.zeros((longest, len(emissions), 2), np.float32)
    ends = [2 * e.shape[1] - 2 for e in emissions]
    rows = np.arange(len(emissions))
    for frame in range(longest):
        if frame:
            one = np.full_like(best, _NEVER)
            one[:, 1:] = best[:, :-1]
            two = np.full_like(best, _NEVER)
            two[:, 2:] = best[:, :-2] + skip[2:]
            step = one > best
            best = np.where(step, one, best)
            jump = two > best
            best = np.where(jump, two, best) + scores[frame]
            came[frame] = np.where(jump, 2, step)
        finals[frame, :, 0] = best[rows, ends]
        finals[frame, :, 1] = best[rows, np.array(ends) - 1]
    paths: list[np.ndarray] = []
    for row, own in enumerate(emissions):
        last = len(own) - 1
        state = ends[row] - int(finals[last, row, 1] >= finals[last, row, 0])
        path = np.empty(len(own), np.int64)
        for frame in range(last, -1, -1):
            path[frame] = state
            state -= int(came[frame, row, state])
        paths.append(np.where(path % 2 == 1, path // 2, -1))
    return paths


def align(
    model: Acoustic, recordings: Sequence[Recording]
) -> Iterator[tuple[str, np.ndarray]]:
    """Name of each recording whose text fits what is heard, and the sound of each 10 ms."""
    by_length = sorted(recordings, key=lambda recording: len(recording.samples))
    for first in range(0, len(by_length), _AT_ONCE):
        chunk = by_length[first : first + _AT_ONCE]
        scores = log_probabilities(
            model, [r.samples for r in chunk], [r.language for r in chunk]
        )
        for recording, score in zip(chunk, scores, strict=True):
            if not recording.text:
                yield recording.name, _by_step(_believed(score))
        wanted = [
            (recording, score, *pronounced(recording.text, recording.language))
            for recording, score in zip(chunk, scores, strict=True)
            if recording.text
        ]
        fitting = [w for w in wanted if 1 < len(w[2]) <= 0.9 * len(w[1])]
        if not fitting:
            continue
        paths = best_paths([_emission(*w) for w in fitting])
        for (recording, score, sounds, _), path in zip(fitting, paths, strict=True):
            heard = path >= 0
            found = score[heard, sounds[path[heard]]]
            if len(found) and found.mean() > _LEAST_LIKELY:
                yield recording.name, _by_step(np.where(heard, sounds[path], SILENCE))


def _believed(scores: np.ndarray) -> np.ndarray:
    best = scores.argmax(1)
    return np.where(scores.max(1) > _SURE, best, UNKNOWN)


def _by_step(labels: np.ndarray) -> np.ndarray:
    """A frame stands for its own step of 10 ms and one on either side."""
    step = (np.arange(STRIDE * len(labels)) + STRIDE // 2) // STRIDE
    by_step: np.ndarray = labels[step.clip(0, len(labels) - 1)].astype(np.int16)
    return by_step


def _emission(
    recording: Recording, scores: np.ndarray, sounds: np.ndarray, times: np.ndarray
) -> np.ndarray:
    quiet = _is_quiet(recording.samples, len(scores))
    loud = np.flatnonzero(~quiet)
    place = (times - times[0]) / max(0.05, times[-1] - times[0])
    expected = loud[0] + place * (loud[-1] - loud[0])
    stray = (np.arange(len(scores))[:, None] - expected[None]) / _STRAY_FRAMES
    pause = scores[:, SILENCE] - np.where(quiet, _QUIET_COST, _LOUD_COST)
    return np.concatenate([pause[:, None], scores[:, sounds] - 0.5 * stray**2], axis=1)


def _is_quiet(samples: np.ndarray, frames: int) -> np.ndarray:
    padded = np.pad(samples, (0, frames * FRAME - len(samples))).astype(np.float32)
    power = (padded.reshape(frames, FRAME) ** 2).mean(1)
    quiet: np.ndarray = power <= power.max() * _QUIET
    return quiet
