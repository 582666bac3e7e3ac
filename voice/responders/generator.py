"""Any chat model that CTranslate2 runs, in this process: Qwen, Ministral, Llama ...

Convert one with ``ct2-transformers-converter`` and copy `tokenizer.json` and
`tokenizer_config.json` beside it. It is asked greedily, for a bounded number of tokens
within a bounded time. What stands first in every dialogue of a language (persona, home)
is computed once: CTranslate2 keeps the state of the last such beginning.
"""

import contextlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from pathlib import Path
from typing import Any

import ctranslate2
from tokenizers import Tokenizer

from voice.dialogue import Message, Piece, Role, Tool, ToolCall
from voice.errors import ConfigError, Stage, StageError
from voice.responders.chat_templates import ChatTemplate

__all__ = ["GeneratorChat", "read_speech"]

LEAST_SHARED = 16
"""Tokens; a shorter beginning is not worth keeping."""

MOST_PREFIXES = 64
"""Beginnings of dialogues whose tokens are remembered."""

_THOUGHTS = ("<think>", "</think>")
_CALLS = (("<tool_call>", "</tool_call>"), ("[TOOL_CALLS]", ""))
"""What models put around thoughts and calls; Mistral's calls end with the answer."""

_UNFINISHED = "\N{REPLACEMENT CHARACTER}"
"""What a letter looks like of which a token has only the first bytes."""


def _timeless() -> float:
    return 0.0


