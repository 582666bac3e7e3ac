import numpy as np
import pytest

pytest.importorskip("torch", reason="needs the extra `train`")

from models.recipes.recognizer.align import aligned, expected_frames, is_quiet, spans
from models.recipes.recognizer.features import FRAME
from models.recipes.recognizer.people import _timed
from voice.synthesizers.espeak import Phoneme


def scores_of(path: list[int], count: int, *, sure: float) -> np.ndarray:
    """Log probabilities that prefer `path` (-1 for a pause) by `sure` nats."""
    scores = np.zeros((len(path), count + 1))
    scores[np.arange(len(path)), np.array(path) + 1] = sure
    return scores


def test_phonemes_are_found_where_they_sound() -> None:
    path = [-1, -1, 0, 0, 0, 1, -1, -1, 2, 2, 2, 2, -1]
    found = aligned(scores_of(path, 3, sure=3.0), np.array([2.0, 5.0, 8.0]))
    assert found.tolist() == path


def test_their_order_is_kept_even_against_the_scores() -> None:
    found = aligned(scores_of([1, 1, 0, 0], 2, sure=1.0), np.array([0.0, 2.0]))
    spoken = [phone for phone in found.tolist() if phone >= 0]
    assert spoken == sorted(spoken)
    assert set(spoken) == {0, 1}


def test_without_any_evidence_the_expected_places_decide() -> None:
    scores = np.zeros((100, 3))
    scores[:, 0] = -9
    found = aligned(scores, np.array([10.0, 80.0]))
    assert 35 < np.flatnonzero(found == 1)[0] < 55


def test_gaps_inside_words_are_closed_and_pauses_stay() -> None:
    path = np.array([0, -1, -1, -1, -1, -1, 1, -1, -1, -1, -1, -1, -1, 2])
    edges = spans(path, np.array([0, 0, 5]))
    assert edges.tolist() == [[0, 3], [3, 7], [13, 14]]


def test_quiet_frames_and_expectations() -> None:
    audio = np.concatenate(
        [np.zeros(5 * FRAME), np.ones(10 * FRAME), np.zeros(5 * FRAME)]
    )
    quiet = is_quiet(audio.astype(np.float32))
    assert np.flatnonzero(~quiet).tolist() == list(range(5, 15))
    phonemes = (Phoneme("a", 0), Phoneme("b", 11_025), Phoneme("c", 22_050))
    expected = expected_frames(phonemes, quiet)
    assert expected[0] == 5
    assert 8 < expected[1] < 10
    assert expected[2] < 14


def test_an_alignment_becomes_timed_phonemes_with_pauses() -> None:
    rendered = (Phoneme("a", 0, 0), Phoneme("b", 9, 0), Phoneme("c", 20, 4))
    timed = _timed(rendered, np.array([100, 200, 200, 300, 400, 500]))
    assert [(phone.symbol, phone.start) for phone in timed] == [
        ("a", 100),
        ("b", 200),
        ("", 300),
        ("c", 400),
        ("", 500),
    ]
    assert all(phone.start == -1 for phone in _timed(rendered, None))
