"""Nothing that is said is logged, kept or sent away."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.acceptance.watched import CANARY, ROOT, TYPED, packets, watched_environment
from tests.voice.recognizers import tiny_whisper
from voice.errors import Stage

STARTER = ROOT / "models" / "manifests" / "starter-recognizer.toml"

ALONE = ["unshare", "--user", "--map-root-user", "--net", "--"]

DEVICES = {"/dev/null", "/dev/tty"}

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc"),
    pytest.mark.timeout(120),
]


def can_be_alone():
    if shutil.which(ALONE[0]) is None:
        return False
    tried = subprocess.run([*ALONE, "true"], check=False, capture_output=True)
    return tried.returncode == 0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("watched")


@pytest.fixture(scope="module")
def account(folder, tmp_path_factory):
    """One conversation, without a network where that can be had."""
    options = []
    if not STARTER.is_file():
        model = tiny_whisper.build(tmp_path_factory.mktemp("models") / "tiny")
        options = ["--recognizer", str(model)]
    run = subprocess.run(
        [
            *(ALONE if can_be_alone() else []),
            *(sys.executable, "-m", "tests.acceptance.watched", str(folder), *options),
        ],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        cwd=ROOT,
    )
    return json.loads(run.stdout)


def test_it_was_a_real_conversation(account):
    assert account["audio_s"] > 0.5
    assert CANARY in account["said"][-1][1], "the reply repeats what was typed"
    if STARTER.is_file():
        assert account["said"][0][0], "it was heard"
    assert (account["code"], account["output"]) == (0, "")


def secrets(account):
    """What was said by either side, and the word that is in nothing else."""
    words = {text.casefold() for turn in account["said"] for text in turn if text}
    return {*words, TYPED, CANARY}


def test_the_log_holds_nothing_that_was_said(account, folder):
    log = (folder / "server.log").read_text().casefold()
    assert f"{account['session']} session opened" in log
    assert f"{account['session']} session closed" in log
    assert [secret for secret in secrets(account) if secret in log] == []


def test_nothing_is_kept(account, folder):
    kept = [
        path for name in ("home", "temporary") for path in (folder / name).iterdir()
    ]
    assert kept == []


def test_no_file_is_written_anywhere(account, folder):
    noted = [line.split(maxsplit=2) for line in lines(folder)]
    written = {name for _, event, name in noted if event == "write"}
    # Numbers are pipes and sockets, opened by their descriptors.
    assert not {name for name in written if not name.isdigit()} - DEVICES
    processes = {process for process, *_ in noted}
    assert len(processes) >= 1 + len(Stage), "the gateway and its workers"


def test_nobody_tried_to_reach_anybody(account, folder):
    calls = [line for line in lines(folder) if " socket." in line]
    assert [line for line in calls if "127.0.0.1" not in line] == []


def test_no_packet_wanted_to_leave(account):
    if account["left"] is None:
        pytest.skip("this system lets nobody have a network namespace (unshare)")
    assert set(account["left"].values()) == {0}


# --- The instruments ----------------------------------------------------------

CALL = "import socket; socket.getaddrinfo('parley.invalid', 80)"

COUNT = f"""
import json, contextlib
from tests.acceptance.watched import is_alone, packets
assert is_alone()
with contextlib.suppress(OSError):
    {CALL}
with contextlib.suppress(OSError):
    socket.create_connection(("192.0.2.1", 80), timeout=1)
print(json.dumps(packets()))
"""


def lines(folder: Path):
    return (folder / "watch.log").read_text().splitlines()


def test_the_hook_notes_a_call_and_a_file(tmp_path):
    script = f"open({str(tmp_path / 'new')!r}, 'w'); {CALL}"
    subprocess.run(
        [sys.executable, "-c", script],
        check=False,
        env=watched_environment(tmp_path),
        stderr=subprocess.DEVNULL,
    )
    noted = "\n".join(lines(tmp_path))
    assert f" write {tmp_path / 'new'}" in noted
    assert "socket.getaddrinfo" in noted
    assert "'parley.invalid'" in noted


@pytest.mark.skipif(not can_be_alone(), reason="no network namespace (unshare)")
def test_the_kernel_counts_a_packet_that_wants_to_leave():
    run = subprocess.run(
        [*ALONE, sys.executable, "-c", COUNT],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    counted = json.loads(run.stdout)
    assert set(counted) == set(packets())
    assert counted["IpOutNoRoutes"] >= 1
