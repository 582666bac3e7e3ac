"""The chat completions of OpenAI's API, which vLLM, llama.cpp and Ollama speak too.

Values to the body of a request, and the bytes of a streamed answer back to values.
Servers differ in details, so little is demanded of them, but nothing that is cut off
or garbled is taken for a whole answer.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from voice.chat_format import described, said
from voice.dialogue import Message, Piece, Tool, ToolCall
from voice.errors import Stage, StageError

__all__ = ["LONGEST_LINE", "AnswerReader", "request"]

LONGEST_LINE = 262_144
"""Bytes of one event; a server that sends more is not listened to any longer."""

LONGEST_ARGUMENTS = 16_384
"""Characters of the arguments of one call."""

MOST_CALLS = 16
"""In one answer."""

_THINKING, _THOUGHT = "<think>", "</think>"
"""Around what some models say to themselves, as part of the text."""


def request(
    model: str,
    messages: Sequence[Message],
    tools: Sequence[Tool],
    *,
    max_tokens: int,
    temperature: float,
) -> dict[str, Any]:
    """The body of a request; equal beginnings of dialogues give equal beginnings."""
    body: dict[str, Any] = {
        "model": model,
        "messages": [said(message) for message in messages],
        "stream": True,
        "max_tokens": max_tokens,
        "temperature": temperature,
    }
    if tools:
        body["tools"] = [described(tool) for tool in tools]
    return body


@dataclass(slots=True)
class _Call:
    """A call, as far as it has come."""

    id: str = ""
    name: str = ""
    arguments: str = ""


class _Aloud:
    """The text without the thoughts in it, which may be cut anywhere."""

    def __init__(self) -> None:
        self._thinking = False
        self._kept = ""

    def feed(self, text: str) -> str:
        """What of the text so far can be said."""
        self._kept += text
        said = ""
        while True:
            mark = _THOUGHT if self._thinking else _THINKING
            before, found, after = self._kept.partition(mark)
            if not found:
                break
            said += "" if self._thinking else before
            self._kept, self._thinking = after, not self._thinking
        begun = _overlap(self._kept, mark)
        ready = self._kept[: len(self._kept) - begun]
        self._kept = self._kept[len(ready) :]
        return said if self._thinking else said + ready

    def rest(self) -> str:
        """What was held back because a mark could have begun with it."""
        kept, self._kept = self._kept, ""
        return "" if self._thinking else kept


@dataclass(slots=True)
class AnswerReader:
    """Reads server-sent events.

    Every method may raise `StageError` with the reason ``malformed``, ``cut_off`` or
    ``refused``.
    """

    _rest: bytes = b""
    _data: list[str] = field(default_factory=list)
    _calls: dict[int, _Call] = field(default_factory=dict)
    _text: _Aloud = field(default_factory=_Aloud)
    _finished: bool = False
    over: bool = False
    """Whether the server said that nothing more comes."""

    def feed(self, data: bytes) -> list[str]:
        """The text that `data` completes."""
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            raise _fault("malformed", "an event without an end")
        return [text for line in lines for text in self._line(line) if text]

    def finish(self) -> list[Piece]:
        """What is left when no more bytes come: the calls, which are whole by now."""
        pieces: list[Piece] = list(filter(None, self._line(self._rest)))
        pieces += filter(None, self._event())
        if not (self._finished or self.over):
            raise _fault("cut_off", "the answer has no end")
        pieces += filter(None, [self._text.rest()])
        pieces += [self._whole(call) for _, call in sorted(self._calls.items())]
        return pieces

    def _line(self, line: bytes) -> Iterator[str]:
        line = line.removesuffix(b"\r")
        if len(line) > LONGEST_LINE:
            raise _fault("malformed", "an event that is too long")
        if not line:
            yield from self._event()
            return
        try:
            name, _, value = line.decode("utf-8").partition(":")
        except UnicodeDecodeError as error:
            raise _fault("malformed", "no UTF-8") from error
        if name == "data":
            self._data.append(value.removeprefix(" "))
            if sum(map(len, self._data)) > LONGEST_LINE:
                raise _fault("malformed", "an event that is too long")
        elif name == "error":
            raise _fault("refused", "the server reports an error")

    def _event(self) -> Iterator[str]:
        data, self._data = "\n".join(self._data), []
        if not data or self.over:
            return
        if data.strip() == "[DONE]":
            self.over = True
            return
        try:
            chunk = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise _fault("malformed", "no JSON") from error
        yield from self._chunk(chunk)

    def _chunk(self, chunk: Any) -> Iterator[str]:
        if not isinstance(chunk, dict):
            raise _fault("malformed", "no object")
        if chunk.get("error"):
            raise _fault("refused", "the server reports an error")
        choices = chunk.get("choices") or []
        if not isinstance(choices, list) or not all(
            isinstance(choice, dict) for choice in choices
        ):
            raise _fault("malformed", "no choices")
        for choice in choices[:1]:
            delta = choice.get("delta") or {}
            if not isinstance(delta, dict):
                raise _fault("malformed", "no delta")
            if delta.get("refusal") or choice.get("finish_reason") == "content_filter":
                raise _fault("refused", "the model does not want to")
            text = delta.get("content")
            if isinstance(text, str):
                # Half a character, which JSON can name, cannot be sent on.
                whole = text.encode("utf-8", "ignore").decode("utf-8")
                yield self._text.feed(whole)
            elif text is not None:
                raise _fault("malformed", "content that is no text")
            self._collect(delta.get("tool_calls") or ())
            self._finished |= choice.get("finish_reason") is not None

    def _collect(self, parts: Any) -> None:
        if not isinstance(parts, list | tuple):
            raise _fault("malformed", "no list of calls")
        for position, part in enumerate(parts):
            function = part.get("function") if isinstance(part, Mapping) else None
            if not isinstance(function, Mapping):
                raise _fault("malformed", "a call of nothing")
            number = part.get("index", position)
            if not isinstance(number, int) or not 0 <= number < MOST_CALLS:
                raise _fault("malformed", "too many calls")
            call = self._calls.setdefault(number, _Call())
            call.id = call.id or str(part.get("id") or "")
            call.name = call.name or str(function.get("name") or "")
            call.arguments += str(function.get("arguments") or "")
            if len(call.arguments) > LONGEST_ARGUMENTS:
                raise _fault("malformed", "arguments without an end")

    @staticmethod
    def _whole(call: _Call) -> ToolCall:
        try:
            arguments = json.loads(call.arguments or "{}")
            # Written anew, so that equal calls are equal values.
            text = json.dumps(arguments, ensure_ascii=False, sort_keys=True)
            # Half a character, which JSON can name, cannot be sent on.
            f"{call.id}{call.name}{text}".encode()
        except (ValueError, RecursionError) as error:
            raise _fault("malformed", "arguments that are no JSON") from error
        if not call.name or not isinstance(arguments, dict):
            raise _fault("malformed", "a call without a name or arguments")
        return ToolCall(id=call.id or call.name, name=call.name, arguments=text)


def _overlap(text: str, mark: str) -> int:
    """How many letters at the end of `text` may begin `mark`."""
    longest = min(len(text), len(mark) - 1)
    sizes = range(longest, 0, -1)
    return next((size for size in sizes if text.endswith(mark[:size])), 0)


def _fault(reason: str, detail: str) -> StageError:
    return StageError(Stage.RESPONSE, reason, f"the language model: {detail}")
