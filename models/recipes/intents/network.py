"""The network: a small decoder of the Llama architecture.

RMS norms, rotary positions, SwiGLU, no biases: what CTranslate2 runs as it is. The
answers are made of few tokens, which come first in the vocabulary, so only those are
scored.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Llama", "Shape"]

ROTARY_BASE = 10_000.0
EPSILON = 1e-6


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Sizes."""

    tokens: int
    """Of the vocabulary."""
    answers: int
    """The first so many of them may be answered."""
    width: int = 160
    layers: int = 3
    heads: int = 4
    hidden: int = 416
    """Of the gated layers between attentions."""


class Norm(nn.Module):
    """Root mean square normalisation; shape stays."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))

    def forward(self, x: Tensor) -> Tensor:
        return functional.rms_norm(x, x.shape[-1:], self.weight, EPSILON)


class Block(nn.Module):
    """Attention to what came before, then a gated layer; shape [batch, time, width]."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.heads = shape.heads
        self.norm_attention = Norm(shape.width)
        self.query_key_value = nn.Linear(shape.width, 3 * shape.width, bias=False)
        self.out = nn.Linear(shape.width, shape.width, bias=False)
        self.norm_gated = Norm(shape.width)
        self.gate = nn.Linear(shape.width, shape.hidden, bias=False)
        self.up = nn.Linear(shape.width, shape.hidden, bias=False)
        self.down = nn.Linear(shape.hidden, shape.width, bias=False)

    def forward(self, x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
        batch, time, width = x.shape
        mixed = self.query_key_value(self.norm_attention(x))
        query, key, value = (
            part.view(batch, time, self.heads, -1).transpose(1, 2)
            for part in mixed.chunk(3, dim=-1)
        )
        attended = functional.scaled_dot_product_attention(
            _rotated(query, cosine, sine),
            _rotated(key, cosine, sine),
            value,
            is_causal=True,
        )
        x = x + self.out(attended.transpose(1, 2).reshape(batch, time, width))
        y = self.norm_gated(x)
        gated = self.down(functional.silu(self.gate(y)) * self.up(y))
        return x + gated  # type: ignore[no-any-return]


class Llama(nn.Module):
    """Tokens to scores of answers."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        self.embed = nn.Embedding(shape.tokens, shape.width)
        self.blocks = nn.ModuleList(Block(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.width)
        self.head = nn.Linear(shape.width, shape.answers, bias=False)
        nn.init.normal_(self.embed.weight, std=0.05)
        for name, weight in self.named_parameters():
            if weight.dim() == 2 and not name.startswith("embed"):
                deep = (2 * shape.layers) ** -0.5
                last = name.endswith(("out.weight", "down.weight"))
                nn.init.normal_(weight, std=shape.width**-0.5 * (deep if last else 1.0))

    def forward(self, tokens: Tensor) -> Tensor:
        """Hidden states.

        Args:
            tokens: int64 [batch, time], padded at the end with anything.

        Returns:
            [batch, time, width]; `head` makes scores of it.
        """
        x = self.embed(tokens)
        cosine, sine = _rotation(tokens.shape[1], x.shape[-1] // self.shape.heads)
        for block in self.blocks:
            x = block(x, cosine, sine)
        return self.norm(x)  # type: ignore[no-any-return]

    def scores(self, tokens: Tensor) -> Tensor:
        """Scores of the answers after every token, [batch, time, answers]."""
        return self.head(self.forward(tokens))  # type: ignore[no-any-return]


def _rotation(time: int, width: int) -> tuple[Tensor, Tensor]:
    speeds = ROTARY_BASE ** (-torch.arange(0, width, 2).float() / width)
    angles = torch.arange(time).float()[:, None] * speeds
    angles = torch.cat((angles, angles), dim=-1)
    return angles.cos(), angles.sin()


def _rotated(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    first, second = x.chunk(2, dim=-1)
    return x * cosine + torch.cat((-second, first), dim=-1) * sine
