"""Somebody talks to the page: real Chromium, real server, real starter models."""

import asyncio
import json
import struct
from itertools import pairwise
from pathlib import Path

import pytest

from tests.streaming.page.browser import microphone

# The first of them waits for a server to load its models.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]

FIXTURES = Path(__file__).parents[3] / "audio_fixtures"

LAMP = '.device[data-id="light.kitchen"]'

QUESTION = "which lights are off"
"""The answer is long."""


async def test_a_spoken_command_is_answered_and_changes_the_home(
    browsers, real_server, tmp_path
):
    command = FIXTURES / "en" / "kitchen_lamp_on.flac"
    recording = microphone(tmp_path, 0.5, command, 20)
    async with browsers.page(recording=recording) as watched:
        page = watched.page
        await watched.open(real_server)
        assert await watched.text(f"{LAMP} .state") == "off"
        await page.click("#talk")
        await page.wait_for_selector(f"{LAMP}.lit")
        await watched.floor("agent")
        turn = await watched.answered()

        words = await turn.locator("p.you .words").text_content()
        assert words == "turn on the kitchen lamp"
        assert await turn.locator("p.parley .words").text_content()
        assert await turn.locator(".deed").text_content() == "Kitchen lamp: on"
        assert "HassTurnOn" in await turn.locator(".deeds").text_content()
        assert "Kitchen lamp: on" in await watched.text("#told")

        # Words in passing are only added to; what counts is what comes at the end.
        *passing, last = await page.evaluate("captions")
        assert last == words
        for earlier, later in pairwise(passing):
            assert later.startswith(earlier), passing

        await turn.locator("summary").click()
        stages = await turn.locator("th").all_text_contents()
        assert stages[0] == "end of turn awaited"
        assert stages[-1] == "sent and played"
        assert float(await turn.get_attribute("data-audible-ms")) > 2_300

        assert_energy(watched.sent)
        acknowledged = [m for m in messages(watched) if m["type"] == "parley.playback"]
        assert acknowledged[-1]["position_ms"] > 300
        origins = {"/".join(url.split("/")[:3]) for url in watched.requests}
        own = real_server.rstrip("/")
        assert origins == {own, own.replace("http", "ws")}
        assert not watched.complaints


async def test_speech_silences_a_reply(browsers, real_server, tmp_path):
    interruption = FIXTURES / "en" / "barge_in_interruption.flac"
    async with browsers.page(
        recording=microphone(tmp_path, interruption, 20)
    ) as watched:
        await watched.open(real_server)
        await watched.type(QUESTION)
        await watched.floor("agent")
        await until(watched.loudness, lambda loud: loud > 0.01)
        await watched.page.click("#talk")
        await watched.page.wait_for_selector('#turns > li[data-status="cancelled"]')
        # Nothing of what was on its way is played any more.
        assert await watched.loudness() < 0.01 or await fades(watched)
        cut = watched.page.locator('#turns > li[data-status="cancelled"]')
        assert "Cut off after" in await cut.locator(".ending").text_content()
        turn = await watched.answered(2)
        # What a starter makes of a voice behind an echo canceller is not the page's.
        assert await turn.locator("p.you .words").text_content()
        assert await turn.locator("p.parley .words").text_content()
        assert not watched.complaints


async def test_a_reply_that_comes_sooner_than_the_player_is_heard(
    browsers, real_server
):
    loading = asyncio.Event()

    async def hold(route):
        await loading.wait()
        await route.continue_()

    async with browsers.page() as watched:
        await watched.page.route("**/playback.js", hold)
        await watched.open(real_server)
        await watched.type(QUESTION)
        await watched.floor("agent")
        loading.set()
        await until(watched.loudness, lambda loud: loud > 0.01)


