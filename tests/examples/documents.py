"""The examples in the documents: the lines themselves, taken from where people read them.

An example is a fenced block below a mark, ``<!-- example: DOOR -->`` or, for a block that
is a file, ``<!-- example: DOOR, FILE -->``.
"""

import re
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

PAGES = sorted((ROOT / "docs").glob("*.md"))

MARK = re.compile(
    r"^<!-- example: (?P<door>[a-z-]+)(?:, (?P<file>[\w.]+))? -->\n"
    r"```(?P<kind>[a-z]+)\n(?P<code>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)

BESIDE = re.compile(r"\s*(?:$|#|import |from \S+ import )")
"""Lines that are not counted: empty ones, comments, imports."""


@dataclass(frozen=True, slots=True)
class Block:
    """A block of an example."""

    page: str
    kind: str
    """``python``, ``sh``, ``toml`` …"""
    file: str
    """What it is to be called; may be empty."""
    code: str

    @property
    def lines(self) -> list[str]:
        """Those that count; a command that goes on is one."""
        whole = re.sub(r"\\\n\s*", "", self.code)
        return [line for line in whole.splitlines() if not BESIDE.match(line)]


def read_examples() -> dict[str, list[Block]]:
    """All examples, by their doors."""
    found: dict[str, list[Block]] = defaultdict(list)
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in MARK.finditer(text):
            block = Block(page.name, match["kind"], match["file"] or "", match["code"])
            found[match["door"]].append(block)
    return dict(found)


EXAMPLES = read_examples()


def block(door, kind, file=""):
    """The one block of that kind in an example."""
    (found,) = [b for b in EXAMPLES[door] if (b.kind, b.file) == (kind, file)]
    return found.code
