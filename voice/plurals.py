"""Which form of a word goes with which number, after the rules of the Unicode CLDR.

Each rule takes a number without its decimals, and whether it had none, and gives the
place of the form: of "stopień|stopnie|stopni|stopnia" 5 takes the third.
"""

from collections.abc import Callable, Mapping

__all__ = ["PLURALS"]


def _two(n: int, *, whole: bool) -> int:
    return 0 if whole and n == 1 else 1


def _french(n: int, *, whole: bool) -> int:  # 1.5 is singular, too
    return 0 if n < 2 else 1


def _czech(n: int, *, whole: bool) -> int:
    if not whole:
        return 2
    return 0 if n == 1 else 1 if 2 <= n <= 4 else 3


def _polish(n: int, *, whole: bool) -> int:
    if not whole:
        return 3
    return 0 if n == 1 else 1 if _ends_in_two_to_four(n) else 2


def _ukrainian(n: int, *, whole: bool) -> int:
    if not whole:
        return 3
    return 0 if _ends_in_one(n) else 1 if _ends_in_two_to_four(n) else 2


def _croatian(n: int, *, whole: bool) -> int:
    if not whole:
        return 2
    return 0 if _ends_in_one(n) else 1 if _ends_in_two_to_four(n) else 2


def _slovene(n: int, *, whole: bool) -> int:
    if not whole:
        return 2
    return {1: 0, 2: 1, 3: 2, 4: 2}.get(n % 100, 3)


def _lithuanian(n: int, *, whole: bool) -> int:
    if not whole:
        return 2
    if _ends_in_one(n):
        return 0
    return 1 if n % 10 and not 11 <= n % 100 <= 19 else 3


def _latvian(n: int, *, whole: bool) -> int:
    if whole and _ends_in_one(n):
        return 0
    return 1 if whole and (not n % 10 or 11 <= n % 100 <= 19) else 2


def _romanian(n: int, *, whole: bool) -> int:
    if whole and n == 1:
        return 0
    return 1 if not whole or n == 0 or 1 <= n % 100 <= 19 else 2


def _maltese(n: int, *, whole: bool) -> int:
    if whole and n == 1:
        return 0
    return 1 if n == 0 or 2 <= n % 100 <= 10 else 2


def _irish(n: int, *, whole: bool) -> int:
    if not whole:
        return 3
    return 0 if n == 1 else 1 if 2 <= n <= 6 else 2 if 7 <= n <= 10 else 3


def _ends_in_one(n: int) -> bool:
    return n % 10 == 1 and n % 100 != 11


def _ends_in_two_to_four(n: int) -> bool:
    return 2 <= n % 10 <= 4 and not 12 <= n % 100 <= 14


PLURALS: Mapping[str, Callable[..., int]] = {
    "two": _two,
    "french": _french,
    "czech": _czech,
    "polish": _polish,
    "ukrainian": _ukrainian,
    "croatian": _croatian,
    "slovene": _slovene,
    "lithuanian": _lithuanian,
    "latvian": _latvian,
    "romanian": _romanian,
    "maltese": _maltese,
    "irish": _irish,
}
"""The rules by name; each is that of one language or of a family."""
