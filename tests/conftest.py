"""What tests share: virtual time, the folder of recordings, what models prepare once."""

import asyncio
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.virtual_time import VirtualTimeLoop

ROOT = Path(__file__).parents[1]

SPEECH = Path(os.environ.get("PARLEY_SPEECH", ROOT.parent / "shared" / "speech"))
"""Recordings with an index; see audio_fixtures/README.md for its columns."""


def pytest_configure(config):
    config.addinivalue_line(
        "markers", "virtual_time: on an event loop that does not wait"
    )
    # How long an example takes says more of the machine than of the code.
    settings.register_profile(
        "patient",
        parent=settings(),
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
    settings.load_profile("patient")
    # Every server would prepare the sentences of the home anew, for seconds; so the
    # first does it for all.
    cache = tempfile.TemporaryDirectory(prefix="parley-tests-")
    config.add_cleanup(cache.cleanup)
    os.environ.setdefault("PARLEY_MODELS__CACHE", cache.name)


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
