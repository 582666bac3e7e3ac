"""The network: a gated recurrence over the last two seconds of speech."""

import torch
from torch import Tensor, nn

from voice.phones import PHONES
from voice.recognizers.turn_ends import MELODY

__all__ = ["TurnEnd"]


class TurnEnd(nn.Module):
    """From the tail of an utterance to the odds that it is over.

    Args:
        narrow: numbers that a frame is brought down to.
        width: numbers that are remembered.
    """

    def __init__(self, narrow: int = 32, width: int = 64) -> None:
        super().__init__()
        self.inward = nn.Linear(len(PHONES) + MELODY, narrow)
        self.memory = nn.GRU(narrow, width, batch_first=True)
        self.judge = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, frames: Tensor) -> Tensor:
        """The logarithm of the odds; [batch].

        Args:
            frames: [batch, n, sounds + melody], the newest last.
        """
        remembered, _ = self.memory(torch.relu(self.inward(frames)))
        odds: Tensor = self.judge(remembered[:, -1])[:, 0]
        return odds
