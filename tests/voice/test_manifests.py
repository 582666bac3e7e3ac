"""A model that differs in one bit from its manifest is never loaded."""

import hashlib
from pathlib import Path

import pytest

from voice import manifests
from voice.errors import ConfigError
from voice.manifests import (
    Manifest,
    ModelFile,
    data_root,
    files_in,
    read_manifest,
    read_manifests,
    verify,
)

CONTENTS = {"model.bin": b"\x00" * 5000, "config.json": b"{}", "sub/words.txt": b"a\nb"}

HEAD = """
name = "tiny"
stage = "recognition"
family = "whisper"
version = "3"
license = "Apache-2.0"
languages = ["de", "en"]
sample_rate = 16000
source = "models/recipes/tiny"
directory = "models/starter/tiny"
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A data root with one model and its manifest."""
    directory = tmp_path / "models" / "starter" / "tiny"
    lines = [HEAD]
    for name, content in CONTENTS.items():
        path = directory / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        digest = hashlib.sha256(content).hexdigest()
        lines.append(
            f'[[files]]\npath = "{name}"\nsha256 = "{digest}"\nbytes = {len(content)}\n'
        )
    lines.append("[quality.de]\nwer = 0.1\n")
    write(tmp_path, "\n".join(lines))
    return tmp_path


def write(root: Path, text: str) -> Path:
    path = root / "models" / "manifests" / "tiny.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def tiny(root: Path) -> Manifest:
    return read_manifests(root)["tiny"]


def fault(root: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        verify(tiny(root), root)
    return str(caught.value)


# --- Reading ------------------------------------------------------------------


def test_everything_is_read(root) -> None:
    manifest = tiny(root)
    assert manifest.languages == ("de", "en")
    assert manifest.sample_rate == 16_000
    assert [file.path for file in manifest.files] == list(CONTENTS)
    assert manifest.bytes == sum(map(len, CONTENTS.values()))
    assert manifest.quality == {"de": {"wer": 0.1}}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('name = "tiny"\n', "", "name: is missing"),
        ('name = "tiny"', 'name = "huge"', "name: is 'huge', but the file is tiny"),
        ("sample_rate = 16000", 'sample_rate = "16k"', "sample_rate: is '16k'"),
        ("models/starter/tiny", "../../etc", "directory: '../../etc' leads out"),
        ("models/starter/tiny", "/etc", "directory: '/etc' leads out"),
        ('path = "model.bin"', 'path = "../model.bin"', "path: '../model.bin' leads"),
        ('path = "model.bin"', r'path = "..\\model.bin"', "leads out"),
        ("bytes = 5000", "bytes = true", "bytes: is True"),
        ("[[files]]", "[[elif]]", "files: is missing"),
        ("sample_rate", "sample rate", "not valid TOML"),
    ],
)
def test_a_faulty_manifest_is_refused(root, old, new, complaint) -> None:
    path = root / "models" / "manifests" / "tiny.toml"
    text = path.read_text()
    assert old in text
    write(root, text.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        read_manifest(path)
    assert str(path) in str(caught.value)
    assert complaint in str(caught.value)


def test_a_missing_manifest_is_named(tmp_path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.toml: cannot read the manifest"):
        read_manifest(tmp_path / "gone.toml")


# --- Comparing ----------------------------------------------------------------


def test_a_whole_model_passes(root) -> None:
    assert verify(tiny(root), root) == root / "models" / "starter" / "tiny"


def test_one_flipped_bit_is_found(root) -> None:
    path = root / "models/starter/tiny/model.bin"
    content = bytearray(path.read_bytes())
    content[2500] ^= 1
    path.write_bytes(content)
    assert "model.bin: changed" in fault(root)


def test_a_file_that_was_cut_off_is_found(root) -> None:
    path = root / "models/starter/tiny/model.bin"
    path.write_bytes(path.read_bytes()[:-1])
    assert "model.bin: 4999 bytes instead of 5000" in fault(root)


@pytest.mark.parametrize("name", ["extra.pkl", "sub/extra.py", ".hidden"])
def test_a_planted_file_is_found(root, name) -> None:
    (root / "models/starter/tiny" / name).write_bytes(b"import os")
    assert f"{name}: not in the manifest" in fault(root)


def test_every_difference_is_told(root) -> None:
    directory = root / "models/starter/tiny"
    (directory / "sub" / "words.txt").unlink()
    (directory / "config.json").write_text("[]")
    (directory / "b.pkl").touch()
    told = fault(root)
    assert "sub/words.txt: missing" in told
    assert "config.json: changed" in told
    assert "b.pkl: not in the manifest" in told


def test_links_hide_nothing(root, tmp_path_factory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "run.py").touch()
    (root / "models/starter/tiny/more").symlink_to(elsewhere)
    assert "more: not in the manifest" in fault(root)


def test_a_missing_model_is_named(tmp_path) -> None:
    write(tmp_path, HEAD + '[[files]]\npath = "a"\nsha256 = ""\nbytes = 1\n')
    assert "there is no such directory" in fault(tmp_path)


def test_the_files_of_a_directory_are_those_of_its_manifest(root) -> None:
    listed = files_in(root / "models/starter/tiny")
    assert set(listed) == set(tiny(root).files)
    assert all(isinstance(file, ModelFile) for file in listed)


# --- What came along ----------------------------------------------------------


def test_the_data_of_this_checkout_is_found() -> None:
    assert (data_root() / "models" / "manifests").is_dir()


def test_an_installed_package_carries_its_data(tmp_path, monkeypatch) -> None:
    package = tmp_path / "site-packages" / "voice"
    monkeypatch.setattr(manifests, "__file__", str(package / "manifests.py"))
    with pytest.raises(ConfigError, match="reinstall parley-voice"):
        data_root()
    (package / "_data" / "models" / "manifests").mkdir(parents=True)
    assert data_root() == package / "_data"


def test_every_model_that_came_along_is_whole() -> None:
    found = read_manifests()
    assert found
    for manifest in found.values():
        assert verify(manifest).is_dir()
