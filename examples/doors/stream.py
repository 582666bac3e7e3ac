"""The door `/v1/stream`, with the package websockets: speak a WAV, print the answer."""

import json
import sys
import wave

from websockets.sync.client import connect

url, recording = sys.argv[1:]  # ws://127.0.0.1:8765/v1/stream question.wav

with connect(url) as parley, wave.open(recording) as question:
    rate = question.getframerate()
    parley.send(json.dumps({"type": "session.update", "input_rate": rate}))
    while audio := question.readframes(rate // 50):
        parley.send(audio)
    parley.send(json.dumps({"type": "parley.input_end"}))
    for message in (json.loads(m) for m in parley if isinstance(m, str)):
        if "transcript" in message:
            print(message["transcript"])
        if message["type"] == "response.done":
            break
