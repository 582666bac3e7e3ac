"""Settings from four places, and every fault told at once."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from streaming.config import SECTIONS, Config, load_config, render
from streaming.settings import Setting, keys_of
from voice.errors import ConfigError
from voice.events import Millis


def write(folder: Path, text: str) -> Path:
    path = folder / "parley.toml"
    path.write_text(text, encoding="utf-8")
    return path


def option(key: str, value: str, flag: str) -> Setting:
    return Setting(key, value, flag, is_text=True)


def faults(*arguments, **keywords) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_config(*arguments, **keywords)
    return str(caught.value).splitlines()


# --- Where settings come from -------------------------------------------------


def test_without_anything_the_defaults_hold() -> None:
    config = load_config(None, {})
    assert config == Config()
    assert (config.server.host, config.server.port) == ("127.0.0.1", 8765)
    assert config.conversation.languages == ()
    assert config.models.recognizer == "starter"


def test_an_option_wins_over_a_variable_and_that_over_the_file(tmp_path) -> None:
    path = write(tmp_path, '[server]\nport = 1\nhost = "a"\nmax_sessions = 1\n')
    environ = {"PARLEY_SERVER__PORT": "2", "PARLEY_SERVER__HOST": "b"}
    config = load_config(path, environ, [option("server.port", "3", "--port")])
    assert (config.server.port, config.server.host) == (3, "b")
    assert config.server.max_sessions == 1
    assert config.server.idle_timeout_s == 120


def test_the_environment_can_name_the_file(tmp_path) -> None:
    path = write(tmp_path, "[server]\nport = 1\n")
    assert load_config(None, {"PARLEY_CONFIG": str(path)}).server.port == 1


def test_a_named_file_wins_over_that_of_the_environment(tmp_path) -> None:
    path = write(tmp_path, "[server]\nport = 1\n")
    environ = {"PARLEY_CONFIG": str(tmp_path / "other.toml")}
    assert load_config(path, environ).server.port == 1


def test_texts_become_numbers_and_lists() -> None:
    environ = {
        "PARLEY_SERVER__IDLE_TIMEOUT_S": "2.5",
        "PARLEY_TURNS__OPEN_MS": "900",
        "PARLEY_GATE__ONSET": "0.8",
        "PARLEY_CONVERSATION__LANGUAGES": "de_AT, English,, de",
    }
    config = load_config(None, environ)
    assert config.server.idle_timeout_s == 2.5
    assert config.turns.open == Millis(900)
    assert config.gate.onset == 0.8
    assert config.conversation.languages == ("de", "en")


def test_variables_of_others_are_left_alone() -> None:
    environ = {"PARLEY_SERVER_PORT": "tcp://10.0.0.1:80", "PATH": "/bin"}
    assert load_config(None, environ) == Config()


def test_a_whole_number_is_a_number_but_true_is_none(tmp_path) -> None:
    path = write(tmp_path, "[server]\nidle_timeout_s = 3\n")
    assert load_config(path, {}).server.idle_timeout_s == 3.0
    write(tmp_path, "[server]\nport = true\n")
    assert "server.port: expected a whole number" in faults(path, {})[0]


def test_paths_in_a_file_are_relative_to_it(tmp_path) -> None:
    (tmp_path / "home.toml").touch()
    (tmp_path / "voices").mkdir()
    path = write(
        tmp_path, '[conversation]\nhome = "home.toml"\n[models]\nvoices = "voices"\n'
    )
    config = load_config(path, {})
    assert config.conversation.home == str(tmp_path / "home.toml")
    assert config.models.voices == str(tmp_path / "voices")


def test_paths_elsewhere_are_relative_to_the_working_directory(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "home.toml").touch()
    monkeypatch.chdir(tmp_path)
    config = load_config(None, {"PARLEY_CONVERSATION__HOME": "home.toml"})
    assert config.choice.home == "home.toml"


# --- What is wrong with them --------------------------------------------------


def test_every_fault_is_told_at_once_with_its_place(tmp_path) -> None:
    path = write(
        tmp_path,
        'top = 1\n[server]\nprot = 1\nmax_sessions = "many"\n'
        '[conversation]\nlanguages = ["Englich"]\nhome = "gone.toml"\n'
        '[models]\ndevice = "gpu"\n[turns]\ncomplete = 2\n',
    )
    environ = {"PARLEY_SERVER__PORT": "99999", "PARLEY_SERVR__HOST": "x"}
    told = faults(path, environ, [option("gate.onset", "high", "--set gate.onset")])
    expected = {
        f"{path}: top: there is no section [top]",
        f"{path}: server.prot: there is no such key; did you mean server.port?",
        f"{path}: server.max_sessions: expected a whole number from 1 to 4096, found 'many'",
        f"{path}: conversation.languages: unknown language 'Englich'; did you mean 'en'?",
        f"{path}: conversation.home: there is no file {tmp_path / 'gone.toml'}; give a",
        f"{path}: models.device: expected one of auto, cpu, cuda, found 'gpu'",
        f"{path}: turns.complete: there is no such key; did you mean turns.complete_ms?",
        "PARLEY_SERVER__PORT: expected a whole number from 0 to 65535, found 99999",
        "PARLEY_SERVR__HOST: there is no section [servr]; did you mean [server]?",
        "--set gate.onset: expected a number, found 'high'",
    }
    unmet = {text for text in expected if not any(t.startswith(text) for t in told)}
    assert not unmet, told
    assert len(told) == len(expected)


def test_an_unknown_variable_gets_the_name_of_a_variable_suggested() -> None:
    (fault,) = faults(None, {"PARLEY_SERVER__PROT": "1"})
    assert "did you mean PARLEY_SERVER__PORT?" in fault


def test_thresholds_out_of_order_are_a_fault_of_their_section() -> None:
    (fault,) = faults(None, {"PARLEY_GATE__ONSET": "0.01"})
    assert fault.startswith("PARLEY_GATE__ONSET: [gate]: release")


def test_a_fault_that_is_overridden_stops_nobody(tmp_path) -> None:
    path = write(tmp_path, "[server]\nport = 99999\n")
    assert load_config(path, {"PARLEY_SERVER__PORT": "1"}).server.port == 1


@pytest.mark.parametrize("value", ["nan", "inf", "-1", "0", "1e9", "soon", ""])
def test_an_absurd_time_is_refused(value: str) -> None:
    (fault,) = faults(None, {"PARLEY_SERVER__IDLE_TIMEOUT_S": value})
    assert "expected a number from 0.1 to 3600" in fault


@pytest.mark.parametrize(
    ("section", "text"),
    [
        ("conversation", 'languages = "de"'),
        ("conversation", "languages = [1]"),
        ("server", "host = 1"),
        ("turns", "open_ms = 0.5"),
        ("turns", "max_utterance_ms = 30000"),
        ("workers", "recognize = 0"),
    ],
)
def test_a_value_of_the_wrong_kind_is_refused(tmp_path, section, text) -> None:
    (fault,) = faults(write(tmp_path, f"[{section}]\n{text}\n"), {})
    assert f"{section}.{text.split()[0]}: expected" in fault


def test_origins_are_written_as_browsers_do() -> None:
    told = "https://Home.Example:443,http://a:8080,http://b:80,http://a:8080"
    config = load_config(None, {"PARLEY_SERVER__ORIGINS": told})
    expected = ("https://home.example", "http://a:8080", "http://b")
    assert config.server.origins == expected


@pytest.mark.parametrize(
    "text", ["*", "null", "home.example", "https://a/", "https://*.a", "https://u@a"]
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    (fault,) = faults(None, {"PARLEY_SERVER__ORIGINS": text})
    assert fault.startswith("PARLEY_SERVER__ORIGINS: expected an origin like https")


def test_a_file_that_cannot_be_read_is_named(tmp_path) -> None:
    gone = tmp_path / "gone.toml"
    assert faults(gone, {})[0].startswith(
        f"{gone}: cannot read the configuration of --config:"
    )
    (fault,) = faults(None, {"PARLEY_CONFIG": str(gone)})
    assert fault.startswith(f"{gone}: cannot read the configuration of PARLEY_CONFIG:")
    assert "not valid TOML" in faults(write(tmp_path, "[server\n"), {})[0]


def test_a_key_instead_of_a_section_is_told(tmp_path) -> None:
    (fault,) = faults(write(tmp_path, "server = 1\n"), {})
    assert "write [server] above its keys" in fault


# --- As a whole ---------------------------------------------------------------


def test_what_is_printed_reads_back_as_the_same(tmp_path) -> None:
    environ = {
        "PARLEY_CONVERSATION__LANGUAGES": "de,fr",
        "PARLEY_TURNS__OPEN_MS": "900",
        "PARLEY_SERVER__HOST": 'a"b\\ü',
    }
    config = load_config(None, environ)
    assert config != Config()
    assert load_config(write(tmp_path, render(config)), {}) == config


def test_a_signed_address_and_its_secret_come_together(tmp_path) -> None:
    (tmp_path / "token").write_text("abc")
    path = write(tmp_path, '[twilio]\nauth_token_file = "token"\n')
    (fault,) = faults(path, {})
    assert "twilio" in fault
    assert "give both" in fault
    url = {"PARLEY_TWILIO__URL": "wss://voice.example/v1/twilio"}
    assert load_config(path, url).twilio.auth_token_file == str(tmp_path / "token")
    (fault,) = faults(path, {"PARLEY_TWILIO__URL": "https://voice.example/"})
    assert "twilio.url" in fault.lower() or "TWILIO__URL" in fault
    assert "like wss://HOST/v1/twilio" in fault


def test_every_setting_is_printed() -> None:
    text = render(Config())
    for name, section in SECTIONS.items():
        assert f"[{name}]" in text
        assert all(f"\n{key} = " in text for key in keys_of(section))


def test_it_is_frozen() -> None:
    with pytest.raises(FrozenInstanceError):
        Config().server = None  # type: ignore[misc]
