"""What `parley doctor` tries of the models that the configuration names."""

import json

import pytest

from streaming.cli import main
from tests.streaming.voxtral_server import MODEL, voxtral
from tests.voice.recognizers import tiny_whisper
from tests.voice.responders.tiny_generator import write_tiny_generator


@pytest.fixture
def examine(tmp_path, capsys):
    """Runs the command with settings; gives exit code, findings and complaints."""
    whisper = tiny_whisper.build(
        tmp_path, hearing={"windows_s": [4, 30], "languages": ["en", "de"]}
    )

    def run(**settings):
        options = [
            word
            for key, value in settings.items()
            for word in ("--set", f"{key.replace('__', '.')}={value}")
        ]
        own = ["--recognizer", str(whisper), "--port", "0", "--json"]
        code = main(["doctor", *own, *options])
        out, err = capsys.readouterr()
        return code, json.loads(out), err

    return run


def test_a_model_for_intents_is_loaded(examine, tmp_path):
    model = tmp_path / "model"
    model.mkdir()
    write_tiny_generator(model)
    code, found, _ = examine(models__language_model=model)
    assert (code, found["faults"]) == (0, [])
    assert found["language_model"] == {"name": str(model), "works": True}
    assert found["voxtral"] is None


def test_a_model_for_intents_that_does_not_load_is_a_fault(examine, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    code, found, _ = examine(models__language_model=empty)
    assert code == 2
    assert found["language_model"] == {"name": str(empty), "works": False}
    (fault,) = found["faults"]
    assert "models.language_model" in fault
    assert str(empty) in fault


@pytest.mark.parametrize(
    "dialects", ["twilio", "xiaozhi"], ids=["open door", "shut door"]
)
def test_every_file_without_its_secret_is_a_fault(examine, tmp_path, dialects):
    (tmp_path / "secret").write_text("")
    code, found, _ = examine(
        server__api_keys=tmp_path / "secret",
        server__dialects=dialects,
        twilio__auth_token_file=tmp_path / "secret",
        twilio__url="wss://voice.example/v1/twilio",
    )
    assert code == 2
    told = {fault.partition(": ")[0] for fault in found["faults"]}
    shut = {"twilio.url"} if dialects != "twilio" else set()
    assert told == {"server.api_keys", "twilio.auth_token_file"} | shut


def test_a_recognizer_that_does_not_load_is_a_fault(examine, tmp_path):
    (model,) = tmp_path.rglob("model.bin")
    code, found, _ = examine()
    assert (code, found["faults"]) == (0, [])
    assert found["recognizer"] == {"name": str(model.parent), "works": True}
    model.write_bytes(b"nothing")
    code, found, _ = examine()
    assert code == 2
    assert found["recognizer"] == {"name": str(model.parent), "works": False}
    (fault,) = found["faults"]
    assert str(model.parent) in fault


def test_voxtral_is_asked(examine):
    with voxtral() as fake:
        code, found, _ = examine(
            voxtral__url=fake.url, voxtral__model=MODEL, voxtral__languages="de,fr"
        )
    assert (code, found["faults"]) == (0, [])
    assert found["voxtral"] == {"name": fake.url, "works": True}
    assert found["recognizer"] is None, "it does not hear"
    assert found["leaves_the_process"]


def test_voxtral_that_does_not_answer_is_a_fault(examine):
    url = "ws://127.0.0.1:9/v1/realtime"
    code, found, _ = examine(voxtral__url=url)
    assert code == 2
    assert found["voxtral"] == {"name": url, "works": False}
    (fault,) = found["faults"]
    assert fault.startswith(f"voxtral.url: {url}: ")
    assert "vllm serve" in fault
