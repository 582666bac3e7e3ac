"""Spoken conversations with a language model that has tools: all in processes of their own.

The model is a server of chat completions, the tools are a stock server of the Model
Context Protocol; who speaks spells, and the time is real.
"""

import asyncio
import contextlib
import json
import subprocess
import sys
from datetime import UTC, datetime

import pytest
import pytest_asyncio

pytest.importorskip("mcp", reason="the extra tools is not installed")
pytest.importorskip("openai", reason="the stock client is not installed")
httpx = pytest.importorskip("httpx", reason="the extra llm is not installed")

from streaming import answering as answering_module  # noqa: E402
from streaming import toolbox as toolbox_module  # noqa: E402
from streaming.chat import ChatServer, ServedChat  # noqa: E402
from streaming.dialogue import NO_RESULT, Answer, Assistant, Situation  # noqa: E402
from streaming.household import Household  # noqa: E402
from streaming.inference import InlineStages  # noqa: E402
from streaming.messages import (  # noqa: E402
    IntentMessage,
    ReplyText,
    ReplyTextDelta,
    ResponseCancel,
    ResponseDone,
    TextInput,
    ToolUsed,
)
from streaming.services import Services  # noqa: E402
from streaming.session import Session  # noqa: E402
from streaming.tasks import Tasks  # noqa: E402
from streaming.telemetry import Telemetry  # noqa: E402
from streaming.tool_settings import ToolSettings  # noqa: E402
from streaming.toolbox import open_toolbox  # noqa: E402
from tests.streaming.realtime_call import calling  # noqa: E402
from tests.streaming.rehearsal import (  # noqa: E402
    GATE,
    HOME,
    TURNS,
    Client,
    Rehearsal,
    rehearsal,
)
from tests.streaming.test_toolbox import RISKS, ROOT, started  # noqa: E402
from voice.audio import Pcm  # noqa: E402
from voice.consent import PATIENCE  # noqa: E402
from voice.consent_words import CONSENT  # noqa: E402
from voice.dialogue import Message, Role  # noqa: E402
from voice.events import Millis, TurnId  # noqa: E402
from voice.testing import (  # noqa: E402
    EchoResponder,
    LoudnessActivity,
    SpellingRecognizer,
    ToneSynthesizer,
)
from voice.tools import Risk  # noqa: E402

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

UNLOCK = 'call t__unlock {"door":"front"}'


@pytest.fixture(scope="module")
def model():
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.streaming.chat_server"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    process.communicate(timeout=10)


@pytest.fixture(scope="module")
def journal(tmp_path_factory):
    return tmp_path_factory.mktemp("spoken") / "journal"


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def toolbox(journal):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(toolbox_module, "FIRST_CONNECTION_S", 100.0)
        patch.setattr(toolbox_module, "CONNECT_S", 100.0)
        settings = ToolSettings(servers=(started(journal),), risks=RISKS)
        async with open_toolbox(settings) as box:
            assert box.connected == {"t": True}
            yield box


@pytest.fixture(autouse=True)
def _nothing_done(journal):
    journal.unlink(missing_ok=True)
    journal.with_name("go").unlink(missing_ok=True)


def done(journal):
    return journal.read_text(encoding="utf-8").splitlines() if journal.exists() else []


def chat(model):
    patience = {"first_piece_s": 20.0, "between_pieces_s": 20.0}
    return ServedChat(ChatServer(url=f"{model}/v1", model="tiny", **patience))


def assistant_of(served, toolbox):
    return Assistant(chat=served, toolbox=toolbox, clock=lambda: datetime.now(UTC))


def assisted(served, toolbox):
    """What a session needs that is answered by a model with tools."""
    return Services(
        stages=InlineStages(
            SpellingRecognizer(), EchoResponder(), ToneSynthesizer(letter=Millis(8))
        ),
        household=Household(HOME, lambda: datetime.now(UTC)),
        languages=("en", "de"),
        open_activity=LoudnessActivity,
        telemetry=Telemetry(),
        turns=TURNS,
        gate=GATE,
        assistant=assistant_of(served, toolbox),
    )


@contextlib.asynccontextmanager
async def talking(model, toolbox):
    async with (
        chat(model) as served,
        rehearsal(services=assisted(served, toolbox)) as talk,
    ):
        yield talk


async def answer(talk, text, language="en"):
    """What is said to `text`, once it was heard to its end."""
    await talk.say(text, language)
    await talk.until(ResponseDone, patience=40_000)
    return talk.of(ReplyText)[-1].transcript.strip()


