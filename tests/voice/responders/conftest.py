"""Fixtures of all tests of responders."""

import pytest

from tests.voice.responders.talk import Talk, grammars
from voice.responders.grammar import GrammarResponder


@pytest.fixture(scope="session")
def responder() -> GrammarResponder:
    return grammars("en", "de", "fr", "es")


@pytest.fixture
def talk(responder: GrammarResponder) -> Talk:
    return Talk(responder, "en")
