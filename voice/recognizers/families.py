"""Which kind of recogniser a folder holds, told by what lies in it."""

import json
from enum import Enum
from pathlib import Path
from typing import Any

from voice.errors import ConfigError

__all__ = [
    "ONNX_ASR_TYPES",
    "Family",
    "family",
    "named_languages",
    "read_json",
    "read_object",
]


class Family(Enum):
    """What loads a folder."""

    WHISPER = "a CTranslate2 Whisper"
    ONNX_ASR = "a model for onnx-asr"
    SHERPA = "a model for sherpa-onnx"
    ACOUSTIC = "an acoustic model of our recipe, searched for sentences"


ONNX_ASR_TYPES = (
    "nemo-conformer-ctc",
    "nemo-conformer-rnnt",
    "nemo-conformer-tdt",
    "whisper",
    "whisper-ort",
)
"""Those that Parley uses of what onnx-asr calls the `model_type` in `config.json`."""


def family(directory: Path) -> Family:
    """The kind of recogniser; a CTranslate2 Whisper if nothing tells another.

    Raises:
        ConfigError: `config.json` cannot be read.
    """
    if (directory / "model.bin").is_file():
        return Family.WHISPER
    if (directory / "acoustic.onnx").is_file():
        return Family.ACOUSTIC
    if (directory / "tokens.txt").is_file():
        return Family.SHERPA
    config = read_object(directory / "config.json")
    if config.get("model_type") in ONNX_ASR_TYPES and any(directory.rglob("*.onnx")):
        return Family.ONNX_ASR
    return Family.WHISPER


def named_languages(directory: Path) -> tuple[str, ...]:
    """What a folder for onnx-asr or sherpa-onnx writes, as its own codes.

    `parley.json` names them. Without it a Whisper's are those of its tokens, and
    nothing tells those of any other model.

    Raises:
        ConfigError: they are not named.
    """
    path = directory / "parley.json"
    named = read_object(path).get("languages", ())
    if not isinstance(named, list | tuple):
        raise ConfigError(f"{path}: languages must be a list of language tags")
    tokens = read_json(directory / "added_tokens.json")
    names = named or [
        token[2:-2]
        for token in tokens
        if token[:2] == "<|" and token[-2:] == "|>" and len(token[2:-2]) in (2, 3)
    ]
    if not names:
        raise ConfigError(
            f"{path}: must name what the model writes, for its other files do not, e.g."
            ' {"languages": ["de", "en"]}'
        )
    return tuple(str(name) for name in names)


def read_json(path: Path) -> Any:
    """What a JSON file holds; an empty object if there is none.

    Raises:
        ConfigError: it cannot be read.
    """
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: not JSON in UTF-8 ({error})") from error


def read_object(path: Path) -> dict[str, Any]:
    """What a JSON file says by key; nothing if there is none.

    Raises:
        ConfigError: it cannot be read, or is no object.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise ConfigError(f'{path}: must be a JSON object, as in {{"key": "value"}}')
    return content
