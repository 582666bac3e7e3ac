"""`parley models`: what came along, and whether it is what it should be."""

import argparse
from typing import Any

from streaming.commands.options import add_json_option, print_json
from streaming.commands.tables import table
from voice.errors import ConfigError
from voice.manifests import Manifest, data_root, read_manifests, verify

__all__ = ["add_arguments", "fault_of", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "action",
        nargs="?",
        choices=("list", "verify"),
        default="list",
        help="list says what there is; verify compares every byte with the manifest",
    )
    add_json_option(parser)


def run(arguments: argparse.Namespace) -> int:
    """List or verify; the exit code of verify tells whether every model is whole."""
    root = data_root()
    manifests = list(read_manifests(root).values())
    if not manifests:
        raise ConfigError(
            f"{root / 'models' / 'manifests'}: no model came along; reinstall"
            " parley-voice, or make one with models/recipes"
        )
    if arguments.action == "list":
        _list(manifests, as_json=arguments.json)
        return 0
    faults = {manifest.name: fault_of(manifest) for manifest in manifests}
    for manifest in manifests:
        fault = faults[manifest.name]
        if arguments.json:
            print_json({"name": manifest.name, "ok": not fault, "fault": fault})
        else:
            files = f"{len(manifest.files)} files, {_size(manifest)}"
            print(f"{manifest.name}: {fault or f'every byte is right ({files})'}")
    return 2 if any(faults.values()) else 0


def fault_of(manifest: Manifest) -> str:
    """What is wrong with the files of a model; empty if nothing is."""
    try:
        verify(manifest)
    except ConfigError as error:
        return str(error)
    return ""


def _list(manifests: list[Manifest], *, as_json: bool) -> None:
    if as_json:
        for manifest in manifests:
            print_json(_described(manifest))
        return
    rows = [
        (
            manifest.name,
            manifest.stage,
            manifest.family,
            manifest.version,
            _size(manifest),
            manifest.license,
            " ".join(manifest.languages),
        )
        for manifest in manifests
    ]
    header = ("model", "stage", "family", "version", "size", "license", "languages")
    print(table(header, rows))


def _described(manifest: Manifest) -> dict[str, Any]:
    return {
        "name": manifest.name,
        "stage": manifest.stage,
        "family": manifest.family,
        "version": manifest.version,
        "license": manifest.license,
        "languages": list(manifest.languages),
        "sample_rate": manifest.sample_rate,
        "source": manifest.source,
        "directory": str(data_root() / manifest.directory),
        "files": len(manifest.files),
        "bytes": manifest.bytes,
        "quality": dict(manifest.quality),
    }


def _size(manifest: Manifest) -> str:
    return f"{manifest.bytes / 1e6:.1f} MB"
