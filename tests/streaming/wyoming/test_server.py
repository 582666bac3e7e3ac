"""A real server, and Home Assistant's exact sequences from the stock client."""

import asyncio
import json
import logging

import pytest

pytest.importorskip("wyoming", reason="the stock client of Home Assistant")

from wyoming.asr import Transcript
from wyoming.audio import AudioChunk, AudioStart, AudioStop
from wyoming.error import Error
from wyoming.event import Event
from wyoming.handle import Handled, NotHandled
from wyoming.info import Describe
from wyoming.intent import Intent
from wyoming.ping import Ping, Pong

from streaming.inference import InlineStages
from tests.streaming.rehearsal import SlowStages
from tests.streaming.wyoming.home_assistant import (
    PATIENCE,
    RATE,
    begin_audio,
    connected,
    converse,
    load_info,
    send,
    serving,
    speech_to_text,
    text_to_speech,
)
from voice import languages as known
from voice.audio import Pcm
from voice.errors import ConfigError
from voice.events import Completeness, Millis
from voice.home import SetState
from voice.stages import Intent as PlannedIntent
from voice.stages import Plan
from voice.testing import (
    EchoResponder,
    ScriptedResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    spoken,
)

SILENCE = Pcm.silence(Millis(1500), RATE)


def plan(reply, *, intent=None, effects=(), answered_by="grammar", language="en"):
    return Plan(
        intent=intent,
        completeness=Completeness.COMPLETE,
        reply=reply,
        language=language,
        effects=effects,
        answered_by=answered_by,
    )


LAMP_ON = plan(
    "Turned on the lamp",
    intent=PlannedIntent(name="HassTurnOn", slots=(("name", "light.kitchen"),)),
    effects=(SetState(device="light.kitchen", state="on"),),
)
LAMP = plan(
    "The lamp is off",
    intent=PlannedIntent(name="HassGetState", slots=(("name", "light.kitchen"),)),
)
CLOCK = plan("It is ten", intent=PlannedIntent(name="HassGetCurrentTime", slots=()))


def scripted():
    plans = {"lamp on": LAMP_ON, "is the lamp on": LAMP, "what time is it": CLOCK}
    responder = ScriptedResponder(plans=plans)
    return InlineStages(SpellingRecognizer(), responder, ToneSynthesizer())


