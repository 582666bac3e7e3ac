"""`parley say`: a text into speech, without a server."""

import argparse
import io
import sys
import time
import wave
from pathlib import Path

from streaming.commands.options import (
    add_json_option,
    add_settings,
    config_from,
    print_json,
)
from voice.assembly import load_synthesizer
from voice.audio import Pcm
from voice.errors import ClientError
from voice.languages import for_client, get

__all__ = ["add_arguments", "run"]

STANDARD_OUTPUT = "-"

SAMPLE_BYTES = 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument("text", metavar="TEXT", help="what to say")
    parser.add_argument(
        "--language", default="en", metavar="L", help="of TEXT (default: en)"
    )
    parser.add_argument(
        "--out",
        default="speech.wav",
        metavar="FILE.wav",
        help="where to write it (default: speech.wav); - is standard output",
    )
    add_json_option(parser)
    add_settings(parser, "models.voices")


def run(arguments: argparse.Namespace) -> int:
    """Write the speech."""
    if arguments.json and arguments.out == STANDARD_OUTPUT:
        raise ClientError(
            "invalid_option", "--json and --out - both want the standard output"
        )
    synthesizer = load_synthesizer(config_from(arguments).choice)
    language = for_client(arguments.language, among=synthesizer.languages)
    started = time.perf_counter()
    parts: list[Pcm] = []
    first_s = 0.0
    for part in synthesizer.speak(arguments.text, language):
        first_s = first_s or time.perf_counter() - started
        parts.append(part)
    took_s = time.perf_counter() - started
    if not parts:
        raise ClientError("invalid_text", f"{arguments.text!r}: nothing to say in it")
    speech = Pcm.joined(parts, parts[0].rate)
    _write(arguments.out, speech)
    seconds = len(speech) / speech.rate
    if arguments.json:
        print_json(
            {
                "file": arguments.out,
                "language": language,
                "seconds": round(seconds, 3),
                "sample_rate": speech.rate,
                "first_audio_ms": round(first_s * 1000, 2),
                "real_time_factor": round(took_s / seconds, 5),
            }
        )
    elif arguments.out != STANDARD_OUTPUT:
        print(f"{arguments.out}: {seconds:.1f} s of {get(language).english}")
    return 0


def _write(out: str, speech: Pcm) -> None:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(speech.rate)
        file.writeframes(speech.to_bytes())
    if out == STANDARD_OUTPUT:
        sys.stdout.buffer.write(content.getvalue())
    else:
        Path(out).write_bytes(content.getvalue())
