"""Frames and messages: what is well formed comes back, what is not is refused."""

import json
import sys
import time
from dataclasses import fields
from types import NoneType
from typing import get_args, get_origin, get_type_hints

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.messages import CLIENT_MESSAGES, SERVER_MESSAGES
from streaming.protocols.native import (
    MAX_ITEMS,
    MAX_NUMBER,
    MAX_TEXT,
    parse_client,
    parse_server,
    serialize,
)
from voice.errors import ClientError

TEXT = st.text(max_size=50)
"""Hypothesis leaves out lone surrogates, because they cannot be encoded."""

PRIMITIVES = {
    str: TEXT,
    bool: st.booleans(),
    int: st.integers(-MAX_NUMBER, MAX_NUMBER),
    float: st.floats(-MAX_NUMBER, MAX_NUMBER),
    NoneType: st.none(),
}


def values(hint):
    """Values of a field's type."""
    if hint in PRIMITIVES:
        return PRIMITIVES[hint]
    if get_origin(hint) is tuple:
        return st.lists(values(get_args(hint)[0]), max_size=MAX_ITEMS).map(tuple)
    if NoneType in get_args(hint):
        return st.one_of(map(values, get_args(hint)))
    return st.dictionaries(TEXT, TEXT | st.integers(-99, 99), max_size=3)


def messages(kind):
    hints = get_type_hints(kind)
    return st.builds(kind, **{f.name: values(hints[f.name]) for f in fields(kind)})


@pytest.mark.parametrize("kind", CLIENT_MESSAGES, ids=lambda kind: kind.type)
@settings(max_examples=25)
@given(data=st.data())
def test_every_message_of_a_client_comes_back(kind, data):
    message = data.draw(messages(kind))
    assert parse_client(serialize(message)) == message


@pytest.mark.parametrize("kind", SERVER_MESSAGES, ids=lambda kind: kind.type)
@settings(max_examples=25)
@given(data=st.data())
def test_every_message_of_a_server_comes_back(kind, data):
    message = data.draw(messages(kind))
    assert parse_server(serialize(message)) == message


def test_all_types_differ():
    for kinds in (CLIENT_MESSAGES, SERVER_MESSAGES):
        types = [kind.type for kind in kinds]
        assert len(types) == len(set(types))


def test_text_travels_as_it_is_written():
    text = '{"type": "parley.text", "text": "Wie spät ist es? 🕰"}'
    assert parse_client(text).text == "Wie spät ist es? 🕰"
    assert "spät ist es? 🕰" in serialize(parse_client(text))


def test_what_is_not_known_of_a_message_is_ignored():
    text = '{"type": "response.cancel", "event_id": "7", "more": [[{}]]}'
    assert serialize(parse_client(text)) == '{"type": "response.cancel"}'


def playback(position, turn="1"):
    head = f'{{"type": "parley.playback", "turn": {turn}'
    return f'{head}, "position_ms": {position}}}'


