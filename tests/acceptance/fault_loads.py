"""Stages for worker processes that do their work until a word tells them otherwise."""

import ctypes
import os
import signal
import time

from voice.events import Millis
from voice.testing import SpellingRecognizer, ToneSynthesizer

EARS = SpellingRecognizer()
VOICE = ToneSynthesizer(letter=Millis(15))


class Recognizer:
    """Hears letters; some words it does not survive."""

    languages = EARS.languages

    def transcribe(self, pcm, candidates):
        transcript = EARS.transcribe(pcm, candidates)
        match transcript.text.split():
            case [*_, "hang"]:
                # A native call, which no Python signal handler or thread could end.
                ctypes.CDLL(None).sleep(600)
            case [*_, "crash"]:
                os.kill(os.getpid(), signal.SIGSEGV)
            case [*_, "wait"]:
                time.sleep(0.5)
        return transcript


class Synthesizer:
    """Hums; it dies of one word, after the first of its sound."""

    languages = VOICE.languages

    def speak(self, text, language):
        for piece in VOICE.speak(text, language):
            yield piece
            if "choke" in text:
                os.kill(os.getpid(), signal.SIGKILL)
