"""A server with the starter models, for the tests of the page."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import pytest_asyncio

from tests.streaming.page.browser import CHROMIUM, browsing

ROOT = Path(__file__).parents[3]

HOME = """
here = "living_room"
[areas.living_room]
names = { en = "living room", de = "Wohnzimmer" }
[areas.kitchen]
names = { en = "kitchen", de = "Küche" }
[devices."light.ceiling"]
area = "living_room"
names = { en = "ceiling light", de = "Deckenlampe" }
state = "on"
[devices."light.kitchen"]
area = "kitchen"
names = { en = "kitchen lamp", de = "Küchenlampe" }
[devices."light.one"]
names = "lamp beside the old wooden staircase that leads from the hall to the attic"
[devices."light.two"]
names = "lamp between the two tall windows on the far side of the long corridor"
[devices."lock.front_door"]
names = { en = "front door", de = "Haustür" }
[devices."todo.shopping"]
names = { en = "shopping list", de = "Einkaufsliste" }
items = ["coffee"]
"""
"""Asked which lights are off, the assistant speaks for ten seconds."""


@pytest.fixture(scope="module")
def real_server(tmp_path_factory):
    """The page's address, of a server in a process of its own.

    Each file of tests has its own, since what is said there changes the home.
    """
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: install one, or set PARLEY_CHROMIUM")
    home = tmp_path_factory.mktemp("home") / "home.toml"
    home.write_text(HOME, encoding="utf-8")
    command = [sys.executable, "-m", "streaming.cli", "serve", "--json"]
    options = ["--port", "0", "--home", str(home), "--languages", "en,de"]
    with subprocess.Popen(
        [*command, *options, "--log", "error"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            ready = json.loads(process.stdout.readline())
            yield ready["url"].replace("ws://", "http://").removesuffix("v1/stream")
        finally:
            process.terminate()


@pytest_asyncio.fixture(loop_scope="session", scope="session")
async def browsers():
    """Chromium; tests that use it share its event loop."""
    pytest.importorskip(
        "playwright.async_api", reason="playwright drives the browser: make setup"
    )
    if CHROMIUM is None:
        pytest.skip("no Chromium on the path: install one, or set PARLEY_CHROMIUM")
    async with browsing() as started:
        yield started
