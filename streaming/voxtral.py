"""Voxtral Realtime as a recogniser: served by vLLM at ``/v1/realtime``.

It is not the Realtime API of OpenAI, though it shares names with it: the client sends
the audio and says when it ends, the server sends words. Each utterance has a connection
of its own, so that a request depends on nothing but its audio, and one that is cut off
can be made again.
"""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from websockets.exceptions import InvalidHandshake, WebSocketException
from websockets.sync.client import connect
from websockets.sync.connection import Connection

from voice.assembly import served_recognizer
from voice.audio import HEARING_RATE, Pcm
from voice.errors import ConfigError, Stage, StageError
from voice.stages import Recognizer

__all__ = ["Voxtral", "VoxtralServer", "load_voxtral"]

PIECE_S = 0.5
"""Of audio in one event."""

LONGEST_TEXT = 4000
"""Characters; nobody says more in half a minute."""

LONGEST_EVENT = 65_536
"""Bytes."""

ATTEMPTS = 2
"""A connection that breaks is made anew once, within the same deadline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VoxtralServer:
    """Where it is served, and how patient we are. Picklable: a worker gets it."""

    url: str
    """``ws://127.0.0.1:8000/v1/realtime``."""
    model: str
    key: str = ""
    languages: tuple[str, ...] = ()
    connect_s: float = 2.0
    answer_s: float = 4.0
    """For one utterance in all, connecting included."""


class _BrokenError(Exception):
    """The connection broke; another one may not."""


class Voxtral:
    """Asks the server for the words of one utterance at a time."""

    def __init__(self, server: VoxtralServer) -> None:
        self._server = server

    def words(self, pcm: Pcm) -> str:
        """What was said.

        Args:
            pcm: 16 kHz.

        Raises:
            StageError: ``unreachable``, ``refused``, ``cut_off``, ``malformed`` or
                ``deadline``.
        """
        end = time.monotonic() + self._server.answer_s
        try:
            for _ in range(ATTEMPTS):
                try:
                    return self._ask(pcm, end)
                except _BrokenError:
                    continue
        except TimeoutError as error:
            raise _fault("deadline", "it takes too long") from error
        except InvalidHandshake as error:
            raise _fault("refused", f"no websocket ({type(error).__name__})") from error
        except OSError as error:
            raise _fault("unreachable", error.strerror or "nobody answers") from error
        raise _fault("cut_off", "the connection broke, twice")

    def _ask(self, pcm: Pcm, end: float) -> str:
        server = self._server
        headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
        with connect(
            server.url,
            additional_headers=headers,
            open_timeout=min(server.connect_s, _left(end)),
            close_timeout=0.2,
            compression=None,
            max_size=LONGEST_EVENT,
            # What the environment says about proxies is not for what people say.
            proxy=None,
        ) as connection:
            try:
                return _converse(connection, server.model, pcm, end)
            except WebSocketException as error:
                raise _BrokenError from error


def load_voxtral(server: VoxtralServer) -> Recognizer:
    """The recogniser, tried out once; runs in a worker.

    Raises:
        ConfigError: the server does not answer, or not as it should.
    """
    voxtral = Voxtral(server)
    try:
        voxtral.words(Pcm(np.zeros(HEARING_RATE // 2, np.int16), HEARING_RATE))
    except StageError as error:
        raise ConfigError(
            f"voxtral.url: {server.url}: {error}; start it with `vllm serve"
            f" {server.model}`, or leave it empty"
        ) from error
    return served_recognizer(voxtral.words, server.languages)


def _converse(connection: Connection, model: str, pcm: Pcm, end: float) -> str:
    _expect(connection, "session.created", end)
    _send(connection, "session.update", model=model)
    # The first commit begins the work, the final one says that no audio follows.
    _send(connection, "input_audio_buffer.commit")
    step = int(PIECE_S * HEARING_RATE)
    for start in range(0, len(pcm), step):
        piece = Pcm(pcm.samples[start : start + step], pcm.rate)
        audio = base64.b64encode(piece.to_bytes()).decode("ascii")
        _send(connection, "input_audio_buffer.append", audio=audio)
        _left(end)
    _send(connection, "input_audio_buffer.commit", final=True)
    return _words(connection, end)


def _words(connection: Connection, end: float) -> str:
    said = ""
    while len(said) <= LONGEST_TEXT:
        event = _event(connection, end)
        match event.get("type"):
            case "transcription.delta":
                said += _text(event, "delta")
            case "transcription.done":
                return _text(event, "text")[:LONGEST_TEXT]
            case _:
                pass  # newer servers may have more to tell
    raise _fault("malformed", "a text without an end")


def _expect(connection: Connection, type_: str, end: float) -> None:
    if _event(connection, end).get("type") != type_:
        raise _fault("malformed", f"no {type_}")


def _event(connection: Connection, end: float) -> dict[str, Any]:
    frame = connection.recv(timeout=_left(end))
    try:
        event = json.loads(frame)
    except (ValueError, RecursionError) as error:
        raise _fault("malformed", "no JSON") from error
    if not isinstance(event, dict):
        raise _fault("malformed", "no object")
    if event.get("type") == "error":
        # Its message may hold anything, its code is one of a few.
        raise _fault("refused", str(event.get("code"))[:60])
    return event


def _text(event: dict[str, Any], key: str) -> str:
    text = event.get(key)
    if not isinstance(text, str):
        raise _fault("malformed", f"no {key}")
    # Half a character, which JSON can name, cannot be sent on.
    return text.encode("utf-8", "ignore").decode("utf-8")


def _send(connection: Connection, type_: str, **content: object) -> None:
    connection.send(json.dumps({"type": type_, **content}))


def _left(end: float) -> float:
    left = end - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _fault(reason: str, detail: str) -> StageError:
    return StageError(Stage.RECOGNITION, reason, f"Voxtral: {detail}")