class GeneratorChat:
    """Implements `voice.dialogue.ChatModel`.

    Args:
        generator: the loaded model.
        tokenizer: of the model.
        template: of the model.
        max_tokens: of an answer.
        deadline_s: after which an answer ends as it is.
        clock: seconds, monotonic; without one there is no deadline.
    """

    def __init__(
        self,
        generator: Any,
        tokenizer: Tokenizer,
        template: ChatTemplate,
        *,
        max_tokens: int = 300,
        deadline_s: float = 20.0,
        clock: Callable[[], float] = _timeless,
    ) -> None:
        self._generator = generator
        self._tokenizer = tokenizer
        self._template = template
        self._max_tokens = max_tokens
        self._deadline_s = deadline_s
        self._clock = clock
        self._prefixes: dict[tuple[Message, tuple[Tool, ...]], list[str]] = {}

    @classmethod
    def load(
        cls,
        directory: Path,
        *,
        device: str = "auto",
        compute_type: str = "default",
        threads: int = 1,
        max_tokens: int = 300,
        deadline_s: float = 20.0,
        clock: Callable[[], float] = _timeless,
    ) -> "GeneratorChat":
        """Load a model.

        Args:
            directory: a CTranslate2 model with its tokenizer and chat template.
            device: ``cpu``, ``cuda`` or ``auto``.
            compute_type: as CTranslate2 names it.
            threads: processor cores for one answer.
            max_tokens: of an answer.
            deadline_s: seconds after which an answer ends as it is.
            clock: seconds, monotonic; without one there is no deadline.

        Raises:
            ConfigError: a file is missing or broken.
        """
        path = directory / "tokenizer.json"
        if not path.is_file():
            raise ConfigError(
                f"{path}: is missing; copy it from the model that this one was"
                " converted from (ct2-transformers-converter --copy_files"
                " tokenizer.json tokenizer_config.json)"
            )
        template = ChatTemplate.load(directory)
        try:
            tokenizer = Tokenizer.from_file(str(path))
            generator = ctranslate2.Generator(
                str(directory),
                device=device,
                compute_type=compute_type,
                intra_threads=threads,
            )
        except Exception as error:
            # The tokenizer's errors have no class of their own.
            raise ConfigError(
                f"{directory}: cannot be loaded as a CTranslate2 language model"
                f" ({error})"
            ) from error
        return cls(
            generator,
            tokenizer,
            template,
            max_tokens=max_tokens,
            deadline_s=deadline_s,
            clock=clock,
        )

    def converse(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> Iterator[Piece]:
        """The next contribution of the assistant, piece by piece.

        Abandoning the iterator stops the model.

        Raises:
            StageError: it broke, or its call cannot be read.
        """
        return read_speech(self._texts(messages, tools))

    def _texts(
        self, messages: Sequence[Message], tools: Sequence[Tool]
    ) -> Generator[str, None, None]:
        """The answer as the model writes it, marks and all."""
        tokens = self._tokens(self._template.write(messages, tools))
        shared = self._shared(messages, tools)
        keeps = len(shared) >= LEAST_SHARED and tokens[: len(shared)] == shared
        end = self._template.marks.get("eos_token")
        deadline = self._clock() + self._deadline_s
        steps = self._generator.generate_tokens(
            tokens[len(shared) :] if keeps else tokens,
            max_length=self._max_tokens,
            sampling_topk=1,
            static_prompt=shared if keeps else None,
            cache_static_prompt=keeps,
            **({"end_token": [end]} if end else {}),
        )
        said: list[int] = []
        written = ""
        try:
            with contextlib.closing(steps):
                for step in steps:
                    if step.token == end or self._clock() > deadline:
                        return
                    said.append(step.token_id)
                    text = self._tokenizer.decode(said, skip_special_tokens=False)
                    if text.endswith(_UNFINISHED):
                        continue
                    yield text[len(written) :]
                    written = text
        except RuntimeError as error:
            raise StageError(Stage.RESPONSE, "model", str(error)) from error

    def _tokens(self, text: str) -> list[str]:
        return list(self._tokenizer.encode(text, add_special_tokens=False).tokens)

    def _shared(self, messages: Sequence[Message], tools: Sequence[Tool]) -> list[str]:
        """The tokens with which every dialogue begins that has this first message."""
        if not messages or messages[0].role is not Role.SYSTEM:
            return []
        key = messages[0], tuple(tools)
        if key not in self._prefixes:
            if len(self._prefixes) >= MOST_PREFIXES:
                self._prefixes.clear()
            first, second = (
                self._tokens(
                    self._template.write(
                        [messages[0], Message(role=Role.USER, text=text)], tools
                    )
                )
                for text in ("1", "a")
            )
            pairs = zip(first, second, strict=False)
            same = next((i for i, (a, b) in enumerate(pairs) if a != b), 0)
            self._prefixes[key] = first[:same]
        return self._prefixes[key]


def read_speech(texts: Generator[str, None, None]) -> Iterator[Piece]:
    """What is said and called in what a model writes; thoughts are left out.

    Args:
        texts: as they come; marks may be cut anywhere.

    Raises:
        StageError: ``malformed``: a call is not JSON, or is cut off.
    """
    opening = (_THOUGHTS[0], *(begin for begin, _ in _CALLS))
    kept, inside = "", ""
    calls = 0
    with contextlib.closing(texts):
        for text in texts:
            kept += text
            while True:
                if inside:
                    closing = dict((_THOUGHTS, *_CALLS))[inside]
                    body, found, rest = (
                        kept.partition(closing) if closing else ("",) * 3
                    )
                    if not found:
                        break
                    if inside != _THOUGHTS[0]:
                        for call in _calls(body, calls):
                            calls += 1
                            yield call
                    kept, inside = rest, ""
                    continue
                at, mark = min(
                    ((kept.find(m), m) for m in opening if m in kept), default=(-1, "")
                )
                if not mark:
                    ready = len(kept) - max(_overlap(kept, m) for m in opening)
                    if ready:
                        yield kept[:ready]
                    kept = kept[ready:]
                    break
                if at:
                    yield kept[:at]
                kept, inside = kept[at + len(mark) :], mark
    if not inside:
        if kept:
            yield kept
    elif inside != _THOUGHTS[0]:
        yield from _calls(kept, calls)


def _calls(text: str, before: int) -> Iterator[ToolCall]:
    """The calls in what stands between marks: one, or a list of them."""
    try:
        content = json.loads(text)
        # Half a character, which JSON can name, cannot be sent on.
        json.dumps(content, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise _malformed("a call that is no JSON") from error
    for number, call in enumerate(content if isinstance(content, list) else [content]):
        arguments = call.get("arguments", {}) if isinstance(call, dict) else None
        name = call.get("name") if isinstance(call, dict) else None
        if not isinstance(arguments, dict) or not isinstance(name, str) or not name:
            raise _malformed("a call without a name or arguments")
        yield ToolCall(
            id=f"call_{before + number}",
            name=name,
            arguments=json.dumps(arguments, ensure_ascii=False, sort_keys=True),
        )


def _overlap(text: str, mark: str) -> int:
    """How many letters at the end of `text` may begin `mark`."""
    longest = min(len(text), len(mark) - 1)
    sizes = range(longest, 0, -1)
    return next((size for size in sizes if text.endswith(mark[:size])), 0)


def _malformed(detail: str) -> StageError:
    return StageError(Stage.RESPONSE, "malformed", f"the language model: {detail}")
