"""Find out when the phonemes of people's recordings sound, with a network that half knows them.

python -m models.recipes.recognizer.align --run FOLDER [--recordings FOLDER]

It writes FOLDER/alignments.npz, which the next `train --resume` uses: from then on
people's clips teach each frame, as eSpeak's do, and not only the order of the phonemes.
The order is known from the transcript, so a weak network is enough. A weak preference
for the places that eSpeak's own timing suggests keeps it from getting lost.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from models.recipes.recognizer.export import load_run
from models.recipes.recognizer.features import FRAME, LogMel
from models.recipes.recognizer.people import People, recordings_folder
from voice.synthesizers.espeak import Espeak, Phoneme

_STRAY_FRAMES = 25.0
"""How far from its expected frame a phoneme may lie before that costs 0.5 nats."""

_QUIET_COST, _LOUD_COST = 0.5, 3.0
"""Against pauses: a network that learnt only the order of phonemes sees too many."""

_UNKNOWN = -5.0
_SHORTEST_PAUSE = 4


def aligned(scores: np.ndarray, expected: np.ndarray) -> np.ndarray:
    """The best way through the phonemes, each with a possible pause around it.

    Args:
        scores: log probabilities, [frames, 1 + phonemes]; the pause comes first, then
            the phonemes of the clip in their order.
        expected: frame in which each phoneme is expected, [phonemes].

    Returns:
        For each frame the number of its phoneme, or -1 in a pause; [frames].
    """
    frames, count = len(scores), scores.shape[1] - 1
    states = 2 * count + 1
    emission = np.empty((frames, states))
    emission[:, 0::2] = scores[:, :1]
    stray = (np.arange(frames)[:, None] - expected[None]) / _STRAY_FRAMES
    emission[:, 1::2] = scores[:, 1:] - 0.5 * stray**2
    best = np.full(states, -np.inf)
    best[:2] = emission[0, :2]
    came = np.zeros((frames, states), np.int8)
    skip = np.zeros(states)
    skip[0::2] = -np.inf
    skip[1] = -np.inf
    for frame in range(1, frames):
        ways = np.full((3, states), -np.inf)
        ways[0] = best
        ways[1, 1:] = best[:-1]
        ways[2, 2:] = best[:-2]
        ways[2] += skip
        came[frame] = ways.argmax(0)
        best = ways.max(0) + emission[frame]
    state = states - 1 if best[-1] > best[-2] else states - 2
    path = np.empty(frames, np.int64)
    for frame in range(frames - 1, -1, -1):
        path[frame] = state
        state -= int(came[frame, state])
    return np.where(path % 2 == 1, path // 2, -1)


def spans(path: np.ndarray, words: np.ndarray) -> np.ndarray:
    """First frame and end of each phoneme, [phonemes, 2]; gaps inside words are closed."""
    count = len(words)
    edges = np.zeros((count, 2), np.int64)
    for number in range(count):
        where = np.flatnonzero(path == number)
        # A clip with fewer frames than phonemes leaves some out.
        edges[number] = (
            (where[0], where[-1] + 1) if len(where) else edges[number - 1, 1]
        )
    for number in range(1, count):
        gap = edges[number, 0] - edges[number - 1, 1]
        if gap > 0 and (words[number] == words[number - 1] or gap < _SHORTEST_PAUSE):
            middle = edges[number - 1, 1] + gap // 2
            edges[number - 1, 1] = edges[number, 0] = middle
    return edges


def is_quiet(audio: np.ndarray) -> np.ndarray:
    """Whether each frame lies 30 dB below the loudest one; [frames]."""
    power = (audio[: len(audio) // FRAME * FRAME].reshape(-1, FRAME) ** 2).mean(1)
    quiet: np.ndarray = power <= power.max() * 1e-3
    return quiet


def expected_frames(phonemes: tuple[Phoneme, ...], quiet: np.ndarray) -> np.ndarray:
    """Where eSpeak's timing, stretched over what is loud, puts each phoneme."""
    loud = np.flatnonzero(~quiet)
    first, last = (loud[0], loud[-1]) if len(loud) else (0, len(quiet))
    own = np.array([phone.start for phone in phonemes]) / Espeak.load().rate
    own = (own - own[0]) / max(0.05, own[-1] - own[0] + 0.1)
    expected: np.ndarray = first + own * (last - first)
    return expected


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--recordings", type=Path, default=recordings_folder("train"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model, vocabulary, _ = load_run(arguments.run)
    ids = {phone: number for number, phone in enumerate(vocabulary.phonemes)}
    people = People(arguments.recordings, vocabulary.languages, longest=30.0)
    log_mel = LogMel()
    found: dict[str, np.ndarray] = {}
    for number, (file, phonemes) in enumerate(
        zip(people.files, people.rendered, strict=True)
    ):
        audio = people.audio(number).astype(np.float32) / 32768
        if not phonemes or len(audio) < 20 * FRAME:
            continue
        padded = np.pad(audio, (0, -len(audio) % FRAME + 10 * FRAME))
        with torch.no_grad():
            _, logits = model.encode(log_mel(torch.from_numpy(padded)[None]))
        scores = logits[0].log_softmax(-1).numpy()[: len(audio) // FRAME]
        columns = [ids.get(phone.symbol, -1) for phone in phonemes]
        own = np.where(np.array(columns) < 0, _UNKNOWN, scores[:, columns])
        quiet = is_quiet(audio)
        pause = scores[:, :1] - np.where(quiet, _QUIET_COST, _LOUD_COST)[:, None]
        path = aligned(
            np.concatenate([pause, own], axis=1), expected_frames(phonemes, quiet)
        )
        words = np.array([phone.position for phone in phonemes])
        found[file] = (spans(path, words) * FRAME).ravel().astype(np.int32)
    np.savez(arguments.run / "alignments.npz", **found)  # type: ignore[arg-type]
    print(f"{len(found)} clips aligned")


if __name__ == "__main__":
    main()
