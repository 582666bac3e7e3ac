"""Where the examples of the documents are run: a folder, the programs, the addresses."""

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tomllib
import wave
from dataclasses import dataclass
from pathlib import Path

from tests.examples.documents import ROOT, block
from voice.audio import read_audio

PATIENCE_S = 120.0
"""A machine that others use takes its time."""


def write_wav(path, pcm):
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, pcm.rate, 0, "NONE", ""))
        file.writeframes(pcm.to_bytes())


@dataclass
class Place:
    """A folder with what the examples take for granted, and where the server is."""

    folder: Path
    addresses: dict[str, str]
    """What stands in the documents, and in its place here."""

    def here(self, code):
        for documented, real in self.addresses.items():
            code = code.replace(documented, real)
        return code

    @contextlib.asynccontextmanager
    async def started(self, *command):
        environment = {
            **os.environ,
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "OPENAI_AGENTS_DISABLE_TRACING": "1",
        }
        environment.pop("PYTHONPATH", None)  # clients need nothing of ours
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=self.folder,
            env=environment,
            start_new_session=True,
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, 9)
            await process.communicate()

    async def ran(self, *command):
        """What a program prints; it ends by itself, and well."""
        async with self.started(*command) as process:
            async with asyncio.timeout(PATIENCE_S):
                output, complaints = await process.communicate()
        assert process.returncode == 0, complaints.decode()
        return output.decode()

    async def python(self, door):
        """What the lines of an example print."""
        path = self.folder / f"{door}.py"
        path.write_text(self.here(block(door, "python")), encoding="utf-8")
        repl = ROOT / "tests" / "examples" / "asyncio_repl.py"
        return await self.ran(sys.executable, repl, path)

    async def shell(self, code):
        return await self.ran("sh", "-e", "-c", self.here(code))


def prepare(folder):
    """Put into a folder what the examples take for granted."""
    (folder / "examples").symlink_to(ROOT / "examples")
    programs = folder / "bin"
    programs.mkdir()
    own = f'"{sys.executable}"'
    for name, program in (
        ("python", f'exec {own} "$@"'),
        ("parley", f'PYTHONPATH="{ROOT}" exec {own} -m streaming "$@"'),
    ):
        (programs / name).write_text(f"#!/bin/sh\n{program}\n")
        (programs / name).chmod(0o755)
    question = read_audio(ROOT / "audio_fixtures" / "en" / "kitchen_lamp_on.flac")
    write_wav(folder / "question.wav", question.resampled(16_000))
    (folder / "question.raw").write_bytes(question.resampled(16_000).to_bytes())
    write_wav(folder / "question-24k.wav", question.resampled(24_000))
    (folder / "question.pcm").write_bytes(question.resampled(24_000).to_bytes())


def written(tables):
    """A configuration as TOML."""
    lines = []
    for table, values in tables.items():
        lines.append(f"[{table}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in values.items()]
    return "\n".join(lines) + "\n"


def merged(*texts):
    """Several configurations as one."""
    tables = {}
    for text in texts:
        for name, table in tomllib.loads(text).items():
            into = tables.setdefault(name, {})
            for key, value in table.items():
                into[key] = into.get(key, []) + value if key == "dialects" else value
    return tables


@contextlib.contextmanager
def chat_server():
    """The language model of the documents; its address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.streaming.chat_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.communicate(timeout=10)
