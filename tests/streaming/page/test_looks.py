"""The page can be read: narrow, dark, bright, still, and with little contrast to lose."""

import pytest

# The first of them waits for a server to load its models.
pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


CONTRASTS = """
// Text on the page with less contrast than WCAG 2.2 AA asks for.
() => {
  const pen = document.createElement("canvas").getContext("2d", {
    willReadFrequently: true,
  });
  const rgba = (color) => {
    pen.clearRect(0, 0, 1, 1);
    pen.fillStyle = color;
    pen.fillRect(0, 0, 1, 1);
    return [...pen.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => {
    const [x, y, z] = [r, g, b]
      .map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgba(getComputedStyle(at).backgroundColor);
      if (color[3] > 250) return color;
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility()) continue;
    if (element.closest(".hidden, .skip, option, noscript")) continue;
    const [a, b] = [
      luminance(rgba(getComputedStyle(element).color)),
      luminance(ground(element)),
    ];
    const contrast = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (contrast < 4.5) found.push(`${element.className} ${contrast.toFixed(2)}`);
  }
  return found;
}
"""

LONG = (
    "what about a very long question with a donaudampfschifffahrtsgesellschaftskapitän"
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_it_is_readable_and_fits_on_a_small_screen(browsers, real_server, scheme):
    small = {"width": 320, "height": 640}
    async with browsers.page(viewport=small, color_scheme=scheme) as watched:
        page = watched.page
        await watched.open(real_server)
        assert await watched.width() == 320
        await watched.type(LONG)
        await watched.answered()
        await watched.type("turn on the kitchen lamp")
        turn = await watched.answered(2)
        await turn.locator("summary").click()
        assert await watched.width() == 320
        assert await page.evaluate(CONTRASTS) == []
        dark = await page.evaluate(
            "getComputedStyle(document.body).backgroundColor"
        ) == ("rgb(19, 20, 22)")
        assert dark == (scheme == "dark")


@pytest.mark.parametrize("width", [480, 768, 1024, 1920])
async def test_it_fits_on_every_screen(browsers, real_server, width):
    async with browsers.page(viewport={"width": width, "height": 800}) as watched:
        await watched.open(real_server)
        assert await watched.width() == width


async def test_large_text_still_fits(browsers, real_server):
    async with browsers.page(viewport={"width": 320, "height": 640}) as watched:
        await watched.open(real_server)
        await watched.page.evaluate("document.documentElement.style.fontSize = '200%'")
        assert await watched.width() == 320


async def test_who_wants_no_motion_sees_none(browsers, real_server):
    async with browsers.page(reduced_motion="reduce") as watched:
        await watched.open(real_server)
        moving = await watched.page.evaluate(
            "[...document.querySelectorAll('*')].filter((element) =>"
            " parseFloat(getComputedStyle(element).transitionDuration) > 0).length"
        )
        assert moving == 0


async def test_everything_has_a_name_for_who_cannot_see_it(browsers, real_server):
    async with browsers.page() as watched:
        page = watched.page
        await watched.open(real_server)
        await watched.type("turn on the kitchen lamp")
        await watched.answered()
        for role, name in [
            ("combobox", "Language"),
            ("button", "Talk"),
            ("button", "Voice"),
            ("button", "Send"),
            ("textbox", "Type instead of speaking"),
            ("list", "What was said, the newest first"),
            ("region", "Conversation"),
            ("region", "The home"),
            ("heading", "Parley"),
        ]:
            found = page.get_by_role(role, name=name, exact=True)
            assert await found.count() == 1, (role, name)
        nameless = await page.evaluate(
            "[...document.querySelectorAll('button, input, select')].filter((e) =>"
            " !(e.textContent.trim() || e.labels?.length || e.ariaLabel)).length"
        )
        assert nameless == 0
