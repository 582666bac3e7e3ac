"""A real browser without a window, whose microphone plays a recording."""

import contextlib
import os
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile as sf

from voice.audio import Pcm, read_audio
from voice.events import Millis

CHROMIUM = os.environ.get("PARLEY_CHROMIUM") or next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))),
    None,
)

FLAGS = (
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--mute-audio",
    # Without it Chromium does not start as root, as in a container.
    "--no-sandbox",
)

ALLOWED = "--use-fake-ui-for-media-stream"
"""The microphone is given without asking anybody."""

PATIENCE = 20_000
"""Milliseconds; what takes longer does not come."""

TAP = """
// What reaches the loudspeaker, loudness every 20 ms; and each caption that was shown.
window.heard = { loudness: () => 0 };
const connect = AudioNode.prototype.connect;
AudioNode.prototype.connect = function (to, ...rest) {
  if (to instanceof AudioDestinationNode && this instanceof GainNode) {
    const tap = new AnalyserNode(this.context, { fftSize: 2048 });
    connect.call(this, tap);
    window.heard.loudness = () => {
      const wave = new Float32Array(2048);
      tap.getFloatTimeDomainData(wave);
      return Math.sqrt(wave.reduce((sum, x) => sum + x * x, 0) / wave.length);
    };
  }
  return connect.call(this, to, ...rest);
};
window.captions = [];
addEventListener("DOMContentLoaded", () => {
  new MutationObserver(() => {
    const words = document.querySelector("#turns li p.you .words")?.textContent;
    if (words && words !== window.captions.at(-1)) window.captions.push(words);
  }).observe(document.body, { subtree: true, childList: true, characterData: true });
});
"""


@dataclass
class Watched:
    """A page, and all that went on behind it."""

    page: object
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    sent: list[str | bytes] = field(default_factory=list)
    """Frames of its websocket."""

    async def open(self, url):
        await self.page.goto(url)
        await self.linked()

    async def linked(self):
        await self.page.wait_for_selector("html[data-link=open]")
        await self.page.wait_for_selector(".device")

    async def type(self, text):
        await self.page.fill("#field", text)
        await self.page.press("#field", "Enter")

    async def floor(self, *names):
        """Wait until one of them is the floor."""
        any_of = ",".join(f'#floor[data-floor="{name}"]' for name in names)
        await self.page.wait_for_selector(any_of)

    async def answered(self, number=1):
        """The newest turn, once there are so many and it is over."""
        await self.holds(
            "document.querySelectorAll('#turns > li').length >= given"
            " && document.querySelector('#turns > li').dataset.stage === 'done'",
            number,
        )
        return self.page.locator("#turns > li").first

    async def holds(self, condition, argument=None):
        """Wait for it; the page's own rules forbid to evaluate more than functions."""
        await self.page.wait_for_function(f"(given) => {condition}", arg=argument)

    async def text(self, selector):
        return (await self.page.locator(selector).first.text_content() or "").strip()

    async def loudness(self):
        return await self.page.evaluate("heard.loudness()")

    async def width(self):
        return await self.page.evaluate("document.documentElement.scrollWidth")


def microphone(folder, *parts):
    """A file for the microphone: recordings and pauses in seconds, one after another."""
    pieces = [
        Pcm.silence(Millis(round(part * 1000)), 16_000)
        if isinstance(part, (int, float))
        else read_audio(part).resampled(16_000)
        for part in parts
    ]
    path = Path(folder) / "microphone.wav"
    samples = np.concatenate([piece.samples for piece in pieces])
    sf.write(path, samples, 16_000, subtype="PCM_16")
    return path


@dataclass
class Browsers:
    """Chromium, started once for all pages that need no recording."""

    driver: object
    plain: object = None

    @contextlib.asynccontextmanager
    async def page(self, *, recording=None, flags=(), **context):
        """A page on which nothing was opened yet; `context` is Playwright's."""
        browser = await self._browser(recording, flags)
        settings = {"locale": "en-GB", "viewport": {"width": 1280, "height": 900}}
        profile = await browser.new_context(**settings | context)
        page = await profile.new_page()
        page.set_default_timeout(PATIENCE)
        await page.add_init_script(TAP)
        watched = Watched(page)
        page.on("request", lambda request: watched.requests.append(request.url))
        page.on("console", lambda message: _note(watched, message))
        page.on("pageerror", lambda error: watched.complaints.append(str(error)))
        page.on("websocket", lambda socket: _listen(watched, socket))
        try:
            yield watched
        finally:
            await profile.close()
            if browser is not self.plain:
                await browser.close()

    async def _browser(self, recording, flags):
        if recording is None and not flags:
            self.plain = self.plain or await self._launch(ALLOWED)
            return self.plain
        if recording is None:
            return await self._launch(*flags)
        # One file for each process: it is told as it starts.
        speaking = f"--use-file-for-fake-audio-capture={recording}%noloop"
        return await self._launch(ALLOWED, speaking, *flags)

    async def _launch(self, *flags):
        return await self.driver.chromium.launch(
            executable_path=CHROMIUM, args=[*FLAGS, *flags]
        )


@contextlib.asynccontextmanager
async def browsing():
    """Browsers, which end with the context."""
    # Here, so that the rest can be imported where it is not installed.
    from playwright.async_api import async_playwright

    async with async_playwright() as driver:
        yield Browsers(driver)


def _note(watched, message):
    if message.type in ("error", "warning"):
        watched.complaints.append(f"{message.type}: {message.text}")


def _listen(watched, socket):
    watched.requests.append(socket.url)
    socket.on("framesent", lambda frame: watched.sent.append(frame))  # noqa: PLW0108
