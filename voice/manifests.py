"""What the models that come with Parley are, byte for byte.

A manifest is a TOML file in `models/manifests`. It says of one model where it is
from, what it can do, how well that was measured, and which files it consists of.
Nothing is loaded before every byte was compared: a model that was changed, cut off
or given an extra file (a pickle is a program) does not start.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from voice.errors import ConfigError
from voice.toml_files import read_toml

__all__ = [
    "Manifest",
    "ModelFile",
    "data_root",
    "files_in",
    "read_manifest",
    "read_manifests",
    "shipped",
    "shipped_manifest",
    "verify",
]

MANIFESTS = PurePosixPath("models/manifests")

CHUNK_BYTES = 1 << 20

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelFile:
    """One file of a model."""

    path: str
    """Relative to the model's directory, with forward slashes."""
    sha256: str
    """In hexadecimal, lower case."""
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What is known of one model."""

    name: str
    """Also the name of its TOML file."""
    stage: str
    """``recognition``, ``response``, ``synthesis`` or ``activity``."""
    family: str
    """Which adapter loads it, e.g. ``whisper``."""
    version: str
    license: str
    """SPDX expression."""
    languages: tuple[str, ...]
    """BCP 47 tags."""
    sample_rate: int
    """Hertz, of the audio that goes in or comes out."""
    source: str
    """Where it is from: a recipe, a page."""
    directory: str
    """Relative to `data_root`, with forward slashes."""
    files: tuple[ModelFile, ...]
    quality: Mapping[str, Any] = field(default_factory=dict)
    """Measured; as the file has it."""

    @property
    def bytes(self) -> int:
        """Of all files together."""
        return sum(file.bytes for file in self.files)


def data_root() -> Path:
    """The folder that holds `models` and `audio_fixtures`.

    In a checkout that is the repository; an installed wheel carries a copy inside
    the package.

    Raises:
        ConfigError: there is neither: the installation is broken.
    """
    package = Path(__file__).parent
    for root in (package.parent, package / "_data"):
        if (root / MANIFESTS).is_dir():
            return root
    raise ConfigError(
        f"{package / '_data' / MANIFESTS}: there is no such directory, so the models"
        " that come with Parley are missing; reinstall parley-voice"
    )


def read_manifests(root: Path | None = None) -> dict[str, Manifest]:
    """Every manifest below `root` (by default `data_root`), by name.

    Raises:
        ConfigError: one of them cannot be read.
    """
    folder = (root or data_root()) / MANIFESTS
    return {path.stem: read_manifest(path) for path in sorted(folder.glob("*.toml"))}


def read_manifest(path: Path) -> Manifest:
    """Read one manifest.

    Raises:
        ConfigError: names the file, the key and what is wrong with it.
    """
    table = _Table(path, read_toml(path, "the manifest"))
    manifest = Manifest(
        name=table.get("name", str),
        stage=table.get("stage", str),
        family=table.get("family", str),
        version=table.get("version", str),
        license=table.get("license", str),
        languages=tuple(table.get("languages", list)),
        sample_rate=table.get("sample_rate", int),
        source=table.get("source", str),
        directory=table.inside("directory"),
        files=tuple(
            ModelFile(
                path=_Table(path, entry).inside("path"),
                sha256=_Table(path, entry).get("sha256", str).lower(),
                bytes=_Table(path, entry).get("bytes", int),
            )
            for entry in table.get("files", list)
        ),
        quality=table.get("quality", dict, {}),
    )
    if manifest.name != path.stem:
        raise table.fault("name", f"is {manifest.name!r}, but the file is {path.name}")
    if not manifest.files:
        raise table.fault("files", "lists nothing; add a [[files]] table for each file")
    return manifest


@dataclass(frozen=True, slots=True)
class _Table:
    """A table of a manifest, which knows its file for the messages."""

    path: Path
    content: Mapping[str, Any]

    def get(self, key: str, kind: type[Value], default: Value | None = None) -> Value:
        value = self.content.get(key, default)
        if value is None:
            raise self.fault(key, "is missing")
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self.fault(key, f"is {value!r}, which is no {kind.__name__}")
        return value

    def inside(self, key: str) -> str:
        """A relative path that does not climb out."""
        text = self.get(key, str)
        path = PurePosixPath(text)
        if path.is_absolute() or ".." in path.parts or "\\" in text or ":" in text:
            raise self.fault(key, f"{text!r} leads out of its directory")
        return str(path)

    def fault(self, key: str, what: str) -> ConfigError:
        return ConfigError(f"{self.path}: {key}: {what}")


def verify(manifest: Manifest, root: Path | None = None) -> Path:
    """Compare every byte of a model with its manifest.

    Args:
        manifest: what there should be.
        root: what `manifest.directory` is relative to, by default `data_root`.

    Returns:
        The directory of the model, in which every file is as it should be.

    Raises:
        ConfigError: names every file that is missing, changed, cut off or unlisted.
    """
    directory = (root or data_root()) / manifest.directory
    if not directory.is_dir():
        raise ConfigError(
            f"{directory}: there is no such directory; it should hold the model"
            f" {manifest.name}: reinstall, or fetch it again"
        )
    listed = {file.path: file for file in manifest.files}
    found = dict(_walk(directory))
    faults = [f"{path}: missing" for path in listed if path not in found]
    faults += [f"{path}: not in the manifest" for path in found if path not in listed]
    for path, file in listed.items():
        if path in found and (difference := _difference(found[path], file)):
            faults.append(f"{path}: {difference}")
    if faults:
        raise ConfigError(
            f"{directory}: not the model {manifest.name} {manifest.version}:"
            f" {'; '.join(sorted(faults))}; restore it from where you got it, remove"
            " what does not belong there"
        )
    return directory


def shipped_manifest(name: str) -> Manifest:
    """What a model that comes along should be.

    Raises:
        ConfigError: it did not come.
    """
    path = data_root() / "models" / "manifests" / f"{name}.toml"
    if not path.is_file():
        raise ConfigError(
            f"{path}: this model did not come along; make it as models/README.md tells,"
            " or choose another in the section models"
        )
    return read_manifest(path)


def shipped(name: str) -> Path:
    """The directory of a model that comes along, verified.

    Args:
        name: of its manifest.

    Raises:
        ConfigError: it did not come, or is not what its manifest says.
    """
    return verify(shipped_manifest(name))


def _walk(directory: Path) -> Iterable[tuple[str, Path]]:
    for path in sorted(directory.rglob("*")):
        # A link to a directory is not followed by the walk, so it counts as a file.
        if path.is_symlink() or not path.is_dir():
            yield path.relative_to(directory).as_posix(), path


def _difference(path: Path, file: ModelFile) -> str:
    if not path.is_file():
        return "not a file"
    size = path.stat().st_size
    if size != file.bytes:
        return f"{size} bytes instead of {file.bytes}"
    return "" if _sha256(path) == file.sha256 else "changed (another SHA-256)"


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def files_in(directory: Path) -> tuple[ModelFile, ...]:
    """What a manifest of `directory` would have to list; recipes write it down."""
    return tuple(
        ModelFile(path=name, sha256=_sha256(path), bytes=path.stat().st_size)
        for name, path in _walk(directory)
    )
