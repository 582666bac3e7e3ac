"""Whatever is wrong with a TOML file, the message names the file and the reason."""

import pytest

from voice.errors import ConfigError
from voice.toml_files import read_toml


def test_a_document_is_read(tmp_path) -> None:
    path = tmp_path / "home.toml"
    path.write_text('[areas.kitchen]\nnames = ["Küche"]\n', "utf-8")
    assert read_toml(path, "the home") == {"areas": {"kitchen": {"names": ["Küche"]}}}


@pytest.mark.parametrize("name", ["missing.toml", "."])
def test_what_cannot_be_read_is_named(tmp_path, name) -> None:
    path = tmp_path / name
    with pytest.raises(ConfigError) as caught:
        read_toml(path, "the home")
    assert str(caught.value).startswith(f"{path}: cannot read the home: ")


@pytest.mark.parametrize("content", [b"a = ", b"a = 1\na = 2", b"a = '\xff'"])
def test_what_is_no_toml_in_utf_8_is_named(tmp_path, content) -> None:
    path = tmp_path / "home.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=r"home\.toml: not valid TOML in UTF-8: .+"):
        read_toml(path, "the home")
