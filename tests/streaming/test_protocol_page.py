"""The page about the protocol says what the code does."""

import re

import pytest

from streaming.connection import CloseCode
from streaming.messages import CLIENT_MESSAGES, SERVER_MESSAGES
from streaming.protocols.native import parse_client, parse_server
from tests.streaming.protocol_page import (
    CLOSES,
    ERRORS,
    PAGE,
    client_errors,
    page,
    stage_errors,
)

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_up_to_date():
    assert page(TEXT) == TEXT, "run `make docs`"


def test_a_stale_page_would_be_noticed():
    assert page(TEXT.replace("| `turn` |", "| `tour` |")) == TEXT


@pytest.mark.parametrize("kind", [*CLIENT_MESSAGES, *SERVER_MESSAGES])
def test_every_message_is_on_it(kind):
    assert f"### `{kind.type}`\n" in TEXT


def test_every_error_that_can_be_sent_is_on_it_and_no_other():
    assert {*client_errors(), *stage_errors()} == set(ERRORS)
    assert all(f"| `{code}` |" in TEXT for code in ERRORS)


def test_every_close_code_is_on_it():
    assert set(CLOSES) == set(CloseCode)
    assert all(f"| {code.value} |" in TEXT for code in CloseCode)


def test_the_example_holds_only_messages_that_exist():
    sent = re.findall(r"^> (\{.*)$", TEXT, re.MULTILINE)
    received = re.findall(r"^< (\{.*)$", TEXT, re.MULTILINE)
    assert len(sent) >= 2
    assert len(received) >= 12
    for line in sent:
        parse_client(line)
    for line in received:
        parse_server(line)
