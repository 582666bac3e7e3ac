"""What each intent does to the home, and which reply tells of it.

A deed takes a `Turn` and returns an `Outcome`: effects as values, nothing done.
"""

from collections.abc import Sequence

from voice.home import (
    AddItem,
    Broadcast,
    CompleteItem,
    Device,
    Effect,
    RemoveItem,
    Scalar,
    SetState,
)
from voice.responders.media import MEDIA_DEEDS
from voice.responders.outcomes import NOTHING, Deed, Outcome, Turn, change_to, each
from voice.responders.timers import TIMER_DEEDS

__all__ = ["DEEDS"]

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
    return each(turn, lambda device: _switched(turn, device, 0))


def _turn_off(turn: Turn) -> Outcome:
    return each(turn, lambda device: _switched(turn, device, 1))


def _toggle(turn: Turn) -> Outcome:
    def change(device: Device) -> Sequence[Effect]:
        on, _ = _SWITCHED.get(device.domain, ("on", "off"))
        return _switched(turn, device, int(turn.state_of(device).state == on))

    return each(turn, change)


def _switched(turn: Turn, device: Device, which: int) -> Sequence[Effect]:
    if device.domain in ("scene", "script"):
        return [
            _placed(turn.home.device(target), state)
            for target, state in device.sets.items()
        ]
    if device.domain == "button":
        return [change_to(device, turn.now.isoformat(timespec="seconds"))]
    return [_placed(device, _SWITCHED.get(device.domain, ("on", "off"))[which])]


def _placed(device: Device, state: str) -> SetState:
    if device.domain in ("cover", "valve"):
        return change_to(device, state, current_position=100 if state == "open" else 0)
    return change_to(device, state)


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
    return each(turn, lambda device: [change_to(device, state, **attributes)])


def _set_position(turn: Turn) -> Outcome:
    position = turn.number("position") or 0
    state = "open" if position else "closed"
    return each(
        turn, lambda device: [change_to(device, state, current_position=position)]
    )


def _set_temperature(turn: Turn) -> Outcome:
    temperature = turn.number("temperature")
    if temperature is None:
        return NOTHING
    return each(
        turn, lambda device: [change_to(device, "heat", temperature=temperature)]
    )


def _set_fan_speed(turn: Turn) -> Outcome:
    speed = turn.number("percentage") or 0
    state = "on" if speed else "off"
    return each(turn, lambda device: [change_to(device, state, percentage=speed)])


# --- Asking -------------------------------------------------------------------

_SAME = {"on": "open", "off": "closed"}
"""How sensors of doors and windows say what covers say."""


def _get_state(turn: Turn) -> Outcome:
    devices = turn.targets.devices
    if not devices:
        return NOTHING
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
    return Outcome(devices=tuple(thermometers[:1])) if thermometers else NOTHING


def _get_weather(turn: Turn) -> Outcome:
    devices = turn.targets.devices[:1]
    return Outcome(devices=devices) if devices else NOTHING


def _get_time(turn: Turn) -> Outcome:
    return Outcome(slots={"time": turn.now.time()})


def _get_date(turn: Turn) -> Outcome:
    return Outcome(slots={"date": turn.now.date()})


# --- Robots -------------------------------------------------------------------


def _robot(state: str) -> Deed:
    return lambda turn: each(turn, lambda device: [change_to(device, state)])


def _clean_area(turn: Turn) -> Outcome:
    robots = turn.targets.devices[:1]
    if not robots or turn.targets.area is None:
        return NOTHING
    effect = change_to(robots[0], "cleaning", cleaning_area=turn.targets.area)
    return Outcome(effects=(effect,), devices=robots)


# --- Lists --------------------------------------------------------------------


def _add_item(turn: Turn) -> Outcome:
    return each(turn, lambda list_: [AddItem(list_.id, turn.word("item"))])


def _complete_item(turn: Turn) -> Outcome:
    if not _listed(turn):
        return NOTHING
    return each(turn, lambda list_: [CompleteItem(list_.id, turn.word("item"))])


def _remove_item(turn: Turn) -> Outcome:
    if not _listed(turn):
        return NOTHING
    return each(turn, lambda list_: [RemoveItem(list_.id, turn.word("item"))])


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
    **MEDIA_DEEDS,
    **TIMER_DEEDS,
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
    "HassNevermind": _nothing_to_do,
    "HassRespond": _nothing_to_do,
    "HassSetPosition": _set_position,
    "HassShoppingListAddItem": _add_item,
    "HassShoppingListCompleteItem": _complete_item,
    "HassToggle": _toggle,
    "HassTurnOff": _turn_off,
    "HassTurnOn": _turn_on,
    "HassVacuumCleanArea": _clean_area,
    "HassVacuumReturnToBase": _robot("docked"),
    "HassVacuumStart": _robot("cleaning"),
}
"""What to do, by intent; only to start a timer takes more, as it may hold a command."""
