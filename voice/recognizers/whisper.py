"""Any CTranslate2 Whisper directory as a recogniser, with short windows and one greedy decode.

faster-whisper loads the directory; its `transcribe` is not used, because it pads every
clip to 30 s and may decode it six times. Here audio is padded to the next window that
the model was made for, encoded once, and the encoder's output serves both to tell the
language and to write the text.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import ctranslate2
import numpy as np
import numpy.typing as npt
from faster_whisper import WhisperModel

from voice.audio import HEARING_RATE, Pcm
from voice.errors import ConfigError, Stage, StageError
from voice.languages import canonical
from voice.recognizers.bounds import (
    LONGEST_S,
    SHORTEST_S,
    check,
    holds_nothing,
    holds_words,
    nothing,
    repeats,
)
from voice.stages import Transcript

__all__ = ["Hearing", "WhisperRecognizer"]

REQUIRED_FILES = {
    "model.bin": "convert the model with ct2-transformers-converter",
    "config.json": "convert the model with ct2-transformers-converter",
    "tokenizer.json": "copy it from the model it was converted from"
    " (--copy_files tokenizer.json preprocessor_config.json)",
    "preprocessor_config.json": "copy it from the model it was converted from"
    " (--copy_files tokenizer.json preprocessor_config.json)",
}
"""What the directory must hold, and where to get it."""

_TOKENS_AT_LEAST, _TOKENS_PER_SECOND, _TOKENS_AT_MOST = 8, 12, 224
_SEAM_S = 0.1

MOST_BEAMS = 20
"""Beyond it there is only cost."""

Audio = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hearing:
    """How a model wants to be used; `parley.json` beside it says so.

    Without that file the values are those of a stock Whisper.
    """

    windows_s: tuple[float, ...] = (LONGEST_S,)
    """Lengths of audio it was trained on, rising. Shorter audio is followed by zeros."""
    languages: tuple[str, ...] = ()
    """What it can write; empty for every language of its vocabulary."""
    beams: int = 1
    """Texts that it weighs at the same time; 1 is greedy."""
    no_speech: float = 0.6
    """From this probability on there were no words, if the text is doubtful too."""
    no_speech_alone: float = 0.95
    """From this probability on there were no words, whatever the text."""
    doubtful: float = 0.37
    """Below this confidence the text is doubtful."""

    @classmethod
    def beside(cls, directory: Path) -> "Hearing":
        """Read `parley.json`.

        Raises:
            ConfigError: it is damaged or holds an unknown key.
        """
        path = directory / "parley.json"
        if not path.is_file():
            return cls()
        try:
            values: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            fields: dict[str, Any] = {
                key: tuple(value) if isinstance(value, list) else value
                for key, value in values.items()
            }
            hearing = cls(**fields)
        except (AttributeError, TypeError, ValueError) as error:
            raise ConfigError(
                f"{path}: {error}; restore the file that came with the model"
            ) from error
        hearing.check(path)
        return hearing

    def check(self, path: Path) -> None:
        """Raise ConfigError when the windows or the beams cannot be used."""
        ascending = tuple(sorted(set(self.windows_s)))
        if not ascending or ascending != self.windows_s:
            raise ConfigError(f"{path}: windows_s must be rising numbers of seconds")
        if ascending[0] < SHORTEST_S or ascending[-1] > LONGEST_S:
            raise ConfigError(f"{path}: windows_s must lie between 0.1 and 30 s")
        if not 1 <= self.beams <= MOST_BEAMS:
            raise ConfigError(f"{path}: beams must lie between 1 and {MOST_BEAMS}")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """What one window gave."""

    text: str
    log_probability: float
    """Sum over the tokens."""
    tokens: int
    no_speech: float


class WhisperRecognizer:
    """Speech to text by one model; build it with `load`.

    Args:
        model: as faster-whisper loaded it.
        hearing: how the model wants to be used.
        languages: to use; all of the model's if empty.
    """

    def __init__(
        self, model: WhisperModel, hearing: Hearing, languages: Sequence[str] = ()
    ) -> None:
        self._whisper = model.model
        self._extract = model.feature_extractor
        self._tokenizer = model.hf_tokenizer
        self._hearing = hearing
        self._codes = _vocabulary_languages(model)
        known = hearing.languages or tuple(self._codes)
        self._languages = tuple(languages) or known
        if unknown := sorted(set(self._languages) - set(known)):
            raise ConfigError(
                f"the model does not write {', '.join(unknown)}; it writes {', '.join(known)}"
            )

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        device: Literal["auto", "cpu", "cuda"] = "auto",
        compute_type: str = "default",
        threads: int = 1,
        languages: Sequence[str] = (),
    ) -> "WhisperRecognizer":
        """Load a directory; nothing is ever fetched from elsewhere.

        Args:
            directory: with model.bin, config.json, vocabulary.json (or .txt),
                tokenizer.json, preprocessor_config.json and perhaps parley.json.
            device: "auto" takes CUDA where there is one.
            compute_type: of CTranslate2, e.g. "int8" or "float16".
            threads: for one transcription on a CPU.
            languages: the ones to use; all of the model's if empty.

        Raises:
            ConfigError: a file is missing or damaged, or the device is not there.
        """
        _check_files(directory)
        hearing = Hearing.beside(directory)
        try:
            model = WhisperModel(
                str(directory),
                device=device,
                compute_type=compute_type,
                cpu_threads=threads,
                local_files_only=True,
            )
        except (RuntimeError, ValueError, OSError) as error:
            raise ConfigError(
                f"{directory}: cannot be loaded as a CTranslate2 Whisper model on"
                f" {device} with {compute_type} ({error})"
            ) from error
        mels = model.feature_extractor.mel_filters.shape[0]
        if mels != model.model.n_mels:
            raise ConfigError(
                f"{directory / 'preprocessor_config.json'}: feature_size is {mels},"
                f" but the model takes {model.model.n_mels} mel bands"
            )
        return cls(model, hearing, languages)

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of what it can write."""
        return self._languages

    @property
    def windows_s(self) -> tuple[float, ...]:
        """The lengths of audio that it is given."""
        return self._hearing.windows_s

    def transcribe(self, pcm: Pcm, candidates: Sequence[str]) -> Transcript:
        """Put one utterance into words.

        Args:
            pcm: 16 kHz, up to 30 s.
            candidates: the languages it may be in, at least one, all supported.

        Raises:
            StageError: ``unsupported_language``, ``wrong_rate``, ``too_long`` or
                ``crashed``.
        """
        check(pcm, candidates, self._languages)
        if holds_nothing(pcm):
            return nothing(candidates)
        try:
            return self._transcribe(pcm.to_floats(), candidates)
        except (RuntimeError, ValueError) as error:
            raise StageError(Stage.RECOGNITION, "crashed", str(error)) from error

    def _transcribe(self, audio: Audio, candidates: Sequence[str]) -> Transcript:
        first, *rest = _parts(audio, self.windows_s[-1])
        encoded = self._encode(first, self._window(len(first)))
        language, probability = self._language(encoded, candidates)
        pieces = [self._piece(first, language, encoded)]
        pieces += [self._piece(part, language) for part in rest]
        said = [piece for piece in pieces if not self._is_phantom(piece)]
        return Transcript(
            text=" ".join(piece.text for piece in said),
            language=language,
            language_probability=probability,
            confidence=_confidence(said or pieces),
            no_speech=min(piece.no_speech for piece in said or pieces),
        )

    def _piece(
        self,
        audio: Audio,
        language: str,
        encoded: ctranslate2.StorageView | None = None,
    ) -> _Piece:
        if encoded is None:
            encoded = self._encode(audio, self._window(len(audio)))
        piece = self._write(encoded, language, len(audio))
        longest = round(self.windows_s[-1] * HEARING_RATE)
        if repeats(piece.text) and self._window(len(audio)) < longest:
            # A loop often ends when the end of the speech lies elsewhere in the window.
            piece = self._write(self._encode(audio, longest), language, len(audio))
        return piece

    def _window(self, samples: int) -> int:
        """Samples of the shortest window that holds so many."""
        sizes = [round(seconds * HEARING_RATE) for seconds in self.windows_s]
        return next(size for size in sizes if size >= samples)

    def _encode(self, audio: Audio, window: int) -> ctranslate2.StorageView:
        # A window with as many frames as there are mel bands would be taken for
        # features that are not encoded yet, and encoded twice.
        frame = 2 * self._extract.hop_length
        if window // frame == self._whisper.n_mels:
            window += 5 * frame
        padded = np.pad(audio, (0, window - len(audio)))
        features = self._extract(padded, padding=0).astype(np.float32)
        view = ctranslate2.StorageView.from_array(np.ascontiguousarray(features[None]))
        return self._whisper.encode(view, to_cpu=False)

    def _language(
        self, encoded: ctranslate2.StorageView, candidates: Sequence[str]
    ) -> tuple[str, float]:
        if len(candidates) == 1:
            return candidates[0], 1.0
        (ranking,) = self._whisper.detect_language(encoded)
        chances = {token[2:-2]: chance for token, chance in ranking}
        of_candidates = {
            tag: chances.get(self._codes.get(tag, tag), 0.0) for tag in candidates
        }
        total = sum(of_candidates.values())
        best = max(of_candidates, key=lambda tag: of_candidates[tag])
        return best, of_candidates[best] / total if total else 1 / len(candidates)

    def _write(
        self, encoded: ctranslate2.StorageView, language: str, samples: int
    ) -> _Piece:
        prompt = ["<|startoftranscript|>"]
        if self._whisper.is_multilingual:
            code = self._codes.get(language, language)
            prompt += [f"<|{code}|>", "<|transcribe|>"]
        prompt.append("<|notimestamps|>")
        seconds = samples / HEARING_RATE
        most = min(
            _TOKENS_AT_LEAST + math.ceil(_TOKENS_PER_SECOND * seconds), _TOKENS_AT_MOST
        )
        (result,) = self._whisper.generate(
            encoded,
            [prompt],
            beam_size=self._hearing.beams,
            # CTranslate2 writes at most half of this many tokens.
            max_length=2 * most,
            return_scores=True,
            return_no_speech_prob=True,
        )
        tokens = result.sequences_ids[0]
        return _Piece(
            text=self._tokenizer.decode(tokens, skip_special_tokens=True).strip(),
            log_probability=result.scores[0] * len(tokens),
            tokens=len(tokens) + 1,
            no_speech=result.no_speech_prob,
        )

    def _is_phantom(self, piece: _Piece) -> bool:
        """Whether the text was made up where nobody spoke."""
        gates = self._hearing
        return (
            not holds_words(piece.text)
            or piece.no_speech >= gates.no_speech_alone
            or (
                piece.no_speech >= gates.no_speech
                and _confidence([piece]) < gates.doubtful
            )
        )


