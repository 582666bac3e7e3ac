"""What a deed is given, and what it gives back: values, nothing done."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from voice.home import Device, DeviceState, Effect, Home, HomeState, Scalar, SetState
from voice.responders.parsing import Parse
from voice.responders.targets import Complaint, Targets

__all__ = ["NOTHING", "Deed", "Outcome", "Turn", "change_to", "each"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """All that a deed may look at."""

    parse: Parse
    targets: Targets
    home: Home
    state: HomeState
    now: datetime
    language: str

    def number(self, slot: str) -> float | None:
        """The value of a slot if it is a number."""
        value = self.parse.values.get(slot)
        return value if isinstance(value, int | float) else None

    def word(self, slot: str) -> str:
        """The user's own words for a slot, empty if there are none."""
        return self.parse.texts.get(slot, "")

    def state_of(self, device: Device) -> DeviceState:
        """The device as it is now."""
        return self.state.device(device.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What comes of a request."""

    effects: tuple[Effect, ...] = ()
    devices: tuple[Device, ...] = ()
    """That the reply speaks of; the first is the template's ``state``."""
    unmatched: tuple[Device, ...] = ()
    """That a question was about, and the answer is no."""
    slots: Mapping[str, Any] = field(default_factory=dict)
    """For the template, besides the user's words."""
    complaint: Complaint | None = None
    sentence: str = ""
    """Said instead of the template's."""


Deed = Callable[[Turn], Outcome]

NOTHING = Outcome(complaint=Complaint("", {}))
"""Nothing of that kind is there."""


def each(turn: Turn, change: Callable[[Device], Sequence[Effect]]) -> Outcome:
    """The same deed for every target; a complaint if there is none."""
    devices = turn.targets.devices
    if not devices:
        return NOTHING
    effects = tuple(effect for device in devices for effect in change(device))
    return Outcome(effects=effects, devices=devices)


def change_to(
    device: Device, state: str | None = None, **attributes: Scalar
) -> SetState:
    """The effect that gives a device a state, attributes, or both."""
    return SetState(
        device=device.id, state=state, attributes=tuple(sorted(attributes.items()))
    )
