"""Muon for the matrices, AdamW for the rest.

Muon replaces the momentum of a matrix by the nearest orthogonal one, so that no direction is learnt only because it is
loud. Here matrices of one shape are orthogonalised together, in float32: a processor without bfloat16 is slow at it.
"""

import torch
from torch import Tensor, nn

_COEFFICIENTS = (3.4445, -4.7750, 2.0315)
_ROUNDS = 5
_MOMENTUM = 0.95


def orthogonalized(stack: Tensor) -> Tensor:
    """Newton-Schulz iteration on matrices [n, rows, columns]."""
    a, b, c = _COEFFICIENTS
    tall = stack.shape[1] > stack.shape[2]
    x = stack.transpose(1, 2) if tall else stack
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(_ROUNDS):
        gram = x @ x.transpose(1, 2)
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.transpose(1, 2) if tall else x


class Muon(torch.optim.Optimizer):
    """Momentum, orthogonalised, scaled to the step that Adam would take."""

    def __init__(
        self, matrices: list[nn.Parameter], *, rate: float, decay: float
    ) -> None:
        by_shape: dict[torch.Size, list[nn.Parameter]] = {}
        for matrix in matrices:
            by_shape.setdefault(matrix.shape, []).append(matrix)
        groups = [{"params": group} for group in by_shape.values()]
        super().__init__(groups, {"lr": rate, "decay": decay})

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Change the matrices once."""
        assert closure is None
        for group in self.param_groups:
            gradients = torch.stack([matrix.grad for matrix in group["params"]])
            state = self.state[group["params"][0]]
            if "momentum" not in state:
                state["momentum"] = torch.zeros_like(gradients)
            momentum = state["momentum"]
            momentum.lerp_(gradients, 1 - _MOMENTUM)
            update = orthogonalized(gradients.lerp(momentum, _MOMENTUM))
            scale = 0.2 * max(update.shape[1:]) ** 0.5
            for matrix, change in zip(group["params"], update, strict=True):
                matrix.mul_(1 - group["lr"] * group["decay"])
                matrix.add_(change, alpha=-group["lr"] * scale)


def optimizers(
    model: nn.Module, *, rate: float, decay: float = 0.02
) -> list[torch.optim.Optimizer]:
    """One optimiser for the matrices inside the layers, one for everything else."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inside = name.startswith(("encoder.", "decoder.")) and parameter.ndim == 2
        (matrices if inside else rest).append(parameter)
    return [
        Muon(matrices, rate=rate, decay=decay),
        torch.optim.AdamW(rest, lr=rate, betas=(0.9, 0.98), weight_decay=decay),
    ]