def _check_files(directory: Path) -> None:
    if not directory.is_dir():
        raise ConfigError(f"{directory}: there is no such directory of a recogniser")
    for name, fix in REQUIRED_FILES.items():
        if not (directory / name).is_file():
            raise ConfigError(f"{directory / name}: is missing; {fix}")
    if not any((directory / f"vocabulary.{end}").is_file() for end in ("json", "txt")):
        raise ConfigError(
            f"{directory / 'vocabulary.json'}: is missing;"
            f" {REQUIRED_FILES['model.bin']}"
        )


def _vocabulary_languages(model: WhisperModel) -> dict[str, str]:
    """Tag to the model's own code, of the languages that have a token of their own.

    A stock Whisper calls Bokmål "no". A language that Parley does not know keeps its
    code for a tag.
    """
    if not model.model.is_multilingual:
        return {"en": "en"}
    first = model.hf_tokenizer.token_to_id("<|startoftranscript|>")
    last = model.hf_tokenizer.token_to_id("<|translate|>")
    tokens = (model.hf_tokenizer.id_to_token(n) for n in range(first + 1, last))
    codes: dict[str, str] = {}
    for token in tokens:
        codes.setdefault(canonical(token[2:-2]) or token[2:-2], token[2:-2])
    return codes


def _parts(audio: Audio, longest_s: float) -> list[Audio]:
    """`audio` cut where it is quietest into parts that fit the longest window."""
    longest, seam = round(longest_s * HEARING_RATE), round(_SEAM_S * HEARING_RATE)
    parts: list[Audio] = []
    while len(audio) > longest:
        # The later half is searched, so that every part is worth its window.
        steps = audio[longest // 2 : longest]
        steps = steps[: len(steps) // seam * seam].reshape(-1, seam)
        quietest = int((steps**2).mean(axis=1).argmin())
        cut = longest // 2 + quietest * seam + seam // 2
        parts.append(audio[:cut])
        audio = audio[cut:]
    return [*parts, audio]


def _confidence(pieces: Sequence[_Piece]) -> float:
    total = sum(piece.log_probability for piece in pieces)
    return min(1.0, math.exp(total / sum(piece.tokens for piece in pieces)))
