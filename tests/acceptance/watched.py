"""A conversation with a server that is watched: what it logs, writes and calls.

Run as ``python -m tests.acceptance.watched FOLDER OPTION...`` it starts `parley serve`
with those options in an empty home, talks to it, stops it, and prints an account in
JSON. In a network namespace of its own (``unshare --user --map-root-user --net``) the
account holds the kernel's count of packets that wanted to leave the machine, which
sees what no hook in Python could.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
from pathlib import Path

from streaming.client import Client, connected
from streaming.messages import TextInput
from voice.audio import read_audio

ROOT = Path(__file__).parents[2]

CLIP = ROOT / "audio_fixtures" / "de" / "kuechenlampe_ein.flac"

CANARY = "zebrafink"
"""A word that nobody else has a reason to say."""

TYPED = f"setze {CANARY} auf die einkaufsliste"

HOOK = """
import os, sys

def note(event, arguments, log=open(os.environ["WATCH_LOG"], "a", buffering=1)):
    if event.startswith("socket.") and event not in {"socket.__new__", "socket.bind"}:
        print(os.getpid(), event, *map(repr, arguments), file=log)
    elif event == "open" and arguments[2] & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        print(os.getpid(), "write", arguments[0], file=log)

sys.addaudithook(note)
open(os.devnull, "w").close()  # so that each process is on record
"""
"""Python runs it in every process, because it is called sitecustomize."""

LEAVING = (
    "IpOutNoRoutes",
    "Ip6OutNoRoutes",
    "UdpOutDatagrams",
    "Udp6OutDatagrams",
    "IcmpOutMsgs",
)
"""What counts packets that leave, or would if there were a way out."""


def watched_environment(folder: Path) -> dict[str, str]:
    """The environment of a process whose files and sockets are noted."""
    for name in ("home", "temporary", "hook"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "hook" / "sitecustomize.py").write_text(HOOK)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder / "home"),
        "TMPDIR": str(folder / "temporary"),
        "PYTHONPATH": f"{folder / 'hook'}:{ROOT}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "WATCH_LOG": str(folder / "watch.log"),
    }


def packets() -> dict[str, int]:
    """The kernel's counters for this network namespace."""
    counters = {}
    lines = iter(Path("/proc/self/net/snmp").read_text().splitlines())
    for names, values in zip(lines, lines, strict=True):
        protocol, *rest = names.split()
        for name, value in zip(rest, values.split()[1:], strict=True):
            counters[protocol.rstrip(":") + name] = int(value)
    for line in Path("/proc/self/net/snmp6").read_text().splitlines():
        name, value = line.split()
        counters[name] = int(value)
    return {name: counters[name] for name in LEAVING}


def is_alone() -> bool:
    """Whether there is no network but the loopback, which is then switched on."""
    if [name for _, name in socket.if_nameindex()] != ["lo"]:
        return False
    import fcntl

    set_flags, up_and_running = 0x8914, 0x41
    with socket.socket() as any_socket:
        request = struct.pack("16sh14x", b"lo", up_and_running)
        fcntl.ioctl(any_socket, set_flags, request)
    return True


async def converse(folder: Path, options: list[str]) -> dict[str, object]:
    """Serve, talk by voice and by text, stop; what was said, and how it ended."""
    with (folder / "server.log").open("wb") as log:
        server = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "streaming", "serve", "--port", "0", "--json", "--log", "debug"),
            *options,
            stdout=asyncio.subprocess.PIPE,
            stderr=log,
            cwd=folder / "home",
            env=watched_environment(folder),
        )
    try:
        assert server.stdout is not None
        url = json.loads(await server.stdout.readline())["url"]
        async with connected(url) as client:
            await client.set_languages("de")
            await client.speak(read_audio(CLIP))
            await client.listen()
            count = len(client.turns)
            await client.send(TextInput(text=TYPED, language="de"))
            await client.wait_in_the_room(lambda: typed_is_done(client, count))
            turns = client.turns.values()
            said = [(turn.transcript, turn.reply) for turn in turns]
            audio = sum(len(pcm) for turn in turns for pcm in turn.audio)
        server.send_signal(signal.SIGTERM)
        code = await server.wait()
        rest = (await server.stdout.read()).decode()
    finally:
        with contextlib.suppress(ProcessLookupError):
            server.kill()
    return {
        "session": client.greeting.session_id,
        "said": said,
        "audio_s": audio / client.output_rate,
        "code": code,
        "output": rest,
    }


def typed_is_done(client: Client, spoken: int) -> bool:
    """Whether there is a turn after the first `spoken`, and an end of it."""
    turns = list(client.turns.values())[spoken:]
    return bool(turns) and all(turn.done for turn in turns)


def main() -> None:
    """Run the conversation and print the account."""
    folder, *options = sys.argv[1:]
    alone = is_alone()
    before = packets()
    account = asyncio.run(converse(Path(folder), options))
    after = packets()
    left = {name: after[name] - before[name] for name in LEAVING} if alone else None
    print(json.dumps({**account, "left": left}))  # noqa: T201 - for the test


if __name__ == "__main__":
    main()
