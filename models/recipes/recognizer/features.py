"""Log-mel features in torch: the same numbers as faster-whisper's extractor computes when the model is used."""

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor

RATE = 16_000
HOP = 160
"""Samples between two mel frames; the encoder halves them to one frame each 20 ms."""
FRAME = 2 * HOP
MELS = 80
_WINDOW = 400


class LogMel(torch.nn.Module):
    """Audio [batch, samples] in -1..1 to features [batch, 80, samples / 160]."""

    def __init__(self) -> None:
        super().__init__()
        filters = FeatureExtractor(feature_size=MELS).mel_filters
        self.register_buffer(
            "filters", torch.from_numpy(np.asarray(filters, np.float32))
        )
        self.register_buffer("window", torch.hann_window(_WINDOW))
        self.filters: torch.Tensor
        self.window: torch.Tensor

    def forward(self, audio: torch.Tensor) -> torch.Tensor:
        """Compute the features."""
        spectrum = torch.stft(
            audio,
            _WINDOW,
            HOP,
            window=self.window,
            return_complex=True,
            pad_mode="reflect",
        )
        power = spectrum[..., :-1].abs() ** 2
        mel = (self.filters @ power).clamp_min(1e-10).log10()
        # As in Whisper, what is 80 dB below the clip's loudest point is floor.
        mel = torch.maximum(mel, mel.amax((1, 2), keepdim=True) - 8.0)
        return (mel + 4.0) / 4.0