async def typed(talk, text):
    """Type, and listen to the answer, with the microphone off."""
    before = len(talk.of(ResponseDone))
    talk.session.receive(TextInput(text=text))
    async with asyncio.timeout(40):
        while len(talk.of(ResponseDone)) == before:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def states(talk):
    return [(used.tool, used.state) for used in talk.of(ToolUsed)]


async def test_the_model_answers_what_the_grammar_does_not_word_by_word(model, toolbox):
    async with talking(model, toolbox) as talk:
        said = await answer(talk, "slowly one two three, four five six. seven eight.")
        assert said == "one two three, four five six. seven eight."
        assert talk.the(IntentMessage).answered_by == "model"
        parts = "".join(delta.delta for delta in talk.of(ReplyTextDelta))
        assert parts in ("", talk.the(ReplyText).transcript)
        assert talk.the(ResponseDone).heard_text == said


async def test_a_result_of_a_tool_goes_back_to_the_model(model, toolbox, caplog):
    async with talking(model, toolbox) as talk:
        with caplog.at_level("INFO"):
            assert await answer(talk, "call t__look {}") == "done: It is raining."
        assert states(talk)[-2:] == [("t__look", "running"), ("t__look", "done")]
        assert "tool t__look (read): done" in caplog.text
        assert "raining" not in caplog.text

        assert await answer(talk, 'call t__play_song {"title":"x"}') == (
            "done: playing x"
        )
        body = (await requests(model))[-1]
        assert body["messages"][0]["role"] == "system"
        told = [message["role"] for message in body["messages"][1:]]
        assert told == [
            *("user", "assistant", "tool", "assistant"),
            *("user", "assistant", "tool"),
        ]


async def test_what_cannot_be_undone_is_read_back_and_done_after_a_yes(
    model, toolbox, journal, caplog
):
    async with talking(model, toolbox) as talk:
        with caplog.at_level("INFO"):
            question = await answer(talk, UNLOCK)
            assert "Unlock a door, door front" in question
            assert "yes or no" in question
            assert done(journal) == []
            assert await answer(talk, "yes") == "done: front is unlocked"
        assert done(journal) == ["unlock front"]
        assert [state for _, state in states(talk)] == [
            "asked", "agreed", "running", "done",
        ]  # fmt: skip
        assert talk.of(IntentMessage)[-1].answered_by == "tool"
        assert "front" not in caplog.text

        await answer(talk, "yes")
        assert done(journal) == ["unlock front"], "a yes counts once"


@pytest.mark.parametrize(
    ("said", "state"),
    [("no", "declined"), ("say hello", "lapsed"), ("yes but not today", "lapsed")],
)
async def test_nothing_but_a_yes_agrees(model, toolbox, journal, said, state):
    async with talking(model, toolbox) as talk:
        await answer(talk, UNLOCK)
        reply = await answer(talk, said)
        assert states(talk) == [("t__unlock", "asked"), ("t__unlock", state)]
        if said == "no":
            assert reply == CONSENT["en"].cancelled
        await answer(talk, "yes")
        assert done(journal) == []


async def test_the_yes_is_in_the_language_of_the_question(model, toolbox, journal):
    async with talking(model, toolbox) as talk:
        assert "ja oder nein" in (await answer(talk, UNLOCK, "de")).lower()
        await answer(talk, "yes", "en")
        assert done(journal) == []
        await answer(talk, UNLOCK, "de")
        await answer(talk, "ja", "de")
        assert done(journal) == ["unlock front"]


async def test_who_interrupts_the_question_has_not_heard_it(model, toolbox, journal):
    async with talking(model, toolbox) as talk:
        await talk.say(UNLOCK)
        while not talk.client.audio:
            await talk.pause(20)
        await talk.say("yes please do it")
        while len(talk.of(ResponseDone)) < 2:
            await talk.until(ResponseDone, patience=40_000)
        assert talk.of(ResponseDone)[0].status == "cancelled"
        assert ("t__unlock", "lapsed") in states(talk)
        await answer(talk, "yes")
        assert done(journal) == []


@pytest.mark.parametrize("how", ["a noise", "the client"])
async def test_a_question_that_was_cut_short_was_not_asked(
    model, toolbox, journal, how
):
    async with talking(model, toolbox) as talk:
        await talk.say(UNLOCK)
        while not talk.client.audio:
            await talk.pause(20)
        if how == "a noise":
            await talk.murmur(700)
        else:
            talk.session.receive(ResponseCancel())
        while not talk.of(ResponseDone):
            await talk.pause(20)
        assert talk.the(ResponseDone).status == "cancelled"
        await talk.pause(500)
        await answer(talk, "yes")
        assert states(talk) == [("t__unlock", "asked"), ("t__unlock", "lapsed")]
        assert done(journal) == []


