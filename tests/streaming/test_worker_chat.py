"""A language model in a worker process of ours, as the configuration asks for it."""

from datetime import UTC, datetime

import pytest

from streaming.assistance import open_assistant
from streaming.config import Config, load_config
from streaming.settings import Setting
from streaming.workers import Priority
from tests.voice.responders.tiny_generator import write_tiny_generator
from voice.dialogue import Message, Role
from voice.errors import ConfigError
from voice.home_files import demo_home
from voice.responders.generator import GeneratorChat

MESSAGES = (
    Message(role=Role.SYSTEM, text="You are a voice assistant in a home."),
    Message(role=Role.USER, text="what is new"),
)


def configured(**values: object) -> Config:
    settings = [Setting(f"llm.{key}", value, key) for key, value in values.items()]
    return load_config(None, {}, settings)


def now() -> datetime:
    return datetime(2026, 11, 21, tzinfo=UTC)


async def test_the_model_of_the_configuration_answers_from_a_process_of_its_own(
    tmp_path,
) -> None:
    write_tiny_generator(tmp_path)
    config = configured(directory=str(tmp_path), max_tokens=20, first_piece_s=60.0)
    async with open_assistant(config, demo_home(), now) as assistant:
        assert assistant is not None
        stream = assistant.chat.converse(MESSAGES, (), priority=Priority.FINAL)
        said = [piece async for piece in stream]
    here = GeneratorChat.load(tmp_path, max_tokens=20).converse(MESSAGES, ())
    assert said == list(here)
    assert len(said) == 20


async def test_a_directory_without_a_model_stops_the_start(tmp_path) -> None:
    config = configured(directory=str(tmp_path))
    with pytest.raises(ConfigError, match=r"llm\.directory"):
        async with open_assistant(config, demo_home(), now):
            pass


def test_two_models_are_one_too_many(tmp_path) -> None:
    with pytest.raises(ConfigError, match="leave one of them out"):
        configured(directory=str(tmp_path), url="http://127.0.0.1:8000/v1", model="any")
