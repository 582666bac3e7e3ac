"""The language of a conversation: what changes it, and what does not."""

import pytest

from voice.conversation_language import ConversationLanguage
from voice.events import Millis

FOUR = ("en", "de", "fr", "es")


def conversation_in(language):
    conversation = ConversationLanguage()
    conversation.settle(language, heard=language)
    return conversation


def believes(conversation, heard, text, probability, speech, candidates=FOUR):
    return conversation.believes(
        heard,
        text=text,
        probability=probability,
        speech=Millis(speech),
        candidates=candidates,
    )


@pytest.mark.parametrize(
    ("heard", "text", "probability", "speech", "changes"),
    [
        # Nothing but a sign of listening, however sure the recogniser is.
        ("de", "ja", 0.64, 600, False),
        ("de", "Ja, ja.", 0.99, 600, False),
        ("fr", "oui oui", 0.99, 900, False),
        ("fr", "d'accord", 1.0, 2500, False),
        # A word or two: only what cannot be anything else.
        ("de", "stopp", 0.9, 400, False),
        ("fr", "s'il", 0.5, 260, False),
        ("de", "licht an", 0.99, 500, True),
        # The longer, the less it takes.
        ("es", "qué hora es", 0.6, 700, False),
        ("es", "qué hora es", 0.6, 1000, False),
        ("es", "qué hora es por favor", 0.6, 1500, True),
        ("de", "mach bitte das licht in der küche an", 0.4, 2000, True),
        # The same language needs no evidence.
        ("en", "yes", 0.3, 300, True),
    ],
)
def test_what_an_english_conversation_believes(
    heard, text, probability, speech, changes
):
    english = conversation_in("en")
    assert believes(english, heard, text, probability, speech) is changes


def test_the_first_turn_is_believed_whatever_it_is():
    fresh = ConversationLanguage()
    assert not fresh.begun(FOUR)
    assert fresh.among(FOUR) == "en"
    assert believes(fresh, "de", "ja", 0.3, 300)


def test_what_is_asked_for_falls_with_the_length_of_the_speech():
    english = conversation_in("en")

    def needed(speech):
        hundredths = (n / 100 for n in range(101))
        return next(p for p in hundredths if believes(english, "de", "so", p, speech))

    asked = [needed(speech) for speech in range(0, 2400, 100)]
    assert asked == sorted(asked, reverse=True)
    assert asked[0] == asked[7] == 0.97
    assert asked[20] == 0


def test_who_says_it_twice_running_is_believed():
    english = conversation_in("en")
    assert not believes(english, "de", "stopp", 0.9, 400)
    english.settle("en", heard="de")
    assert not believes(english, "fr", "stop", 0.9, 400)
    assert not believes(english, "de", "ja", 0.9, 400)
    assert believes(english, "de", "stopp", 0.9, 400)


def test_a_turn_in_between_ends_the_insisting():
    english = conversation_in("en")
    english.settle("en", heard="de")
    english.settle("en", heard="en")
    assert not believes(english, "de", "stopp", 0.9, 400)


def test_after_a_change_the_new_language_is_kept():
    conversation = conversation_in("en")
    conversation.settle("fr", heard="fr")
    assert conversation.among(FOUR) == "fr"
    assert not believes(conversation, "en", "okay", 0.99, 500)


def test_a_language_that_may_not_be_spoken_any_more_is_not_kept():
    english = conversation_in("en")
    assert english.among(("de", "fr")) == "de"
    assert believes(english, "fr", "oui", 0.4, 300, candidates=("de", "fr"))
