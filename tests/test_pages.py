"""The pages that people read: what they link to is there, and so are the verbs."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

PAGES = sorted(
    page
    for pattern in ("*.md", "*/*.md", "*/*/*.md", "*/*/*/*.md")
    for page in ROOT.glob(pattern)
    if not any(
        part.startswith(".") or part in {"replies", "reports", "runs"}
        for part in page.relative_to(ROOT).parts
    )
)

LINK = re.compile(r"\]\(([^)\s#]+)(?:#[^)]*)?\)")
VERB = re.compile(r"\bmake ([a-z]+)\b")
RULE = re.compile(r"^([a-z]+):", re.MULTILINE)


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_leads_somewhere(page: Path) -> None:
    links = LINK.findall(page.read_text("utf-8"))
    ours = [link for link in links if "://" not in link]
    assert not [link for link in ours if not (page.parent / link).exists()]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_verb_is_in_the_makefile(page: Path) -> None:
    verbs = set(RULE.findall((ROOT / "Makefile").read_text("utf-8")))
    # Only what stands as code: "make" is also an English word.
    code = re.findall(r"`[^`\n]+`|^make .*$", page.read_text("utf-8"), re.MULTILINE)
    assert {verb for text in code for verb in VERB.findall(text)} <= verbs
