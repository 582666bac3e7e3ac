"""Real servers of tools, in processes of their own, over both ways there are."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mcp", reason="the extra tools is not installed")

from streaming import toolbox as toolbox_module
from streaming.assistance import chat_server, tools_of
from streaming.config import load_config
from streaming.tool_settings import ToolServer, ToolSettings, load_tools
from streaming.toolbox import ToolFailed, open_toolbox
from tests.examples.documents import EXAMPLES
from voice.dialogue import ToolCall
from voice.errors import ConfigError
from voice.tools import Risk

ROOT = Path(__file__).parents[2]
SERVER = [sys.executable, "-m", "tests.streaming.tool_server"]

RISKS = {
    "t.look": Risk.READ,
    "t.play_song": Risk.REVERSIBLE,
    "t.wipe": Risk.FORBIDDEN,
}


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return tmp_path_factory.mktemp("tools") / "journal"


@pytest.fixture(autouse=True)
def _fresh_and_patient(journal, monkeypatch):
    journal.unlink(missing_ok=True)
    journal.with_name("go").unlink(missing_ok=True)
    monkeypatch.setattr(toolbox_module, "FIRST_CONNECTION_S", 50.0)
    monkeypatch.setattr(toolbox_module, "CONNECT_S", 50.0)


@pytest.fixture(scope="module")
def served(journal):
    """A server that listens, as Home Assistant does; the settings for it."""
    process = subprocess.Popen(
        [*SERVER, "http", str(journal), "s3cret"], stdout=subprocess.PIPE, cwd=ROOT
    )
    port = int(process.stdout.readline())
    yield ToolServer(name="t", url=f"http://127.0.0.1:{port}/api/mcp", token="s3cret")
    process.terminate()
    process.communicate(timeout=10)


def started(journal, **changes) -> ToolServer:
    # The child finds its module by the folder, which it does not inherit otherwise.
    run = f"import sys; sys.path.insert(0, {str(ROOT)!r}); sys.argv = ['', 'stdio', {str(journal)!r}]"
    code = f"{run}; from tests.streaming.tool_server import main; main()"
    return ToolServer(name="t", command=(sys.executable, "-c", code), **changes)


def settings(server, **risks) -> ToolSettings:
    return ToolSettings(servers=(server,), risks=RISKS)


def call(name, **arguments) -> ToolCall:
    return ToolCall(id="1", name=f"t__{name}", arguments=json.dumps(arguments))


@pytest.fixture(params=["stdio", "http"])
def server(request, journal) -> ToolServer:
    if request.param == "http":
        return request.getfixturevalue("served")
    return started(journal)


async def test_tools_are_offered_and_called_as_their_risks_allow(server, journal):
    async with open_toolbox(settings(server)) as box:
        names = [tool.name for tool in box.tools]
        assert names == sorted(names)
        assert {"t__look", "t__play_song", "t__unlock"} <= set(names)
        look = box.tool("t__look")
        assert (look.title, look.description) == (
            "Look outside",
            "What there is to see.",
        )
        assert box.tool("t__play_song").title == "play song"
        assert json.loads(box.tool("t__unlock").schema)["required"] == ["door"]

        live = "t__homeassistant__GetLiveContext"
        assert box.tool(live).title == "GetLiveContext"
        assert "t.homeassistant__GetLiveContext" in box.risks
        assert box.strangers == ()
        assert json.loads(await box.call(call(live.removeprefix("t__"))))["success"]

        assert box.risk("t__look") is Risk.READ
        assert box.risk("t__play_song") is Risk.REVERSIBLE
        assert box.risk("t__unlock") is Risk.IRREVERSIBLE, "whatever it says of itself"
        assert box.risk("t__nothing") is Risk.FORBIDDEN

        assert "t__wipe" not in names
        with pytest.raises(ToolFailed, match="no such tool"):
            await box.call(call("wipe"))
        assert not journal.exists()

        for broken in (call("fail"), call("play_song")):
            with pytest.raises(ToolFailed):
                await box.call(broken)
        assert await box.call(call("look")) == "It is raining."
        said = await box.call(call("play_song", title="Für Elise"))
        assert said == "playing Für Elise"
    assert journal.read_text(encoding="utf-8") == "play Für Elise\n"


async def test_a_tool_that_takes_too_long_is_not_waited_for(journal):
    async with open_toolbox(settings(started(journal, timeout_s=3.0))) as box:
        with pytest.raises(ToolFailed, match="too long"):
            await box.call(call("wait", seconds=30))
        assert await box.call(call("look")) == "It is raining."


async def test_an_error_as_answer_does_not_cut_off_the_calls_of_others(server, journal):
    async with open_toolbox(settings(server)) as box:
        held = asyncio.create_task(box.call(call("hold")))
        with pytest.raises(ToolFailed, match="failed"):
            await box.call(call("refuse"))
        assert await box.call(call("look")) == "It is raining."
        journal.with_name("go").touch()
        assert await held == "held"
    assert journal.read_text(encoding="utf-8") == "held\n"


async def test_a_server_that_is_busy_with_a_call_is_not_given_up(journal, monkeypatch):
    async with open_toolbox(settings(started(journal))) as box:
        monkeypatch.setattr(toolbox_module, "LOOK_AGAIN_S", 0.05)
        monkeypatch.setattr(toolbox_module, "CONNECT_S", 0.2)
        # The first wait to look again still has the old patience.
        with pytest.raises(ToolFailed):
            await box.call(call("refuse"))
        blocked = asyncio.create_task(box.call(call("block")))
        await asyncio.sleep(1)
        journal.with_name("go").touch()
        assert await blocked == "blocked"


async def test_the_end_of_the_server_waits_for_what_has_effects(journal):
    async with open_toolbox(settings(started(journal))) as box:
        waiting = box.carry_through(box.call(call("wait", seconds=1)))
        await asyncio.sleep(0)
    assert waiting.done()
    assert waiting.result() == "waited"
    assert journal.read_text(encoding="utf-8") == "waited\n"


async def test_a_bug_in_a_call_is_not_hidden_though_nobody_waits(caplog):
    async def break_down():
        raise RuntimeError("a bug")

    async with open_toolbox(ToolSettings()) as box:
        box.carry_through(break_down())
    assert "a bug in a call of a tool" in caplog.text


async def test_a_server_that_left_is_started_again(journal, monkeypatch):
    monkeypatch.setattr(toolbox_module, "RECONNECT_S", (0.05,))
    async with open_toolbox(settings(started(journal, timeout_s=3.0))) as box:
        with pytest.raises(ToolFailed):
            await box.call(call("leave"))
        async with asyncio.timeout(50):
            while True:
                try:
                    assert await box.call(call("look")) == "It is raining."
                except ToolFailed:
                    await asyncio.sleep(0.05)
                else:
                    break


async def test_a_wrong_token_opens_nothing(served, caplog):
    wrong = ToolServer(name="t", url=served.url, token="wrong")
    async with open_toolbox(settings(wrong)) as box:
        assert box.tools == ()
        with pytest.raises(ToolFailed):
            await box.call(call("look"))
    assert "wrong" not in caplog.text


@pytest.mark.parametrize(
    "server",
    [
        ToolServer(name="t", url="http://127.0.0.1:9/mcp"),
        ToolServer(name="t", command=("/nonexistent/server",)),
        ToolServer(name="t", command=(sys.executable, "-c", "print('hello')")),
    ],
    ids=["nobody listens", "no such program", "no server"],
)
async def test_without_its_tools_the_assistant_starts_all_the_same(server):
    async with open_toolbox(settings(server)) as box:
        assert box.tools == ()


# --- The file -----------------------------------------------------------------

GOOD = """
[servers.home]
url = "http://homeassistant.local:8123/api/mcp"
token_file = "token"

