"""Smart Turn v3, the model that pipecat asks whether a turn is over, for comparison.

The weights (BSD-2) come with the package pipecat-ai, which `make peers` installs in an
environment of its own; nothing of Parley uses them. The features are Whisper's, made
by faster-whisper: eight seconds, zeros in front, mean and variance normalised.
"""

from pathlib import Path

import numpy as np
import onnxruntime
from faster_whisper.feature_extractor import FeatureExtractor

from voice.audio import HEARING_RATE, Pcm

__all__ = ["SmartTurn"]

SECONDS = 8

WHERE = ".venv-peers/lib/*/site-packages/pipecat/audio/turn/smart_turn/data/*.onnx"


class SmartTurn:
    """Tells how likely a turn is over, from its sound."""

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self._network = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
        self._extract = FeatureExtractor(chunk_length=SECONDS)

    @staticmethod
    def find() -> Path | None:
        """Where `make peers` left the weights, if it was run."""
        return next(iter(sorted(Path(__file__).parents[1].glob(WHERE))), None)

    def probability(self, pcm: Pcm) -> float:
        """How likely the turn that ends here is over, 0 to 1; `pcm` is at 16 kHz."""
        audio = pcm.to_floats()[-SECONDS * HEARING_RATE :]
        audio = np.pad(audio, (SECONDS * HEARING_RATE - len(audio), 0))
        audio = (audio - audio.mean()) / np.sqrt(audio.var() + 1e-7)
        features = self._extract(audio, padding=0)[:, : SECONDS * 100]
        (over, *_) = self._network.run(
            None, {"input_features": features[None].astype(np.float32)}
        )
        return float(np.ravel(over)[0])
