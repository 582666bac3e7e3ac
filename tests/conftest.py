"""What tests share: virtual time, and the folder of recordings."""

import asyncio
import os
from pathlib import Path

import pytest

from tests.virtual_time import VirtualTimeLoop

ROOT = Path(__file__).parents[1]

SPEECH = Path(os.environ.get("PARLEY_SPEECH", ROOT.parent / "shared" / "speech"))
"""Recordings with an index; see audio_fixtures/README.md for its columns."""


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "virtual_time: on an event loop that does not wait"
    )


def pytest_asyncio_loop_factories(config, item):
    if item.get_closest_marker("virtual_time"):
        return {"virtual": VirtualTimeLoop}
    return {"real": asyncio.new_event_loop}


def pytest_collection_modifyitems(items):
    if SPEECH.is_dir():
        return
    skip = pytest.mark.skip(reason=f"no recordings in {SPEECH}: set PARLEY_SPEECH")
    for item in items:
        if item.get_closest_marker("speech"):
            item.add_marker(skip)


@pytest.fixture(scope="session")
def speech_folder():
    """The folder of recordings; for tests with the marker `speech`."""
    if not SPEECH.is_dir():
        pytest.skip(f"no recordings in {SPEECH}: set PARLEY_SPEECH")
    return SPEECH
