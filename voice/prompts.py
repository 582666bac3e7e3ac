"""What a chatting model is told before anything is said.

The prompt of a language is the same for every session and every turn, to the letter:
servers keep what they computed for the beginning of a prompt, and only what comes
after it takes time. So the persona and the home come first and the state of affairs,
such as the time, comes with what the user says.
"""

from datetime import datetime

from voice import languages
from voice.dialogue import Message, Role
from voice.home import Device, Home, spoken_names

__all__ = ["PERSONA", "system_prompt", "user_message"]

PERSONA = (
    "You are a voice assistant in a home. You are friendly, and you do not pretend to"
    " be a person."
)
"""Unless the configuration has another."""

_MANNERS = (
    "What you say is read out: answer in one to three short sentences of plain prose,"
    " without lists, headings, emoji or markup. What you hear comes from a speech"
    " recogniser and may be misheard. Say so if you do not understand or do not know."
    " Never claim to have done something unless a tool reported it."
)


def system_prompt(persona: str, language: str, home: Home) -> str:
    """What stands first in every dialogue held in a language.

    Args:
        persona: who the assistant is; empty for `PERSONA`.
        language: canonical tag, of the replies.
        home: is described by its names in that language and its ids.
    """
    name = languages.get(language).english
    lines = [persona.strip() or PERSONA, _MANNERS, f"Always answer in {name}."]
    if home.devices:
        lines += ["", "The home, with the ids of rooms and devices in brackets:"]
        lines += _rooms(home, language)
    return "\n".join(lines)


def _rooms(home: Home, language: str) -> list[str]:
    lines = []
    for area in home.areas:
        inside = [device for device in home.devices if device.area == area.id]
        here = ", where you are" if area.id == home.here else ""
        name = spoken_names(area.names, language)[0]
        lines.append(f"- {name} ({area.id}{here}): {_named(inside, language)}")
    elsewhere = [device for device in home.devices if device.area is None]
    if elsewhere:
        lines.append(f"- in no room: {_named(elsewhere, language)}")
    return lines


def _named(devices: list[Device], language: str) -> str:
    names = (f"{spoken_names(d.names, language)[0]} ({d.id})" for d in devices)
    return ", ".join(names) or "nothing"


def user_message(text: str, *, now: datetime) -> Message:
    """What the user says, with what changes from turn to turn."""
    return Message(role=Role.USER, text=f"[{now:%A, %d %B %Y, %H:%M}] {text}")
