"""`parley transcribe`: recordings into words, without a server."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path

from streaming.commands.options import (
    add_json_option,
    add_settings,
    config_from,
    print_json,
)
from streaming.config import Config
from voice.assembly import (
    ModelChoice,
    heard_languages,
    load_recognizer,
    load_voice_activity,
)
from voice.audio import read_audio
from voice.errors import ClientError
from voice.languages import for_client
from voice.stages import Transcript
from voice.utterances import Listener

__all__ = ["add_arguments", "load_listener", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE", help="WAV, FLAC, Ogg or MP3"
    )
    parser.add_argument(
        "--language", metavar="L", help="what is spoken (default: it is told apart)"
    )
    add_json_option(parser)
    add_settings(
        parser,
        "conversation.languages",
        "models.recognizer",
        "models.device",
        "models.threads",
    )


def run(arguments: argparse.Namespace) -> int:
    """Transcribe every file that can be read; the exit code tells whether all could."""
    config = config_from(arguments)
    choice = config.choice
    if arguments.language is not None:
        language = for_client(arguments.language, among=heard_languages(choice))
        choice = replace(choice, languages=(language,))
    listener: Listener | None = None
    candidates: tuple[str, ...] = ()
    code = 0
    for file in arguments.files:
        try:
            audio = read_audio(file)
        except ClientError as error:
            print(f"parley: {error}", file=sys.stderr)
            code = 2
            continue
        if listener is None:
            listener, candidates = load_listener(config, choice)
        _show(file, listener.transcribe(audio, candidates), as_json=arguments.json)
    return code


def load_listener(
    config: Config, choice: ModelChoice
) -> tuple[Listener, tuple[str, ...]]:
    """What puts recordings into words, and the languages that it tells apart.

    Raises:
        ConfigError: a model is missing or not what it should be.
    """
    recognizer = load_recognizer(choice)
    listener = Listener(
        recognizer, load_voice_activity(), gate=config.gate, turns=config.turns
    )
    return listener, recognizer.languages


def _show(file: Path, heard: Transcript, *, as_json: bool) -> None:
    if not as_json:
        print(f"{file}: [{heard.language}] {heard.text or '(no words)'}", flush=True)
        return
    print_json(
        {
            "file": str(file),
            "language": heard.language,
            "transcript": heard.text,
            "language_probability": round(heard.language_probability, 4),
            "confidence": round(heard.confidence, 4),
        }
    )
