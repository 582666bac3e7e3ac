"""A real server in another process, which answers well, badly, slowly or not at all."""

import asyncio
import contextlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

httpx = pytest.importorskip("httpx", reason="the extra llm is not installed")

from streaming.chat import LONGEST_REPLY, ChatServer, ServedChat  # noqa: E402
from streaming.protocols.chat_completions import AnswerReader  # noqa: E402
from streaming.workers import Priority  # noqa: E402
from voice.dialogue import Message, Role, Tool, ToolCall  # noqa: E402
from voice.errors import Stage, StageError  # noqa: E402

ROOT = Path(__file__).parents[2]

TOOL = Tool(
    name="ring",
    title="Ring the bell",
    description="Rings.",
    schema='{"type": "object", "properties": {"times": {"type": "integer"}}}',
)


@pytest.fixture(scope="module")
def server():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.streaming.chat_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.communicate(timeout=10)


def chat(server, **changes) -> ServedChat:
    patience = {"first_piece_s": 2.0, "between_pieces_s": 1.0, "in_all_s": 5.0}
    return ServedChat(
        ChatServer(url=f"{server}/v1", model="tiny", **{**patience, **changes})
    )


def user(text) -> Message:
    return Message(role=Role.USER, text=text)


async def pieces(server, *said, tools=(), **changes):
    messages = [m if isinstance(m, Message) else user(m) for m in said]
    async with chat(server, **changes) as asked:
        stream = asked.converse(messages, tools, priority=Priority.FINAL)
        return [piece async for piece in stream]


async def fault(server, said, **changes) -> str:
    with pytest.raises(StageError) as caught:
        await pieces(server, said, **changes)
    assert caught.value.stage is Stage.RESPONSE
    return caught.value.reason


async def get(server, path):
    async with httpx.AsyncClient(verify=False) as client:
        return (await client.get(f"{server}/{path}")).json()


async def test_text_comes_word_by_word(server):
    said = await pieces(server, "say The lamp is on.")
    assert "".join(said).split() == ["The", "lamp", "is", "on."]
    assert len(said) >= 4


async def test_the_first_word_does_not_wait_for_the_last(server):
    async with chat(server) as asked:
        stream = asked.converse([user("forever")], (), priority=1)
        async with contextlib.aclosing(stream) as endless:
            assert await anext(endless)


async def test_what_is_asked_is_what_the_api_wants(server):
    call = ToolCall(id="c1", name="ring", arguments='{"times": 2}')
    dialogue = [
        Message(role=Role.SYSTEM, text="You are a bell."),
        user("ring twice"),
        Message(role=Role.ASSISTANT, calls=(call,)),
        Message(role=Role.TOOL, text="rang", answers="c1"),
    ]
    said = await pieces(server, *dialogue, tools=[TOOL], key="s3cret")
    assert "".join(said).strip() == "done: rang"
    body = (await get(server, "requests"))[-1]
    assert (body["model"], body["stream"]) == ("tiny", True)
    assert [m["role"] for m in body["messages"]] == [
        "system", "user", "assistant", "tool",
    ]  # fmt: skip
    assert body["messages"][2]["tool_calls"][0]["function"]["name"] == "ring"
    assert body["messages"][3]["tool_call_id"] == "c1"
    assert body["tools"][0]["function"]["parameters"] == json.loads(TOOL.schema)
    assert (await get(server, "keys"))[-1] == "bearer s3cret"


async def test_without_a_key_none_is_sent(server):
    await pieces(server, "say hello")
    assert (await get(server, "keys"))[-1] == ""


async def test_a_call_is_put_together(server):
    said = await pieces(server, 'call ring {"b": [1], "a": "ü"}', tools=[TOOL])
    assert said == [
        ToolCall(id="call_1", name="ring", arguments='{"a": "ü", "b": [1]}')
    ]


async def test_thoughts_are_not_said(server):
    assert await pieces(server, "think Hello.") == ["Hello."]


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("hang", "deadline"),
        ("mute", "deadline"),
        ("drip", "deadline"),
        ("stall", "deadline"),
        ("cut", "cut_off"),
        ("unfinished half a", "cut_off"),
        ("garbage", "malformed"),
        ("endless", "malformed"),
        ("error", "refused"),
        ("refuse", "refused"),
        ("status 401", "refused"),
        ("status 429", "refused"),
        ("status 500", "refused"),
        ("status 302", "refused"),
        ("call ring {not", "malformed"),
        ("call ring [1]", "malformed"),
    ],
)
async def test_what_goes_wrong_has_a_name_and_an_end(server, said, reason):
    quick = {"first_piece_s": 0.4, "between_pieces_s": 0.3}
    if reason != "deadline":
        quick = {}
    assert await fault(server, said, **quick) == reason


