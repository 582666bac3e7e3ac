"""What can go wrong on a page: no server, no microphone, somebody else's page."""

import pytest

from tests.streaming.wire import serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


def address(port):
    return f"http://127.0.0.1:{port}/"


async def test_a_lost_server_is_told_and_found_again(browsers):
    async with browsers.page() as watched:
        page = watched.page
        async with serving() as served:
            port = served.port
            await watched.open(address(port))
            await watched.type("a long reply that nobody will hear to its end")
            await watched.floor("agent")
            assert not watched.complaints
        await page.wait_for_selector("html[data-link=lost]")
        assert "The server was stopped." in await watched.text("#notices")
        # Between two waits it tries, and says so.
        await watched.holds(
            "document.getElementById('status').textContent.includes('Trying again in')"
        )
        await watched.type("hello again")
        assert await page.input_value("#field") == "hello again", "it is kept"
        await watched.holds(
            "document.getElementById('notices').textContent.includes('no connection')"
        )
        async with serving(port=port):
            await watched.linked()
            # A browser itself complains of a server that it does not reach.
            watched.complaints.clear()
            assert await watched.text("#notices") == ""
            await page.press("#field", "Enter")
            turn = await watched.answered(2)
            assert await turn.locator("p.parley .words").text_content() == "hello again"
            assert await page.locator("#turns > li").count() == 2, "the old one stays"
            assert not watched.complaints


async def test_the_wait_for_a_server_grows_and_can_be_cut_short(browsers):
    async with browsers.page() as watched:
        page = watched.page
        async with serving() as served:
            port = served.port
            await watched.open(address(port))
        await watched.holds(
            "/in [3-9]/.test(document.getElementById('status').textContent)"
        )
        async with serving(port=port):
            await page.click("#retry")
            await watched.linked()


async def test_a_server_that_wants_a_key_gets_it(browsers, tmp_path):
    keys = tmp_path / "keys"
    keys.write_text("correct-horse-battery\n", encoding="utf-8")
    async with (
        browsers.page() as watched,
        serving(api_keys=str(keys)) as served,
    ):
        page = watched.page
        await page.goto(address(served.port))
        await page.wait_for_selector("#key-form:not([hidden])")
        assert "wants a key" in await watched.text("#notices")
        await page.fill("#key", "wrong-horse-battery")
        await page.press("#key", "Enter")
        await page.wait_for_selector("html[data-link=lost]")
        await page.fill("#key", "correct-horse-battery")
        await page.press("#key", "Enter")
        await watched.linked()
        assert await page.locator("#key-form").is_hidden()
        await watched.type("hello")
        await watched.answered()


async def test_a_refused_microphone_is_explained(browsers):
    refusing = ["--deny-permission-prompts"]
    async with browsers.page(flags=refusing) as watched, serving() as served:
        await watched.open(address(served.port))
        await watched.page.click("#talk")
        await watched.page.wait_for_selector(".notice")
        assert "may not use the microphone" in await watched.text("#notices")
        assert await watched.text("#talk") == "Talk"
        await watched.type("then I type")
        await watched.answered()
        assert not watched.complaints


async def test_a_microphone_that_is_not_there_is_explained(browsers):
    async with browsers.page() as watched, serving() as served:
        await watched.page.add_init_script(
            "navigator.mediaDevices.getUserMedia = async () => {"
            " throw new DOMException('none', 'NotFoundError'); };"
        )
        await watched.open(address(served.port))
        await watched.page.click("#talk")
        await watched.page.wait_for_selector(".notice")
        assert "No microphone was found" in await watched.text("#notices")
        await watched.page.click(".notice button")
        assert await watched.text("#notices") == ""


async def test_the_page_of_another_server_may_not_connect(browsers):
    async with browsers.page() as watched, serving() as one, serving() as other:
        await watched.open(address(one.port))
        refused = await watched.page.evaluate(
            """url => new Promise((resolve) => {
                 const socket = new WebSocket(url);
                 socket.onopen = () => resolve("open");
                 socket.onerror = () => resolve("refused");
               }).catch(() => "refused")""",
            other.url,
        )
        assert refused == "refused"


@pytest.mark.parametrize("evil", ["<img src=x onerror=alert(1)>", "<b>bold</b>"])
async def test_what_is_said_is_text_and_never_html(browsers, evil):
    async with browsers.page() as watched, serving() as served:
        await watched.open(address(served.port))
        await watched.type(evil)
        turn = await watched.answered()
        assert await turn.locator("p.parley .words").text_content() == evil
        assert not await turn.locator("img, b").count()
        assert not watched.complaints
