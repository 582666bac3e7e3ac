import random

import numpy as np
import pytest

pytest.importorskip("scipy", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")

from models.recipes.recognizer.augment import Rooms
from models.recipes.recognizer.clips import (
    ACCENTS,
    TRAINING_VARIANTS,
    Clip,
    frame_labels,
    synthesized,
)
from models.recipes.recognizer.features import FRAME
from voice.held_out import VARIANTS
from voice.synthesizers.espeak import Espeak, Phoneme


def test_no_voice_is_in_both_splits() -> None:
    assert not set(TRAINING_VARIANTS) & set(VARIANTS)


@pytest.mark.parametrize("variant", [*sorted(set(TRAINING_VARIANTS)), *VARIANTS])
def test_every_variant_exists(variant: str) -> None:
    assert Espeak.load().has_voice(f"en+{variant}" if variant else "en")


@pytest.mark.parametrize(
    "accent", sorted({a for some in ACCENTS.values() for a in some})
)
def test_every_accent_exists(accent: str) -> None:
    assert Espeak.load().has_voice(accent)


def test_phonemes_stay_in_time_when_the_vocal_tract_changes() -> None:
    rng = random.Random(3)
    for _ in range(10):
        clip = synthesized("two tea", "en", rng, strength=1.0)
        assert clip is not None
        starts = [phone.start for phone in clip.phonemes]
        assert starts == sorted(starts)
        assert starts[-1] <= len(clip.audio)
        assert 0.3 < len(clip.audio) / 16_000 < 2.5


def test_a_frame_is_labelled_with_what_sounds_in_its_middle() -> None:
    clip = Clip(
        language="en",
        text="x",
        audio=np.zeros(6 * FRAME, np.float32),
        phonemes=(
            Phoneme("a", 0),
            Phoneme("b", 2 * FRAME + FRAME // 4),
            Phoneme("", 4 * FRAME),
        ),
    )
    ids = {"": 0, "a": 1, "b": 2}
    labels = frame_labels(clip, ids, lead=2 * FRAME, frames=9)
    assert labels.tolist() == [0, 0, 1, 1, 2, 2, 0, 0, 0]


def test_a_clip_without_phonemes_is_silence() -> None:
    clip = Clip(language="en", text="", audio=np.zeros(FRAME, np.float32), phonemes=())
    assert frame_labels(clip, {}, lead=0, frames=3).tolist() == [0, 0, 0]


def test_impaired_audio_keeps_its_length_and_stays_in_range() -> None:
    rooms = Rooms(np.random.default_rng(0))
    tone = np.sin(np.arange(16_000) / 10).astype(np.float32)
    for strength in (0.0, 0.5, 1.0):
        for _ in range(20):
            heard = rooms.impair(tone, strength)
            assert heard.shape == tone.shape
            assert heard.dtype == np.float32
            assert np.abs(heard).max() <= 1.0
            assert np.isfinite(heard).all()


def test_wordless_audio_is_finite_and_varied() -> None:
    rooms = Rooms(np.random.default_rng(0))
    clips = [rooms.nothing_said(8_000) for _ in range(60)]
    assert all(np.isfinite(clip).all() and np.abs(clip).max() <= 1.0 for clip in clips)
    assert any(not clip.any() for clip in clips)
    assert len({float(np.abs(clip).max()) for clip in clips}) > 30
