"""eSpeak NG inside the process: a voice for every language, with the first samples after a fraction of a millisecond.

`EspeakSynthesizer` is the product's embedded default. `Espeak` is the binding below it; the recipes of the starter models
use it too, because eSpeak says for each phoneme at which sample it begins.

The C library keeps one state for the whole process, so every call holds one lock, and only for one short piece of text.
"""

import ctypes
import queue
import re
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cache
from typing import Any, TypeAlias

import espeakng_loader
import numpy as np

from voice.audio import Pcm, Samples
from voice.errors import Stage, StageError

VOICES = {
    "bg": "bg",
    "ca": "ca",
    "cs": "cs",
    "da": "da",
    "de": "de",
    "el": "el",
    "en": "en",
    "es": "es",
    "et": "et",
    "fi": "fi",
    "fr": "fr",
    "ga": "ga",
    "hr": "hr",
    "hu": "hu",
    "it": "it",
    "lt": "lt",
    "lv": "lv",
    "mt": "mt",
    "nb": "nb",
    "nl": "nl",
    "pl": "pl",
    "pt": "pt",
    "ro": "ro",
    "sk": "sk",
    "sl": "sl",
    "sv": "sv",
    "uk": "uk",
}
"""The voice of each language; a tag that is not here is tried as eSpeak's own name."""

ACCENTS = {"en": ("en-us",), "es": ("es-419",), "pt": ("pt-br",)}
"""Voices beside that of `VOICES` whose speakers are as many, and say other sounds."""

LONGEST_PIECE = 300
"""Characters handed to the library at once.

It bounds how long the lock is held and how much audio waits for a slow listener.
"""

_PLAYBACK_OFF_SYNCHRONOUS = 2
_REPORT_PHONEMES_AS_IPA = 3
_TEXT_IS_UTF8 = 1
_RATE, _VOLUME, _PITCH, _RANGE = 1, 2, 3, 4
_EVENT_END, _EVENT_PHONEME = 0, 7
_SYMBOLS_AS_IPA = 2
_BETWEEN_SYMBOLS = "_"
_GO_ON, _STOP = 0, 1

_PAUSE = re.compile(r"[.!?;:…,](?=\s)")

_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Prosody:
    """How a voice speaks: `rate` in words per minute, `pitch` and `range` from 0 to 99, `volume` in percent."""

    rate: int = 165
    pitch: int = 50
    range: int = 50
    volume: int = 100


@dataclass(frozen=True, slots=True)
class Phoneme:
    """One sound of a rendered text.

    Attributes:
        symbol: IPA, with stress and length marks; empty for a pause.
        start: the sample at which it begins.
        position: the character at which its word begins in the text.
    """

    symbol: str
    start: int
    position: int = 0


class _Event(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("string", ctypes.c_char * 8),
    )


_Callback = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)

Sink: TypeAlias = Callable[[Samples, list[Phoneme]], bool]
"""Takes the next samples and the phonemes reported with them; returns False to end the synthesis."""


class Espeak:
    """The library, loaded once per process; use `Espeak.load()`."""

    def __init__(self) -> None:
        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        self._sink: Sink | None = None
        self._failure: BaseException | None = None
        # ctypes frees a callback nobody refers to while the library still calls it.
        self._callback = _Callback(self._receive)
        data = espeakng_loader.get_data_path().encode()
        self.rate = int(
            self._library.espeak_Initialize(
                _PLAYBACK_OFF_SYNCHRONOUS, 20, data, _REPORT_PHONEMES_AS_IPA
            )
        )
        if self.rate <= 0:
            raise StageError(
                Stage.SYNTHESIS, "not_started", f"no eSpeak NG data in {data.decode()}"
            )
        self._library.espeak_SetSynthCallback(self._callback)
        self._to_phonemes = self._library.espeak_TextToPhonemes
        self._to_phonemes.restype = ctypes.c_char_p

    @staticmethod
    @cache
    def load() -> "Espeak":
        """The one binding of this process."""
        return Espeak()

    def has_voice(self, voice: str) -> bool:
        """Whether `voice`, for example "de" or "en-us+f3", can be spoken with."""
        with _lock:
            return self._select(voice)

    def stream(self, text: str, voice: str, sink: Sink, *, prosody: Prosody) -> None:
        """Speak `text` into `sink`, which is called on this thread; StageError when there is no such voice."""
        with _lock:
            if not self._select(voice):
                raise StageError(
                    Stage.SYNTHESIS,
                    "unsupported_language",
                    f"eSpeak NG has no voice {voice!r}",
                )
            for parameter, value in (
                (_RATE, prosody.rate),
                (_VOLUME, prosody.volume),
                (_PITCH, prosody.pitch),
                (_RANGE, prosody.range),
            ):
                self._library.espeak_SetParameter(parameter, int(value), 0)
            encoded = text.replace("\0", " ").encode() + b"\0"
            self._sink, self._failure = sink, None
            try:
                self._library.espeak_Synth(
                    encoded, len(encoded), 0, 0, 0, _TEXT_IS_UTF8, None, None
                )
            finally:
                self._sink = None
            if self._failure is not None:
                raise self._failure

    def render(
        self, text: str, voice: str, *, prosody: Prosody | None = None
    ) -> tuple[Samples, list[Phoneme]]:
        """The whole of `text` as samples at `self.rate`, and its phonemes in order."""
        chunks: list[Samples] = []
        phonemes: list[Phoneme] = []

        def collect(samples: Samples, reported: list[Phoneme]) -> bool:
            chunks.append(samples)
            phonemes.extend(reported)
            return True

        self.stream(text, voice, collect, prosody=prosody or Prosody())
        return (np.concatenate(chunks) if chunks else np.zeros(0, np.int16)), phonemes

    def symbols(self, text: str, voice: str) -> list[str]:
        """How `text` would be spoken: the symbols of its phonemes, in order.

        The same as `render` reports, stress and length apart, in a tenth of the time:
        nothing is synthesized.
        """
        encoded = ctypes.create_string_buffer(text.replace("\0", " ").encode())
        rest = ctypes.c_void_p(ctypes.addressof(encoded))
        mode = _SYMBOLS_AS_IPA | ord(_BETWEEN_SYMBOLS) << 8
        clauses: list[str] = []
        with _lock:
            if not self._select(voice):
                raise StageError(
                    Stage.SYNTHESIS,
                    "unsupported_language",
                    f"eSpeak NG has no voice {voice!r}",
                )
            while rest.value:
                clause = self._to_phonemes(ctypes.byref(rest), _TEXT_IS_UTF8, mode)
                clauses.append(clause.decode("utf-8", "ignore"))
        separated = " ".join(clauses).replace(_BETWEEN_SYMBOLS, " ")
        return separated.split()

    def _select(self, voice: str) -> bool:
        return int(self._library.espeak_SetVoiceByName(voice.encode())) == 0

    def _receive(self, wave: Any, count: int, events: Any) -> int:
        # An exception must not cross the C frames: it is kept and raised after the library has returned.
        try:
            if self._sink is None:
                return _STOP
            samples = (
                np.ctypeslib.as_array(wave, shape=(count,)).copy()
                if wave and count > 0
                else np.zeros(0, np.int16)
            )
            phonemes = list(_phonemes(events)) if events else []
            return _GO_ON if self._sink(samples, phonemes) else _STOP
        except BaseException as error:  # noqa: BLE001
            self._failure = error
            return _STOP


