"""The home: what there is in it, the state it is in, and what can be done to it.

`Home` is the definition, read once from a file (`voice.home_files`). `HomeState`
is the small value that travels with every request. An `Effect` says what shall
happen; `apply` is the only place where it does, and it returns a new state.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias, assert_never

from voice.home_timers import (
    MAX_TIMERS,
    AdjustTimer,
    CancelTimer,
    PauseTimer,
    ResumeTimer,
    StartTimer,
    Timer,
    changed,
    started,
)

__all__ = [
    "ANY_LANGUAGE",
    "MAX_ITEMS",
    "MAX_TIMERS",
    "AddItem",
    "AdjustTimer",
    "Area",
    "Broadcast",
    "CancelTimer",
    "CompleteItem",
    "Device",
    "DeviceState",
    "Effect",
    "FinishTimer",
    "Floor",
    "Home",
    "HomeState",
    "Item",
    "Names",
    "PauseTimer",
    "RemoveItem",
    "ResumeTimer",
    "Scalar",
    "SetState",
    "StartTimer",
    "Timer",
    "apply",
    "due_timers",
    "spoken_names",
]

Scalar: TypeAlias = str | int | float
"""The value of an attribute."""

ANY_LANGUAGE = "*"
"""Key of the names that are used in every language without names of its own."""

MAX_ITEMS = 200
"""On one list, those that are ticked off included."""

Names: TypeAlias = Mapping[str, tuple[str, ...]]
"""Language tag (or `ANY_LANGUAGE`) to spoken names, the one to be read out first."""


# --- What there is ------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """A storey of the home."""

    id: str
    names: Names


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """A room, or a place like the garden."""

    id: str
    names: Names
    floor: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A thing that can be switched, set, asked or filled (a list)."""

    id: str
    """``domain.object``, as in Home Assistant: ``light.kitchen``."""
    names: Names
    area: str | None = None
    state: str = "unknown"
    """At the start; of a list it is the number of open items, whatever is here."""
    attributes: Mapping[str, Scalar] = field(default_factory=dict)
    """At the start; ``device_class`` and ``unit`` are attributes too."""
    sets: Mapping[str, str] = field(default_factory=dict)
    """What a scene or script does: state by device id."""
    items: tuple[str, ...] = ()
    """What is on a list at the start."""

    @property
    def domain(self) -> str:
        """The kind of device: ``light``, ``cover``, ``todo``."""
        return self.id.partition(".")[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """Everything that can be talked about by name."""

    floors: tuple[Floor, ...] = ()
    areas: tuple[Area, ...] = ()
    devices: tuple[Device, ...] = ()
    here: str | None = None
    """Area in which the assistant listens: what "turn on the light" means."""
    shopping_list: str | None = None
    """Device id of the list that "add milk to the shopping list" means."""

    def area(self, id_: str) -> Area:
        """The area of that id.

        Raises:
            KeyError: there is none.
        """
        return {area.id: area for area in self.areas}[id_]

    def device(self, id_: str) -> Device:
        """The device of that id.

        Raises:
            KeyError: there is none.
        """
        return {device.id: device for device in self.devices}[id_]

    def initial_state(self) -> "HomeState":
        """The home as its file describes it."""
        return HomeState(
            devices=tuple(
                DeviceState(
                    id=device.id,
                    state=(
                        str(len(device.items))
                        if device.domain == "todo"
                        else device.state
                    ),
                    attributes=tuple(sorted(device.attributes.items())),
                    items=tuple(Item(text=text) for text in device.items),
                )
                for device in self.devices
            )
        )


def spoken_names(names: Names, language: str) -> tuple[str, ...]:
    """The names valid in `language`: its own, else the neutral ones, else all.

    Never empty if `names` is not.
    """
    return (
        names.get(language)
        or names.get(ANY_LANGUAGE)
        or tuple(name for several in names.values() for name in several)
    )


# --- The state it is in -------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An entry of a list."""

    text: str
    done: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DeviceState:
    """One device at one moment."""

    id: str
    state: str
    attributes: tuple[tuple[str, Scalar], ...] = ()
    """Sorted by name."""
    items: tuple[Item, ...] = ()
    """What is on it, if it is a list."""

    def attribute(self, name: str) -> Scalar | None:
        """The value of an attribute, None if it has none of that name."""
        return dict(self.attributes).get(name)


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeState:
    """The home at one moment: small, frozen, picklable."""

    devices: tuple[DeviceState, ...] = ()
    timers: tuple[Timer, ...] = ()
    """In the order in which they were started."""
    timers_started: int = 0
    """Ever; the next timer gets the next number."""

    def device(self, id_: str) -> DeviceState:
        """The state of that device.

        Raises:
            KeyError: there is no such device.
        """
        for device in self.devices:
            if device.id == id_:
                return device
        raise KeyError(id_)


def due_timers(state: HomeState, now: datetime) -> tuple[Timer, ...]:
    """The timers that have ended by `now`, the earliest first.

    Say each one's announcement and apply a `FinishTimer` for it.
    """
    due = [t for t in state.timers if t.ends is not None and t.ends <= now]
    return tuple(sorted(due, key=lambda timer: timer.ends or now))


# --- What can be done to it ---------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SetState:
    """Change the state of a device, some of its attributes, or both."""

    device: str
    state: str | None = None
    """None leaves it."""
    attributes: tuple[tuple[str, Scalar], ...] = ()
    """Others stay as they are."""


@dataclass(frozen=True, slots=True)
class FinishTimer:
    """A timer has ended: remove it and do what it was to do."""

    timer: int


@dataclass(frozen=True, slots=True)
class AddItem:
    """Write something on a list."""

    list: str
    item: str


@dataclass(frozen=True, slots=True)
class CompleteItem:
    """Tick something off on a list."""

    list: str
    item: str


@dataclass(frozen=True, slots=True)
class RemoveItem:
    """Take something off a list."""

    list: str
    item: str


@dataclass(frozen=True, slots=True)
class Broadcast:
    """Say something in every other session; the home itself does not change."""

    message: str
    language: str


Effect: TypeAlias = (
    SetState
    | StartTimer
    | CancelTimer
    | FinishTimer
    | PauseTimer
    | ResumeTimer
    | AdjustTimer
    | AddItem
    | CompleteItem
    | RemoveItem
    | Broadcast
)


def apply(state: HomeState, effects: Iterable[Effect], *, now: datetime) -> HomeState:
    """The home after `effects`, one after the other.

    An effect on a timer, item or device that is no longer there changes nothing:
    between plan and commit another session may have been faster. Nor does one that
    would go beyond `MAX_TIMERS` or `MAX_ITEMS`; a full list first loses the oldest
    item that is ticked off.
    """
    for effect in effects:
        state = _apply_one(state, effect, now)
    return state


def _apply_one(state: HomeState, effect: Effect, now: datetime) -> HomeState:
    match effect:
        case SetState():
            return _set(state, effect)
        case StartTimer():
            return _start(state, effect, now)
        case FinishTimer(timer):
            return _finish(state, timer, now)
        case CancelTimer() | PauseTimer() | ResumeTimer() | AdjustTimer():
            return replace(state, timers=changed(state.timers, effect, now))
        case AddItem(list_, item):
            return _change_items(state, list_, lambda items: _added(items, item))
        case CompleteItem(list_, item):
            return _change_items(state, list_, lambda items: _completed(items, item))
        case RemoveItem(list_, item):
            return _change_items(
                state,
                list_,
                lambda items: tuple(i for i in items if not _same(i.text, item)),
            )
        case Broadcast():
            return state
        case _ as unreachable:
            assert_never(unreachable)


def _start(state: HomeState, effect: StartTimer, now: datetime) -> HomeState:
    if len(state.timers) >= MAX_TIMERS:
        return state
    number = state.timers_started + 1
    timers = (*state.timers, started(effect, number, now))
    return replace(state, timers=timers, timers_started=number)


def _finish(state: HomeState, id_: int, now: datetime) -> HomeState:
    finished = [timer for timer in state.timers if timer.id == id_]
    state = replace(state, timers=tuple(t for t in state.timers if t.id != id_))
    for timer in finished:
        state = apply(state, timer.effects, now=now)
    return state


def _set(state: HomeState, effect: SetState) -> HomeState:
    def change(device: DeviceState) -> DeviceState:
        attributes = {**dict(device.attributes), **dict(effect.attributes)}
        return replace(
            device,
            state=device.state if effect.state is None else effect.state,
            attributes=tuple(sorted(attributes.items())),
        )

    return _change_device(state, effect.device, change)


def _change_device(
    state: HomeState, id_: str, change: Callable[[DeviceState], DeviceState]
) -> HomeState:
    return replace(
        state,
        devices=tuple(change(d) if d.id == id_ else d for d in state.devices),
    )


# --- Lists --------------------------------------------------------------------


def _change_items(
    state: HomeState,
    list_: str,
    change: Callable[[tuple[Item, ...]], tuple[Item, ...]],
) -> HomeState:
    def changed(device: DeviceState) -> DeviceState:
        items = change(device.items)
        still_open = sum(not item.done for item in items)
        return replace(device, items=items, state=str(still_open))

    return _change_device(state, list_, changed)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _added(items: tuple[Item, ...], text: str) -> tuple[Item, ...]:
    if any(_same(item.text, text) and not item.done for item in items):
        return items
    if len(items) >= MAX_ITEMS:
        items = _without_oldest_done(items)
    return (*items, Item(text=text)) if len(items) < MAX_ITEMS else items


def _without_oldest_done(items: tuple[Item, ...]) -> tuple[Item, ...]:
    done = next((n for n, item in enumerate(items) if item.done), len(items))
    return items[:done] + items[done + 1 :]


def _completed(items: tuple[Item, ...], text: str) -> tuple[Item, ...]:
    return tuple(
        replace(item, done=True) if _same(item.text, text) else item for item in items
    )
