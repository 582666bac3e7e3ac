"""The network: a convolution to frames of 30 ms, then blocks that look near and far.

The last blocks are told the language: the same sound of a mouth is another phoneme to
the French than to the Spanish. What comes before them is computed once for all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

HEAD_WIDTH = 32
STRIDE = 3
"""Mel frames of 10 ms in one frame of the output."""

_MELS = 80
_NEAR = 9
_TOLD = 2
"""Of the blocks, how many know the language."""


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the network is."""

    width: int
    layers: int
    phones: int
    languages: tuple[str, ...]

    @property
    def heads(self) -> int:
        """Attention heads per layer."""
        return self.width // HEAD_WIDTH


class Attention(nn.Module):
    """Self-attention that prefers what is near; how much, each head learns."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.inward = nn.Linear(width, 3 * width)
        self.outward = nn.Linear(width, width)
        self.slopes = nn.Parameter(torch.linspace(-4.0, 0.0, heads))

    def forward(self, x: Tensor) -> Tensor:
        """Mix the frames; [batch, n, width]."""
        batch, count, width = x.shape
        split = self.inward(x).view(batch, count, 3, self.heads, HEAD_WIDTH)
        query, key, value = split.permute(2, 0, 3, 1, 4)
        index = torch.arange(count, device=x.device)
        distance = (index[:, None] - index[None]).abs().to(x.dtype)
        bias = -F.softplus(self.slopes)[:, None, None] * distance
        weights = (query @ key.transpose(2, 3) / HEAD_WIDTH**0.5 + bias).softmax(-1)
        mixed = (weights @ value).transpose(1, 2).reshape(batch, count, width)
        return self.outward(mixed)


class Neighborhood(nn.Module):
    """A gated convolution over the frames around each frame."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inward = nn.Linear(width, 2 * width)
        self.near = nn.Conv1d(width, width, _NEAR, padding=_NEAR // 2, groups=width)
        self.outward = nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Mix neighbouring frames; [batch, n, width]."""
        gated = F.glu(self.inward(x), dim=-1)
        return self.outward(F.silu(self.near(gated.transpose(1, 2)).transpose(1, 2)))


class Block(nn.Module):
    """Attention, neighbourhood and feed-forward, each normalised before."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.near_norm = nn.LayerNorm(width)
        self.near = Neighborhood(width)
        self.forward_norm = nn.LayerNorm(width)
        self.inner = nn.Linear(width, 3 * width)
        self.outer = nn.Linear(3 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Add what the block finds."""
        x = x + self.attention(self.attention_norm(x))
        x = x + self.near(self.near_norm(x))
        return x + self.outer(F.gelu(self.inner(self.forward_norm(x))))


class Acoustic(nn.Module):
    """Normalised log-mel features to the logits of each frame's sound."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.conv1 = nn.Conv1d(_MELS, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 5, stride=STRIDE, padding=2)
        self.encoder = nn.ModuleList(
            Block(width, shape.heads) for _ in range(shape.layers)
        )
        self.norm = nn.LayerNorm(width)
        self.phones = nn.Linear(width, shape.phones)
        self.languages = nn.Embedding(1 + len(shape.languages), width)
        nn.init.zeros_(self.languages.weight)

    def numbers(self, languages: Iterable[str]) -> Tensor:
        """What `forward` calls them; 0 is any language that is not among ours."""
        known = {tag: number for number, tag in enumerate(self.shape.languages, 1)}
        return torch.tensor([known.get(tag, 0) for tag in languages])

    def forward(self, mel: Tensor, languages: Tensor) -> Tensor:
        """What was heard, for a listener of that language.

        Args:
            mel: features [batch, 80, 3 t].
            languages: int64 [batch], see `numbers`; or several for a batch of one.

        Returns:
            Logits [batch or number of languages, t, phones].
        """
        x = F.gelu(self.conv1(mel))
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        shared = len(self.encoder) - _TOLD
        for block in self.encoder[:shared]:
            x = block(x)
        x = x + self.languages(languages)[:, None]
        for block in self.encoder[shared:]:
            x = block(x)
        logits: Tensor = self.phones(self.norm(x))
        return logits
