"""Which web pages may connect, by the headers that they come with."""

import pytest

from streaming.origins import may_connect

OWN = ("voice.lan", "192.168.1.5")
"""As configured, and as reached."""


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        ("http://localhost:8765", "localhost:8765"),
        ("http://127.0.0.1:8765", "127.0.0.1:8765"),
        ("http://127.8.9.1:8765", "127.8.9.1:8765"),
        ("http://[::1]:8765", "[::1]:8765"),
        ("http://parley.localhost:8765", "parley.localhost:8765"),
        ("http://LOCALHOST:8765", "localhost:8765"),
        ("http://localhost", "localhost"),
        ("http://localhost", "localhost:80"),
        ("https://localhost", "localhost:443"),
        ("http://voice.lan:8765", "voice.lan:8765"),
        ("http://192.168.1.5:8765", "192.168.1.5:8765"),
    ],
)
def test_a_page_may_connect_to_where_it_came_from(origin, host):
    assert may_connect([origin], [host], listed=(), own=OWN)


@pytest.mark.parametrize(
    ("origin", "host"),
    [
        # Another program on this machine, or another page.
        ("http://localhost:3000", "localhost:8765"),
        ("http://localhost", "localhost:8765"),
        ("http://evil.example", "localhost:8765"),
        ("http://127.0.0.1:8765", "localhost:8765"),
        # A name of somebody else's that points here: DNS rebinding.
        ("http://evil.example:8765", "evil.example:8765"),
        ("http://127.0.0.1.evil.example:8765", "127.0.0.1.evil.example:8765"),
        ("http://notlocalhost:8765", "notlocalhost:8765"),
        ("http://192.168.1.6:8765", "192.168.1.6:8765"),
        # Nonsense.
        ("null", "localhost:8765"),
        ("", ""),
        ("http://", ""),
        ("file://localhost:8765", "localhost:8765"),
        ("http://localhost:port", "localhost:port"),
        ("http://localhost:8765/", "localhost:8765/"),
        ("http://a@localhost:8765", "a@localhost:8765"),
        ("http://[::1:8765", "[::1:8765"),
    ],
)
def test_no_other_page_may(origin, host):
    assert not may_connect([origin], [host], listed=(), own=OWN)


@pytest.mark.parametrize("hosts", [[], ["localhost:8765", "localhost:8765"]])
def test_a_host_must_be_named_once(hosts):
    assert not may_connect(["http://localhost:8765"], hosts, listed=(), own=OWN)


def test_every_origin_must_be_let_in():
    page, own, evil = "https://a.example", "http://localhost:1", "http://evil.example"

    def let_in(*origins):
        return may_connect(origins, ["localhost:1"], listed=(page,), own=OWN)

    assert let_in()
    assert let_in(page)
    assert let_in(page, own)
    assert not let_in(page, own, evil)
