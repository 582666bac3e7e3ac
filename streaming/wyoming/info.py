"""What `describe` is answered with: the programs, their languages and their voices."""

from collections.abc import Sequence
from typing import Any

from streaming.protocols.wyoming_frames import WyomingEvent
from streaming.reading_aloud import voice_name
from streaming.telemetry import release
from voice.languages import LANGUAGES

__all__ = ["NAME", "program_info"]

NAME = "Parley"
"""Of every program. Home Assistant makes it a part of its unique ids: it never changes."""

_BY = {"name": "The Parley authors", "url": ""}


def program_info(
    *,
    heard: Sequence[str],
    answered: Sequence[str],
    spoken: Sequence[str],
    needs_client_vad: bool,
    intents: bool,
) -> WyomingEvent:
    """The programs of this server, each installed, one of a kind.

    Args:
        heard: languages that are put into words.
        answered: languages of the conversation.
        spoken: languages with a voice.
        needs_client_vad: whether clients are asked to look for the end of speech too.
        intents: whether the conversation hands intents over instead of doing them.
    """
    models = [_artifact("parley", languages=list(heard))]
    understanding = _artifact(
        NAME, models=[_artifact("parley", languages=list(answered))]
    )
    return WyomingEvent(
        "info",
        {
            "asr": [
                _artifact(
                    NAME,
                    models=models,
                    supports_transcript_streaming=False,
                    requires_external_vad=needs_client_vad,
                )
            ],
            "tts": [
                _artifact(
                    NAME,
                    voices=[_voice(tag) for tag in spoken],
                    supports_synthesize_streaming=True,
                )
            ],
            "handle": []
            if intents
            else [
                {
                    **understanding,
                    "supports_handled_streaming": False,
                    "supports_home_control": True,
                }
            ],
            "intent": [understanding] if intents else [],
            "wake": [],
            "mic": [],
            "snd": [],
        },
    )


def _voice(language: str) -> dict[str, Any]:
    voice = _artifact(voice_name(language), languages=[language])
    return {**voice, "description": LANGUAGES[language].native, "speakers": None}


def _artifact(name: str, **more: object) -> dict[str, Any]:
    return {
        "name": name,
        "attribution": _BY,
        "installed": True,
        "description": "A speech assistant inside your own walls",
        "version": release(),
        **more,
    }
