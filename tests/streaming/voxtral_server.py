"""What vLLM does at ``/v1/realtime``, for tests: the events, their order, their errors.

It reads what `voice.testing.spoken` said. Some words make it misbehave:

| said | what it does |
|---|---|
| hang | takes the audio and says nothing more |
| break | reports an error while it works |
| cut | closes the connection, the first time |
| gone | closes the connection, every time |
| garbage | sends no JSON |
| deep | sends JSON that is nested too deeply |
| half | sends words that end in half a character |
| empty | sends a result without a text |
"""

import base64
import binascii
import json
import socket
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import numpy as np
from websockets.exceptions import ConnectionClosed
from websockets.sync.server import serve

from voice.audio import HEARING_RATE, Pcm
from voice.languages import LANGUAGES
from voice.testing import SpellingRecognizer

MODEL = "voxtral"
KEY = "s3cret"


@dataclass
class Fake:
    url: str = ""
    events: list[str] = field(default_factory=list)
    """Types of all events, over all connections."""
    keys: list[str | None] = field(default_factory=list)
    cuts: int = 0

    def converse(self, websocket):
        self.keys.append(websocket.request.headers.get("Authorization"))
        talk = Conversation(self, websocket)
        talk.send("session.created", id="sess-1", created=int(time.time()))
        try:
            for frame in websocket:
                talk.take(frame)
        except ConnectionClosed:
            pass


class Conversation:
    def __init__(self, fake, websocket):
        self.fake = fake
        self.websocket = websocket
        self.is_validated = False
        self.is_generating = False
        self.audio = b""

    def send(self, type_, **content):
        self.websocket.send(json.dumps({"type": type_, **content}))

    def refuse(self, code):
        self.send("error", error="what the user said, perhaps", code=code)

    def take(self, frame):
        try:
            event = json.loads(frame)
        except ValueError:
            self.refuse("invalid_json")
            return
        self.fake.events.append(event.get("type"))
        match event.get("type"):
            case "session.update":
                self.is_validated = event.get("model") == MODEL
                if not self.is_validated:
                    self.refuse("model_not_found")
            case "input_audio_buffer.append":
                try:
                    self.audio += base64.b64decode(event["audio"], validate=True)
                except (KeyError, binascii.Error):
                    self.refuse("invalid_audio")
            case "input_audio_buffer.commit" if not self.is_validated:
                self.refuse("model_not_validated")
            case "input_audio_buffer.commit" if event.get("final"):
                # Without a generation that waits for it, the end is nobody's.
                if self.is_generating:
                    self.is_generating = False
                    self.generate()
            case "input_audio_buffer.commit":
                self.is_generating = True
            case _:
                self.refuse("unknown_event")

    def generate(self):
        samples = np.frombuffer(self.audio, "<i2").astype(np.int16)
        self.audio = b""
        said = SpellingRecognizer(languages=tuple(LANGUAGES)).transcribe(
            Pcm(samples, HEARING_RATE), ("en",)
        )
        if "cut" in said.text or "gone" in said.text:
            self.fake.cuts += 1
            if "gone" in said.text or self.fake.cuts == 1:
                self.websocket.socket.shutdown(socket.SHUT_RDWR)
                return
        if "hang" in said.text:
            return
        if "break" in said.text:
            self.refuse("processing_error")
            return
        if "garbage" in said.text:
            self.websocket.send("{not json")
            return
        if "deep" in said.text:
            self.websocket.send("[" * 20_000)
            return
        if "half" in said.text:
            self.send("transcription.done", text=f" {said.text}\ud83d")
            return
        if "empty" in said.text:
            self.send("transcription.done")
            return
        for word in said.text.split():
            self.send("transcription.delta", delta=f" {word}")
        usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
        self.send("transcription.done", text=f" {said.text}", usage=usage)


@contextmanager
def voxtral():
    """The server, in a thread."""
    fake = Fake()
    with serve(fake.converse, "127.0.0.1", 0) as server:
        port = server.socket.getsockname()[1]
        fake.url = f"ws://127.0.0.1:{port}/v1/realtime"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield fake
        server.shutdown()
        thread.join(timeout=10)
