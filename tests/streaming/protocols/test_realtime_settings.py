"""Settings of a Realtime session: merged, checked, and told as they are."""

import pytest

from streaming.protocols.realtime.detection import SemanticVad, ServerVad
from streaming.protocols.realtime.fields import Fields, RealtimeError
from streaming.protocols.realtime.settings import Settings
from voice.endpointing import TurnPolicy
from voice.events import Millis

SERVED = ("en", "de", "nb")


def changed(settings=None, /, **session):
    fields = Fields({"type": "realtime", **session}, "session")
    return (settings or Settings()).changed_by(fields, served=SERVED)


def hearing(**values):
    return changed(audio={"input": values})


def refused(**session):
    with pytest.raises(RealtimeError) as caught:
        changed(**session)
    return caught.value.code, caught.value.param


# --- Merging ------------------------------------------------------------------


def test_what_is_left_out_stays():
    first = changed(
        instructions="be kind",
        output_modalities=["text"],
        audio={
            "input": {
                "format": {"type": "audio/pcmu"},
                "turn_detection": {"type": "server_vad", "silence_duration_ms": 900},
                "transcription": {"model": "whisper-1", "language": "de"},
            }
        },
    )
    second = changed(first, tracing="auto")
    assert second.resource("s") == {**first.resource("s"), "tracing": "auto"}
    third = changed(second, audio={"output": {"format": {"type": "audio/pcma"}}})
    assert third.input == first.input
    assert third.output.kind == "audio/pcma"
    assert third.detection == ServerVad(silence_ms=900)
    assert third.languages == ("de",)
    assert third.kept["instructions"] == "be kind"


def test_a_detection_is_merged_with_one_of_its_kind():
    first = hearing(turn_detection={"type": "server_vad", "silence_duration_ms": 900})
    silent = changed(
        first,
        audio={
            "input": {
                "turn_detection": {"type": "server_vad", "create_response": False}
            }
        },
    )
    assert silent.detection == ServerVad(silence_ms=900, create_response=False)
    other = changed(
        silent, audio={"input": {"turn_detection": {"type": "semantic_vad"}}}
    )
    assert other.detection == SemanticVad(create_response=False)


def test_null_takes_away_and_absence_does_not():
    none = hearing(turn_detection=None, transcription=None)
    assert none.detection is None
    assert none.transcription is None
    assert hearing(format={"type": "audio/pcm"}).detection is not None
    tools = [{"type": "function", "name": "f"}]
    assert changed(changed(tools=tools), tools=None).tools == ()
    assert changed(changed(tools=tools), tools=[]).tools == ()


def test_a_session_tells_what_has_an_effect():
    settings = hearing(
        noise_reduction={"type": "near_field"},
        turn_detection={
            "type": "server_vad",
            "threshold": 0.9,
            "idle_timeout_ms": 6000,
            "interrupt_response": False,
        },
    )
    told = settings.resource("sess_1")["audio"]["input"]
    assert told["noise_reduction"] is None
    assert told["turn_detection"]["idle_timeout_ms"] is None
    assert told["turn_detection"]["interrupt_response"] is True
    assert changed(model="gpt-realtime").resource("s")["model"] == "parley"


def test_pcm_without_a_rate_has_24_kilohertz():
    assert Settings().input.rate == 24_000
    assert hearing(format={"type": "audio/pcm"}).input.rate == 24_000
    assert hearing(format={"type": "audio/pcm", "rate": 16_000}).input.rate == 16_000
    assert hearing(format={"type": "audio/pcma"}).input.rate == 8_000


def test_languages_are_candidates():
    def asked(**transcription):
        return hearing(transcription={"model": "x", **transcription}).languages

    assert asked(language="de-AT") == ("de",)
    assert asked(languages=["no", "en", "nb"]) == ("nb", "en")
    assert asked() == ()
    one = hearing(transcription={"language": "de"})
    assert (
        changed(one, audio={"input": {"transcription": {"language": None}}}).languages
        == ()
    )


# --- Turn detection -----------------------------------------------------------

POLICY = TurnPolicy(
    complete=Millis(200), extendable=Millis(400), prefix=Millis(1200), open=Millis(700)
)


def waits(policy):
    return policy.complete, policy.extendable, policy.prefix, policy.open


@pytest.mark.parametrize(
    ("eagerness", "expected"),
    [
        ("auto", (200, 400, 1200, 700)),
        ("medium", (200, 400, 1200, 700)),
        ("high", (120, 240, 720, 420)),
        ("low", (400, 800, 2400, 1400)),
    ],
)
def test_eagerness_scales_the_waits(eagerness, expected):
    assert waits(SemanticVad(eagerness=eagerness).policy(POLICY)) == expected


def test_eagerness_has_the_limits_of_the_api():
    patient = TurnPolicy(prefix=Millis(9000))
    limits = {
        eagerness: SemanticVad(eagerness=eagerness).policy(patient).prefix
        for eagerness in ("low", "medium", "high")
    }
    assert limits == {"low": 8000, "medium": 4000, "high": 2000}


def test_server_vad_waits_the_same_whatever_was_said():
    assert waits(ServerVad(silence_ms=350).policy(POLICY)) == (350,) * 4
    assert ServerVad().policy(POLICY).barge_in == POLICY.barge_in


# --- What is refused ----------------------------------------------------------


@pytest.mark.parametrize(
    ("session", "code", "param"),
    [
        ({"type": "live"}, "invalid_value", "session.type"),
        ({"voice": "ash"}, "unknown_parameter", "session.voice"),
        ({"modalities": ["audio"]}, "unknown_parameter", "session.modalities"),
        (
            {"output_modalities": ["audio", "text"]},
            "invalid_value",
            "session.output_modalities",
        ),
        ({"tools": "none"}, "invalid_type", "session.tools"),
        ({"tools": [1]}, "invalid_type", "session.tools[0]"),
        (
            {"tools": [{"type": "function"}]},
            "missing_required_parameter",
            "session.tools[0].name",
        ),
        ({"audio": []}, "invalid_type", "session.audio"),
        (
            {"audio": {"input": {"format": {"type": "opus"}}}},
            "invalid_value",
            "session.audio.input.format.type",
        ),
        (
            {"audio": {"input": {"format": {"type": "audio/pcm", "rate": 11025}}}},
            "invalid_value",
            "session.audio.input.format.rate",
        ),
        (
            {"audio": {"input": {"turn_detection": {"type": "silero"}}}},
            "invalid_value",
            "session.audio.input.turn_detection.type",
        ),
        (
            {"audio": {"input": {"transcription": {"language": "tlh"}}}},
            "invalid_value",
            "session.audio.input.transcription.language",
        ),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(session, code, param):
    assert refused(**session) == (code, param)


def test_a_session_says_its_type():
    with pytest.raises(RealtimeError) as caught:
        Settings().changed_by(Fields({}, "session"), served=SERVED)
    assert caught.value.code == "missing_required_parameter"
    assert caught.value.param == "session.type"
