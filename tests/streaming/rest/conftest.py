"""What the tests of this folder share."""

import pytest


@pytest.fixture
async def stock():
    """The stock client of a server of its own."""
    from tests.streaming.rest.audio_server import client, serving

    async with serving() as server, client(server) as stock:
        yield stock
