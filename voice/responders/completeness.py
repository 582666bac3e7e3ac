"""Judges how far an utterance is from being a whole request.

| judgement | when |
|---|---|
| COMPLETE | understood, and nothing that is likely to follow would change what is done |
| EXTENDABLE | understood, and a likely tail would change it |
| PREFIX | not understood, and at least two words of templates, or one that only orders begin with, begin a sentence |
| OPEN | anything else |

Nearly every template has a tail of some kind. These do not count:

- fillers and politeness: words that neither fill a slot nor change the intent;
- a place, if a place or one certain device was named already;
- anything but a longer name, if one certain device was named: "open the blinds" is
  whole, though "to 30 percent" could follow;
- a unit of time that is no smaller than the smallest that was said;
- what only a wildcard takes ("called pasta"): all speech would be such a tail.

A wildcard at the very end is never known to be over, so it is EXTENDABLE.
"""

from voice.events import Completeness
from voice.responders.parsing import HERE, Parse
from voice.responders.prefixes import ENOUGH, Reading, Tail

__all__ = ["judge"]

_PLACES = frozenset({"area", "floor"})
_UNITS = ("seconds", "minutes", "hours")
"""From the smallest."""

_LEAST_LETTERS = 4
"""Of a single word that is taken for a beginning; shorter ones are articles."""

_NO_ORDERS = ("HassGet", "HassClimateGet", "HassTimerStatus", "HassRespond")
"""How the names of intents begin that people also talk about in passing."""


def judge(
    text: str, reading: Reading, parse: Parse | None, *, devices: int
) -> Completeness:
    """How far `text` is from being a whole request.

    Args:
        text: what was said.
        reading: of `text`.
        parse: what it was understood as, if it was.
        devices: how many are meant.
    """
    if parse is None:
        begins = _begins(text, reading)
        return Completeness.PREFIX if begins else Completeness.OPEN
    certain = devices == 1 and "name" in parse.values.keys() - parse.wildcards
    if (
        reading.in_number
        or _ends_in_wildcard(text, parse)
        or any(_matters(tail, parse, certain=certain) for tail in reading.tails)
    ):
        return Completeness.EXTENDABLE
    return Completeness.COMPLETE


def _begins(text: str, reading: Reading) -> bool:
    if reading.literal_words >= ENOUGH:
        return True
    return (
        reading.literal_words == 1
        and len(text.split()) == 1
        and len(text) >= _LEAST_LETTERS
        and not any(intent.startswith(_NO_ORDERS) for intent in reading.intents)
    )


def _ends_in_wildcard(text: str, parse: Parse) -> bool:
    end = _letters(text)
    return any(end.endswith(_letters(parse.texts[slot])) for slot in parse.wildcards)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _matters(tail: Tail, parse: Parse, *, certain: bool) -> bool:
    """Whether `tail` is likely, and changes what is done."""
    same = tail.sense.intent == parse.intent
    if tail.wild:
        return False
    if certain:
        return same and "name" in tail.slots
    if not tail.slots:
        return not same
    if tail.slots <= _PLACES:
        return all(parse.values.get(slot, HERE) == HERE for slot in _PLACES)
    if same and tail.slots <= set(_UNITS):
        said = [at for at, unit in enumerate(_UNITS) if unit in parse.values]
        return any(unit in tail.slots for unit in _UNITS[: min(said, default=3)])
    return True
