"""The network: what the end of an utterance sounds like, and which words it ends in."""

import torch
from torch import Tensor, nn

from voice.phones import PHONES
from voice.recognizers.turn_ends import FRAMES, MELODY

__all__ = ["TurnEnd"]

_INPUTS = len(PHONES) + MELODY


class Sound(nn.Module):
    """A gated recurrence: it follows lengths, loudness and melody.

    Args:
        narrow: numbers that a frame is brought down to.
        width: numbers that are remembered.
    """

    def __init__(self, narrow: int = 32, width: int = 64) -> None:
        super().__init__()
        self.inward = nn.Linear(_INPUTS, narrow)
        self.memory = nn.GRU(narrow, width, batch_first=True)
        self.judge = nn.Sequential(
            nn.Dropout(0.2), nn.Linear(width, 32), nn.ReLU(), nn.Linear(32, 1)
        )

    def forward(self, frames: Tensor) -> Tensor:
        """As `TurnEnd`."""
        remembered, _ = self.memory(torch.relu(self.inward(frames)))
        odds: Tensor = self.judge(remembered[:, -1])[:, 0]
        return odds


class Words(nn.Module):
    """Convolutions, each at half the pace: what is newest stands in the same place.

    Args:
        narrow: numbers that a frame is brought down to.
        widths: of the convolutions.
    """

    def __init__(
        self, narrow: int = 32, widths: tuple[int, int, int] = (64, 96, 96)
    ) -> None:
        super().__init__()
        first, second, third = widths
        self.inward = nn.Linear(_INPUTS, narrow)
        self.pieces = nn.Sequential(
            *(nn.Conv1d(narrow, first, 4, stride=2), nn.ReLU()),
            *(nn.Conv1d(first, second, 4, stride=2), nn.ReLU()),
            *(nn.Conv1d(second, third, 3, stride=2), nn.ReLU()),
        )
        with torch.no_grad():
            left = self.pieces(torch.zeros(1, narrow, FRAMES)).numel()
        self.judge = nn.Sequential(
            *(nn.Dropout(0.2), nn.Linear(left, 48), nn.ReLU()),
            *(nn.Dropout(0.2), nn.Linear(48, 1)),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """As `TurnEnd`."""
        narrow = torch.relu(self.inward(frames)).transpose(1, 2)
        odds: Tensor = self.judge(self.pieces(narrow).flatten(1))[:, 0]
        return odds


class TurnEnd(nn.Module):
    """From the tail of an utterance to the odds that it is over."""

    def __init__(self) -> None:
        super().__init__()
        self.sound, self.words = Sound(), Words()

    def forward(self, frames: Tensor) -> Tensor:
        """The logarithm of the odds; [batch].

        Args:
            frames: [batch, `FRAMES`, sounds + melody], the newest last.
        """
        odds: Tensor = self.sound(frames) + self.words(frames)
        return odds
