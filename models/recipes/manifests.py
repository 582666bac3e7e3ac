"""Write down what an exported model is, file by file, and how well it does."""

import json
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from voice.manifests import data_root, files_in

__all__ = ["described", "put"]

_NO_KEY = re.compile(r"[^A-Za-z0-9]+")


def described(
    directory: Path,
    *,
    name: str,
    stage: str,
    family: str,
    version: str,
    languages: Sequence[str],
    sample_rate: int,
    source: str,
    quality: Mapping[str, Mapping[str, Any]],
) -> str:
    """The manifest of a starter as TOML.

    Args:
        directory: the model; it is shipped under its name in `models/starter`.
        name: of the manifest.
        stage: that it is for.
        family: which of the adapters of that stage loads it.
        version: of the weights.
        languages: tags.
        sample_rate: Hertz; 0 where it hears nothing.
        source: the recipe, and how long it ran.
        quality: as it was measured: figures by group.
    """
    facts = {
        "name": name,
        "stage": stage,
        "family": family,
        "version": version,
        "license": "GPL-3.0-or-later",
        "languages": languages,
        "sample_rate": sample_rate,
        "source": source,
        "directory": f"models/starter/{directory.name}",
    }
    lines = _pairs(facts)
    for file in files_in(directory):
        facts = {"path": file.path, "sha256": file.sha256, "bytes": file.bytes}
        lines += ["", "[[files]]", *_pairs(facts)]
    for group, figures in quality.items():
        lines += ["", f"[quality.{_NO_KEY.sub('_', group)}]", *_pairs(figures)]
    return "\n".join(lines) + "\n"


def put(made: Path, name: str, manifest: str) -> None:
    """Ship a model once all of it is there: until then the one before it stays whole.

    Args:
        made: its directory, elsewhere; `models/starter` gets one of the same name.
        name: of the manifest.
        manifest: as `described` wrote it.
    """
    models = data_root() / "models"
    target = models / "starter" / made.name
    fresh = target.with_suffix(".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(made, fresh)
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)
    (models / "manifests" / f"{name}.toml").write_text(manifest, encoding="utf-8")


def _pairs(facts: Mapping[str, Any]) -> list[str]:
    return [f"{key} = {json.dumps(value)}" for key, value in facts.items()]
