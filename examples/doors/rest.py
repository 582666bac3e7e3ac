"""The door `/v1/audio`, with OpenAI's own client: a WAV into words, words into a WAV."""

import sys
from pathlib import Path

from openai import OpenAI

url, recording, answer = sys.argv[1:]  # http://127.0.0.1:8766/v1 question.wav said.wav

parley = OpenAI(base_url=url, api_key="none")
heard = parley.audio.transcriptions.create(model="whisper-1", file=Path(recording))
print(heard.text)
speech = parley.audio.speech.with_streaming_response.create(
    model="tts-1", voice="en", input=heard.text, response_format="wav"
)
with speech as said:
    said.stream_to_file(answer)