async def listen(stream, heard):
    async for piece in stream:
        heard.append(piece)


async def test_words_before_a_cut_are_not_lost(server):
    heard = []
    async with chat(server) as asked:
        stream = asked.converse([user("cut The lamp is")], (), priority=1)
        with pytest.raises(StageError, match="cut_off"):
            await listen(stream, heard)
    assert "".join(heard).split() == ["The", "lamp", "is"]


async def test_nobody_there():
    assert await fault("http://127.0.0.1:9", "say hello") == "unreachable"


async def test_an_answer_without_an_end_is_ended(server):
    said = await pieces(server, "flood", in_all_s=30.0)
    assert LONGEST_REPLY < len("".join(said)) < LONGEST_REPLY + 100


async def test_an_answer_that_is_slow_for_ever_is_ended(server):
    assert await fault(server, "forever", in_all_s=0.5) == "deadline"


async def test_who_stops_listening_stops_the_server(server):
    async with chat(server) as asked:
        stream = asked.converse([user("forever")], (), priority=1)
        await anext(stream)
        assert await get(server, "open") >= 1
        await stream.aclose()
    async with asyncio.timeout(15):
        while await get(server, "open"):  # noqa: ASYNC110 - it is another process
            await asyncio.sleep(0.02)


async def test_no_more_than_agreed_at_once(server):
    async with chat(server, at_once=2) as asked:

        async def one():
            stream = asked.converse([user("slowly one two")], (), priority=1)
            return [piece async for piece in stream]

        tasks = [asyncio.create_task(one()) for _ in range(5)]
        most = 0
        while not all(task.done() for task in tasks):
            most = max(most, await get(server, "open"))
            await asyncio.sleep(0.02)
        assert all(len(task.result()) == 2 for task in tasks)
    assert 1 <= most <= 2


async def test_who_waits_too_long_for_a_place_is_told(server):
    async with chat(server, at_once=1, first_piece_s=0.3) as asked:
        stream = asked.converse([user("forever")], (), priority=1)
        await anext(stream)
        with pytest.raises(StageError, match="deadline"):
            await anext(asked.converse([user("say hi")], (), priority=1))
        await stream.aclose()


# --- The codec alone ----------------------------------------------------------


def events(*chunks: dict) -> bytes:
    return b"".join(b"data: " + json.dumps(c).encode() + b"\r\n\r\n" for c in chunks)


def test_events_may_be_cut_anywhere():
    chunk = {"choices": [{"delta": {"content": "grün "}, "finish_reason": None}]}
    end = {"choices": [{"delta": {}, "finish_reason": "stop"}]}
    data = events(chunk, chunk, end) + b"data: [DONE]\r\n\r\n"
    for size in (1, 2, 3, 7, len(data)):
        reader = AnswerReader()
        said = []
        for start in range(0, len(data), size):
            said += reader.feed(data[start : start + size])
        assert "".join([*said, *reader.finish()]) == "grün grün "


def test_a_mark_that_is_none_is_said():
    reader = AnswerReader()
    said = reader.feed(
        events(
            {"choices": [{"delta": {"content": "a <thi"}}]},
            {"choices": [{"delta": {"content": "ng> b <"}, "finish_reason": "stop"}]},
        )
    )
    assert "".join([*said, *reader.finish()]) == "a <thing> b <"


def read(data: bytes) -> list:
    reader = AnswerReader()
    return [*reader.feed(data), *reader.finish()]


def called(arguments: str, name: str = "ring") -> bytes:
    call = {"index": 0, "id": "c", "function": {"name": name, "arguments": arguments}}
    return events(
        {"choices": [{"delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    )


@pytest.mark.parametrize(
    "data",
    [
        b"data: " + b"[" * 20_000 + b"\n\n",
        called('{"a": ' + "[" * 5000 + "]" * 5000 + "}"),
        called(r'{"a": "\ud83d"}'),
        called("{}", name="ring\ud83d"),
    ],
    ids=["deep event", "deep arguments", "half a character", "half in the name"],
)
def test_what_no_json_of_ours_can_hold_is_malformed(data):
    with pytest.raises(StageError, match="malformed"):
        read(data)


def test_half_a_character_is_not_said():
    text = {"delta": {"content": "yes\ud83d!"}, "finish_reason": "stop"}
    assert "".join(read(events({"choices": [text]}))) == "yes!"
