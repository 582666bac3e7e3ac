"""The page, in Chromium driven by playwright: type a sentence, print the answer."""

import os
import sys

from playwright.sync_api import sync_playwright

url, sentence = sys.argv[1:]  # http://127.0.0.1:8765/ "turn on the kitchen lamp"

with sync_playwright() as playwright:
    # Without a sandbox Chromium starts in containers, too.
    program, flags = os.environ.get("PARLEY_CHROMIUM"), ["--no-sandbox", "--mute-audio"]
    browser = playwright.chromium.launch(executable_path=program, args=flags)
    page = browser.new_page()
    page.goto(url)
    page.wait_for_selector("html[data-link=open]")
    page.get_by_label("Type instead of speaking").fill(sentence)
    page.keyboard.press("Enter")
    print(page.locator("#turns li[data-stage=done] p.parley .words").text_content())
    browser.close()
