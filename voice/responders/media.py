"""The deeds on what plays music and films."""

from voice.home import Device, Scalar
from voice.responders.outcomes import NOTHING, Deed, Outcome, Turn, change_to

__all__ = ["MEDIA_DEEDS"]

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
            return NOTHING
        effects = tuple(change_to(player, state, **attributes) for player in players)
        return Outcome(effects=effects, devices=players)

    return deed


def _skip(tracks: int) -> Deed:
    def deed(turn: Turn) -> Outcome:
        players = _players(turn)[:1]
        if not players:
            return NOTHING
        track = turn.state_of(players[0]).attribute("track")
        number = max(1, (track if isinstance(track, int) else 1) + tracks)
        return Outcome(
            effects=(change_to(players[0], "playing", track=number),), devices=players
        )

    return deed


def _set_volume(turn: Turn) -> Outcome:
    level = turn.number("volume_level")
    return NOTHING if level is None else _media(None, volume_level=level)(turn)


def _set_volume_relative(turn: Turn) -> Outcome:
    step = turn.parse.values.get("volume_step")
    if isinstance(step, str):
        step = -_VOLUME_STEP if step == "down" else _VOLUME_STEP
    players = _players(turn)
    if step is None or not players:
        return NOTHING
    effects = []
    for player in players:
        level = turn.state_of(player).attribute("volume_level")
        before = level if isinstance(level, int | float) else 50
        effects.append(change_to(player, volume_level=min(100, max(0, before + step))))
    return Outcome(effects=tuple(effects), devices=players)


MEDIA_DEEDS: dict[str, Deed] = {
    "HassMediaNext": _skip(1),
    "HassMediaPause": _media("paused"),
    "HassMediaPlayerMute": _media(None, muted=1),
    "HassMediaPlayerUnmute": _media(None, muted=0),
    "HassMediaPrevious": _skip(-1),
    "HassMediaUnpause": _media("playing"),
    "HassSetVolume": _set_volume,
    "HassSetVolumeRelative": _set_volume_relative,
}
"""What to do, by intent."""
