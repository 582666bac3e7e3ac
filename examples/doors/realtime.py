"""The door `/v1/realtime`, with OpenAI's own client: speak a WAV, print the answer."""

import base64
import sys
import wave

from openai import OpenAI

url, recording = sys.argv[1:]  # http://127.0.0.1:8765/v1 question.wav, of 24 kHz

with wave.open(recording) as file:
    audio = file.readframes(file.getnframes()) + bytes(2 * 2 * file.getframerate())

with OpenAI(base_url=url, api_key="none").realtime.connect(model="parley") as session:
    session.input_audio_buffer.append(audio=base64.b64encode(audio).decode())
    for event in session:
        if event.type == "conversation.item.input_audio_transcription.completed":
            print(event.transcript)
        if event.type == "response.output_audio_transcript.done":
            print(event.transcript)
        if event.type == "response.done":
            break
