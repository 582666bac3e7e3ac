"""What can go wrong, sorted by whose fault it was.

VoiceError
 ├─ ConfigError    the operator's: a bad file, a missing model, a wrong checksum.
 │                 The process does not start.
 ├─ ClientError    the peer's: a bad message, a wrong format, too much audio.
 │                 It is told, with a stable code; the session goes on if it can.
 └─ StageError     ours: recognition, response or synthesis failed.
                   The user hears an apology; the session lives on.

Anything else is a bug: it is logged with its turn and never hidden.
"""

from enum import Enum

__all__ = ["ClientError", "ConfigError", "Stage", "StageError", "VoiceError"]


class VoiceError(Exception):
    """Every error that this project raises on purpose."""


class ConfigError(VoiceError):
    """The operator must change something: the message names key, file and fix."""


class ClientError(VoiceError):
    """The peer sent something that cannot be used.

    Attributes:
        code: stable, machine-readable, e.g. ``invalid_audio``.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Stage(Enum):
    """A stage of the chain that can fail."""

    RECOGNITION = "recognition"
    RESPONSE = "response"
    SYNTHESIS = "synthesis"


class StageError(VoiceError):
    """A stage failed on valid input.

    Attributes:
        stage: which one.
        reason: stable, e.g. ``deadline``, ``crashed``, ``unsupported_language``.
    """

    def __init__(self, stage: Stage, reason: str, detail: str = "") -> None:
        super().__init__(stage, reason, detail)
        self.stage = stage
        self.reason = reason
        self.detail = detail

    def __str__(self) -> str:
        tail = f": {self.detail}" if self.detail else ""
        return f"{self.stage.value} failed ({self.reason}){tail}"
