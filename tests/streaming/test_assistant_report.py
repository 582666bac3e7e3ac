"""What `parley doctor` tells of a language model and of tools, asked for real."""

import subprocess
import sys

import pytest

pytest.importorskip("mcp", reason="the extra tools is not installed")
pytest.importorskip("httpx", reason="the extra llm is not installed")

from streaming import toolbox as toolbox_module
from streaming.commands.assistant import (
    assistant_content,
    assistant_lines,
    sent_to_servers,
)
from streaming.config import load_config
from tests.streaming.test_toolbox import ROOT
from tests.voice.responders.tiny_generator import write_tiny_generator
from voice.errors import ConfigError

TOOLS = """
[servers.t]
url = "{url}"
token_file = "token"
[servers.dead]
url = "http://127.0.0.1:9/mcp"
[risks]
"t.look" = "read"
"t.lok" = "read"
"""


@pytest.fixture
def config(tmp_path):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "tests.streaming.tool_server", "http"),
            *(str(tmp_path / "journal"), "s3cret"),
        ],
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    url = f"http://127.0.0.1:{int(process.stdout.readline())}/api/mcp"
    (tmp_path / "token").write_text("s3cret")
    (tmp_path / "tools.toml").write_text(TOOLS.format(url=url))
    (tmp_path / "parley.toml").write_text(
        '[llm]\nurl = "http://127.0.0.1:9/v1"\nmodel = "tiny"\n'
        '[tools]\nfile = "tools.toml"\n'
    )
    yield load_config(tmp_path / "parley.toml", {})
    process.terminate()
    process.communicate(timeout=10)


@pytest.mark.timeout(120)
def test_what_is_there_and_what_is_not(config, monkeypatch):
    monkeypatch.setattr(toolbox_module, "FIRST_CONNECTION_S", 50.0)
    monkeypatch.setattr(toolbox_module, "CONNECT_S", 50.0)
    content = assistant_content(config)
    assert content["server"]["reachable"] is False
    assert content["servers"] == {"dead": False, "t": True}
    assert content["tools"]["t.look"] == "read"
    assert content["tools"]["t.unlock"] == "irreversible"
    assert content["unknown_tools"] == ["t.lok"]
    text = "\n".join(assistant_lines(content))
    assert "it does not answer" in text
    assert "dead: NOT THERE" in text
    assert "look (read)" in text
    assert "t.lok: NO SUCH TOOL" in text
    assert [line.partition(":")[0] for line in sent_to_servers(config)] == [
        "llm.url",
        "tools.file",
    ]


def test_a_model_in_a_directory_is_loaded_or_a_fault(tmp_path):
    model, empty = tmp_path / "model", tmp_path / "empty"
    model.mkdir()
    empty.mkdir()
    write_tiny_generator(model)
    content = assistant_content(
        load_config(None, {"PARLEY_LLM__DIRECTORY": str(model)})
    )
    assert content["directory"] == str(model)
    assert assistant_lines(content) == [f"llm       {model}: it loads"]
    with pytest.raises(ConfigError, match=r"llm\.directory"):
        assistant_content(load_config(None, {"PARLEY_LLM__DIRECTORY": str(empty)}))


def test_nothing_is_asked_and_nothing_is_sent_unless_it_is_set():
    config = load_config(None, {})
    assert assistant_content(config) == {}
    assert assistant_lines({}) == []
    assert sent_to_servers(config) == []
