"""Turn detection: what a client asks for, and what it makes of the turn policy."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from streaming.protocols.realtime.fields import Fields
from voice.endpointing import TurnPolicy
from voice.events import Millis

__all__ = ["Detection", "SemanticVad", "ServerVad", "read_detection"]

LONGEST_SILENCE = 10_000
"""Milliseconds that a client may ask the server to wait for."""

EAGERNESS: Mapping[str, tuple[float, int]] = {
    "low": (2.0, 8000),
    "medium": (1.0, 4000),
    "auto": (1.0, 4000),
    "high": (0.6, 2000),
}
"""What each makes of the waits of the policy, and their limit in milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SemanticVad:
    """The words decide how long to wait: the server's own way."""

    eagerness: str = "auto"
    create_response: bool = True

    def policy(self, base: TurnPolicy) -> TurnPolicy:
        """How long to wait, given how long the server would."""
        factor, limit = EAGERNESS[self.eagerness]
        return _with_waits(
            base,
            *(min(limit, round(wait * factor)) for wait in _waits(base)),
        )

    @property
    def resource(self) -> Mapping[str, object]:
        """As events tell it."""
        return {
            "type": "semantic_vad",
            "eagerness": self.eagerness,
            "create_response": self.create_response,
            "interrupt_response": True,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerVad:
    """The same pause ends every utterance, whatever was said."""

    silence_ms: int = 500
    create_response: bool = True

    def policy(self, base: TurnPolicy) -> TurnPolicy:
        """How long to wait."""
        return _with_waits(base, *(self.silence_ms for _ in _waits(base)))

    @property
    def resource(self) -> Mapping[str, object]:
        """As events tell it: what has an effect, not what was asked for."""
        return {
            "type": "server_vad",
            "threshold": 0.5,
            "prefix_padding_ms": 300,
            "silence_duration_ms": self.silence_ms,
            "idle_timeout_ms": None,
            "create_response": self.create_response,
            "interrupt_response": True,
        }


Detection: TypeAlias = SemanticVad | ServerVad


def read_detection(fields: Fields, before: Detection | None) -> Detection:
    """What a client asks for; what it leaves out stays as it was, of the same type.

    Raises:
        RealtimeError: a value is not possible.
    """
    kind = fields.choice("type", ("server_vad", "semantic_vad"), _kind(before))
    creates = fields.flag(
        "create_response", default=before.create_response if before else True
    )
    if kind == "server_vad":
        server = before if isinstance(before, ServerVad) else ServerVad()
        silence = server.silence_ms
        if fields.given("silence_duration_ms"):
            silence = fields.whole("silence_duration_ms", least=0, most=LONGEST_SILENCE)
        return ServerVad(silence_ms=silence, create_response=creates)
    semantic = before if isinstance(before, SemanticVad) else SemanticVad()
    eagerness = semantic.eagerness
    if fields.given("eagerness"):
        eagerness = fields.choice("eagerness", tuple(EAGERNESS), None)
    return SemanticVad(eagerness=eagerness, create_response=creates)


def _kind(before: Detection | None) -> str:
    return "semantic_vad" if isinstance(before, SemanticVad) else "server_vad"


def _waits(policy: TurnPolicy) -> tuple[Millis, Millis, Millis, Millis]:
    return policy.complete, policy.extendable, policy.prefix, policy.open


def _with_waits(base: TurnPolicy, *waits: int) -> TurnPolicy:
    complete, extendable, prefix, open_ = map(Millis, waits)
    return replace(
        base, complete=complete, extendable=extendable, prefix=prefix, open=open_
    )
