"""Write a trained network of turn ends as ONNX."""

import warnings
from pathlib import Path

import onnx
import torch

from models.recipes.turn_end.network import TurnEnd
from voice.phones import PHONES
from voice.recognizers.turn_ends import FRAMES, MELODY

__all__ = ["export"]


def export(model: TurnEnd, path: Path) -> None:
    """Write the network.

    `frames` [1, `FRAMES`, sounds + melody] to `odds` [1].
    """
    model.eval()
    with warnings.catch_warnings():
        # The exporter by tracing is called old, and needs no further package.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            model,
            (torch.zeros(1, FRAMES, len(PHONES) + MELODY),),
            str(path),
            input_names=["frames"],
            output_names=["odds"],
            opset_version=17,
            dynamo=False,
        )
    onnx.checker.check_model(str(path))