async def test_who_cannot_speak_types_and_reads(browsers, real_server):
    async with browsers.page() as watched:
        page = watched.page
        await watched.open(real_server)
        await page.select_option("#language", "de")
        lamp = page.locator(LAMP)
        await page.wait_for_selector(f"{LAMP} .name[lang=de]")
        assert await lamp.locator(".name").text_content() == "Küchenlampe"
        assert await watched.text("#disclosure") == (
            "Ich bin ein Sprachassistent, kein Mensch."
        )
        await watched.type("schalte die Küchenlampe aus")
        turn = await watched.answered()
        assert await turn.locator(".who").first.text_content() == "You typed"
        reply = turn.locator("p.parley .words")
        assert await reply.get_attribute("lang") == "de"
        assert await turn.locator("summary .total").text_content()
        assert await page.input_value("#field") == ""
        await page.reload()
        await watched.linked()
        assert await page.input_value("#language") == "de", "it is remembered"
        assert not watched.complaints


async def test_everything_can_be_done_with_the_keyboard(
    browsers, real_server, tmp_path
):
    async with browsers.page(recording=microphone(tmp_path, 30)) as watched:
        page = watched.page
        await watched.open(real_server)
        reached = []
        for _ in range(10):
            await page.keyboard.press("Tab")
            reached.append(
                await page.evaluate(
                    "document.activeElement.id || document.activeElement.textContent"
                )
            )
        assert reached[:5] == ["Skip to typing", "language", "voice", "talk", "field"]
        assert "Send" in reached
        assert "turn on the kitchen lamp" in reached

        await page.focus("#talk")
        await page.keyboard.press("Enter")
        await page.wait_for_selector("#talk.listening")
        assert await page.evaluate("document.activeElement.id") == "talk"
        await page.keyboard.press("Space")
        await page.wait_for_selector("#talk:not(.listening)")
        async with asyncio.timeout(10):
            # What was sent is told by the browser when it likes, and by no event.
            while messages(watched)[-1]["type"] != "parley.input_end":  # noqa: ASYNC110
                await asyncio.sleep(0.02)

        await page.focus("#field")
        await page.keyboard.type(QUESTION)
        await page.keyboard.press("Enter")
        await watched.floor("agent")
        await page.keyboard.press("Escape")
        turn = await watched.answered()
        assert await turn.get_attribute("data-status") == "cancelled"
        outline = await page.evaluate(
            "document.getElementById('talk').focus(),"
            " getComputedStyle(document.activeElement).outlineStyle"
        )
        assert outline != "none"


async def test_a_silenced_voice_can_still_be_read(browsers, real_server):
    async with browsers.page() as watched:
        await watched.open(real_server)
        await watched.page.click("#voice")
        await watched.type("is the front door locked")
        await watched.floor("agent")
        turn = await watched.answered()
        assert await watched.loudness() == 0
        assert await turn.get_attribute("data-status") == "completed"
        assert await turn.locator("p.parley .words").text_content() == "Yes"


@pytest.mark.parametrize("text", ["", "   "])
async def test_nothing_is_not_sent(browsers, real_server, text):
    async with browsers.page() as watched:
        await watched.open(real_server)
        await watched.type(text)
        await watched.type("what time is it")
        await watched.answered()
        typed = [m for m in messages(watched) if m["type"] == "parley.text"]
        assert [m["text"] for m in typed] == ["what time is it"]


def messages(watched):
    return [json.loads(frame) for frame in watched.sent if isinstance(frame, str)]


def assert_energy(frames):
    """A wrong path gives silence without an error."""
    audio = b"".join(frame for frame in frames if isinstance(frame, bytes))
    loudest = max(abs(x) for (x,) in struct.iter_unpack("<h", audio))
    assert loudest > 1000


async def until(ask, holds):
    async with asyncio.timeout(10):
        # The browser has no event for it.
        while not holds(await ask()):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def fades(watched):
    """The meter looks 43 ms back."""
    await asyncio.sleep(0.1)
    return await watched.loudness() < 0.01
