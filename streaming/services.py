"""What a session is given: the shared parts, its settings, and whom it talks to."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol, Self

from streaming.dialogue import Assistant
from streaming.household import Household
from streaming.inference import Stages
from streaming.messages import (
    ATTENTIONS,
    FORMATS,
    RATES,
    ServerMessage,
    SessionUpdate,
)
from streaming.telemetry import Telemetry
from voice.audio import HEARING_RATE, Pcm
from voice.detection import GatePolicy
from voice.errors import ClientError
from voice.home import Home
from voice.languages import for_client
from voice.stages import VoiceActivity
from voice.turns import TurnPolicy
from voice.waking import WakePolicy

__all__ = ["Listener", "Services", "SessionSettings"]


class Listener(Protocol):
    """The client, as a session sees it. No call may block."""

    def send(self, message: ServerMessage) -> None:
        """A message for the client."""
        ...

    def send_audio(self, pcm: Pcm) -> None:
        """A piece of the reply."""
        ...

    def fail(self, error: BaseException) -> None:
        """The session has a bug: it cannot go on, and nobody shall hide it."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """What all sessions share."""

    stages: Stages
    household: Household
    languages: tuple[str, ...]
    open_activity: Callable[[], VoiceActivity]
    telemetry: Telemetry
    home: Home = field(default_factory=Home)
    """What the devices of the household are called."""
    turns: TurnPolicy = field(default_factory=TurnPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
    assistant: Assistant | None = None
    """Answers what the responder does not understand."""
    wake: WakePolicy = field(default_factory=WakePolicy)
    attention: str = "always"
    """What the sessions of devices begin with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionSettings:
    """What a client may change."""

    languages: tuple[str, ...]
    input_rate: int = HEARING_RATE
    output_rate: int = 24_000
    input_format: str = "pcm16"
    output_format: str = "pcm16"
    attention: str = "always"

    def changed_by(self, update: SessionUpdate, *, served: tuple[str, ...]) -> Self:
        """The settings after `update`; what it leaves out stays as it is.

        Raises:
            ClientError: ``unsupported_rate``, ``unknown_language`` or
                ``invalid_value``.
        """
        for name in ("input_rate", "output_rate"):
            rate = getattr(update, name)
            if rate is not None and rate not in RATES:
                raise ClientError(
                    "unsupported_rate", f"{name} {rate}: use one of {RATES}"
                )
        for name, choices in (
            ("input_format", FORMATS),
            ("output_format", FORMATS),
            ("attention", ATTENTIONS),
        ):
            choice = getattr(update, name)
            if choice is not None and choice not in choices:
                raise ClientError(
                    "invalid_value",
                    f"{name} {choice[:20]!r}: use one of {', '.join(choices)}",
                )
        languages = self.languages
        if update.languages is not None:
            asked = (for_client(tag, among=served) for tag in update.languages)
            languages = tuple(dict.fromkeys(asked)) or served
        return replace(
            self,
            languages=languages,
            input_rate=update.input_rate or self.input_rate,
            output_rate=update.output_rate or self.output_rate,
            input_format=update.input_format or self.input_format,
            output_format=update.output_format or self.output_format,
            attention=update.attention or self.attention,
        )
