"""Tables for people to read."""

from collections.abc import Sequence

__all__ = ["percent", "table"]


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest cell; numbers stand at the right."""
    columns = list(zip(header, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    numeric = [bool(rows) and all(map(_is_number, column[1:])) for column in columns]
    lines = [
        "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, numeric, strict=True)
        ).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)


def _is_number(cell: str) -> bool:
    return cell == "-" or cell[:1].isdigit()


def percent(share: float | None) -> str:
    """A share as people read it; "-" if there is none."""
    return "-" if share is None else f"{100 * share:.1f} %"
