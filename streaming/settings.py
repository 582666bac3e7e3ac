"""Settings before they are checked: a key, a value, and where somebody wrote it.

A setting comes from a TOML file, an environment variable or an option of the
command line. `build` makes a frozen dataclass of a section's settings; every fault
becomes one line that names the place, the key and the way out, and all faults are
told together, because nobody wants to repair a configuration one error at a time.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from difflib import get_close_matches
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args, get_origin, get_type_hints

from voice.errors import VoiceError
from voice.events import Millis
from voice.toml_files import read_toml

__all__ = [
    "Between",
    "Fault",
    "OneOf",
    "Place",
    "Setting",
    "build",
    "from_environment",
    "from_file",
    "keys_of",
    "unknown",
]

PREFIX = "PARLEY_"
SEPARATOR = "__"

LONGEST_WAIT_MS = 29_000
"""No time of turn taking is longer. An utterance with its pre-roll must stay below
the 30 s that a recogniser takes, and no pause is awaited for longer than that."""

Section = TypeVar("Section")


@dataclass(frozen=True, slots=True)
class Setting:
    """What somebody wrote."""

    key: str
    """``section.name``."""
    value: object
    """As TOML has it; always a text if it comes from a variable or an option."""
    source: str
    """File, variable or option, for messages."""
    folder: Path | None = None
    """What a relative path is relative to; None for the working directory."""
    is_text: bool = False
    """Whether numbers and lists are still to be read from a text."""


class Fault(Exception):  # noqa: N818  (it is collected, not raised to anybody)
    """One thing that is wrong with one setting."""


@dataclass(frozen=True, slots=True)
class Between:
    """A number within limits, both included."""

    least: float
    most: float


@dataclass(frozen=True, slots=True)
class OneOf:
    """A text out of a list."""

    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Place:
    """A path, or a word that stands for something that comes with Parley."""

    kind: str
    """``file`` or ``directory``."""
    words: tuple[str, ...]


# --- Where settings come from -------------------------------------------------


def from_file(path: Path, source: str) -> list[Setting]:
    """The settings of a TOML file of sections.

    Raises:
        ConfigError: it cannot be read, or is no TOML.
    """
    document = read_toml(path, f"the configuration of {source}")
    return list(_settings_of(document, path))


def _settings_of(document: Mapping[str, Any], path: Path) -> Iterator[Setting]:
    for section, content in document.items():
        if not isinstance(content, dict):
            yield Setting(section, content, str(path))
            continue
        for name, value in content.items():
            yield Setting(
                f"{section}.{name}", value, str(path), folder=path.absolute().parent
            )


def from_environment(environ: Mapping[str, str]) -> list[Setting]:
    """The settings among the environment variables: ``PARLEY_SECTION__KEY``.

    Variables without the double underscore are left alone, even the unknown ones:
    Kubernetes puts ``PARLEY_SERVER_PORT=tcp://…`` into every container near a
    service of that name.
    """
    return [
        Setting(
            name.removeprefix(PREFIX).lower().replace(SEPARATOR, ".", 1),
            value,
            name,
            is_text=True,
        )
        for name, value in sorted(environ.items())
        if name.startswith(PREFIX) and SEPARATOR in name
    ]


# --- What they must be --------------------------------------------------------


def _spelled(name: str, hint: Any) -> str:
    """The key of a field: times of turn taking carry their unit."""
    return f"{name}_ms" if hint is Millis else name


def keys_of(section: type) -> dict[str, tuple[str, Any]]:
    """Key to field name and type, of a section's dataclass."""
    hints = get_type_hints(section, include_extras=True)
    return {
        _spelled(field.name, hints[field.name]): (field.name, hints[field.name])
        for field in fields(section)
    }


