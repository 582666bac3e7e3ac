"""From a dialogue to the text that a model was trained to continue.

Every chat model brings a template of its own, in Jinja: in `tokenizer_config.json`, or
beside it in `chat_template.jinja`. It is a program from outside, so it runs in Jinja's
sandbox, in which it can read what it is given and write text.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from voice.chat_format import described, said
from voice.dialogue import Message, Tool
from voice.errors import ConfigError, Stage, StageError

__all__ = ["ChatTemplate"]

_MARKS = ("bos_token", "eos_token", "unk_token", "pad_token")


class ChatTemplate:
    """Writes dialogues as one model reads them.

    Args:
        source: the template.
        marks: special tokens by the names that templates use.
    """

    def __init__(self, source: str, marks: Mapping[str, str]) -> None:
        # With the extension, the filter and the function that templates are written for.
        sandbox = ImmutableSandboxedEnvironment(
            trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"]
        )
        sandbox.filters["tojson"] = _to_json
        sandbox.globals["raise_exception"] = _refuse
        self._template = sandbox.from_string(source)
        self.marks = dict(marks)

    @classmethod
    def load(cls, directory: Path) -> "ChatTemplate":
        """Read the template of a model.

        Raises:
            ConfigError: there is none, or it cannot be read.
        """
        path = directory / "tokenizer_config.json"
        try:
            content = json.loads(path.read_text("utf-8")) if path.is_file() else {}
            beside = directory / "chat_template.jinja"
            if beside.is_file():
                source: Any = beside.read_text("utf-8")
            else:
                source = content.get("chat_template")
            marks = {mark: _content(content.get(mark)) for mark in _MARKS}
            if isinstance(source, list):
                named = {str(entry["name"]): entry["template"] for entry in source}
                source = named.get("default")
            if not isinstance(source, str):
                raise ConfigError(
                    f"{path}: has no chat_template; copy tokenizer_config.json (or"
                    " chat_template.jinja) from the model that this one was converted"
                    " from"
                )
            return cls(source, marks)
        except (
            *(OSError, ValueError, KeyError, TypeError, AttributeError),
            TemplateError,
        ) as error:
            raise ConfigError(f"{path}: no usable chat template: {error}") from error

    def write(self, messages: Sequence[Message], tools: Sequence[Tool]) -> str:
        """The dialogue, up to where the assistant begins.

        Raises:
            StageError: the template has no place for such a dialogue.
        """
        try:
            return self._template.render(
                messages=[said(message, arguments=json.loads) for message in messages],
                tools=[described(tool) for tool in tools] or None,
                add_generation_prompt=True,
                **self.marks,
            )
        except (TemplateError, TypeError, ValueError) as error:
            raise StageError(
                Stage.RESPONSE, "template", f"the model's chat template: {error}"
            ) from error


def _content(mark: Any) -> str:
    """Marks are texts, or tables with the text in them."""
    return str(mark.get("content", "") if isinstance(mark, dict) else mark or "")


def _to_json(value: Any, **how: Any) -> str:
    return json.dumps(value, **{"ensure_ascii": False, **how})


def _refuse(reason: str) -> str:
    raise TemplateError(reason)
