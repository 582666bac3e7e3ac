"""What each intent does to the home, and which reply tells of it.

A deed takes a `Turn` and returns an `Outcome`: effects as values, nothing done.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from voice.home import (
    AddItem,
    Broadcast,
    CompleteItem,
    Device,
    DeviceState,
    Effect,
    Home,
    HomeState,
    RemoveItem,
    Scalar,
    SetState,
)
from voice.responders.parsing import Parse
from voice.responders.targets import Complaint, Targets

__all__ = ["DEEDS", "Deed", "Outcome", "Turn"]


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

_NOTHING = Outcome(complaint=Complaint("", {}))
"""Nothing of that kind is there."""


def _each(turn: Turn, change: Callable[[Device], Sequence[Effect]]) -> Outcome:
    """The same deed for every target."""
    devices = turn.targets.devices
    if not devices:
        return _NOTHING
    effects = tuple(effect for device in devices for effect in change(device))
    return Outcome(effects=effects, devices=devices)


def _set(device: Device, state: str | None = None, **attributes: Scalar) -> SetState:
    return SetState(
        device=device.id, state=state, attributes=tuple(sorted(attributes.items()))
    )


# --- Switching ----------------------------------------------------------------

_SWITCHED = {
    "climate": ("heat", "off"),
    "cover": ("open", "closed"),
    "lawn_mower": ("mowing", "docked"),
    "lock": ("locked", "unlocked"),
    "vacuum": ("cleaning", "docked"),
    "valve": ("open", "closed"),
}
"""What "on" and "off" are for devices that are neither; a lock is locked."""


def _turn_on(turn: Turn) -> Outcome:
    return _each(turn, lambda device: _switched(turn, device, 0))


def _turn_off(turn: Turn) -> Outcome:
    return _each(turn, lambda device: _switched(turn, device, 1))


def _toggle(turn: Turn) -> Outcome:
    def change(device: Device) -> Sequence[Effect]:
        on, _ = _SWITCHED.get(device.domain, ("on", "off"))
        return _switched(turn, device, int(turn.state_of(device).state == on))

    return _each(turn, change)


def _switched(turn: Turn, device: Device, which: int) -> Sequence[Effect]:
    if device.domain in ("scene", "script"):
        return [
            _placed(turn.home.device(target), state)
            for target, state in device.sets.items()
        ]
    if device.domain == "button":
        return [_set(device, turn.now.isoformat(timespec="seconds"))]
    return [_placed(device, _SWITCHED.get(device.domain, ("on", "off"))[which])]


def _placed(device: Device, state: str) -> SetState:
    if device.domain in ("cover", "valve"):
        return _set(device, state, current_position=100 if state == "open" else 0)
    return _set(device, state)


# --- Setting ------------------------------------------------------------------


def _set_light(turn: Turn) -> Outcome:
    attributes: dict[str, Scalar] = {}
    brightness, color = turn.number("brightness"), turn.parse.values.get("color")
    temperature = turn.number("temperature")
    if brightness is not None:
        attributes["brightness"] = brightness
    if color is not None:
        attributes["color"] = color
    if temperature is not None:
        attributes["color_temperature"] = temperature
    state = "off" if brightness == 0 else "on"
    return _each(turn, lambda device: [_set(device, state, **attributes)])


def _set_position(turn: Turn) -> Outcome:
    position = turn.number("position") or 0
    state = "open" if position else "closed"
    return _each(turn, lambda device: [_set(device, state, current_position=position)])


def _set_temperature(turn: Turn) -> Outcome:
    temperature = turn.number("temperature")
    if temperature is None:
        return _NOTHING
    return _each(turn, lambda device: [_set(device, "heat", temperature=temperature)])


def _set_fan_speed(turn: Turn) -> Outcome:
    speed = turn.number("percentage") or 0
    state = "on" if speed else "off"
    return _each(turn, lambda device: [_set(device, state, percentage=speed)])


# --- Asking -------------------------------------------------------------------

_SAME = {"on": "open", "off": "closed"}
"""How sensors of doors and windows say what covers say."""


def _get_state(turn: Turn) -> Outcome:
    devices = turn.targets.devices
    if not devices:
        return _NOTHING
    wanted = turn.parse.values.get("state")
    if wanted is None:
        return Outcome(devices=devices)

    def is_so(device: Device) -> bool:
        state = turn.state_of(device).state
        if device.domain == "media_player" and wanted == "on":
            return state != "off"
        return _SAME.get(state, state) == _SAME.get(str(wanted), wanted)

    matched = tuple(device for device in devices if is_so(device))
    unmatched = tuple(device for device in devices if device not in matched)
    return Outcome(devices=matched, unmatched=unmatched)


def _get_temperature(turn: Turn) -> Outcome:
    """The thermostat's reading, else that of a thermometer in the same place."""
    if turn.targets.devices:
        return Outcome(devices=turn.targets.devices[:1])
    thermometers = [
        device
        for device in turn.home.devices
        if device.attributes.get("device_class") == "temperature"
        and (turn.targets.area is None or device.area == turn.targets.area)
    ]
    return Outcome(devices=tuple(thermometers[:1])) if thermometers else _NOTHING


def _get_weather(turn: Turn) -> Outcome:
    devices = turn.targets.devices[:1]
    return Outcome(devices=devices) if devices else _NOTHING


