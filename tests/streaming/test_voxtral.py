"""A faithful stand-in for vLLM's `/v1/realtime`, over a real websocket."""

import pickle
import socket
from pathlib import Path

import pytest

from streaming.config import load_config
from streaming.inference import InlineStages
from streaming.messages import ReplyText, ResponseDone, TranscriptCompleted
from streaming.running import recognizer_loader
from streaming.services import Services
from streaming.telemetry import Telemetry
from streaming.voxtral import Voxtral, VoxtralServer, load_voxtral
from tests.streaming.rehearsal import GATE, HOME, TURNS, NotingHousehold, rehearsal
from tests.streaming.voxtral_server import MODEL, voxtral
from voice.audio import Pcm
from voice.errors import ConfigError, Stage, StageError
from voice.events import Millis
from voice.testing import EchoResponder, LoudnessActivity, ToneSynthesizer, spoken


@pytest.fixture
def fake():
    with voxtral() as fake:
        yield fake


def server(fake, **changes) -> VoxtralServer:
    defaults = {
        "url": fake.url,
        "model": MODEL,
        "languages": ("de", "en"),
        "connect_s": 10.0,
        "answer_s": 20.0,
    }
    return VoxtralServer(**{**defaults, **changes})


def test_an_utterance_becomes_words_in_a_language(fake):
    recognizer = load_voxtral(server(fake))
    fake.events.clear()
    heard = recognizer.transcribe(spoken("das licht ist nicht an", "de"), ("en", "de"))
    assert (heard.text, heard.language) == ("das licht ist nicht an", "de")
    assert fake.events[:2] == ["session.update", "input_audio_buffer.commit"]
    assert fake.events.count("input_audio_buffer.append") == 2, "half a second in each"
    assert fake.events[-1] == "input_audio_buffer.commit"


def test_silence_is_nothing_and_nobody_is_asked(fake):
    recognizer = load_voxtral(server(fake))
    fake.events.clear()
    heard = recognizer.transcribe(Pcm.silence(Millis(1000), 16_000), ("en",))
    assert heard.text == ""
    assert fake.events == []


def test_the_key_is_sent_if_there_is_one(fake):
    load_voxtral(server(fake))
    load_voxtral(server(fake, key="s3cret"))
    assert fake.keys == [None, "Bearer s3cret"]


def test_a_connection_that_breaks_is_made_anew(fake):
    assert Voxtral(server(fake)).words(spoken("cut it", "en")).strip() == "cut it"
    assert len(fake.keys) == 2, "connections"


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        ("gone", "cut_off"),
        ("hang", "deadline"),
        ("break", "refused"),
        ("garbage", "malformed"),
        ("deep", "malformed"),
        ("empty", "malformed"),
    ],
)
def test_what_goes_wrong_has_a_name_and_an_end(fake, said, reason):
    patience = {"answer_s": 1.0} if reason == "deadline" else {}
    with pytest.raises(StageError) as caught:
        Voxtral(server(fake, **patience)).words(spoken(said, "en"))
    assert (caught.value.stage, caught.value.reason) == (Stage.RECOGNITION, reason)
    assert "what the user said" not in str(caught.value)


def test_words_can_be_sent_on_whatever_the_server_writes(fake):
    assert Voxtral(server(fake)).words(spoken("half", "en")).strip() == "half"


def test_a_wrong_model_is_refused_before_anybody_speaks(fake):
    with pytest.raises(ConfigError, match=r"voxtral\.url.*model_not"):
        load_voxtral(server(fake, model="other"))


def test_nobody_there():
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = VoxtralServer(url=f"ws://127.0.0.1:{port}/", model=MODEL)
    with pytest.raises(ConfigError, match=r"unreachable.*vllm serve"):
        load_voxtral(nobody)


def test_who_accepts_and_says_nothing_is_not_waited_for():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        mute = VoxtralServer(url=f"ws://127.0.0.1:{port}/", model=MODEL, connect_s=0.3)
        with pytest.raises(StageError, match="deadline"):
            Voxtral(mute).words(spoken("hello", "en"))


async def test_it_hears_in_a_conversation(fake):
    services = Services(
        stages=InlineStages(
            load_voxtral(server(fake)),
            EchoResponder(),
            ToneSynthesizer(letter=Millis(5)),
        ),
        household=NotingHousehold(HOME),
        languages=("en", "de"),
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
        turns=TURNS,
        gate=GATE,
    )
    async with rehearsal(services=services) as talk:
        await talk.say("the light is on")
        await talk.until(ResponseDone)
        assert talk.the(TranscriptCompleted).transcript == "the light is on"
        assert talk.the(ReplyText).transcript == "the light is on"


# --- The settings -------------------------------------------------------------


def settings(**changes):
    return load_config(
        None,
        {f"PARLEY_VOXTRAL__{key.upper()}": value for key, value in changes.items()},
    )


def test_a_worker_loads_it_if_it_is_configured(fake):
    config = settings(url=fake.url, model=MODEL, languages="de,fr", answer_s="20")
    load = pickle.loads(pickle.dumps(recognizer_loader(config)))
    assert load().languages == ("de", "fr")


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"url": "http://127.0.0.1:8000/"}, "expected an address like ws:"),
        ({"url": "ws://gpu.example:8000/v1/realtime"}, "add 'gpu.example' to hosts"),
        ({"url": "ws://localhost.evil:8000/"}, "to hosts"),
        ({"url": "ws://127.0.0.1:8000/", "model": ""}, "must not be empty"),
        ({"url": "ws://127.0.0.1:8000/", "languages": "xx"}, "xx"),
    ],
)
def test_what_is_wrong_with_the_settings_is_told(changes, fault):
    with pytest.raises(ConfigError, match=fault):
        settings(**changes)


def test_speech_goes_to_another_machine_only_if_it_is_listed():
    there = {"url": "wss://gpu.example/v1/realtime", "hosts": "gpu.example"}
    assert settings(**there).choice.heard
    assert settings(url="ws://[::1]:8000/v1/realtime").choice.heard
    assert settings().choice.heard == ()


def test_without_a_key_file_it_is_told(tmp_path):
    with pytest.raises(ConfigError, match="key_file"):
        settings(key_file=str(Path(tmp_path) / "none"))
