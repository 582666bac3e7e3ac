"""The model's own small vocabulary, laid out as CTranslate2 and faster-whisper expect a multilingual Whisper's.

text pieces, "" , <|endoftext|>, <|startoftranscript|>, one token per language, then the six tokens of Whisper's tasks.
The empty string marks a multilingual vocabulary; the number of languages follows from the distance between two tokens.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers, trainers

END, START, NO_SPEECH = "<|endoftext|>", "<|startoftranscript|>", "<|nospeech|>"
TRANSCRIBE, NO_TIMES = "<|transcribe|>", "<|notimestamps|>"


def special_tokens(languages: Sequence[str]) -> list[str]:
    """Whisper's special tokens in their order."""
    return [
        END,
        START,
        *(f"<|{language}|>" for language in languages),
        "<|translate|>",
        TRANSCRIBE,
        "<|startoflm|>",
        "<|startofprev|>",
        NO_SPEECH,
        NO_TIMES,
    ]


def train_tokenizer(
    lines: Iterable[str], languages: Sequence[str], pieces: int
) -> Tokenizer:
    """Byte-level BPE with `pieces` text tokens learnt from `lines`, and the special tokens after them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=pieces,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(lines, trainer)
    state = json.loads(tokenizer.to_str())
    vocabulary = state["model"]["vocab"]
    vocabulary[""] = len(vocabulary)
    tokenizer = Tokenizer.from_str(json.dumps(state))
    tokenizer.add_special_tokens(
        [
            AddedToken(token, normalized=False, special=True)
            for token in special_tokens(languages)
        ]
    )
    return tokenizer


@dataclass(frozen=True)
class Vocabulary:
    """Every inventory a model is trained with.

    Attributes:
        tokenizer: text pieces and special tokens.
        languages: in the order of their tokens.
        letters: of the CTC head; number 0 is the blank.
        phonemes: of the frame head; number 0 is silence, and the blank where times are unknown.
    """

    tokenizer: Tokenizer
    languages: tuple[str, ...]
    letters: tuple[str, ...]
    phonemes: tuple[str, ...]

    def token(self, text: str) -> int:
        """The number of a token."""
        number = self.tokenizer.token_to_id(text)
        assert number is not None, text
        return int(number)

    def tokens(self) -> list[str]:
        """All tokens by number."""
        by_number = {
            number: token for token, number in self.tokenizer.get_vocab().items()
        }
        return [by_number[number] for number in range(len(by_number))]

    def prompt(self, language: str) -> list[int]:
        """What the decoder is given before the first piece of text."""
        return [
            self.token(token)
            for token in (START, f"<|{language}|>", TRANSCRIBE, NO_TIMES)
        ]

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` and `inventory.json`."""
        self.tokenizer.save(str(folder / "tokenizer.json"))
        inventory = {
            "languages": self.languages,
            "letters": self.letters,
            "phonemes": self.phonemes,
        }
        (folder / "inventory.json").write_text(
            json.dumps(inventory, ensure_ascii=False), encoding="utf-8"
        )

    @classmethod
    def load(cls, folder: Path) -> "Vocabulary":
        """What `save` wrote."""
        inventory = json.loads((folder / "inventory.json").read_text(encoding="utf-8"))
        return cls(
            Tokenizer.from_file(str(folder / "tokenizer.json")),
            *(tuple(inventory[key]) for key in ("languages", "letters", "phonemes")),
        )
