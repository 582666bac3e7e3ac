"""`parley talk`: hold a conversation, with recordings or with the microphone."""

import argparse
import re
import sys
import wave
from dataclasses import asdict
from pathlib import Path

import uvloop

from streaming.client import Client, connected
from streaming.commands.options import add_json_option, print_json
from streaming.commands.own_server import add_server_options, server_url
from streaming.records import TurnRecord, clips_of, labelled, speak_clip
from voice.audio import Pcm
from voice.errors import ClientError
from voice.fixtures import Clip
from voice.languages import LANGUAGES, for_client
from voice.manifests import data_root

__all__ = ["add_arguments", "run"]

DEMO_TURNS = 2
"""Recordings for each language in the demonstration."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "files",
        metavar="FILE",
        nargs="*",
        type=Path,
        help="recordings (WAV, FLAC, Ogg, MP3), spoken in real time",
    )
    parser.add_argument(
        "--demo", action="store_true", help="speak recordings that come with Parley"
    )
    parser.add_argument(
        "--microphone", action="store_true", help="speak yourself; Ctrl-C ends it"
    )
    parser.add_argument(
        "--list-devices", action="store_true", help="the microphones and loudspeakers"
    )
    for name in ("input", "output"):
        parser.add_argument(
            f"--{name}",
            metavar="N",
            help=f"{name} device: its number, or part of its name (default: the"
            " system's)",
        )
    parser.add_argument(
        "--language",
        metavar="L",
        help="that is spoken (default: that of the recording's label, or any served)",
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the replies there as WAV"
    )
    add_json_option(parser)
    add_server_options(parser)


def run(arguments: argparse.Namespace) -> int:
    """Talk."""
    if arguments.list_devices:
        _list_devices(as_json=arguments.json)
        return 0
    if bool(arguments.files) + arguments.demo + arguments.microphone != 1:
        raise ClientError(
            "invalid_option", "give either FILE..., or --demo, or --microphone"
        )
    if not arguments.microphone and (arguments.input or arguments.output):
        raise ClientError("invalid_option", "--input and --output need --microphone")
    language = None
    if arguments.language is not None:
        language = for_client(arguments.language)
    for file in arguments.files:
        if not file.is_file():
            raise ClientError("unreadable_audio", f"{file}: there is no such file")
    if arguments.out is not None:
        arguments.out.mkdir(parents=True, exist_ok=True)
    uvloop.run(_talk(arguments, language))
    return 0


async def _talk(arguments: argparse.Namespace, language: str | None) -> None:
    async with server_url(arguments) as url, connected(url) as client:
        if language is not None:
            for_client(language, among=client.greeting.languages)
        if arguments.microphone:
            from streaming.commands.microphone import converse

            await client.set_languages(*([language] if language else []))
            await converse(
                client,
                microphone=arguments.input,
                loudspeaker=arguments.output,
                show=_show_level if sys.stderr.isatty() else None,
            )
            return
        clips = (
            _demonstration(client.languages, language)
            if arguments.demo
            else [labelled(file, language) for file in arguments.files]
        )
        script = _Script(arguments.out, as_json=arguments.json)
        for clip in clips:
            spoken = language or clip.language
            await client.set_languages(*_candidates(client, spoken))
            script.show(clip, spoken, await speak_clip(client, clip))


def _show_level(bar: str) -> None:
    print(f"\r{bar}", end="\r", file=sys.stderr, flush=True)


def _list_devices(*, as_json: bool) -> None:
    from streaming.commands.microphone import sound_devices

    for device in sound_devices():
        if as_json:
            print_json(asdict(device))
            continue
        kinds = [
            kind
            for kind, channels in (("input", device.inputs), ("output", device.outputs))
            if channels
        ]
        default = " (default)" if device.default else ""
        print(f"{device.number:3}  {'+'.join(kinds):<13} {device.name}{default}")


def _candidates(client: Client, language: str | None) -> list[str]:
    """The languages that a recording may be in; all that are served if unknown."""
    if language is None or language not in client.greeting.languages:
        return []
    return [language]


def _demonstration(languages: tuple[str, ...], only: str | None) -> list[Clip]:
    clips = clips_of(data_root() / "audio_fixtures")
    chosen: list[Clip] = []
    for language in languages if only is None else [only]:
        commands = [
            clip
            for clip in clips
            if clip.language == language and clip.kind == "command"
        ]
        chosen += commands[:DEMO_TURNS]
    if not chosen:
        raise ClientError(
            "no_recordings",
            f"no recordings come along in {only or ', '.join(languages)}; give your own",
        )
    return chosen


class _Script:
    """Prints each turn as a small play, or as JSON, and keeps the replies."""

    def __init__(self, out: Path | None, *, as_json: bool) -> None:
        self._out = out
        self._as_json = as_json
        self._number = 0

    def show(self, clip: Clip, language: str | None, records: list[TurnRecord]) -> None:
        for record in records:
            self._number += 1
            if self._as_json:
                print_json(record.to_json())
            else:
                self._print(clip, record)
            if self._out is not None and record.reply_audio is not None:
                name = f"{self._number:02}_{clip.file.stem}.wav"
                _write_wav(self._out / name, record.reply_audio)
        if not records and self._as_json:
            print_json(_nothing_heard(clip, language))
        elif not records:
            print(f"{clip.file}\n  heard      (nothing)\n", flush=True)

    def _print(self, clip: Clip, record: TurnRecord) -> None:
        native = LANGUAGES[record.language].native if record.language else "?"
        said = f"“{clip.transcript}”" if clip.transcript else str(clip.file)
        waited = record.voice_to_voice_ms
        lines = [
            f"{native}: {said}",
            f"  heard      {record.transcript or '(nothing)'}",
            f"  understood {_intent(record)}",
            f"  answered   {record.reply}",
            f"  after      {waited:.0f} ms" if waited is not None else "  after      –",
        ]
        print("\n".join(lines) + "\n", flush=True)


def _intent(record: TurnRecord) -> str:
    if record.intent is None:
        return "(no request that the home knows)"
    slots = " ".join(f"{name}={value}" for name, value in record.slots.items())
    return re.sub(r"^Hass", "", record.intent) + (f" {slots}" if slots else "")


def _nothing_heard(clip: Clip, language: str | None) -> dict[str, object]:
    empty: dict[str, object] = dict.fromkeys(
        (
            "intent",
            "voice_to_voice_ms",
            "endpointing_ms",
            "finalization_ms",
            "first_audio_ms",
        )
    )
    return {
        "file": str(clip.file),
        "language": language or "",
        "transcript": "",
        "reply": "",
        "reply_language": "",
        "reply_audio_s": 0.0,
        **empty,
    }


def _write_wav(path: Path, pcm: Pcm) -> None:
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(pcm.rate)
        file.writeframes(pcm.to_bytes())
