"""Tells a client what the home looks like, and what changes in it."""

from collections.abc import Mapping
from typing import TypeAlias

from streaming.household import Household
from streaming.messages import HomeDevice, ServerMessage
from streaming.services import Listener
from voice.home import Area, Device, DeviceState, Home, Timer, spoken_names
from voice.languages import for_client

__all__ = ["HomeWatch"]

MAX_DEVICES = 256
"""Of which a client is told, in the order of the home's file; all of them must fit
into the queue of a client that has not read anything yet."""

Seen: TypeAlias = DeviceState | Timer


class HomeWatch:
    """What one client knows of the home.

    Args:
        household: whose state is told.
        home: what the devices and rooms are called.
        listener: is told, and never twice the same.
    """

    def __init__(self, household: Household, home: Home, listener: Listener) -> None:
        self._household = household
        self._listener = listener
        self._devices = {device.id: device for device in home.devices}
        self._areas = {area.id: area for area in home.areas}
        self._language = ""
        self._told: Mapping[str, Seen] = {}

    def begin(self, language: str) -> None:
        """Tell everything, with names in `language`, and from now on each change.

        Raises:
            ClientError: ``unknown_language``; nothing was told.
        """
        self._language = for_client(language)
        self._told = {}
        self._household.watch(self._tell)
        self._tell()

    def end(self) -> None:
        """Tell nothing more."""
        self._household.unwatch(self._tell)

    def _tell(self) -> None:
        state = self._household.state
        seen: dict[str, Seen] = {d.id: d for d in state.devices[:MAX_DEVICES]}
        seen |= {f"timer.{timer.id}": timer for timer in state.timers}
        for id_, thing in seen.items():
            if self._told.get(id_) != thing:
                self._listener.send(self._message(id_, thing))
        for id_ in self._told.keys() - seen.keys():
            self._listener.send(_over(id_))
        self._told = seen

    def _message(self, id_: str, thing: Seen) -> ServerMessage:
        if isinstance(thing, Timer):
            return self._timer(id_, thing)
        device = self._devices.get(id_)
        return HomeDevice(
            id=id_,
            name=self._name(device) or id_,
            area=self._area(device.area if device else None),
            state=thing.state,
            attributes=dict(thing.attributes),
            items=tuple(item.text for item in thing.items if not item.done),
        )

    def _timer(self, id_: str, timer: Timer) -> ServerMessage:
        return HomeDevice(
            id=id_,
            name=timer.name,
            area=self._area(timer.area),
            state="paused" if timer.ends is None else "active",
            attributes={
                "seconds": timer.seconds,
                "seconds_left": timer.seconds_left(self._household.clock()),
            },
        )

    def _area(self, id_: str | None) -> str | None:
        return self._name(self._areas.get(id_ or "")) or None

    def _name(self, thing: Device | Area | None) -> str:
        names = spoken_names(thing.names, self._language) if thing else ()
        return names[0] if names else ""


def _over(id_: str) -> ServerMessage:
    """A timer that is no more; devices stay as long as the server does."""
    return HomeDevice(id=id_, name="", area=None, state="idle", attributes={})
