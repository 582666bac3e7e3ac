"""What the acoustic model is given: log-mel features without the colour of the channel."""

import torch
from torch import Tensor

from models.recipes.recognizer.features import LogMel

__all__ = ["LogMel", "colorless"]


def colorless(mel: Tensor, frames: Tensor) -> Tensor:
    """Each band less its mean over the louder half of the clip: microphone and distance go.

    `voice.recognizers.acoustic` does the same with numpy.

    Args:
        mel: [batch, 80, n].
        frames: [batch], how many are no padding.
    """
    valid = (torch.arange(mel.shape[2])[None] < frames[:, None]).to(mel.dtype)
    loudness = mel.mean(1)
    mean = (loudness * valid).sum(1) / valid.sum(1).clamp_min(1)
    loud = valid * (loudness >= mean[:, None])
    band = (mel * loud[:, None]).sum(2) / loud.sum(1).clamp_min(1)[:, None]
    return mel - band[:, :, None]
