import random

import pytest

pytest.importorskip("wordfreq", reason="needs the extra `train`")

from models.recipes.recognizer.sentences import (
    LANGUAGES,
    LONGEST,
    Sentences,
    words_of,
)
from voice.held_out import is_held_out


@pytest.mark.parametrize("language", LANGUAGES)
def test_commands_are_many_short_and_written_in_words(language: str) -> None:
    sentences = Sentences(language, random.Random(1))
    commands = {sentences.command() for _ in range(400)}
    assert len(commands) > 300
    for command in commands:
        assert 2 <= len(command) <= LONGEST
        assert command == command.lower().strip()
        assert not any(letter.isdigit() or letter in "{}[]<>|()" for letter in command)


def test_the_two_splits_share_no_sentence() -> None:
    train = Sentences("en", random.Random(1))
    test = Sentences("en", random.Random(1), test=True)
    for _ in range(200):
        assert not is_held_out(train.command())
        assert is_held_out(test.command())
        assert not is_held_out(train.piece())
        assert not is_held_out(train.filler())


def test_the_same_seed_gives_the_same_sentences() -> None:
    first, second = (Sentences("de", random.Random(7)) for _ in range(2))
    assert [first.command() for _ in range(50)] == [second.command() for _ in range(50)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_the_same_word_lists(language: str) -> None:
    words = words_of(language)
    assert words.keys() == words_of("en").keys()
    assert len(words["areas"]) > 35
    assert len(words["devices"]) > 70