BAD = {
    "nothing": ("", "invalid_json"),
    "white space": (" \n", "invalid_json"),
    "not JSON": ("hello", "invalid_json"),
    "half an object": ('{"type": "response.cancel"', "invalid_json"),
    "two objects": ('{"type": "response.cancel"}' * 2, "invalid_json"),
    "NUL": ("\0", "invalid_json"),
    "array at the root": ('[{"type": "response.cancel"}]', "invalid_json"),
    "number at the root": ("1", "invalid_json"),
    "null at the root": ("null", "invalid_json"),
    "10,000 arrays deep": ("[" * 10_000, "invalid_json"),
    "4,000 objects deep": ('{"":' * 4_000, "invalid_json"),
    "too long": (json.dumps({"type": "x" * MAX_TEXT}), "invalid_json"),
    "NaN": (playback("NaN"), "invalid_json"),
    "Infinity": (playback("-Infinity"), "invalid_json"),
    "a number of 10,000 digits": (playback("9" * 10_000), "invalid_json"),
    "two types": (
        '{"type": "response.cancel", "type": "parley.input_end"}',
        "invalid_json",
    ),
    "no type": ("{}", "unknown_event"),
    "unknown type": ('{"type": "parley.dance"}', "unknown_event"),
    "a server's type": ('{"type": "response.done"}', "unknown_event"),
    "type in capitals": ('{"type": "Response.Cancel"}', "unknown_event"),
    "null for a type": ('{"type": null}', "unknown_event"),
    "number for a type": ('{"type": 1}', "unknown_event"),
    "object for a type": ('{"type": {"type": "response.cancel"}}', "unknown_event"),
    "lone surrogate for a type": ('{"type": "\\ud800"}', "unknown_event"),
    "missing field": ('{"type": "parley.text"}', "invalid_value"),
    "null for a text": ('{"type": "parley.text", "text": null}', "invalid_value"),
    "number for a text": ('{"type": "parley.text", "text": 1}', "invalid_value"),
    "lone surrogate": ('{"type": "parley.text", "text": "\\udc80"}', "invalid_value"),
    "text for a number": (playback('"100"'), "invalid_value"),
    "boolean for a number": (playback("true"), "invalid_value"),
    "fraction for a whole number": (playback("1.5"), "invalid_value"),
    "a number of 4,000 digits": (playback("9" * 4_000), "invalid_value"),
    "a number beyond all floats": (playback("1e999"), "invalid_value"),
    "array for a number": (playback("[]"), "invalid_value"),
    "text for a list": (
        '{"type": "session.update", "languages": "en"}',
        "invalid_value",
    ),
    "number in a list of texts": (
        '{"type": "session.update", "languages": ["en", 1]}',
        "invalid_value",
    ),
    "a list of 65 texts": (
        json.dumps({"type": "session.update", "languages": ["e"] * 65}),
        "invalid_value",
    ),
}


@pytest.mark.parametrize(("text", "code"), BAD.values(), ids=BAD)
def test_bad_text_is_refused_with_a_code(text, code):
    begun = time.process_time()
    with pytest.raises(ClientError) as caught:
        parse_client(text)
    assert caught.value.code == code
    assert len(str(caught.value)) < 200, "it must fit into a log line"
    assert time.process_time() - begun < 0.05


def test_the_error_names_the_field_and_what_it_should_be():
    with pytest.raises(ClientError) as caught:
        parse_client(playback('"soon"'))
    expected = 'parley.playback: position_ms must be integer, not "soon"'
    assert str(caught.value) == expected


@pytest.mark.parametrize("where", ["type", "text", "more"])
def test_no_depth_of_nesting_gets_past_the_refusal(where):
    # Just below the interpreter's limit it can be read, but hardly handled.
    refused = 0
    for depth in range(1, sys.getrecursionlimit() + 50, 7):
        deep = "[" * depth + "]" * depth
        known = {"type": '"parley.text"', "text": '"x"', where: deep}
        text = ", ".join(f'"{name}": {value}' for name, value in known.items())
        try:
            parse_client(f"{{{text}}}")
        except ClientError:
            refused += 1
    assert refused >= 5


def test_numbers_of_a_server_must_be_numbers_too():
    turn = '{"type": "conversation.item.input_audio_transcription.completed"'
    rest = '"turn": 1, "transcript": "", "language": "en", "confidence": 1'
    for bad in ("1e400", "9" * 400, '"1"', "null"):
        with pytest.raises(ClientError) as caught:
            parse_server(f'{turn}, {rest}, "language_probability": {bad}}}')
        assert caught.value.code == "invalid_value"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=5), inner, max_size=4)
    ),
    max_leaves=10,
)

NAMES = sorted({f.name for kind in CLIENT_MESSAGES for f in fields(kind)})

ALMOST = st.fixed_dictionaries(
    {"type": st.sampled_from([kind.type for kind in CLIENT_MESSAGES]) | JSON},
    optional=dict.fromkeys(NAMES, JSON),
)
"""Objects that look like messages, with anything in their fields."""


@given(st.text() | ALMOST.map(json.dumps) | JSON.map(json.dumps))
def test_nothing_but_a_client_error_escapes(text):
    for parse in (parse_client, parse_server):
        try:
            message = parse(text)
        except ClientError as error:
            str(error).encode()
        else:
            serialize(message).encode()
