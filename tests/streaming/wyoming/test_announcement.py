"""The announcement on the local network, seen by the stock browser."""

import asyncio
import contextlib
import json
import subprocess
import sys

import pytest

pytest.importorskip("zeroconf", reason="the extra `zeroconf`")

from zeroconf import ServiceStateChange
from zeroconf.asyncio import AsyncServiceBrowser, AsyncServiceInfo, AsyncZeroconf

from streaming.addresses import Address
from streaming.wyoming.announcement import SERVICE, announced

PATIENCE = 8.0
"""Seconds; a name is asked for three times before it is used."""

HERE = Address("127.0.0.1", 10_300)


@contextlib.asynccontextmanager
async def browsing():
    """The names that appear, as Home Assistant sees them."""
    network = AsyncZeroconf(interfaces=["127.0.0.1"])
    found = asyncio.Queue()

    def note(zeroconf, service_type, name, state_change):
        found.put_nowait((state_change, name))

    browser = AsyncServiceBrowser(network.zeroconf, SERVICE, handlers=[note])
    try:
        yield network, found
    finally:
        await browser.async_cancel()
        await network.async_close()


async def until(found, state, name):
    async with asyncio.timeout(PATIENCE):
        while await found.get() != (state, f"{name}.{SERVICE}"):
            pass


async def test_home_assistant_finds_the_server_and_sees_it_go():
    async with browsing() as (network, found):
        async with announced("parley-of-a-test", HERE):
            await until(found, ServiceStateChange.Added, "parley-of-a-test")
            service = AsyncServiceInfo(SERVICE, f"parley-of-a-test.{SERVICE}")
            assert await service.async_request(network.zeroconf, 3000)
        await until(found, ServiceStateChange.Removed, "parley-of-a-test")
    assert service.port == 10_300
    assert service.parsed_addresses() == ["127.0.0.1"]


@pytest.mark.parametrize("name", ["", "Küche"])
def test_the_doctor_tells_what_leaves_the_process(name):
    told = subprocess.run(
        [
            *(sys.executable, "-m", "streaming", "doctor", "--json", "--port", "0"),
            *("--wyoming", "127.0.0.1:0", "--set", f"wyoming.announce={name}"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    content = json.loads(told.stdout)
    assert content["doors"] == {"wyoming": {"address": "127.0.0.1:0", "free": True}}
    leaves = content["leaves_the_process"]
    assert len(leaves) == bool(name)
    assert all(name in line and "local network" in line for line in leaves)