[servers.notes]
command = ["python", "notes.py"]
timeout_s = 3

[risks]
"home.GetLiveContext" = "read"
"notes.add" = "reversible"
"""


def test_the_file_is_read(tmp_path):
    (tmp_path / "token").write_text("abc\n")
    (tmp_path / "tools.toml").write_text(GOOD)
    found = load_tools(tmp_path / "tools.toml")
    home, notes = found.servers
    assert (home.name, home.token) == ("home", "abc")
    assert (notes.command, notes.timeout_s) == (("python", "notes.py"), 3.0)
    assert found.risks == {
        "home.GetLiveContext": Risk.READ,
        "notes.add": Risk.REVERSIBLE,
    }
    assert "abc" not in repr(found)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("x", "not valid TOML"),
        ("[tools]", "no such table"),
        ("[servers.a]", "either a command or a url"),
        ('[servers.a]\nurl = "http://a"\ncommand = ["b"]', "either a command or a url"),
        ('[servers.a]\nurl = "ftp://a"', r"servers\.a\.url: expected an address"),
        ('[servers.a]\nurl = "http://[::1"', r"servers\.a\.url: expected an address"),
        ('[servers.a]\nurl = "http://a:x/"', r"servers\.a\.url: expected an address"),
        ('[servers.a]\ncommand = "run"', "expected a list"),
        ('[servers.a]\nurl = "http://a"\nuser = 1', r"servers\.a\.user: there is no such"),
        ('[servers.a]\nurl = "http://a"\ntimeout_s = 0', "timeout_s"),
        ('[servers.a]\nurl = "http://a"\ntimeout_s = true', "timeout_s"),
        ('[servers.a]\nurl = "http://a"\ntoken_file = "none"', "cannot read"),
        ('[servers.a_b]\nurl = "http://a"', "letters, digits and hyphens"),
        ('[risks]\n"a.b" = "read"', "with one of the servers"),
        ('[servers.a]\nurl = "http://a"\n[risks]\n"a.b" = "safe"', "expected one of read"),
        ('[servers.a]\nurl = "http://a"\n[risks]\na.b = "read"', "put quotes around"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_the_file_is_told(tmp_path, text, fault):
    path = tmp_path / "tools.toml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=fault) as caught:
        load_tools(path)
    assert str(path) in str(caught.value)


def test_without_a_file_it_is_told(tmp_path):
    with pytest.raises(ConfigError, match=r"none\.toml"):
        load_tools(tmp_path / "none.toml")


# --- The page -----------------------------------------------------------------


def test_the_examples_of_the_page_are_valid(tmp_path):
    (server,) = EXAMPLES["llm"]
    (tools,) = EXAMPLES["home-assistant-tools"]
    (tmp_path / "home.token").write_text("abc\n")
    (tmp_path / "tools.toml").write_text(tools.code, encoding="utf-8")
    (tmp_path / "parley.toml").write_text(server.code, encoding="utf-8")
    config = load_config(tmp_path / "parley.toml", {})
    found = tools_of(config)
    assert [server.name for server in found.servers] == ["home", "notes"]
    assert set(found.risks.values()) == set(Risk)
    assert chat_server(config).url == "http://127.0.0.1:8000/v1"


def test_tools_without_a_model_are_a_fault(tmp_path):
    (tmp_path / "tools.toml").write_text("")
    config = load_config(None, {"PARLEY_TOOLS__FILE": str(tmp_path / "tools.toml")})
    with pytest.raises(ConfigError, match=r"set llm\.url"):
        tools_of(config)
