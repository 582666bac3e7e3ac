"""The files of the page, as the server sends them; what they do is in tests/streaming/page."""

import asyncio
import re
from importlib.resources import files

import pytest

from streaming.page import Page
from tests.streaming.wire import PATIENCE, UPGRADE, get, serving

NAMES = sorted(entry.name for entry in (files("streaming") / "web").iterdir())


@pytest.fixture
async def served():
    async with serving() as server:
        yield server


async def test_the_page_is_at_the_root(served):
    status, headers, body = await get(served, "/?from=anywhere")
    assert status == 200
    assert headers["content-type"] == "text/html; charset=utf-8"
    assert body.startswith(b"<!doctype html>")
    assert int(headers["content-length"]) == len(body)


async def test_a_new_server_has_a_new_page_and_nothing_comes_from_elsewhere(served):
    for path in ("/", "/web/main.js"):
        _, headers, _ = await get(served, path)
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        rules = headers["content-security-policy"].split("; ")
        assert "default-src 'none'" in rules
        assert "frame-ancestors 'none'" in rules
        sources = {source for rule in rules for source in rule.split()[1:]}
        assert sources == {"'none'", "'self'", "'script'"}


@pytest.mark.parametrize("name", [name for name in NAMES if name != "index.html"])
async def test_every_file_has_the_type_that_browsers_insist_on(served, name):
    status, headers, body = await get(served, f"/web/{name}")
    types = {"js": "text/javascript", "css": "text/css", "svg": "image/svg+xml"}
    kind = types[name.rpartition(".")[2]]
    assert (status, headers["content-type"]) == (200, f"{kind}; charset=utf-8")
    assert body == (files("streaming") / "web" / name).read_bytes()


@pytest.mark.parametrize(
    "path",
    [
        "/web/",
        "/web",
        "/web/index.html",
        "/web/../page.py",
        "/web/%2e%2e/page.py",
        "//",
    ],
)
async def test_nothing_else_is_served(served, path):
    assert (await get(served, path))[0] == 404


def test_what_the_files_ask_for_is_there():
    page = Page()
    for name in NAMES:
        text = (files("streaming") / "web" / name).read_text(encoding="utf-8")
        asked = re.findall(r'(?:href|src)="(/[^"#]*)', text)
        asked += [f"/web/{file}" for file in re.findall(r'from "\./([^"]+)"', text)]
        for path in asked:
            assert page.answer(path), f"{name} asks for {path}"


def test_the_files_name_no_other_place():
    for name in NAMES:
        text = (files("streaming") / "web" / name).read_text(encoding="utf-8")
        places = set(re.findall(r"\b(?:https?|wss?):(?=//)[^\s\"')]+", text))
        assert places <= {"http://www.w3.org/2000/svg"}, name


@pytest.mark.parametrize(
    ("host", "origin", "status"),
    [
        ("127.0.0.1:{port}", "http://127.0.0.1:{port}", 101),
        ("localhost:{port}", "http://localhost:{port}", 101),
        ("localhost:{port}", "http://localhost:1", 403),
        ("evil.example:{port}", "http://evil.example:{port}", 403),
        ("127.0.0.1:{port}", "null", 403),
    ],
)
async def test_the_page_may_connect_to_its_own_server(served, host, origin, status):
    reader, writer = await asyncio.open_connection("127.0.0.1", served.port)
    request = UPGRADE.replace(
        "Host: parley", f"Host: {host}\r\nOrigin: {origin}".format(port=served.port)
    )
    writer.write(request.encode())
    async with asyncio.timeout(PATIENCE):
        head = await reader.readuntil(b"\r\n\r\n")
    assert int(head.split()[1]) == status
    writer.transport.abort()
