"""Write a trained acoustic network as ONNX, with what a recogniser must know beside it.

python -m models.recipes.acoustic.export --run FOLDER --out DIRECTORY
"""

import argparse
import json
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic

from models.recipes.acoustic.evaluate import load_run
from models.recipes.acoustic.network import STRIDE, Acoustic
from voice.phones import PHONES

FRAME_MS = 10 * STRIDE

PRIOR_SCALE = 0.8
"""How far sounds that are always likely are distrusted; see `Acoustics.prior_scale`."""

GRAMMAR = 1.0
"""How much it counts which sentences are said often; see `Weights.grammar`. Chosen, as
`PRIOR_SCALE`, on commands by people and by neural voices in English and French."""


def export(model: Acoustic, path: Path, *, quantized: bool = True) -> None:
    """Write the network.

    `mel` [1, 80, n] and `languages` [k] to `phones` [k, n / 3, sounds], logarithms.
    """
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        # The exporter by tracing is called old, and needs no further package.
        warnings.simplefilter("ignore")
        plain = Path(folder) / "plain.onnx"
        torch.onnx.export(
            _WithLogarithms(model),
            (torch.zeros(1, 80, 300), torch.tensor([0, 1])),
            str(plain),
            input_names=["mel", "languages"],
            output_names=["phones"],
            dynamic_axes={
                "mel": {2: "steps"},
                "languages": {0: "listeners"},
                "phones": {0: "listeners", 1: "frames"},
            },
            opset_version=17,
            dynamo=False,
        )
        if quantized:
            quantize_dynamic(
                plain,
                path,
                op_types_to_quantize=["MatMul", "Gemm"],
                weight_type=QuantType.QInt8,
                per_channel=True,
            )
        else:
            path.write_bytes(plain.read_bytes())
    onnx.checker.check_model(str(path))


class _WithLogarithms(torch.nn.Module):
    def __init__(self, model: Acoustic) -> None:
        super().__init__()
        self._model = model

    def forward(self, mel: torch.Tensor, languages: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self._model(mel, languages)
        return logits.log_softmax(-1)


def priors(run: Path) -> list[float]:
    """How often each sound is heard in the recordings that the run aligned last."""
    last = max(
        run.glob("alignments-*.npz"), key=lambda path: float(path.stem.split("-")[1])
    )
    count = np.ones(len(PHONES))
    with np.load(last) as alignments:
        for labels in alignments.values():
            count += np.bincount(labels[labels >= 0], minlength=len(PHONES))
    shares = count / count.sum()
    return [round(float(share), 6) for share in shares]


def describe(run: Path, model: Acoustic, directory: Path) -> None:
    """Write `acoustic.json`: what a recogniser must know besides the network.

    `calibrate` adds how far to believe it.
    """
    facts = {
        "phones": PHONES,
        "priors": priors(run),
        "frame_ms": FRAME_MS,
        "languages": model.shape.languages,
        "prior_scale": PRIOR_SCALE,
        "weights": {"grammar": GRAMMAR},
    }
    (directory / "acoustic.json").write_text(
        json.dumps(facts, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args()
    model, _ = load_run(arguments.run)
    arguments.out.mkdir(parents=True, exist_ok=True)
    export(model, arguments.out / "acoustic.onnx")
    describe(arguments.run, model, arguments.out)


if __name__ == "__main__":
    main()