def slow(**seconds):
    stages = InlineStages(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
    return SlowStages(
        stages, **{"recognize": 0, "respond": 0, "synthesize": 0} | seconds
    )


# --- What there is ------------------------------------------------------------


async def test_home_assistant_finds_one_installed_program_of_each_kind():
    async with serving() as (server, _):
        info = await load_info(server)
    (asr,), (tts,), (handle,) = info.asr, info.tts, info.handle
    assert asr.installed
    assert tts.installed
    assert handle.installed
    assert asr.models[0].languages == ["en", "de"]
    assert handle.models[0].languages == ["en", "de"]
    assert handle.supports_home_control
    assert tts.supports_synthesize_streaming
    assert asr.requires_external_vad, "its own VAD stays as a backup"
    assert (info.intent, info.wake, info.satellite) == ([], [], None)


async def test_voices_are_in_all_languages_with_the_codes_of_home_assistant():
    async with serving() as (server, _):
        (tts,) = (await load_info(server)).tts
    languages = {language for voice in tts.voices for language in voice.languages}
    assert languages == set(known.LANGUAGES)
    assert "nb" in languages
    assert "no" not in languages
    assert all(voice.installed for voice in tts.voices)


async def test_the_operator_chooses_who_does_things_and_who_looks_for_the_end():
    async with serving(conversation="intent", client_vad="off") as (server, _):
        info = await load_info(server)
    assert [program.installed for program in info.intent] == [True]
    assert info.handle == []
    assert not info.asr[0].requires_external_vad


class Thinking(InlineStages):
    """Gives no answer before it is told to."""

    def __init__(self):
        super().__init__(SpellingRecognizer(), EchoResponder(), ToneSynthesizer())
        self.asked = 0
        self.enough = asyncio.Event()

    async def transcribe(self, pcm, candidates, *, priority):
        self.asked += 1
        await self.enough.wait()
        return await super().transcribe(pcm, candidates, priority=priority)

    async def speak(self, text, language, *, priority):
        self.asked += 1
        await self.enough.wait()
        async for piece in super().speak(text, language, priority=priority):
            yield piece

    async def are_asked(self, times):
        async with asyncio.timeout(PATIENCE):
            while self.asked < times:  # noqa: ASYNC110 - counted, not awaited
                await asyncio.sleep(0.01)


async def test_describe_is_answered_while_everybody_talks():
    stages = Thinking()
    async with serving(stages=stages) as (server, _):
        clip = Pcm.joined([spoken("turn on the lamp", "en"), SILENCE], RATE)
        busy = [asyncio.create_task(speech_to_text(server, clip)) for _ in range(4)]
        busy += [asyncio.create_task(text_to_speech(server, "hello")) for _ in range(4)]
        await stages.are_asked(8)
        await load_info(server)
        assert not any(task.done() for task in busy)
        stages.enough.set()
        await asyncio.gather(*busy)


async def test_a_ping_is_answered():
    async with serving() as (server, _), connected(server) as client:
        await client.write_event(Ping(text="you there?").event())
        event = await client.read_event()
    assert Pong.from_event(event).text == "you there?"


# --- Speech to text -----------------------------------------------------------


async def test_the_transcript_comes_before_the_audio_stops():
    async with serving() as (server, _):
        heard = await speech_to_text(server, spoken("lamp on", "en"), stop=False)
    assert (heard.text, heard.language) == ("lamp on", "en")


async def test_the_transcript_comes_when_the_audio_stops_in_the_middle_of_speech():
    async with serving() as (server, _):
        heard = await speech_to_text(server, spoken("lamp on", "en"), stop=True)
    assert heard.text == "lamp on"


async def test_the_transcript_does_not_wait_for_a_plan_once_the_audio_stopped():
    async with serving(stages=slow(respond=60)) as (server, _):
        heard = await speech_to_text(server, spoken("lamp on", "en"), stop=True)
    assert heard.text == "lamp on"


@pytest.mark.parametrize("silence", [0, 500, 3000])
async def test_silence_is_no_text_and_no_error(silence):
    async with serving() as (server, _):
        heard = await speech_to_text(server, Pcm.silence(Millis(silence), RATE))
    assert isinstance(heard, Transcript)
    assert heard.text == ""


async def test_who_never_speaks_is_not_awaited_for_ever():
    async with serving() as (server, _), connected(server) as client:
        await begin_audio(client)
        await send(client, Pcm.silence(Millis(15_100), RATE))
        event = await client.read_event()
    assert Transcript.from_event(event).text == ""


@pytest.mark.parametrize("language", ["de", "de-DE", "de_DE", "German"])
async def test_the_language_may_be_written_in_many_ways(language):
    async with serving() as (server, _):
        clip = spoken("licht an", "de")
        heard = await speech_to_text(server, clip, language=language)
    assert (heard.text, heard.language) == ("licht an", "de")


async def test_without_a_language_it_is_told():
    async with serving() as (server, _):
        clip = spoken("licht an", "de")
        heard = await speech_to_text(server, clip, language=None)
    assert heard.language == "de"


async def test_a_language_that_is_not_served_is_an_error_and_not_a_guess():
    async with serving() as (server, _):
        answer = await speech_to_text(server, SILENCE, language="fr")
    assert isinstance(answer, Error)
    assert answer.code == "unknown_language"


async def test_nothing_happens_to_the_home_and_nothing_is_said():
    async with serving(stages=scripted()) as (server, services):
        before = services.household.state
        heard = await speech_to_text(server, spoken("lamp on", "en"), stop=False)
        assert heard.text == "lamp on"
        assert services.household.state == before


async def test_a_recogniser_that_fails_is_an_error_for_home_assistant():
    broken = InlineStages(
        SpellingRecognizer(breaks_at=["lamp"]), EchoResponder(), ToneSynthesizer()
    )
    async with serving(stages=broken) as (server, _):
        answer = await speech_to_text(server, spoken("lamp on", "en"))
    assert (type(answer), answer.code) == (Error, "recognition_failed")


async def test_other_formats_are_heard_too():
    async with serving() as (server, _), connected(server) as client:
        pcm = spoken("lamp on", "en", rate=44_100)
        stereo = pcm.samples.repeat(2).tobytes()
        of = {"rate": 44_100, "width": 2, "channels": 2}
        await client.write_event(AudioStart(**of).event())
        await client.write_event(AudioChunk(audio=stereo, **of).event())
        await client.write_event(AudioStop().event())
        event = await client.read_event()
    assert Transcript.from_event(event).text == "lamp on"


async def test_one_connection_may_ask_several_times():
    async with serving() as (server, _), connected(server) as client:
        for words in ("one", "two"):
            await begin_audio(client)
            await send(client, Pcm.joined([spoken(words, "en"), SILENCE], RATE))
            await client.write_event(AudioStop().event())
            assert Transcript.from_event(await client.read_event()).text == words


async def test_who_hangs_up_at_the_transcript_leaves_no_trace(caplog):
    caplog.set_level(logging.INFO)
    async with serving() as (server, _):
        for _ in range(3):
            await speech_to_text(server, spoken("lamp on", "en"), stop=False)
    assert [r for r in caplog.records if r.levelno > logging.INFO] == []
    assert "lamp" not in caplog.text


# --- Conversation -------------------------------------------------------------


async def test_what_was_asked_is_done_and_answered():
    async with serving(stages=scripted()) as (server, services):
        event = await converse(server, "lamp on", "en-GB")
        assert Handled.from_event(event).text == "Turned on the lamp"
        assert Handled.from_event(event).context == {"conversation_id": "01J"}
        assert services.household.state.device("light.kitchen").state == "on"


async def test_what_was_not_understood_is_said_in_the_language_of_the_user():
    async with serving(stages=scripted()) as (server, _):
        event = await converse(server, "blah", "de-DE")
    assert NotHandled.is_type(event.type)
    assert NotHandled.from_event(event).text == known.get("de").not_understood


async def test_home_assistant_gets_the_intent_and_nothing_is_done_here():
    async with serving(stages=scripted(), conversation="intent") as (server, services):
        event = await converse(server, "lamp on")
        before = services.household.state.device("light.kitchen").state
    intent = Intent.from_event(event)
    assert intent.name == "HassTurnOn"
    assert [(e.name, e.value) for e in intent.entities] == [("name", "light.kitchen")]
    assert intent.text == "Turned on the lamp"
    assert before == "off"


async def test_home_assistant_fills_in_the_states_that_it_alone_knows():
    async with serving(stages=scripted(), conversation="intent") as (server, _):
        event = await converse(server, "is the lamp on")
        assert "{{ state.state_with_unit }}" in Intent.from_event(event).text
        event = await converse(server, "what time is it")
        assert Handled.from_event(event).text == "It is ten"


# --- Bad manners --------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\xff\xfe\n",
        b"[]\n",
        b'{"type": 7}\n',
        b'{"type": "audio-chunk", "payload_length": 99999999999}\n',
        b'{"type": "audio-chunk", "payload_length": -1}\n',
        b'{"type": "audio-chunk", "data_length": true}\n',
        b"x" * 20_000,
    ],
)
async def test_nonsense_is_refused_with_a_reason(data):
    async with serving() as (server, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", server.address.port)
        writer.write(data)
        writer.write_eof()
        async with asyncio.timeout(PATIENCE):
            answer = await reader.read()
        writer.close()
    head, _, body = answer.partition(b"\n")
    assert json.loads(head)["type"] == "error"
    assert json.loads(body)["code"] == "invalid_event"


async def test_a_bad_event_is_told_and_the_next_one_is_answered():
    async with serving() as (server, _), connected(server) as client:
        of = {"rate": 16_000, "width": 4, "channels": 1}
        await client.write_event(AudioStart(**of).event())
        answer = Error.from_event(await client.read_event())
        assert answer.code == "unsupported_format"
        await client.write_event(Describe().event())
        assert (await client.read_event()).type == "info"


async def test_unknown_events_are_passed_over():
    async with serving() as (server, _), connected(server) as client:
        await client.write_event(Event("select-program", {"name": "x"}))
        await client.write_event(Event("of-the-future", {}, b"123"))
        await client.write_event(Describe().event())
        assert (await client.read_event()).type == "info"


async def test_a_client_that_says_nothing_is_let_go():
    async with serving(idle_timeout_s=0.1) as (server, _), connected(server) as client:
        assert await client.read_event() is None


async def test_a_client_that_does_not_read_is_cut_off():
    long = "word " * 700
    async with serving(send_timeout_s=0.2) as (server, _):
        _, writer = await asyncio.open_connection(
            "127.0.0.1", server.address.port, limit=1024
        )
        line = {"type": "synthesize", "data": {"text": long}}
        for _ in range(5):
            writer.write(json.dumps(line).encode() + b"\n")
        async with asyncio.timeout(PATIENCE):
            while server.connections == 0:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            while server.connections:  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        writer.close()


async def test_there_is_room_for_so_many_and_no_more():
    async with serving(max_connections=1) as (server, _), connected(server) as first:
        await first.write_event(Describe().event())
        await first.read_event()
        async with connected(server) as second:
            answer = Error.from_event(await second.read_event())
            assert answer.code == "full"
            assert await second.read_event() is None


async def test_a_taken_address_is_told_with_the_key():
    async with serving() as (server, _):
        with pytest.raises(ConfigError, match=r"wyoming\.listen: cannot listen on"):
            async with serving(listen=str(server.address)):
                pass


async def test_a_request_that_runs_is_answered_before_the_end():
    stages = Thinking()
    async with serving(stages=stages) as (server, _):
        asked = asyncio.create_task(text_to_speech(server, "hello"))
        await stages.are_asked(1)
        asyncio.get_running_loop().call_later(0.1, stages.enough.set)
    audio, _ = await asked
    assert len(audio) > 0
