"""Which function of a client's an intent calls, and with what."""

import json

import pytest

from streaming.protocols.realtime.fields import Fields
from streaming.protocols.realtime.tools import call_for, read_tools
from voice.stages import Intent

LIGHT = Intent(
    name="HassLightSet", slots=(("brightness", 20), ("name", "light.ceiling"))
)


def tool(name, properties=None, required=()):
    parameters = {"type": "object", "properties": properties or {}}
    return {
        "type": "function",
        "name": name,
        "parameters": {**parameters, "required": list(required)},
    }


def called(*tools, intent=LIGHT):
    call = call_for(intent, read_tools(Fields({"tools": list(tools)})))
    return call and (call.name, json.loads(call.arguments))


@pytest.mark.parametrize(
    "name", ["HassLightSet", "hass_light_set", "light_set", "lightSet", "Light-Set"]
)
def test_the_name_is_that_of_the_intent(name):
    assert called(tool(name, {"name": {"type": "string"}})) == (
        name,
        {"name": "light.ceiling"},
    )


@pytest.mark.parametrize("name", ["get_weather", "light", "set_light", ""])
def test_another_name_is_never_called(name):
    assert called(tool(name)) is None


def test_nothing_understood_calls_nothing():
    assert called(tool("light_set"), intent=None) is None


def test_a_function_gets_the_slots_that_it_names_or_all():
    assert called(tool("light_set", {"brightness": {"type": "integer"}})) == (
        "light_set",
        {"brightness": 20},
    )
    assert called(tool("light_set")) == (
        "light_set",
        {"brightness": 20, "name": "light.ceiling"},
    )


def test_what_a_function_must_have_and_nobody_said_is_not_made_up():
    assert called(tool("light_set", {"color": {"type": "string"}}, ["color"])) is None


@pytest.mark.parametrize(
    "schema",
    [
        {"anyOf": [{"type": "string"}, {"type": "null"}]},
        {"type": ["string", "null"]},
    ],
)
def test_what_may_be_null_is_null_where_it_must_be_there(schema):
    parameters = {"name": {"type": "string"}, "area": schema}
    assert called(tool("light_set", parameters, ["name", "area"])) == (
        "light_set",
        {"name": "light.ceiling", "area": None},
    )


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        ({"type": "string"}, "20"),
        ({"type": "number"}, 20),
        ({"enum": [10, 20]}, 20),
        ({}, 20),
    ],
)
def test_values_are_what_the_schema_wants(schema, value):
    assert called(tool("light_set", {"brightness": schema})) == (
        "light_set",
        {"brightness": value},
    )


@pytest.mark.parametrize("schema", [{"enum": [1, 2]}, {"type": "integer"}])
def test_a_value_that_does_not_fit_calls_nothing(schema):
    intent = Intent(name="HassLightSet", slots=(("brightness", "bright"),))
    assert called(tool("light_set", {"brightness": schema}), intent=intent) is None


def test_of_several_functions_the_one_that_takes_most_is_called():
    few = tool("light_set", {"name": {"type": "string"}})
    more = tool("HassLightSet", {"name": {}, "brightness": {}})
    assert called(few, more) == (
        "HassLightSet",
        {"name": "light.ceiling", "brightness": 20},
    )


@pytest.mark.parametrize(
    "parameters", [None, 3, [], {"properties": []}, {"properties": {"name": 7}}]
)
def test_a_schema_that_is_none_harms_nobody(parameters):
    odd = {"type": "function", "name": "light_set", "parameters": parameters}
    name, _ = called(odd)
    assert name == "light_set"


def test_tools_that_are_no_functions_are_kept_and_not_called():
    server = {"type": "mcp", "server_label": "x", "server_url": "y"}
    (read,) = read_tools(Fields({"tools": [server]}))
    assert read.resource == server
    assert call_for(LIGHT, [read]) is None
