"""The network: Whisper's shape, with two extra heads that only training uses."""

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

ENCODER_POSITIONS = 1500
"""Frames of 20 ms in 30 s: the table has Whisper's size although short windows use little of it."""

DECODER_POSITIONS = 256
HEAD_WIDTH = 32


@dataclass(frozen=True, slots=True)
class Shape:
    """How large the network is."""

    width: int
    encoder_layers: int
    decoder_layers: int
    vocabulary: int
    phonemes: int
    letters: int
    mels: int = 80

    @property
    def heads(self) -> int:
        """Attention heads per layer."""
        return self.width // HEAD_WIDTH


def sinusoids(length: int, width: int) -> Tensor:
    """Whisper's position table, shape [length, width]."""
    step = math.log(10_000) / (width // 2 - 1)
    inverse = torch.exp(-step * torch.arange(width // 2))
    angle = torch.arange(length)[:, None] * inverse[None]
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class Attention(nn.Module):
    """Multi-head attention; as in Whisper the key projection has no bias."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.value = nn.Linear(width, width)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        x: Tensor,
        memory: Tensor,
        *,
        mask: Tensor | None = None,
        causal: bool = False,
    ) -> Tensor:
        """Mix what `memory` holds at the places that `x` asks for; [batch, n, width]."""

        def split(z: Tensor) -> Tensor:
            return z.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        mixed = F.scaled_dot_product_attention(
            split(self.query(x)),
            split(self.key(memory)),
            split(self.value(memory)),
            attn_mask=mask,
            is_causal=causal,
        )
        return self.out(mixed.transpose(1, 2).flatten(2))

    def look(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """As `forward`, and where it looked: [batch, heads, n, places of memory]."""

        def split(z: Tensor) -> Tensor:
            return z.unflatten(-1, (self.heads, -1)).transpose(1, 2)

        query, key = split(self.query(x)), split(self.key(memory))
        weights = (query @ key.transpose(2, 3) / query.shape[-1] ** 0.5).softmax(-1)
        mixed = weights @ split(self.value(memory))
        return self.out(mixed.transpose(1, 2).flatten(2)), weights


class FeedForward(nn.Module):
    """Two linear maps with a GELU between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, 4 * width)
        self.outer = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Map each position by itself; [batch, n, width]."""
        return self.outer(F.gelu(self.inner(x)))


class EncoderLayer(nn.Module):
    """Self-attention and feed-forward, each normalised before."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.forward_norm = nn.LayerNorm(width)
        self.forward_ = FeedForward(width)

    def forward(self, x: Tensor, mask: Tensor | None) -> Tensor:
        """Add what the layer finds; `mask` [n, n] is added to the attention."""
        h = self.attention_norm(x)
        x = x + self.attention(h, h, mask=mask)
        return x + self.forward_(self.forward_norm(x))


class DecoderLayer(nn.Module):
    """Causal self-attention, attention to the audio, feed-forward."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = Attention(width, heads)
        self.cross_norm = nn.LayerNorm(width)
        self.cross = Attention(width, heads)
        self.forward_norm = nn.LayerNorm(width)
        self.forward_ = FeedForward(width)

    def forward(self, x: Tensor, memory: Tensor) -> tuple[Tensor, Tensor]:
        """Add what the layer finds in the text so far and in the audio states.

        Returns the sum and where the layer looked in the audio.
        """
        h = self.attention_norm(x)
        x = x + self.attention(h, h, causal=True)
        found, looked = self.cross.look(self.cross_norm(x), memory)
        x = x + found
        return x + self.forward_(self.forward_norm(x)), looked


class Recognizer(nn.Module):
    """Audio features to text, through an encoder whose inside is also asked for phonemes and letters."""

    def __init__(self, shape: Shape) -> None:
        super().__init__()
        self.shape = shape
        width = shape.width
        self.conv1 = nn.Conv1d(shape.mels, width, 3, padding=1)
        self.conv2 = nn.Conv1d(width, width, 3, stride=2, padding=1)
        self.register_buffer("positions", sinusoids(ENCODER_POSITIONS, width))
        self.positions: Tensor
        self.encoder = nn.ModuleList(
            EncoderLayer(width, shape.heads) for _ in range(shape.encoder_layers)
        )
        self.encoder_norm = nn.LayerNorm(width)
        self.phoneme_norm = nn.LayerNorm(width)
        self.phoneme_head = nn.Linear(width, shape.phonemes)
        self.letter_head = nn.Linear(width, shape.letters)
        self.embedding = nn.Embedding(shape.vocabulary, width)
        self.text_positions = nn.Parameter(0.1 * sinusoids(DECODER_POSITIONS, width))
        self.decoder = nn.ModuleList(
            DecoderLayer(width, shape.heads) for _ in range(shape.decoder_layers)
        )
        self.decoder_norm = nn.LayerNorm(width)
        nn.init.normal_(self.embedding.weight, std=0.03)

    def encode(self, mel: Tensor, *, nearness: float = 0.0) -> tuple[Tensor, Tensor]:
        """Features [batch, 80, 2 t] to (audio states [batch, t, width], phoneme logits [batch, t, phonemes]).

        Args:
            mel: log-mel features.
            nearness: how much attention is lowered per frame of distance; 0 when training is over.
        """
        x = F.gelu(self.conv1(mel))
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        x = x + self.positions[: x.shape[1]]
        mask = None
        if nearness > 0:
            index = torch.arange(x.shape[1], device=x.device)
            mask = -nearness * (index[:, None] - index[None]).abs().to(x.dtype)
        phonemes = x
        for number, layer in enumerate(self.encoder, start=1):
            x = layer(x, mask)
            # The last layer is left free to think of words.
            if number == len(self.encoder) - 1:
                phonemes = x
        return self.encoder_norm(x), self.phoneme_head(self.phoneme_norm(phonemes))

    def decode(self, tokens: Tensor, memory: Tensor) -> Tensor:
        """Logits of the token after each of `tokens` [batch, n], shape [batch, n, vocabulary]."""
        return self.decode_looking(tokens, memory)[0]

    def decode_looking(
        self, tokens: Tensor, memory: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        """As `decode`, and where each layer looked: [batch, heads, n, frames]."""
        x = self.embedding(tokens) + self.text_positions[: tokens.shape[1]]
        places: list[Tensor] = []
        for layer in self.decoder:
            x, looked = layer(x, memory)
            places.append(looked)
        return self.decoder_norm(x) @ self.embedding.weight.T, places
