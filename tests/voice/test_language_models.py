"""From a directory to the model that proposes intents."""

from datetime import UTC, datetime

import pytest

from tests.voice.responders.tiny_generator import write_tiny_generator
from voice.assembly import ModelChoice, load_interpreter, load_responder, read_home
from voice.errors import ConfigError

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def test_a_model_that_babbles_is_asked_last_and_does_nothing(tmp_path) -> None:
    choice = ModelChoice(
        languages=("en",), language_model=str(write_tiny_generator(tmp_path))
    )
    responder = load_responder(choice)
    state = read_home(choice).initial_state()
    known = responder.plan("turn on the kitchen lamp", "en", home=state, now=NOW)
    assert known.answered_by == "grammar"
    assert known.effects
    unknown = responder.plan("it is far too dark in here", "en", home=state, now=NOW)
    assert unknown.answered_by == "none"
    assert unknown.intent is None
    assert not unknown.effects


def test_a_directory_without_a_model_is_named(tmp_path) -> None:
    choice = ModelChoice(language_model=str(tmp_path))
    with pytest.raises(ConfigError, match=r"model\.bin.*models\.language_model"):
        load_interpreter(choice, read_home(choice), ["en"], clock=lambda: 0.0)


def test_a_pointing_model_that_is_not_whole_is_named(tmp_path) -> None:
    write_tiny_generator(tmp_path)
    (tmp_path / "parley.json").write_text('{"prompt": "pointing"}')
    choice = ModelChoice(language_model=str(tmp_path))
    with pytest.raises(ConfigError, match="starter language model"):
        load_interpreter(choice, read_home(choice), ["en"], clock=lambda: 0.0)
