"""What is installed: the wheel, its data, its metadata, and the lock files."""

import csv
import email
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RUNTIME = "requirements.lock"
EXTRAS = {"requirements-dev.lock": "dev", "requirements-cuda.lock": "cuda"}
LOCKS = (RUNTIME, *EXTRAS)

# A server that drags these in is some gigabytes and some seconds heavier.
TRAINING = {"torch", "torchaudio", "transformers", "silero_vad", "scipy"}


# --- The wheel ----------------------------------------------------------------


@pytest.fixture(scope="module")
def tracked() -> tuple[str, ...]:
    """The files that git knows: a clone has no others."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout, so what a clone would hold is unknown")
    listing = subprocess.run(
        [git, "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True, text=True
    ).stdout
    return tuple(name for name in listing.split("\0") if (ROOT / name).is_file())


@pytest.fixture(scope="module")
def wheel(tracked: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built as pip builds it, without a network, from what git knows."""
    pytest.importorskip("hatchling", reason="`make setup` installs what builds a wheel")
    clone = tmp_path_factory.mktemp("clone")
    for name in tracked:
        (clone / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, clone / name)
    out = tmp_path_factory.mktemp("wheel")
    built = subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "wheel"),
            *("--quiet", "--no-index", "--no-deps", "--no-build-isolation"),
            *("--wheel-dir", str(out), str(clone)),
        ],
        capture_output=True,
        check=False,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel: Path) -> frozenset[str]:
    with zipfile.ZipFile(wheel) as archive:
        return frozenset(archive.namelist())


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as site-packages would hold it."""
    folder = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def python(installed: Path, *arguments: str) -> str:
    """Run Python with the unpacked wheel before everything else; returns its output."""
    elsewhere = installed / "elsewhere"
    elsewhere.mkdir(exist_ok=True)
    run = subprocess.run(
        [sys.executable, "-B", *arguments],
        cwd=elsewhere,
        env={**os.environ, "PYTHONPATH": str(installed), "HOME": str(elsewhere)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_wheel_holds_the_product_and_nothing_else(names: frozenset[str]) -> None:
    assert {name.split("/")[0].split("-")[0] for name in names} == {
        "voice",
        "streaming",
        "parley_voice",
    }
    assert not [name for name in names if "__pycache__" in name or "/tests/" in name]


def test_every_source_file_is_in_the_wheel(
    names: frozenset[str], tracked: tuple[str, ...]
) -> None:
    sources = {name for name in tracked if name.startswith(("voice/", "streaming/"))}
    assert {"voice/py.typed", "streaming/py.typed", "voice/homes/demo.toml"} <= sources
    assert sources <= names


def test_models_and_fixtures_are_in_the_wheel(
    names: frozenset[str], tracked: tuple[str, ...]
) -> None:
    folders = ("models/manifests/", "models/starter/", "audio_fixtures/")
    data = {f"voice/_data/{name}" for name in tracked if name.startswith(folders)}
    assert "voice/_data/audio_fixtures/index.csv" in data
    assert data <= names


def test_the_metadata_asks_for_what_the_project_asks_for(
    wheel: Path, names: frozenset[str]
) -> None:
    (name,) = (name for name in names if name.endswith(".dist-info/METADATA"))
    with zipfile.ZipFile(wheel) as archive:
        metadata = email.message_from_bytes(archive.read(name))
        (scripts,) = (entry for entry in names if entry.endswith("entry_points.txt"))
        assert b"parley = streaming.cli:main" in archive.read(scripts)
    wanted = map(Requirement, metadata.get_all("Requires-Dist", []))
    always = {one.name for one in wanted if "extra ==" not in str(one.marker)}
    assert always == {Requirement(line).name for line in PROJECT["dependencies"]}
    assert not always & TRAINING
    assert metadata["License-Expression"] == "Apache-2.0"
    assert "LICENSE" in metadata.get_all("License-File", [])


# Without a checkout: everything is found inside the package, and works.
FINDS_ITS_DATA = """
import json
import voice.manifests as manifests
from voice.fixtures import read_index
from voice.home_files import demo_home
root = manifests.data_root()
found = manifests.read_manifests()
print(json.dumps({
    "package": manifests.__file__,
    "root": str(root),
    "verified": [str(manifests.verify(model)) for model in found.values()],
    "clips": len(read_index(root / "audio_fixtures" / "index.csv")),
    "home": bool(demo_home()),
}))
"""


def test_an_installed_wheel_finds_its_data(installed: Path) -> None:
    found = json.loads(python(installed, "-c", FINDS_ITS_DATA))
    assert Path(found["package"]).is_relative_to(installed)
    assert found["root"] == str(installed / "voice" / "_data")
    assert len(found["verified"]) == len(
        list((ROOT / "models/manifests").glob("*.toml"))
    )
    with (ROOT / "audio_fixtures" / "index.csv").open(encoding="utf-8") as index:
        assert found["clips"] == len(list(csv.DictReader(index)))
    assert found["home"]


def test_the_command_of_an_installed_wheel_speaks(installed: Path) -> None:
    words = ("say", "Guten Morgen", "--language", "de", "--out", "morning.wav")
    python(installed, "-m", "streaming.cli", *words)
    assert (installed / "elsewhere" / "morning.wav").stat().st_size > 10_000


# --- Imports ------------------------------------------------------------------

# Imports every module of the packages given, and tells what that did.
IMPORTS = """
import importlib, json, os, pkgutil, signal, sys, threading
import logging
deeds = []
def watch(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.fork", "os.exec", "os.remove")):
        deeds.append(event)
    elif event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        deeds.append(f"{event} {arguments[0]}")
environment = dict(os.environ)
stop = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
modules = []
for name in sys.argv[1:]:
    package = importlib.import_module(name)
    modules += [name, *(m.name for m in pkgutil.walk_packages(package.__path__, name + "."))]
# What others do when they are imported is theirs: import them before watching.
for attempt in ("others", "ours"):
    for name in modules:
        importlib.import_module(name)
    if attempt == "others":
        for name in [n for n in sys.modules if n.split(".")[0] in ("voice", "streaming")]:
            del sys.modules[name]
        logging.root.handlers.clear()
        environment = dict(os.environ)
        threads = threading.active_count()
        sys.addaudithook(watch)
print(json.dumps({
    "modules": modules,
    "loaded": sorted({name.split(".")[0] for name in sys.modules}),
    "deeds": deeds,
    "threads": threading.active_count() - threads,
    "environment": dict(os.environ) != environment,
    "signals": stop != (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)),
    "log_handlers": len(logging.root.handlers),
}))
"""


def imported(*packages: str) -> dict[str, object]:
    run = subprocess.run(
        [sys.executable, "-B", "-c", IMPORTS, *packages],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
        text=True,
    )
    assert run.returncode == 0, run.stderr
    assert not run.stderr
    lines = run.stdout.splitlines()
    assert len(lines) == 1, "an import printed something"
    result: dict[str, object] = json.loads(lines[0])
    return result


@pytest.fixture(scope="module")
def loading() -> dict[str, object]:
    return imported("voice", "streaming")


def test_importing_everything_does_nothing(loading: dict[str, object]) -> None:
    assert loading["modules"]
    assert not loading["deeds"]
    assert not loading["threads"]
    assert not loading["environment"]
    assert not loading["signals"]
    assert not loading["log_handlers"]


def test_no_import_loads_what_only_training_needs(loading: dict[str, object]) -> None:
    assert not TRAINING & set(map(str, loading["loaded"]))


def test_the_conversation_loads_nothing_of_the_server() -> None:
    loaded = imported("voice")["loaded"]
    assert not {"streaming", "websockets", "uvloop"} & set(map(str, loaded))


LOADS_NETWORKS = """
import numpy as np
from voice.assembly import load_voice_activity
from voice.audio import Pcm
activity = load_voice_activity()()
activity.probability(Pcm(np.zeros(activity.frame_samples, np.int16), 16_000))
"""


def test_a_network_is_loaded_without_telling_its_maker(tmp_path: Path) -> None:
    # It notes a number for the machine and what it is about to send: native code, so
    # nothing that watches Python sees it; the home shows it.
    environment = {k: v for k, v in os.environ.items() if k != "ORT_DISABLE_TELEMETRY"}
    subprocess.run(
        [sys.executable, "-B", "-c", LOADS_NETWORKS],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT), "HOME": str(tmp_path)},
        check=True,
    )
    assert not list(tmp_path.rglob("*"))


# --- Lock files ---------------------------------------------------------------


def pins(lock: str) -> dict[str, str]:
    """Name to version; whatever else is in the file fails here."""
    found: dict[str, str] = {}
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", "")
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        pinned = re.fullmatch(
            r"([a-z0-9-]+)==(\S+)(?: ; [^#]+?)?((?:\s+--hash=sha256:[0-9a-f]{64})+)",
            line,
        )
        assert pinned, line
        assert pinned[1] not in found, f"{pinned[1]}: two versions in {lock}"
        found[pinned[1]] = pinned[2]
    return found


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_names_no_place(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"://|index-url|find-links|file:|trusted-host", text)


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_file_holds_what_the_project_asks_for(lock: str) -> None:
    pinned = pins(lock)
    lines = [*PROJECT["dependencies"]]
    if lock in EXTRAS:
        lines += PROJECT["optional-dependencies"][EXTRAS[lock]]
    for wanted in map(Requirement, lines):
        name = canonicalize_name(wanted.name)
        assert name in pinned, f"{lock} lacks {name}: make lock"
        assert wanted.specifier.contains(pinned[name]), f"{name} is old: make lock"


@pytest.mark.parametrize("lock", EXTRAS)
def test_every_lock_file_has_the_versions_that_users_have(lock: str) -> None:
    assert pins(RUNTIME).items() <= pins(lock).items()


@pytest.mark.parametrize("lock", LOCKS)
def test_no_lock_file_holds_torch(lock: str) -> None:
    heavy = ("torch", "triton", "silero-vad", "transformers")
    assert not [name for name in pins(lock) if name.startswith(heavy)]


def test_only_the_lock_file_for_cuda_holds_cuda() -> None:
    holders = {lock for lock in LOCKS if any("nvidia" in name for name in pins(lock))}
    assert holders == {"requirements-cuda.lock"}


def test_everything_that_is_installed_has_a_licence_in_the_table() -> None:
    table = (ROOT / "docs" / "licences.md").read_text("utf-8")
    listed = set(re.findall(r"[A-Za-z0-9._-]+", table))
    missing = [name for name in pins(RUNTIME) if name not in listed]
    assert not missing, f"docs/licences.md lacks {', '.join(missing)}"


# --- The image ----------------------------------------------------------------


def test_what_the_image_copies_is_there_and_not_ignored(
    tracked: tuple[str, ...],
) -> None:
    lines = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ").splitlines()
    copies = [line.split() for line in lines if line.startswith("COPY")]
    sources = [
        word.rstrip("/")
        for words in copies
        if not any(word.startswith("--from") for word in words)
        for word in words[1:-1]
    ]
    assert sources
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    for source in sources:
        assert any(name == source or name.startswith(f"{source}/") for name in tracked)
        assert source not in ignored