def build(
    section: type[Section], name: str, settings: Sequence[Setting], faults: list[str]
) -> Section | None:
    """A section made of its defaults and `settings`, of which later ones win.

    Returns None, and adds to `faults`, if something is wrong.
    """
    keys = keys_of(section)
    values: dict[str, object] = {}
    before = len(faults)
    for setting in settings:
        key = setting.key.partition(".")[2]
        field, hint = keys[key]
        try:
            values[field] = _read(setting, hint)
        except (Fault, VoiceError) as fault:
            faults.append(f"{_where(setting)}: {fault}")
    if len(faults) > before:
        return None
    try:
        return section(**values)
    except ValueError as error:
        sources = ", ".join(dict.fromkeys(setting.source for setting in settings))
        faults.append(f"{sources}: [{name}]: {error}")
        return None


def unknown(setting: Setting, sections: Mapping[str, type]) -> str | None:
    """What is wrong with a setting that nothing knows; None if something does."""
    section, _, name = setting.key.partition(".")
    if section not in sections:
        hint = _suggestion(f"[{section}]", [f"[{known}]" for known in sections])
        return f"{_where(setting)}: there is no section [{section}]; {hint}"
    if not name:
        return f"{_where(setting)}: is a section: write [{section}] above its keys"
    keys = keys_of(sections[section])
    if name not in keys:
        known = [_alike(setting, f"{section}.{key}") for key in keys]
        hint = _suggestion(_alike(setting, setting.key), known)
        return f"{_where(setting)}: there is no such key; {hint}"
    return None


def _alike(setting: Setting, key: str) -> str:
    """A key the way in which `setting` is written."""
    if setting.source.startswith(PREFIX):
        return PREFIX + key.replace(".", SEPARATOR).upper()
    return key


def _suggestion(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word, known, n=1, cutoff=0.5)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"{hint}known: {', '.join(known)}"


def _where(setting: Setting) -> str:
    if setting.is_text:
        return setting.source
    return f"{setting.source}: {setting.key}"


def _read(setting: Setting, hint: Any) -> object:
    limits: Any = None
    if get_origin(hint) is Annotated:
        hint, limits = get_args(hint)[:2]
    if hint is Millis:
        hint, limits = int, Between(0, LONGEST_WAIT_MS)
    if hint is int or hint is float:
        return _number(setting, hint, limits)
    if get_origin(hint) is tuple:
        return _texts(setting, limits)
    if callable(limits):
        return limits(_text(setting, None))
    return _text(setting, limits)


def _number(
    setting: Setting, kind: type[int] | type[float], limits: Between | None
) -> float:
    value = setting.value
    what = "a whole number" if kind is int else "a number"
    if limits is not None:
        what += f" from {limits.least:g} to {limits.most:g}"
    if setting.is_text:
        try:
            value = kind(str(value))
        except ValueError:
            raise Fault(f"expected {what}, found {value!r}") from None
    allowed = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed) or not isfinite(value):
        raise Fault(f"expected {what}, found {value!r}")
    if limits is not None and not limits.least <= value <= limits.most:
        raise Fault(f"expected {what}, found {value!r}")
    return kind(value)


def _texts(setting: Setting, check: Any) -> tuple[str, ...]:
    value = setting.value
    if setting.is_text:
        value = [part.strip() for part in str(value).split(",") if part.strip()]
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise Fault(f'expected a list of texts like ["de", "en"], found {value!r}')
    read = [check(text) for text in value]
    return tuple(dict.fromkeys(read))


def _text(setting: Setting, limits: OneOf | Place | None) -> str:
    value = setting.value
    if not isinstance(value, str):
        raise Fault(f"expected a text, found {value!r}")
    if isinstance(limits, OneOf) and value not in limits.choices:
        raise Fault(f"expected one of {', '.join(limits.choices)}, found {value!r}")
    if isinstance(limits, Place) and value not in limits.words:
        return _path(setting, value, limits)
    return value


def _path(setting: Setting, value: str, place: Place) -> str:
    path = Path(value).expanduser()
    if setting.folder is not None:
        path = setting.folder / path
    found = path.is_file() if place.kind == "file" else path.is_dir()
    if not found:
        words = " or ".join(repr(word) for word in place.words if word)
        instead = f"{words} for what comes with Parley" if words else "leave it empty"
        raise Fault(
            f"there is no {place.kind} {path}; give a {place.kind}, or {instead}"
        )
    return str(path)