def _get_time(turn: Turn) -> Outcome:
    return Outcome(slots={"time": turn.now.time()})


def _get_date(turn: Turn) -> Outcome:
    return Outcome(slots={"date": turn.now.date()})


# --- Media --------------------------------------------------------------------

_VOLUME_STEP = 10
"""Percent, where nobody says how much."""


def _players(turn: Turn) -> tuple[Device, ...]:
    """Those that were named, else those that play, else all that were meant."""
    devices = turn.targets.devices
    if "name" in turn.parse.values:
        return devices
    active = tuple(
        device
        for device in devices
        if turn.state_of(device).state in ("playing", "paused", "on")
    )
    return active or devices


def _media(state: str | None, **attributes: Scalar) -> Deed:
    def deed(turn: Turn) -> Outcome:
        players = _players(turn)
        if not players:
            return _NOTHING
        effects = tuple(_set(player, state, **attributes) for player in players)
        return Outcome(effects=effects, devices=players)

    return deed


def _skip(tracks: int) -> Deed:
    def deed(turn: Turn) -> Outcome:
        players = _players(turn)[:1]
        if not players:
            return _NOTHING
        track = turn.state_of(players[0]).attribute("track")
        number = max(1, (track if isinstance(track, int) else 1) + tracks)
        return Outcome(
            effects=(_set(players[0], "playing", track=number),), devices=players
        )

    return deed


def _set_volume(turn: Turn) -> Outcome:
    level = turn.number("volume_level")
    return _NOTHING if level is None else _media(None, volume_level=level)(turn)


def _set_volume_relative(turn: Turn) -> Outcome:
    step = turn.parse.values.get("volume_step")
    if isinstance(step, str):
        step = -_VOLUME_STEP if step == "down" else _VOLUME_STEP
    players = _players(turn)
    if step is None or not players:
        return _NOTHING
    effects = []
    for player in players:
        level = turn.state_of(player).attribute("volume_level")
        before = level if isinstance(level, int | float) else 50
        effects.append(_set(player, volume_level=min(100, max(0, before + step))))
    return Outcome(effects=tuple(effects), devices=players)


# --- Robots -------------------------------------------------------------------


def _robot(state: str) -> Deed:
    return lambda turn: _each(turn, lambda device: [_set(device, state)])


def _clean_area(turn: Turn) -> Outcome:
    robots = turn.targets.devices[:1]
    if not robots or turn.targets.area is None:
        return _NOTHING
    effect = _set(robots[0], "cleaning", cleaning_area=turn.targets.area)
    return Outcome(effects=(effect,), devices=robots)


# --- Lists --------------------------------------------------------------------


def _add_item(turn: Turn) -> Outcome:
    return _each(turn, lambda list_: [AddItem(list_.id, turn.word("item"))])


def _complete_item(turn: Turn) -> Outcome:
    if not _listed(turn):
        return _NOTHING
    return _each(turn, lambda list_: [CompleteItem(list_.id, turn.word("item"))])


def _remove_item(turn: Turn) -> Outcome:
    if not _listed(turn):
        return _NOTHING
    return _each(turn, lambda list_: [RemoveItem(list_.id, turn.word("item"))])


def _listed(turn: Turn) -> bool:
    item = turn.word("item").casefold()
    return any(
        item == listed.text.casefold() and not listed.done
        for list_ in turn.targets.devices
        for listed in turn.state_of(list_).items
    )


# --- Talking ------------------------------------------------------------------


def _broadcast(turn: Turn) -> Outcome:
    return Outcome(effects=(Broadcast(turn.word("message"), turn.language),))


def _nothing_to_do(turn: Turn) -> Outcome:
    del turn
    return Outcome()


DEEDS: dict[str, Deed] = {
    "HassBroadcast": _broadcast,
    "HassClimateGetTemperature": _get_temperature,
    "HassClimateSetTemperature": _set_temperature,
    "HassFanSetSpeed": _set_fan_speed,
    "HassGetCurrentDate": _get_date,
    "HassGetCurrentTime": _get_time,
    "HassGetState": _get_state,
    "HassGetWeather": _get_weather,
    "HassLawnMowerDock": _robot("docked"),
    "HassLawnMowerStartMowing": _robot("mowing"),
    "HassLightSet": _set_light,
    "HassListAddItem": _add_item,
    "HassListCompleteItem": _complete_item,
    "HassListRemoveItem": _remove_item,
    "HassMediaNext": _skip(1),
    "HassMediaPause": _media("paused"),
    "HassMediaPlayerMute": _media(None, muted=1),
    "HassMediaPlayerUnmute": _media(None, muted=0),
    "HassMediaPrevious": _skip(-1),
    "HassMediaUnpause": _media("playing"),
    "HassNevermind": _nothing_to_do,
    "HassRespond": _nothing_to_do,
    "HassSetPosition": _set_position,
    "HassSetVolume": _set_volume,
    "HassSetVolumeRelative": _set_volume_relative,
    "HassShoppingListAddItem": _add_item,
    "HassShoppingListCompleteItem": _complete_item,
    "HassToggle": _toggle,
    "HassTurnOff": _turn_off,
    "HassTurnOn": _turn_on,
    "HassVacuumCleanArea": _clean_area,
    "HassVacuumReturnToBase": _robot("docked"),
    "HassVacuumStart": _robot("cleaning"),
}
"""What to do, by intent; timers are in `voice.responders.timers`."""
