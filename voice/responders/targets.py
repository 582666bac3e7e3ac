"""Which devices and places a sentence means, or why none can be meant."""

from collections.abc import Mapping
from dataclasses import dataclass

from voice.home import Device, Home, Scalar, spoken_names
from voice.responders.parsing import HERE, Parse
from voice.stages import Intent

__all__ = ["Complaint", "Targets", "as_intent", "domains_of", "find_targets"]

_DOMAINS: dict[str, tuple[str, ...]] = {
    "HassClimateGetTemperature": ("climate",),
    "HassClimateSetFanMode": ("climate",),
    "HassClimateSetTemperature": ("climate",),
    "HassFanSetSpeed": ("fan",),
    "HassGetWeather": ("weather",),
    "HassLawnMowerDock": ("lawn_mower",),
    "HassLawnMowerStartMowing": ("lawn_mower",),
    "HassLightSet": ("light",),
    "HassListAddItem": ("todo",),
    "HassListCompleteItem": ("todo",),
    "HassListRemoveItem": ("todo",),
    "HassMediaNext": ("media_player",),
    "HassMediaPause": ("media_player",),
    "HassMediaPlayerMute": ("media_player",),
    "HassMediaPlayerUnmute": ("media_player",),
    "HassMediaPrevious": ("media_player",),
    "HassMediaUnpause": ("media_player",),
    "HassSetPosition": ("cover", "valve"),
    "HassSetVolume": ("media_player",),
    "HassSetVolumeRelative": ("media_player",),
    "HassVacuumCleanArea": ("vacuum",),
    "HassVacuumReturnToBase": ("vacuum",),
    "HassVacuumStart": ("vacuum",),
}
"""The kinds of devices that an intent is for, where its name tells."""

_SWITCHABLE = ("light", "switch", "fan")
"""What "turn everything off" means where a sentence names no kind of device."""

_SHOPPING = frozenset({"HassShoppingListAddItem", "HassShoppingListCompleteItem"})

_ROVING = ("vacuum", "lawn_mower")
"""Devices that a place in the sentence sends somewhere, wherever they stand."""


@dataclass(frozen=True, slots=True)
class Complaint:
    """Why nothing can be done: a key of the error templates and its fields."""

    key: str
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """What the words of a sentence stand for in this home."""

    devices: tuple[Device, ...] = ()
    area: str | None = None
    """Id of the area that was named or meant."""
    complaint: Complaint | None = None


def domains_of(intent: str) -> tuple[str, ...]:
    """The kinds of devices that an intent is for; empty if its name does not tell."""
    return _DOMAINS.get(intent, ())


def find_targets(home: Home, language: str, parse: Parse) -> Targets:
    """The devices that `parse` means, in the order of the home's file."""
    area = home.here if parse.values.get("area") == HERE else _text(parse, "area")
    if parse.intent in _SHOPPING:
        devices = tuple(d for d in home.devices if d.id == home.shopping_list)
        return Targets(devices=devices, area=area)
    if "name" in parse.values and "name" not in parse.wildcards:
        return _named(home, language, parse, area)
    return Targets(devices=_by_kind(home, parse, area), area=area)


def _named(home: Home, language: str, parse: Parse, area: str | None) -> Targets:
    wanted = str(parse.values["name"])
    domains = parse.domains or _DOMAINS.get(parse.intent, ())
    called = [
        device
        for device in home.devices
        if (not domains or device.domain in domains)
        and wanted in map(str.casefold, spoken_names(device.names, language))
    ]
    spoken = parse.texts["name"]
    within = None if parse.values.get("area") == HERE else area
    found = [device for device in called if _is_at(home, device, parse, within)]
    if not found:
        key, fields = "no_entity", {"entity": spoken}
        if called and "area" in parse.texts and within is not None:
            key, fields = "no_entity_in_area", fields | {"area": parse.texts["area"]}
        elif called and "floor" in parse.texts:
            key, fields = "no_entity_in_floor", fields | {"floor": parse.texts["floor"]}
        return Targets(area=area, complaint=Complaint(key, fields))
    if len(found) > 1:
        found = [device for device in found if device.area == home.here] or found
    if len(found) > 1:
        return Targets(
            area=area, complaint=Complaint("duplicate_entities", {"entity": spoken})
        )
    return Targets(devices=tuple(found), area=area)


def _by_kind(home: Home, parse: Parse, within: str | None) -> tuple[Device, ...]:
    domain = _text(parse, "domain")
    domains = (domain,) if domain else parse.domains or _DOMAINS.get(parse.intent, ())
    kinds = parse.kinds
    if not domains and not kinds:
        domains = _SWITCHABLE
    suitable = [
        device
        for device in home.devices
        if (not domains or device.domain in domains)
        and (not kinds or device.attributes.get("device_class") in kinds)
    ]
    found = [device for device in suitable if _is_at(home, device, parse, within)]
    if not found and parse.values.get("area") == HERE:
        # "Open the shutters" where this room has none means those that there are.
        found = suitable
    return tuple(found)


def _is_at(home: Home, device: Device, parse: Parse, area: str | None) -> bool:
    if device.domain in _ROVING:
        return True
    if area is not None and device.area != area:
        return False
    floor = _text(parse, "floor")
    if floor is None:
        return True
    return device.area is not None and home.area(device.area).floor == floor


def _text(parse: Parse, slot: str) -> str | None:
    value = parse.values.get(slot)
    return str(value) if value not in (None, "", HERE) else None


def as_intent(parse: Parse, targets: Targets) -> Intent:
    """The intent with ids for names and places, so that equal wishes are equal."""
    slots: dict[str, Scalar] = {}
    for slot, value in parse.values.items():
        if slot == "area":
            if targets.area is not None:
                slots[slot] = targets.area
        elif slot == "name" and len(targets.devices) == 1:
            slots[slot] = targets.devices[0].id
        elif slot in parse.wildcards:
            slots[slot] = " ".join(parse.texts[slot].casefold().split())
        else:
            slots[slot] = value
    return Intent(name=parse.intent, slots=tuple(sorted(slots.items())))
