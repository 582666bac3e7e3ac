"""Reads a home from its TOML file; `voice/homes/demo.toml` explains the format."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from importlib.resources import files
from pathlib import Path
from typing import Any, NoReturn

from voice.errors import ConfigError
from voice.home import ANY_LANGUAGE, Area, Device, Floor, Home, Names, Scalar
from voice.languages import for_config
from voice.toml_files import read_toml

__all__ = ["DOMAINS", "demo_home", "load_home"]

DOMAINS = (
    "binary_sensor",
    "button",
    "climate",
    "cover",
    "fan",
    "input_boolean",
    "lawn_mower",
    "light",
    "lock",
    "media_player",
    "person",
    "scene",
    "script",
    "sensor",
    "switch",
    "todo",
    "vacuum",
    "valve",
    "weather",
)
"""The kinds of devices that there are sentences for."""

_RESTING = {
    "climate": "off",
    "cover": "closed",
    "lawn_mower": "docked",
    "light": "off",
    "lock": "locked",
    "media_player": "off",
    "vacuum": "docked",
    "valve": "closed",
}
"""State of a device whose file gives none; others are ``off`` or ``unknown``."""


def demo_home() -> Home:
    """The home that comes with Parley, named in every language with a grammar."""
    return load_home(Path(str(files("voice") / "homes" / "demo.toml")))


def load_home(path: Path) -> Home:
    """The home that a TOML file describes.

    Raises:
        ConfigError: the file cannot be read or is wrong; names file, key and fix.
    """
    document = read_toml(path, "the home")
    return _home(_Table(document, key="", file=str(path)))


class _Table:
    """A table of the file, which knows where it stands, for the messages."""

    def __init__(self, content: Mapping[str, Any], *, key: str, file: str) -> None:
        self.content = content
        self.key = key
        self.file = file

    def fail(self, key: str, complaint: str) -> NoReturn:
        raise ConfigError(f"{self.file}: {self.path(key)}: {complaint}")

    def path(self, key: str) -> str:
        quoted = key if key.replace("_", "").isalnum() else f'"{key}"'
        return f"{self.key}.{quoted}" if self.key else quoted

    def only(self, *keys: str) -> None:
        for key in self.content:
            if key not in keys:
                close = get_close_matches(key, keys, n=1)
                hint = f"did you mean {close[0]!r}?" if close else "remove it"
                self.fail(key, f"unknown key; {hint} (known: {', '.join(keys)})")

    def get(self, key: str, kind: type | tuple[type, ...], default: Any) -> Any:
        value = self.content.get(key, default)
        wrong_bool = isinstance(value, bool) and kind is not bool
        if value is not default and (wrong_bool or not isinstance(value, kind)):
            kinds = kind if isinstance(kind, tuple) else (kind,)
            wanted = " or ".join(_TOML_NAMES[k] for k in kinds)
            self.fail(key, f"expected {wanted}, found {value!r}")
        return value

    def text(self, key: str, default: str | None = None) -> Any:
        return self.get(key, str, default)

    def table(self, key: str) -> "_Table":
        content = self.get(key, dict, {})
        return _Table(content, key=self.path(key), file=self.file)

    def tables(self, key: str) -> Iterator[tuple[str, "_Table"]]:
        table = self.table(key)
        for name in table.content:
            yield name, table.table(name)

    def one_of(self, key: str, known: Mapping[str, Any], what: str) -> Any:
        value = self.text(key)
        if value is not None and value not in known:
            close = get_close_matches(value, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else f"add it as {what}"
            self.fail(key, f"there is no {what} {value!r}; {hint}")
        return value


_TOML_NAMES = {
    str: "a string",
    int: "a whole number",
    float: "a number",
    dict: "a table",
    list: "a list",
}


def _home(table: _Table) -> Home:
    table.only("here", "shopping_list", "floors", "areas", "devices")
    floors = {id_: _floor(id_, t) for id_, t in table.tables("floors")}
    areas = {id_: _area(id_, t, floors) for id_, t in table.tables("areas")}
    devices = {id_: _device(id_, t, areas) for id_, t in table.tables("devices")}
    if not devices:
        table.fail("devices", 'a home needs at least one [devices."domain.name"]')
    for id_, of_device in table.tables("devices"):
        targets = of_device.table("sets")
        for target in targets.content:
            if target not in devices:
                targets.fail(target, "there is no such device; add it or remove this")
        if targets.content and devices[id_].domain not in ("scene", "script"):
            of_device.fail("sets", "only scenes and scripts set other devices")
    return Home(
        floors=tuple(floors.values()),
        areas=tuple(areas.values()),
        devices=tuple(devices.values()),
        here=table.one_of("here", areas, "area"),
        shopping_list=table.one_of("shopping_list", devices, "device"),
    )


def _floor(id_: str, table: _Table) -> Floor:
    table.only("names")
    return Floor(id=id_, names=_names(table))


def _area(id_: str, table: _Table, floors: Mapping[str, Floor]) -> Area:
    table.only("names", "floor")
    return Area(
        id=id_, names=_names(table), floor=table.one_of("floor", floors, "floor")
    )


def _device(id_: str, table: _Table, areas: Mapping[str, Area]) -> Device:
    table.only("names", "area", "state", "attributes", "sets", "items")
    domain, _, object_ = id_.partition(".")
    if domain not in DOMAINS or not object_:
        close = get_close_matches(domain, DOMAINS, n=1)
        hint = f"did you mean '{close[0]}.{object_ or 'name'}'? " if close else ""
        raise ConfigError(
            f"{table.file}: {table.key}: a device is called domain.name; {hint}"
            f"domains: {', '.join(DOMAINS)}"
        )
    if table.content.get("items") and domain != "todo":
        table.fail("items", 'only a list ("todo.name") has items')
    attributes = table.table("attributes")
    return Device(
        id=id_,
        names=_names(table),
        area=table.one_of("area", areas, "area"),
        state=_state(table, _RESTING.get(domain, _unset(domain))),
        attributes={
            key: _scalar(attributes, key) for key in sorted(attributes.content)
        },
        sets={
            target: table.table("sets").text(target)
            for target in table.table("sets").content
        },
        items=tuple(_strings(table, "items")),
    )


def _unset(domain: str) -> str:
    return "off" if domain in ("binary_sensor", "fan", "switch") else "unknown"


def _state(table: _Table, default: str) -> str:
    return str(table.get("state", (str, int, float), default))


def _scalar(table: _Table, key: str) -> Scalar:
    value: Scalar = table.get(key, (str, int, float), None)
    return value


def _names(table: _Table) -> Names:
    """``names = "Lamp"``, ``names = ["Lamp", "light"]`` or a table by language."""
    given = table.content.get("names")
    if isinstance(given, dict):
        by_language = table.table("names")
        names = {_tag(by_language, tag): _spoken(by_language, tag) for tag in given}
    else:
        names = {ANY_LANGUAGE: _spoken(table, "names")}
    if not names:
        table.fail("names", 'expected at least one name, e.g. names = "Kitchen"')
    return names


def _tag(table: _Table, tag: str) -> str:
    if tag == ANY_LANGUAGE:
        return tag
    return for_config(tag, where=f"{table.file}: {table.path(tag)}")


def _spoken(table: _Table, key: str) -> tuple[str, ...]:
    given = table.content.get(key)
    several = [given] if isinstance(given, str) else _strings(table, key)
    spoken = tuple(" ".join(name.split()) for name in several)
    if not spoken or not all(spoken):
        table.fail(key, 'expected at least one name, e.g. names = "Kitchen"')
    return spoken


def _strings(table: _Table, key: str) -> list[str]:
    strings: list[str] = table.get(key, list, [])
    if not all(isinstance(text, str) for text in strings):
        table.fail(key, f"expected a list of strings, found {strings!r}")
    return strings