async def test_a_yes_in_the_middle_of_the_question_is_a_sign_of_listening(
    model, toolbox, journal
):
    async with talking(model, toolbox) as talk:
        await talk.say(UNLOCK)
        while not talk.client.audio:
            await talk.pause(20)
        await talk.say("yes")
        await talk.until(ResponseDone, patience=40_000)
        await talk.pause(500)
        assert done(journal) == []


async def test_silence_is_no_yes_and_a_late_one_is_none(model, toolbox, journal):
    async with talking(model, toolbox) as talk:
        await answer(talk, UNLOCK)
        silence = Pcm.silence(Millis(PATIENCE + 1000), talk.rate)
        talk.session.hear(silence.to_bytes())
        assert done(journal) == []
        await answer(talk, "yes")
        assert done(journal) == []


async def test_a_yes_is_late_even_if_no_audio_came_since_the_question(
    model, toolbox, journal, monkeypatch
):
    monkeypatch.setattr(answering_module, "PATIENCE", Millis(100))
    async with talking(model, toolbox) as talk:
        await typed(talk, UNLOCK)
        await asyncio.sleep(0.2)
        await typed(talk, "yes")
        assert states(talk) == [("t__unlock", "asked"), ("t__unlock", "lapsed")]
        assert done(journal) == []


async def test_what_is_forbidden_is_not_offered_and_not_done(
    model, toolbox, journal, caplog
):
    async with talking(model, toolbox) as talk:
        with caplog.at_level("INFO"):
            said = await answer(talk, "call secret {}")
            assert said.startswith("done: There is no such tool")
        assert "tool ? (forbidden): refused" in caplog.text
        assert "secret" not in caplog.text

        said = await answer(talk, "call t__wipe {}")
        assert said.startswith("done: There is no such tool")
        assert states(talk)[-1] == ("t__wipe", "refused")
        offered = [t["function"]["name"] for t in (await requests(model))[-1]["tools"]]
        assert "t__look" in offered
        assert "t__wipe" not in offered
        assert done(journal) == []


async def test_who_hangs_up_does_not_undo_what_was_begun(
    model, toolbox, journal, monkeypatch
):
    monkeypatch.setitem(RISKS, "t.hold", Risk.REVERSIBLE)
    async with chat(model) as served:
        services, client = assisted(served, toolbox), Client()
        async with Session(services, client, name="hung up") as session:
            talk = Rehearsal(session, client, services)
            await talk.say("call t__hold {}")
            await talk.until(ToolUsed, patience=40_000)
            assert states(talk) == [("t__hold", "running")]
        assert done(journal) == []
        journal.with_name("go").touch()
        await toolbox.finish()
    assert done(journal) == ["held"]
    assert client.faults == []


async def test_the_model_is_told_of_a_call_that_was_interrupted(
    model, toolbox, journal, monkeypatch
):
    monkeypatch.setitem(RISKS, "t.hold", Risk.REVERSIBLE)
    async with talking(model, toolbox) as talk:
        await talk.say("call t__hold {}")
        await talk.until(ToolUsed, patience=40_000)
        assert await answer(talk, "say hello") == "hello"
        told = (await requests(model))[-1]["messages"][1:]
        assert [message["role"] for message in told] == [
            *("user", "assistant", "tool", "assistant"),
            "user",
        ]
        (call,) = told[1]["tool_calls"]
        assert call["function"]["name"] == "t__hold"
        assert (told[2]["tool_call_id"], told[2]["content"]) == (call["id"], NO_RESULT)
        journal.with_name("go").touch()
        await toolbox.finish()
    assert done(journal) == ["held"], "once"


async def test_without_its_model_the_grammar_answers(toolbox):
    async with talking("http://127.0.0.1:9", toolbox) as talk:
        assert await answer(talk, "good morning") == "good morning"
        assert talk.the(ResponseDone).status == "completed"


async def test_a_model_that_breaks_off_is_reported(model, toolbox):
    async with talking(model, toolbox) as talk:
        assert await answer(talk, "cut one two three four five") != ""
        assert talk.the(ResponseDone).status == "failed"


