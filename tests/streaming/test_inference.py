"""What a worker does before it says that it is ready."""

from pathlib import Path

import numpy as np
import pytest

from streaming.inference import WARM_UP_S, _recognition
from tests.voice.recognizers import tiny_whisper
from voice.audio import HEARING_RATE
from voice.recognizers.whisper import WhisperRecognizer
from voice.testing import SpellingRecognizer


def test_a_recognizer_is_warmed_up_with_sound_in_every_language():
    heard = []

    class Noting(SpellingRecognizer):
        def transcribe(self, pcm, candidates):
            heard.append((pcm, tuple(candidates)))
            return SpellingRecognizer.transcribe(self, pcm, candidates)

    _recognition(Noting)
    lengths = [len(pcm) / HEARING_RATE for pcm, _ in heard]
    assert lengths == pytest.approx(WARM_UP_S)
    for pcm, candidates in heard:
        assert np.abs(pcm.samples.astype(int)).mean() > 500
        assert candidates == ("en", "de")


def test_the_model_itself_is_used_with_each_of_its_windows(tmp_path: Path):
    directory = tiny_whisper.build(tmp_path, hearing={"windows_s": [2.0, 3.0, 5.0]})
    encoded = set()

    class Noting(WhisperRecognizer):
        def _encode(self, audio, window):
            encoded.add(window / HEARING_RATE)
            return super()._encode(audio, window)

    _recognition(lambda: Noting.load(directory, device="cpu"))
    assert encoded == {2.0, 3.0, 5.0}
