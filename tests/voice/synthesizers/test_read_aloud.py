"""Text that voices can read, in pieces worth sending."""

import gc

import numpy as np
import pytest

from voice.audio import Pcm
from voice.errors import StageError
from voice.synthesizers.espeak import EspeakSynthesizer
from voice.synthesizers.read_aloud import PIECE, ReadAloud


class Noting:
    """Speaks in pieces of 60 ms, as eSpeak does."""

    languages = ("de",)

    def __init__(self, pieces=10):
        self.said = []
        self.closed = False
        self._pieces = pieces

    def speak(self, text, language):
        self.said.append((text, language))
        return self._speak()

    def _speak(self):
        try:
            for number in range(self._pieces):
                yield Pcm(np.full(60, number, np.int16), 1000)
        finally:
            self.closed = True


def test_numbers_are_read_by_the_voice_and_not_spelled():
    voice = Noting()
    list(ReadAloud(voice).speak("Es sind 21.5 °C", "de"))
    assert voice.said == [("Es sind 21 Komma 5 Grad Celsius", "de")]


@pytest.mark.parametrize("count", [0, 1, 2, 10])
def test_the_first_piece_comes_at_once_and_nothing_is_lost(count):
    pieces = list(ReadAloud(Noting(count)).speak("ja", "de"))
    assert sum(len(piece) for piece in pieces) == 60 * count
    if count:
        assert len(pieces[0]) == 60
        heard = np.concatenate([piece.samples for piece in pieces])
        assert heard.tolist() == [n for n in range(count) for _ in range(60)]
    assert all(piece.duration >= PIECE for piece in pieces[1:-1])


def test_whoever_stops_listening_stops_the_voice():
    voice = Noting()
    pieces = ReadAloud(voice).speak("ja", "de")
    next(pieces)
    pieces.close()
    del pieces
    gc.collect()
    assert voice.closed


def test_an_unknown_language_is_refused_at_once():
    with pytest.raises(StageError, match="unsupported_language"):
        ReadAloud(EspeakSynthesizer()).speak("ja", "tlh")
