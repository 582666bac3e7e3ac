"""The replies to expect in each language."""

import pytest

from voice.home_files import demo_home
from voice.languages import LANGUAGES
from voice.responders.common_replies import MOST, common_replies


@pytest.mark.parametrize("language", LANGUAGES)
def test_there_are_some_in_every_language_and_all_can_be_said(language):
    replies = common_replies(language, demo_home())
    assert LANGUAGES[language].not_understood in replies
    assert LANGUAGES[language].apology in replies
    assert len(set(replies)) == len(replies) <= MOST
    for reply in replies:
        assert reply.strip()
        assert not {"{", "}", "None", "Undefined"} & {reply, *reply.split()}


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        ("en", "Turned on the light"),
        ("de", "Licht eingeschaltet"),
        ("fr", "Éteint"),
        ("es", "Luces encendidas"),
    ],
)
def test_the_commonest_are_among_them(language, reply):
    assert reply in common_replies(language, demo_home())