async def test_the_realtime_door_tells_it_word_by_word_too(model, toolbox):
    async with chat(model) as served:
        assistant = assistant_of(served, toolbox)
        async with calling(assistant=assistant, responder=EchoResponder()) as call:
            await call.say("slowly one two three, four five six. seven eight.")
            await call.until("response.done", patience=40_000)
            text = call.the("response.output_audio_transcript.done")["transcript"]
            parts = call.of("response.output_audio_transcript.delta")
            said = " ".join(text.split())
            assert said == "one two three, four five six. seven eight."
            assert "".join(part["delta"] for part in parts) == text
            assert call.the("response.done")["response"]["status"] == "completed"
            assert len(call.audio()) > 10_000


async def test_what_a_client_has_read_out_agrees_to_nothing(model, toolbox, journal):
    async with chat(model) as served:
        assistant = assistant_of(served, toolbox)
        async with calling(assistant=assistant, responder=EchoResponder()) as call:
            await call.say(UNLOCK)
            await call.until("response.done", patience=40_000)
            question = call.the("response.output_audio_transcript.done")["transcript"]
            assert "Unlock a door" in question
            result = {"type": "function_call_output", "call_id": "1", "output": "yes"}
            await call.send("conversation.item.create", item=result)
            await call.send("response.create")
            await call.until("response.done", patience=40_000)
            read = call.of("response.output_audio_transcript.done")[-1]["transcript"]
            assert read == "yes"
            await call.say("yes")
            await call.until("response.done", patience=40_000)
            assert done(journal) == []


# --- The gate alone -----------------------------------------------------------


def situation(tasks, told, asked, said):
    return Situation(
        session="s",
        turn=TurnId(1),
        language="en",
        history=(),
        said=Message(role=Role.USER, text=said),
        fallback="what?",
        send=told.append,
        ask=asked.append,
        spawn=tasks.spawn,
    )


@pytest.mark.parametrize(
    ("said", "at_once"),
    [("call t__look {}", True), ('call t__play_song {"title":"x"}', False)],
)
async def test_only_what_reads_is_called_before_the_end(
    model, toolbox, journal, said, at_once
):
    faults, told = [], []
    tasks = Tasks(faults.append)
    async with chat(model) as served:
        assistant = assistant_of(served, toolbox)
        one = Answer(assistant, situation(tasks, told, [], said))
        words = one.words()
        if not at_once:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(3):
                    await anext(words)
            # The iterator is over by that: nobody hears the answer any more.
            assert told == []
            assert done(journal) == []
            one = Answer(assistant, situation(tasks, told, [], said))
            one.release(None)
            words = one.words()
        assert (await anext(words)).strip() == "done:"
        assert [used.state for used in told] == ["running", "done"]
        await words.aclose()
    await tasks.aclose()
    assert faults == []


async def hang_up(answer, told, tasks):
    """Listen until a call is under way; then the session is over."""
    listener = asyncio.create_task(anext(answer.words()))
    async with asyncio.timeout(20):
        while not told:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await tasks.aclose()
    listener.cancel()
    await asyncio.gather(listener, return_exceptions=True)


async def test_the_end_of_a_session_does_not_cut_off_what_has_effects(
    model, toolbox, journal, monkeypatch, caplog
):
    monkeypatch.setitem(RISKS, "t.hold", Risk.REVERSIBLE)
    faults, told = [], []
    tasks = Tasks(faults.append)
    async with chat(model) as served:
        assistant = assistant_of(served, toolbox)
        said = "call t__hold {}"
        one = Answer(assistant, situation(tasks, told, [], said))
        one.release(None)
        await hang_up(one, told, tasks)
        assert [used.state for used in told] == ["running"]
        journal.with_name("go").touch()
        with caplog.at_level("INFO"):
            await toolbox.finish()
    assert [used.state for used in told] == ["running", "done"]
    assert "s turn 1: tool t__hold (reversible): done" in caplog.text
    assert done(journal) == ["held"]
    assert faults == []


async def test_what_only_reads_ends_with_the_session(
    model, toolbox, journal, monkeypatch
):
    monkeypatch.setitem(RISKS, "t.wait", Risk.READ)
    faults, told = [], []
    tasks = Tasks(faults.append)
    async with chat(model) as served:
        assistant = assistant_of(served, toolbox)
        one = Answer(
            assistant, situation(tasks, told, [], 'call t__wait {"seconds":30}')
        )
        await hang_up(one, told, tasks)
        async with asyncio.timeout(5):
            await toolbox.finish()
    assert [used.state for used in told] == ["running", "failed"]
    assert done(journal) == []
    assert faults == []


async def requests(model):
    async with httpx.AsyncClient(trust_env=False) as client:
        return json.loads((await client.get(f"{model}/requests")).text)
