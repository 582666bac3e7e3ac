"""A chat model in this process: asked by its own template, bounded, abandoned."""

import contextlib
import json
import time

import pytest

from tests.voice.responders.tiny_generator import TEMPLATE, write_tiny_generator
from voice.dialogue import Message, Role, Tool, ToolCall
from voice.errors import ConfigError, StageError
from voice.responders.chat_templates import ChatTemplate
from voice.responders.generator import GeneratorChat, read_speech

SYSTEM = Message(role=Role.SYSTEM, text="You are a voice assistant in a home.")
ASKED = Message(role=Role.USER, text="what is new")


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    return write_tiny_generator(tmp_path_factory.mktemp("generator"))


def answer(chat: GeneratorChat, *messages: Message) -> str:
    return "".join(map(str, chat.converse(messages, ())))


def test_an_answer_has_so_many_tokens_as_it_may(directory) -> None:
    chat = GeneratorChat.load(directory, max_tokens=12)
    pieces = list(chat.converse([SYSTEM, ASKED], ()))
    assert len(pieces) == 12
    assert all(isinstance(piece, str) and piece for piece in pieces)


def test_the_same_question_has_the_same_answer(directory) -> None:
    chat = GeneratorChat.load(directory, max_tokens=20)
    assert answer(chat, SYSTEM, ASKED) == answer(chat, SYSTEM, ASKED)


def test_what_was_kept_of_the_beginning_changes_no_answer(
    directory, monkeypatch
) -> None:
    keeping = GeneratorChat.load(directory, max_tokens=20)
    questions = [Message(role=Role.USER, text=text) for text in ("one", "two", "3")]
    kept = [answer(keeping, SYSTEM, question) for question in questions]
    monkeypatch.setattr("voice.responders.generator.LEAST_SHARED", 10_000)
    plain = GeneratorChat.load(directory, max_tokens=20)
    assert kept == [answer(plain, SYSTEM, question) for question in questions]
    assert len(set(kept)) > 1


def test_the_system_message_is_what_is_kept(directory) -> None:
    chat = GeneratorChat.load(directory, max_tokens=1)
    answer(chat, SYSTEM, ASKED)
    (kept,) = chat._prefixes.values()
    assert "".join(kept) == f"<system>{SYSTEM.text}<end><user>"


def test_an_answer_that_takes_too_long_ends(directory) -> None:
    chat = GeneratorChat.load(directory, max_tokens=5000, deadline_s=-1.0)
    assert answer(chat, ASKED) == ""


def test_an_abandoned_answer_stops_the_model(directory) -> None:
    chat = GeneratorChat.load(directory, max_tokens=100_000)
    begun = time.monotonic()
    with contextlib.closing(chat.converse([ASKED], ())) as pieces:
        assert next(pieces)
    answer(GeneratorChat.load(directory, max_tokens=1), ASKED)
    # All of them would take minutes.
    assert time.monotonic() - begun < 30


@pytest.mark.parametrize("missing", ["tokenizer.json", "tokenizer_config.json"])
def test_a_missing_file_is_named(tmp_path, missing) -> None:
    write_tiny_generator(tmp_path)
    (tmp_path / missing).unlink()
    with pytest.raises(ConfigError, match=missing):
        GeneratorChat.load(tmp_path)


def test_a_broken_model_is_named(tmp_path) -> None:
    write_tiny_generator(tmp_path)
    (tmp_path / "model.bin").write_bytes(b"nothing")
    with pytest.raises(ConfigError, match="CTranslate2"):
        GeneratorChat.load(tmp_path)


# --- Templates ----------------------------------------------------------------


def test_a_template_writes_the_dialogue_up_to_the_answer() -> None:
    template = ChatTemplate(TEMPLATE, {})
    assert template.write([SYSTEM, ASKED], ()) == (
        f"<system>{SYSTEM.text}<end><user>what is new<end><assistant>"
    )


def test_a_template_sees_tools_and_calls() -> None:
    source = "{{ tools | tojson }}{{ messages[0].tool_calls[0].function.arguments.n }}"
    call = ToolCall(id="1", name="dim", arguments='{"n": 3}')
    tool = Tool(name="dim", title="Dim", description="", schema="{}")
    said = Message(role=Role.ASSISTANT, calls=(call,))
    written = ChatTemplate(source, {}).write([said], [tool])
    assert json.loads(written[:-1])[0]["function"]["name"] == "dim"
    assert written.endswith("3")


def test_a_template_may_break_a_loop_and_say_how_it_wants_its_json() -> None:
    source = (
        "{% for m in messages %}{{ m | tojson(sort_keys=True, ensure_ascii=True) }}"
        "{% break %}{% endfor %}"
    )
    asked = Message(role=Role.USER, text="é")
    written = ChatTemplate(source, {}).write([asked, ASKED], ())
    assert written == '{"content": "\\u00e9", "role": "user"}'


def test_a_list_in_place_of_the_template_is_refused(tmp_path) -> None:
    (tmp_path / "tokenizer_config.json").write_text("[]")
    with pytest.raises(ConfigError, match="no usable chat template"):
        ChatTemplate.load(tmp_path)


def test_a_template_that_refuses_is_an_error_of_the_stage() -> None:
    template = ChatTemplate("{{ raise_exception('no system messages') }}", {})
    with pytest.raises(StageError, match="no system messages"):
        template.write([SYSTEM], ())


def test_a_template_cannot_reach_out_of_its_sandbox() -> None:
    template = ChatTemplate("{{ ''.__class__.__mro__ }}", {})
    with pytest.raises(StageError):
        template.write([ASKED], ())


# --- What models write --------------------------------------------------------


def read(text: str, size: int) -> list[object]:
    parts = (text[i : i + size] for i in range(0, len(text), size))
    found: list[object] = []
    for piece in read_speech(parts):
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        else:
            found.append(piece)
    return found


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize(
    ("written", "pieces"),
    [
        ("All good.", ["All good."]),
        ("1 < 2 [x]", ["1 < 2 [x]"]),
        ("<think>hm</think>Yes.", ["Yes."]),
        ("<think>never ends", []),
        (
            'Now.<tool_call>{"name": "dim", "arguments": {"n": 3}}</tool_call>',
            ["Now.", ToolCall(id="call_0", name="dim", arguments='{"n": 3}')],
        ),
        (
            '[TOOL_CALLS][{"name": "a"}, {"name": "b"}]',
            [
                ToolCall(id="call_0", name="a", arguments="{}"),
                ToolCall(id="call_1", name="b", arguments="{}"),
            ],
        ),
    ],
)
def test_thoughts_are_left_out_and_calls_taken_apart(size, written, pieces) -> None:
    assert read(written, size) == pieces


@pytest.mark.parametrize(
    "written",
    [
        "<tool_call>{",
        '<tool_call>{"name": 3}</tool_call>',
        "[TOOL_CALLS]x",
        "[TOOL_CALLS]" + "[" * 20_000,
        r'[TOOL_CALLS][{"name": "a", "arguments": {"b": "\ud83d"}}]',
    ],
)
def test_a_garbled_call_is_an_error(written) -> None:
    with pytest.raises(StageError):
        read(written, 1000)
