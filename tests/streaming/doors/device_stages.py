"""Stages for devices whose codecs are too coarse for audio that spells itself."""

from streaming.inference import InlineStages
from voice.stages import Transcript
from voice.testing import EchoResponder, ToneSynthesizer


class Listener:
    """Hears a voice or none; what it says is up to the test. Implements `Recognizer`."""

    languages = ("en", "de")

    def __init__(self, text="hello there"):
        self.text = text
        self.clips = []

    def transcribe(self, pcm, candidates):
        self.clips.append(pcm)
        return Transcript(
            text=self.text,
            language=candidates[0],
            language_probability=1.0,
            confidence=0.9,
            no_speech=0.0,
        )


def stages(recognizer):
    return InlineStages(recognizer, EchoResponder(), ToneSynthesizer())
