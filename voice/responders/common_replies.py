"""The replies that are given most, known before anybody has asked."""

from voice import languages
from voice.home import Home
from voice.responders.phrases import phrases_in
from voice.responders.replies import Replies
from voice.responders.sentences import load_sentences

__all__ = ["common_replies"]

EVERYDAY = (
    "HassTurnOn",
    "HassTurnOff",
    "HassLightSet",
    "HassSetPosition",
    "HassMediaPause",
    "HassMediaUnpause",
    "HassSetVolume",
    "HassCancelTimer",
)
"""Intents, the commonest first."""

SWITCHED = ("light", "switch", "fan", "media_player")
"""Domains whose devices are turned on and off."""

MOST = 32
"""In each language."""


def common_replies(language: str, home: Home) -> tuple[str, ...]:
    """The sentences to expect in a language, the commonest first, at most `MOST`.

    Those that name nothing which only the user will say: fixed ones, and those that
    only ask what kind of device it is.
    """
    spoken = languages.get(language)
    found = dict.fromkeys(
        (spoken.not_understood, spoken.timer_ended, spoken.okay, spoken.apology)
    )
    data = load_sentences(language)
    if data is not None:
        replies = Replies(language, data["responses"], phrases_in(language))
        templates = data["responses"].get("intents", {})
        for intent in EVERYDAY:
            for key, template in templates.get(intent, {}).items():
                found |= dict.fromkeys(_filled(replies, intent, key, template, home))
    return tuple(text for text in found if text)[:MOST]


def _filled(
    replies: Replies, intent: str, key: str, template: str, home: Home
) -> list[str]:
    """The sentences that a template gives for the devices of the home."""
    if "{" not in template:
        return [" ".join(template.split())]
    if "slots" in template or "query" in template or key != "default":
        return []
    state = home.initial_state()
    one_of_each = {d.domain: d for d in home.devices if d.domain in SWITCHED}
    filled = (
        replies.reply(
            intent, key, slots={}, state=replies.spoken(device, state.device(device.id))
        )
        for device in one_of_each.values()
    )
    # So a template says that it has no word for a kind of device.
    return [text for text in filled if "None" not in text.split()]
