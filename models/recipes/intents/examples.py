"""From commands to what the network reads and should answer."""

import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from models.recipes.intents.bending import Manners, interrupted, nonsense
from models.recipes.intents.commands import Command, Word
from models.recipes.intents.confusions import Confusions
from models.recipes.intents.hearing import Heard, aligned
from models.recipes.intents.pools import Pool
from voice.responders.grammar import GRAMMAR_LANGUAGES
from voice.responders.pointing import (
    ANSWER,
    END,
    MOST_WORDS,
    NONE,
    fixed_token,
    intent_token,
    language_token,
    prompt,
    slot_token,
    word_token,
)

__all__ = ["Codec", "Example", "Mixture", "answer"]

PADDING = "<pad>"


def answer(command: Command) -> list[str]:
    """The tokens that should follow the prompt; `NONE` where a slot is in pieces."""
    if not command.intent or len(command.words) > MOST_WORDS:
        return [NONE, END]
    spans = {slot: command.span(slot) for slot in command.open_slots}
    tokens = [intent_token(command.intent)]
    for slot in sorted({*spans, *command.fixed}):
        if slot in command.fixed:
            tokens.append(fixed_token(slot, command.fixed[slot]))
            continue
        span = spans[slot]
        if span is None:
            return [NONE, END]
        tokens += [slot_token(slot), word_token(span[0]), word_token(span[1])]
    return [*tokens, END]


@dataclass(frozen=True, slots=True)
class Example:
    """Token numbers, and where the answer begins."""

    tokens: np.ndarray
    """int64, prompt and answer."""
    prompt: int
    """How many of them are the prompt."""


class Codec:
    """Words to token numbers: the answers first, then the pieces of words."""

    def __init__(self, answers: Sequence[str], tokenizer: Tokenizer) -> None:
        self.answers = tuple(answers)
        self.tokenizer = tokenizer
        pieces = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
        self.tokens = (*self.answers, *(piece for piece, _ in pieces))
        self._numbers = {token: number for number, token in enumerate(self.tokens)}
        self._known: dict[str, list[str]] = {}

    @classmethod
    def learn(cls, pools: Iterable[Pool], pieces: int) -> "Codec":
        """What the answers and the commonest pieces of words are.

        Args:
            pools: of all languages; those with a list of words add it.
            pieces: how many.
        """
        pools = list(pools)
        answers = {
            token
            for pool in pools
            for command in (*pool.commands, *pool.test)
            for token in answer(command)
        }
        numbered = [word_token(number) for number in range(MOST_WORDS)]
        named = sorted(answers - {NONE, END, *numbered})
        languages = sorted(language_token(pool.language) for pool in pools)
        tokenizer = Tokenizer(models.BPE())
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(
            add_prefix_space=False, use_regex=False
        )
        tokenizer.decoder = decoders.ByteLevel()
        trainer = trainers.BpeTrainer(
            vocab_size=pieces,
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        )
        tokenizer.train_from_iterator(_words(pools), trainer)
        return cls(
            [PADDING, END, NONE, ANSWER, *numbered, *languages, *named], tokenizer
        )

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags in which it can be asked."""
        return tuple(
            tag for tag in GRAMMAR_LANGUAGES if language_token(tag) in self._numbers
        )

    def pieces(self, word: str) -> list[str]:
        """The tokens of a word."""
        if word not in self._known:
            self._known[word] = list(self.tokenizer.encode(word).tokens)
        return self._known[word]

    def prompt(self, command: Command) -> list[str]:
        """What the network is asked."""
        words = [word.text for word in command.words]
        return prompt(words, command.language, self.pieces)

    def example(self, command: Command) -> Example:
        """A command with its answer."""
        asked = self.prompt(command)
        told = [t if t in self._numbers else NONE for t in answer(command)]
        numbers = [self._numbers[token] for token in (*asked, *told)]
        return Example(np.array(numbers, np.int64), len(asked))

    def save(self, folder: Path) -> None:
        """Write what `load` reads."""
        self.tokenizer.save(str(folder / "tokenizer.json"))
        (folder / "answers.txt").write_text("\n".join(self.answers), "utf-8")

    @classmethod
    def load(cls, folder: Path) -> "Codec":
        """What `save` wrote."""
        answers = (folder / "answers.txt").read_text("utf-8").split("\n")
        return cls(answers, Tokenizer.from_file(str(folder / "tokenizer.json")))


def _words(pools: Iterable[Pool]) -> Iterator[str]:
    for pool in pools:
        for command in pool.commands:
            yield from (word.text for word in command.words)
        yield from pool.frequent[:2000]


class Mixture:
    """What is learned from, in random order.

    Args:
        pools: by language.
        heard: what a recogniser made of commands.
        sentences: speech that asks for nothing, by language.
        confusions: for everything else.
    """

    def __init__(
        self,
        pools: Mapping[str, Pool],
        *,
        heard: Sequence[Heard] = (),
        sentences: Mapping[str, Sequence[str]] | None = None,
        confusions: Confusions,
    ) -> None:
        self._pools = pools
        self._sentences = sentences or {}
        self._confusions = confusions
        self._manners = {language: Manners.of(language) for language in pools}
        self._heard: dict[str, list[Heard]] = {}
        for pair in heard:
            if pair.text:
                self._heard.setdefault(pair.command.language, []).append(pair)
        # Where there is more to learn from, more is learned.
        self._languages = [*pools, *(tag for tag in self._heard for _ in range(2))]

    def command(self, rng: random.Random) -> Command:
        """The next one; a quarter are no commands."""
        language = rng.choice(self._languages)
        kind = rng.random()
        if kind < 0.1 and language in self._heard:
            pair = rng.choice(self._heard[language])
            return aligned(pair.command, pair.text)
        pool, manners = self._pools[language], self._manners[language]
        command = rng.choice(pool.commands)
        if kind < 0.78:
            if rng.random() < 0.5:
                command = manners.bent(command, rng)
        elif kind < 0.84:
            command = interrupted(command, rng)
        elif kind < 0.87:
            command = manners.denied(command, rng)
        elif kind < 0.94 and self._sentences.get(language):
            command = _cut(rng.choice(self._sentences[language]), language, rng)
        else:
            command = nonsense(command, pool.frequent, rng)
        strength = rng.choice((0.0, 0.0, 0.3, 0.6, 1.0))
        return self._confusions.misheard(command, rng, strength)


def _cut(sentence: str, language: str, rng: random.Random) -> Command:
    """A piece of a sentence that somebody read aloud."""
    words = sentence.split()
    count = rng.randint(min(2, len(words)), min(len(words), 12))
    first = rng.randint(0, len(words) - count)
    kept = tuple(Word(word) for word in words[first : first + count])
    return Command(language, kept, "")
