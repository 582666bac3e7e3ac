"""Judges how far an utterance is from being a whole request.

| judgement | when |
|---|---|
| COMPLETE | understood, and nothing likely to follow would change what is done |
| EXTENDABLE | understood, and a likely tail would change it |
| PREFIX | not understood, but a beginning: two words of templates (the second may be a name or a number), or one that is all that was said and begins more than small talk |
| OPEN | anything else |

Nearly every template has a tail of some kind. These do not count:

- fillers and politeness: words that neither fill a slot nor change the intent; who has
  said "please" or "thanks" at the end has said everything, and all that "could you"
  begins is begun with it (`courtesies.toml`);
- once it is certain what is meant (the one device that it can be, a named place, the
  one timer): anything but a longer name, or a place that makes it another wish.
  "Open the blinds" is whole, though "to 30 percent" could follow; "turn on the light"
  is not, as "in the kitchen" could;
- a unit of time after two units, or one no smaller than the smallest so far;
- what picks one of the timers, where there are none;
- what only a wildcard takes ("called pasta"), or goes on from a reading in which a
  wildcard took what was said so far: all speech would be such a tail.

A wildcard at the very end is never known to be over, so it is EXTENDABLE. So is a
number at the end that may be longer, or have a unit ("twenty" ... "one degrees"), and a
question about timers where there are none: "how long" may go on to something else.
"""

from voice.events import Completeness
from voice.responders.parsing import HERE, Parse
from voice.responders.prefixes import ENOUGH, Reading, Tail

__all__ = ["judge"]

_PLACES = frozenset({"area", "floor"})

_UNITS = ("seconds", "minutes", "hours")
"""From the smallest."""

_MOST_UNITS = 2
"""That people name in one breath: "one hour and ten minutes"."""

_OF_RUNNING_TIMERS = frozenset(
    {
        "HassCancelAllTimers",
        "HassCancelTimer",
        "HassPauseTimer",
        "HassTimerStatus",
        "HassUnpauseTimer",
    }
)

_SMALL_TALK = frozenset({"HassRespond", "HassNevermind"})
"""What single words begin that are often all that is said: "hello", "no"."""


def judge(
    text: str, reading: Reading, parse: Parse | None, *, devices: int, timers: int
) -> Completeness:
    """How far `text` is from being a whole request.

    Args:
        text: what was said.
        reading: of `text`.
        parse: what it was understood as, if it was.
        devices: how many would be meant if no place was.
        timers: how many there are.
    """
    if parse is None:
        begins = _begins(text, reading)
        return Completeness.PREFIX if begins else Completeness.OPEN
    certain = _is_certain(parse, devices, timers)
    if (
        reading.in_number
        or (parse.intent in _OF_RUNNING_TIMERS and not timers)
        or _ends_in_wildcard(text, parse)
        or any(
            _is_likely(tail, timers) and _matters(tail, parse, certain=certain)
            for tail in reading.tails
        )
    ):
        return Completeness.EXTENDABLE
    return Completeness.COMPLETE


def _begins(text: str, reading: Reading) -> bool:
    if len(text.split()) == 1:
        return reading.literal_words == 1 and not reading.intents <= _SMALL_TALK
    return reading.literal_words >= ENOUGH


def _ends_in_wildcard(text: str, parse: Parse) -> bool:
    end = _letters(text)
    return any(end.endswith(_letters(parse.texts[slot])) for slot in parse.wildcards)


def _letters(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _is_certain(parse: Parse, devices: int, timers: int) -> bool:
    """Whether it is beyond doubt what the request is about."""
    if parse.intent in _OF_RUNNING_TIMERS and timers <= 1:
        return True
    if devices == 1 and not parse.intent.endswith("Timer"):
        return True
    return any(parse.values.get(slot, HERE) != HERE for slot in ("area", "floor"))


def _is_likely(tail: Tail, timers: int) -> bool:
    return not tail.wild and (timers > 0 or tail.sense.intent not in _OF_RUNNING_TIMERS)


def _matters(tail: Tail, parse: Parse, *, certain: bool) -> bool:
    """Whether `tail` changes what is done."""
    same = tail.sense.intent == parse.intent
    if certain:
        longer = same and "name" in tail.slots & parse.values.keys()
        return longer or (not same and not tail.slots.isdisjoint(_PLACES))
    if same and tail.slots <= set(_UNITS):
        said = [at for at, unit in enumerate(_UNITS) if unit in parse.values]
        smaller = _UNITS[: min(said, default=len(_UNITS))]
        return len(said) < _MOST_UNITS and not tail.slots.isdisjoint(smaller)
    return bool(tail.slots) or not same
