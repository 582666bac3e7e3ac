"""`parley doctor`: what works here, what does not, and what leaves the process."""

import argparse
import os
import platform
import socket
import sys
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from streaming.addresses import Address
from streaming.commands.assistant import (
    assistant_content,
    assistant_lines,
    sent_to_servers,
)
from streaming.commands.models import fault_of
from streaming.commands.options import (
    add_json_option,
    add_settings,
    config_from,
    print_json,
)
from streaming.commands.tables import table
from streaming.config import Config, render
from streaming.keys import Keys
from streaming.running import recognizer_loader
from streaming.side_doors import check_extras
from streaming.tool_settings import read_token
from voice.assembly import (
    STARTERS,
    heard_languages,
    load_interpreter,
    load_recognizer,
    load_synthesizer,
    load_voice_activity,
    read_home,
    served_languages,
)
from voice.errors import VoiceError
from voice.languages import LANGUAGES
from voice.manifests import read_manifests

__all__ = ["add_arguments", "run"]

PACKAGES = (
    "ctranslate2",
    "faster-whisper",
    "espeakng-loader",
    "piper-tts",
    "onnxruntime",
    "hassil",
    "home-assistant-intents",
    "websockets",
    "numpy",
)

LEAVES_THE_PROCESS: tuple[str, ...] = ()
"""What is always sent to others. Nothing; a change of this line must be a decision."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "--print-config",
        action="store_true",
        help="only print every setting as TOML, as it is in force",
    )
    add_json_option(parser)
    add_settings(
        parser,
        "server.host",
        "server.port",
        "conversation.languages",
        "conversation.home",
        "models.recognizer",
        "models.voices",
        "models.device",
        "wyoming.listen",
        "rest.listen",
    )


def run(arguments: argparse.Namespace) -> int:
    """Examine everything; the exit code tells whether a server would start."""
    config = config_from(arguments)
    if arguments.print_config:
        print(render(config), end="")
        return 0
    findings = _Findings(config)
    content = findings.content()
    if arguments.json:
        print_json(content)
    else:
        _print(content)
    return 2 if findings.faults else 0


class _Findings:
    """What there is; every fault is noted, none stops the examination."""

    def __init__(self, config: Config) -> None:
        self.faults: list[str] = []
        self._config = config

    def content(self) -> dict[str, Any]:
        content = {
            "python": platform.python_version(),
            "platform": platform.platform(),
            "cpus": os.cpu_count(),
            "packages": {name: _version(name) for name in PACKAGES},
            "cuda_devices": _cuda_devices(),
            "microphone": find_spec("sounddevice") is not None,
            "models": self._models(),
            "languages": self._languages(),
            "home": self._home(),
            "address": self._address(),
            "doors": self._doors(),
            "recognizer": self._recognizer(),
            "language_model": self._language_model(),
            "voxtral": self._voxtral(),
            "assistant": self._try(lambda: assistant_content(self._config)) or {},
            "leaves_the_process": [*LEAVES_THE_PROCESS, *_sent_by_choice(self._config)],
        }
        self._try(load_voice_activity)
        self._try(self._read_keys)
        self._try(self._read_twilio_token)
        self._try(lambda: served_languages(self._config.choice))
        content["faults"] = self.faults
        return content

    def _try(self, examine: Any) -> Any:
        try:
            return examine()
        except (VoiceError, ImportError) as error:
            if str(error) not in self.faults:
                self.faults.append(str(error))
            return None

    def _models(self) -> dict[str, str]:
        manifests = self._try(read_manifests) or {}
        faults = {name: fault_of(manifest) for name, manifest in manifests.items()}
        self.faults += [fault for fault in faults.values() if fault]
        return {name: fault or "verified" for name, fault in faults.items()}

    def _languages(self) -> dict[str, dict[str, Any]]:
        choice = self._config.choice
        heard = self._try(lambda: heard_languages(choice)) or ()
        spoken = self._try(lambda: load_synthesizer(choice).languages) or ()
        return {
            tag: {
                "name": language.english,
                "grammar": language.grammar,
                "recognizer": tag in heard,
                "voice": tag in spoken,
            }
            for tag, language in LANGUAGES.items()
        }

    def _home(self) -> dict[str, Any]:
        home = self._try(lambda: read_home(self._config.choice))
        return {
            "file": self._config.conversation.home,
            "areas": len(home.areas) if home else 0,
            "devices": len(home.devices) if home else 0,
        }

    def _read_keys(self) -> None:
        Keys.read(self._config.server.api_keys, setting="server.api_keys")

    def _read_twilio_token(self) -> None:
        if file := self._config.twilio.auth_token_file:
            read_token(Path(file), "twilio.auth_token_file")

    def _recognizer(self) -> dict[str, Any] | None:
        """The recogniser of the operator; None if a shipped one or a server hears."""
        choice = self._config.choice
        is_own = choice.recognizer not in STARTERS and not self._config.voxtral.url
        return self._tried(
            choice.recognizer if is_own else "", lambda: load_recognizer(choice)
        )

    def _language_model(self) -> dict[str, Any] | None:
        """The model that is asked for intents; None if none is."""
        choice = self._config.choice
        return self._tried(
            choice.language_model,
            lambda: load_interpreter(
                *(choice, read_home(choice), served_languages(choice)),
                clock=time.monotonic,
            ),
        )

    def _voxtral(self) -> dict[str, Any] | None:
        """The server that hears instead of a model of ours; None if none does."""

        def load() -> object:
            return recognizer_loader(self._config)()

        return self._tried(self._config.voxtral.url, load)

    def _tried(self, name: str, load: Callable[[], object]) -> dict[str, Any] | None:
        if not name:
            return None
        return {"name": name, "works": self._try(load) is not None}

    def _doors(self) -> dict[str, dict[str, Any]]:
        """The doors beside the websocket that are to be open."""
        self._try(lambda: check_extras(self._config))
        found = {}
        for name in ("wyoming", "rest"):
            listen = getattr(self._config, name).listen
            if not listen:
                continue
            address = Address.of(listen)
            fault = _bind_fault(address.host, address.port)
            if fault:
                self.faults.append(f"{name}.listen: {listen}: {fault}")
            found[name] = {"address": listen, "free": not fault}
        return found

    def _address(self) -> dict[str, Any]:
        server = self._config.server
        fault = _bind_fault(server.host, server.port)
        if fault:
            self.faults.append(
                f"{server.host} port {server.port}: {fault}; choose another with"
                " --host and --port, or end what listens there"
            )
        return {"host": server.host, "port": server.port, "free": not fault}


def _sent_by_choice(config: Config) -> list[str]:
    """What is sent to others because the operator wants it, and by which setting."""
    name = config.wyoming.announce
    if not name:
        return sent_to_servers(config)
    return [
        *sent_to_servers(config),
        f"wyoming.announce: the name {name!r}, an address and a port, by multicast to"
        " the local network",
    ]


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _cuda_devices() -> int:
    if find_spec("ctranslate2") is None:
        return 0
    import ctranslate2

    return int(ctranslate2.get_cuda_device_count())


def _bind_fault(host: str, port: int) -> str:
    """Why nothing can listen there; empty if something can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _print(content: dict[str, Any]) -> None:
    print(
        f"Python {content['python']} on {content['platform']}, {content['cpus']} CPUs,"
        f" {content['cuda_devices']} CUDA devices"
    )
    packages = content["packages"].items()
    print("packages  " + ", ".join(f"{n} {v or 'MISSING'}" for n, v in packages))
    for name, state in content["models"].items():
        print(f"model     {name}: {state}")
    home, address = content["home"], content["address"]
    print(f"home      {home['file']}: {home['areas']} areas, {home['devices']} devices")
    state = "free" if address["free"] else "TAKEN"
    print(f"address   {address['host']} port {address['port']}: {state}")
    for name, door in content["doors"].items():
        state = "free" if door["free"] else "TAKEN"
        print(f"{name:<10}{door['address']}: {state}")
    for kind in ("recognizer", "language_model", "voxtral"):
        if (tried := content[kind]) is not None:
            told = "it works" if tried["works"] else "IT DOES NOT WORK; see below"
            print(f"{kind} {tried['name']}: {told}")
    for line in assistant_lines(content["assistant"]):
        print(line)
    told = "ready" if content["microphone"] else "pip install parley-voice[microphone]"
    print(f"audio     microphone and loudspeaker: {told}")
    leaves = ", ".join(content["leaves_the_process"]) or "nothing"
    print(f"network   leaves this process: {leaves}\n")
    marks = {True: "yes", False: "-"}
    rows = [
        (tag, row["name"], *(marks[row[k]] for k in ("recognizer", "grammar", "voice")))
        for tag, row in content["languages"].items()
    ]
    print(table(("tag", "language", "heard", "understood", "spoken"), rows))
    for fault in content["faults"]:
        print(f"\nparley: {fault}", file=sys.stderr)
