"""Servers in processes of their own: what measures must not slow down what is measured."""

import asyncio
import contextlib
import json
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from voice.errors import ClientError

__all__ = ["PARLEY", "ROOT", "Served", "serving"]

ROOT = Path(__file__).parents[1]

PARLEY = (
    sys.executable,
    "-m",
    "streaming",
    "serve",
    "--port=0",
    "--json",
    "--log=error",
)
"""The command of a server as it is shipped."""


@dataclass(frozen=True, slots=True)
class Served:
    """A server that listens."""

    url: str
    pid: int
    """Of its first process; Parley's is the gateway, its workers are others."""

    def cpu_s(self) -> float | None:
        """Seconds of CPU that this process has used; None where that is not told."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8")
        except OSError:
            return None
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


START_S, END_S = 400.0, 15.0
"""Seconds in which a server must come up, and go."""


@contextlib.asynccontextmanager
async def serving(command: Sequence[str] = PARLEY) -> AsyncIterator[Served]:
    """A server that listens, until the block ends.

    Args:
        command: prints a line of JSON with the key ``url`` when it listens.

    Raises:
        ClientError: it does not come up.
    """
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "HF_HUB_OFFLINE": "1"}
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, cwd=ROOT, env=environment
    )
    try:
        yield Served(await _address(process, command), process.pid)
    finally:
        if process.returncode is None:
            process.terminate()
            try:
                async with asyncio.timeout(END_S):
                    await process.wait()
            except TimeoutError:
                process.kill()
                await process.wait()


async def _address(process: asyncio.subprocess.Process, command: Sequence[str]) -> str:
    assert process.stdout is not None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while line := await process.stdout.readline():
                with contextlib.suppress(ValueError):
                    return str(json.loads(line)["url"])
    raise ClientError("no_answer", f"the server did not start: {' '.join(command)}")
