"""The settings of a session: how an update changes them, and how they are told.

`session.update` is a patch: what it leaves out stays as it is, null takes away. The
session that is told back holds what has an effect. What has none (instructions,
tracing and so on, which our responder does not follow) is kept and told as it came.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from streaming.protocols.realtime.detection import (
    Detection,
    SemanticVad,
    read_detection,
)
from streaming.protocols.realtime.fields import Fields, RealtimeError
from streaming.protocols.realtime.formats import DEFAULT_FORMAT, AudioFormat
from streaming.protocols.realtime.tools import FunctionTool, read_tools
from voice.errors import ClientError
from voice.languages import for_client

__all__ = ["MODEL", "Settings", "Transcription"]

MODEL = "parley"
"""The name of the only model, and of the voice that suits the language."""

KINDS = ("realtime", "transcription")

KEPT = (
    "instructions",
    "max_output_tokens",
    "parallel_tool_calls",
    "prompt",
    "reasoning",
    "tracing",
    "truncation",
    "include",
)
"""What is kept and told, and has no effect."""

RETIRED: Mapping[str, str] = {
    "modalities": "output_modalities",
    "voice": "audio.output.voice",
    "input_audio_format": "audio.input.format",
    "output_audio_format": "audio.output.format",
    "input_audio_transcription": "audio.input.transcription",
    "turn_detection": "audio.input.turn_detection",
    "input_audio_noise_reduction": "audio.input.noise_reduction",
    "max_response_output_tokens": "max_output_tokens",
}
"""Parameters of the beta, and where they are now: who sends them would be ignored."""

Object = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Transcription:
    """How the words of the user are told."""

    asked: Object = field(default_factory=lambda: {"model": MODEL})
    """As the client put it."""
    languages: tuple[str, ...] = ()
    """BCP 47 tags of what may be spoken; empty for all that are served."""

    def changed_by(self, fields: Fields, served: tuple[str, ...]) -> "Transcription":
        """After an update.

        Raises:
            RealtimeError: a language is not served.
        """
        asked = {**self.asked, **fields.data}
        languages = self.languages
        if fields.given("languages"):
            tags = fields.texts("languages")
            languages = _known(tags, served, fields.place("languages"))
        elif fields.given("language"):
            tag = fields.text("language")
            languages = _known((tag,), served, fields.place("language"))
        elif "language" in fields or "languages" in fields:
            languages = ()
        return Transcription(asked=asked, languages=languages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a client may change."""

    kind: str = "realtime"
    """``realtime``: a conversation; ``transcription``: only the words."""
    input: AudioFormat = DEFAULT_FORMAT
    output: AudioFormat = DEFAULT_FORMAT
    detection: Detection | None = field(default_factory=SemanticVad)
    """None: the client says where utterances end."""
    transcription: Transcription | None = field(default_factory=Transcription)
    """None: the client is not told the words."""
    modality: str = "audio"
    """``audio`` with its words, or ``text``."""
    tools: tuple[FunctionTool, ...] = ()
    tool_choice: Any = "auto"
    kept: Object = field(default_factory=dict)

    @property
    def languages(self) -> tuple[str, ...]:
        """What may be spoken; empty for all that are served."""
        return self.transcription.languages if self.transcription else ()

    @property
    def callable_tools(self) -> tuple[FunctionTool, ...]:
        """Those that may be called."""
        return () if self.tool_choice == "none" else self.tools

    def changed_by(self, session: Fields, *, served: tuple[str, ...]) -> "Settings":
        """After ``session.update``.

        Args:
            session: its ``session``.
            served: the languages that there are.

        Raises:
            RealtimeError: nothing is changed.
        """
        for name, now in RETIRED.items():
            if name in session:
                raise RealtimeError(
                    "unknown_parameter",
                    f"unknown parameter: '{session.place(name)}' is of the beta;"
                    f" it is 'session.{now}' now",
                    param=session.place(name),
                )
        kept = {name: session.data[name] for name in KEPT if name in session}
        changed = replace(
            self,
            kind=session.choice("type", KINDS, None),
            kept={**self.kept, **kept},
        )
        if session.given("output_modalities"):
            changed = replace(changed, modality=read_modality(session))
        if "tools" in session:
            tools = () if session.is_null("tools") else read_tools(session)
            changed = replace(changed, tools=tools)
        if "tool_choice" in session:
            changed = replace(
                changed, tool_choice=session.data["tool_choice"] or "auto"
            )
        if session.given("audio"):
            changed = _with_audio(changed, session.object("audio"), served)
        return changed

    def resource(self, id_: str) -> Object:
        """The session as events tell it."""
        hearing = {
            "format": self.input.resource,
            "transcription": self._transcription,
            "noise_reduction": None,
            "turn_detection": self.detection.resource if self.detection else None,
        }
        shared = {"id": id_, "type": self.kind, "include": self.kept.get("include")}
        if self.kind == "transcription":
            return {
                "object": "realtime.transcription_session",
                **shared,
                "audio": {"input": hearing},
            }
        kept = {name: self.kept.get(name) for name in KEPT if name in self.kept}
        return {
            "object": "realtime.session",
            "model": MODEL,
            "instructions": "",
            "max_output_tokens": "inf",
            "tracing": None,
            "truncation": "auto",
            **kept,
            **shared,
            "output_modalities": [self.modality],
            "tools": [dict(tool.resource) for tool in self.tools],
            "tool_choice": self.tool_choice,
            "audio": {"input": hearing, "output": self.output_resource},
        }

    @property
    def output_resource(self) -> Object:
        """How replies sound, as events tell it."""
        return {"format": self.output.resource, "voice": MODEL, "speed": 1.0}

    @property
    def _transcription(self) -> Object | None:
        return dict(self.transcription.asked) if self.transcription else None


def _with_audio(settings: Settings, audio: Fields, served: tuple[str, ...]) -> Settings:
    if audio.given("input"):
        settings = _with_input(settings, audio.object("input"), served)
    if audio.given("output") and audio.object("output").given("format"):
        form = AudioFormat.read(audio.object("output").object("format"))
        settings = replace(settings, output=form)
    return settings


def _with_input(
    settings: Settings, fields: Fields, served: tuple[str, ...]
) -> Settings:
    if fields.given("format"):
        form = AudioFormat.read(fields.object("format"))
        settings = replace(settings, input=form)
    if fields.is_null("transcription"):
        settings = replace(settings, transcription=None)
    elif "transcription" in fields:
        before = settings.transcription or Transcription()
        after = before.changed_by(fields.object("transcription"), served)
        settings = replace(settings, transcription=after)
    if fields.is_null("turn_detection"):
        settings = replace(settings, detection=None)
    elif "turn_detection" in fields:
        asked = fields.object("turn_detection")
        detection = read_detection(asked, settings.detection)
        settings = replace(settings, detection=detection)
    return settings


def read_modality(fields: Fields) -> str:
    """``audio`` or ``text``: replies are one of them.

    Raises:
        RealtimeError: they are neither, or both.
    """
    asked = fields.texts("output_modalities")
    if asked not in (("audio",), ("text",)):
        raise fields.invalid("output_modalities", "use ['audio'] or ['text']")
    return asked[0]


def _known(
    tags: tuple[str, ...], served: tuple[str, ...], where: str
) -> tuple[str, ...]:
    try:
        return tuple(dict.fromkeys(for_client(tag, among=served) for tag in tags))
    except ClientError as error:
        raise RealtimeError("invalid_value", str(error), param=where) from error