def _phonemes(events: Any) -> Iterator[Phoneme]:
    position = 0
    while events[position].type != _EVENT_END:
        event = events[position]
        if event.type == _EVENT_PHONEME:
            yield Phoneme(
                symbol=event.string.decode("utf-8", "ignore"),
                start=event.sample,
                position=event.text_position - 1,
            )
        position += 1


class EspeakSynthesizer:
    """Text to speech in every language that eSpeak NG knows; needs no model.

    Args:
        prosody: how it speaks.
        variant: a voice variant such as "f3", for every language; empty for none.
    """

    def __init__(self, *, prosody: Prosody | None = None, variant: str = "") -> None:
        self._espeak = Espeak.load()
        self._prosody = prosody or Prosody()
        self._variant = f"+{variant}" if variant else ""

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages with a voice of their own."""
        return tuple(VOICES)

    def speak(self, text: str, language: str) -> Iterator[Pcm]:
        """The speech, piece by piece, as the library makes it.

        Abandoning the iterator stops the synthesis.

        Raises:
            StageError: ``unsupported_language``; at once, not at the first piece.
        """
        voice = VOICES.get(language, language) + self._variant
        if not self._espeak.has_voice(voice):
            raise StageError(
                Stage.SYNTHESIS, "unsupported_language", f"no eSpeak NG voice {voice!r}"
            )
        return self._speak(text, voice)

    def _speak(self, text: str, voice: str) -> Generator[Pcm, None, None]:
        for piece in _pieces(text):
            with closing(self._stream(piece, voice)) as stream:
                yield from stream

    def _stream(self, piece: str, voice: str) -> Generator[Pcm, None, None]:
        """The library calls back on its thread; this hands the samples across."""
        arrived: queue.SimpleQueue[Samples | BaseException | None] = queue.SimpleQueue()
        abandoned = threading.Event()

        def sink(samples: Samples, _: list[Phoneme]) -> bool:
            if len(samples):
                arrived.put(samples)
            return not abandoned.is_set()

        def synthesize() -> None:
            try:
                self._espeak.stream(piece, voice, sink, prosody=self._prosody)
                arrived.put(None)
            except BaseException as error:  # noqa: BLE001 - raised again by the listener
                arrived.put(error)

        thread = threading.Thread(target=synthesize, name="espeak", daemon=True)
        thread.start()
        try:
            while (item := arrived.get()) is not None:
                if isinstance(item, BaseException):
                    raise item
                yield Pcm(item, self._espeak.rate)
        finally:
            abandoned.set()
            thread.join()


def _pieces(text: str) -> Iterator[str]:
    """`text` in pieces of at most `LONGEST_PIECE` characters, cut where one may pause."""
    rest = " ".join(text.split())
    while len(rest) > LONGEST_PIECE:
        head = rest[:LONGEST_PIECE]
        ends = [match.end() for match in _PAUSE.finditer(head)]
        cut = ends[-1] if ends else head.rfind(" ") + 1 or LONGEST_PIECE
        yield rest[:cut].strip()
        rest = rest[cut:].strip()
    if rest:
        yield rest
