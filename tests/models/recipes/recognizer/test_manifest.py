from pathlib import Path

import pytest

pytest.importorskip("torch", reason="needs the extra `train`")

from models.recipes.recognizer.manifest import manifest
from tests.voice.recognizers import tiny_whisper
from voice.errors import ConfigError
from voice.manifests import read_manifest, verify


def test_a_manifest_describes_the_model_to_the_byte(tmp_path: Path) -> None:
    directory = tiny_whisper.build(tmp_path / "models" / "starter" / "recognizer")
    path = tmp_path / "starter-recognizer.toml"
    path.write_text(
        manifest(
            directory,
            version="1",
            languages=("en", "de"),
            source='a "recipe"',
            quality={"people, commands en": {"clips": 15, "wer": 0.5}},
        ),
        encoding="utf-8",
    )
    read = read_manifest(path)
    assert read.languages == ("en", "de")
    assert read.source == 'a "recipe"'
    assert read.quality == {"people_commands_en": {"clips": 15, "wer": 0.5}}
    assert verify(read, tmp_path) == directory
    (directory / "model.bin").write_bytes(b"changed")
    with pytest.raises(ConfigError, match=r"model\.bin"):
        verify(read, tmp_path)
