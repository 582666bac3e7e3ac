"""One language's grammar: from words to the machine words of Home Assistant.

`hassil` matches sentence templates; this module feeds it the names of the home,
repairs what a recogniser writes differently from a template, and refuses matches
that are mostly a wildcard, so that open speech does not become a command.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from hassil import Intents, recognize_all
from hassil.intents import SlotList, TextSlotList
from hassil.models import UnmatchedTextEntity
from hassil.recognize import MISSING_ENTITY, RecognizeResult

from voice.home import Home, Names, Scalar, spoken_names
from voice.responders.acceptance import MOST_WORDS, is_command, rank, several
from voice.responders.beginnings import Beginnings
from voice.responders.courtesies import courtesies_in
from voice.responders.numerals import Numerals
from voice.responders.prefixes import Reading
from voice.responders.spelling import Speller, bare, template_words
from voice.responders.templates import TemplateGraph

__all__ = ["HERE", "Grammar", "Parse", "UnknownName", "number_rules"]

HERE = "@here"
"""Value of ``area`` in a sentence that means the room of the assistant."""

_COMMAND_SLOT = "conversation_command"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parse:
    """What a sentence says, before anyone looks which devices it means."""

    intent: str
    values: Mapping[str, Scalar]
    """By slot: ids of areas and floors, folded names, numbers, machine words."""
    texts: Mapping[str, str]
    """By slot, in the user's own words."""
    response: str
    """Key of the reply template."""
    domains: tuple[str, ...] = ()
    """Of the device called ``name``; empty if any will do."""
    kinds: tuple[str, ...] = ()
    """Device classes ("blind"), any of which is meant; empty if all are."""
    wildcards: frozenset[str] = frozenset()
    """Slots that took whatever was said."""
    command: "Parse | None" = None
    """What a delayed command is to do."""


@dataclass(frozen=True, slots=True)
class UnknownName:
    """A name that the home does not have, in a sentence otherwise understood."""

    key: str
    """Of the complaint among the error templates."""
    field: str
    """Of that template, for the name."""
    text: str


_COMPLAINTS = {
    "area": ("no_area", "area"),
    "floor": ("no_floor", "floor"),
    "name": ("no_entity", "entity"),
}
_WITH_DOMAIN = 2
"""An unknown device and, of necessity, its unknown kind."""
_LEAST_LITERAL = 5
"""Letters that must stand in the template ("turn ", "ouvre"), lest all be a name."""
_LONGEST = 40
_LONGEST_WITH_UNKNOWN = 9
"""Words; longer utterances are no command."""


class Grammar:
    """The sentences of one language, with the names of one home in them."""

    def __init__(self, language: str, data: Mapping[str, Any], home: Home) -> None:
        self.language = language
        self._number_language = number_rules(language)
        self._intents = Intents.from_dict(data)
        self._lists = _name_lists(home, language)
        spoken = ""
        if home.here is not None:
            spoken = spoken_names(home.area(home.here).names, language)[0]
        self._context = {"area": {"value": HERE, "text": spoken}}
        self._data = data
        self._courtesies = courtesies_in(language)
        self._numerals = Numerals(self._number_language)

    @cached_property
    def _speller(self) -> Speller:
        names = (
            value.text_in.text
            for list_ in self._lists.values()
            for value in list_.values
        )
        return Speller([*template_words(self._data), *names])

    @cached_property
    def templates(self) -> TemplateGraph:
        """All sentences as one graph."""
        return TemplateGraph.compile(self._intents, self._lists)

    @property
    def intents(self) -> Intents:
        """The sentence templates."""
        return self._intents

    @property
    def slot_lists(self) -> Mapping[str, SlotList]:
        """What stands in the slots of all templates, by name: the home's own first."""
        return {**self._intents.slot_lists, **self._lists}

    @property
    def lists(self) -> tuple[TextSlotList, ...]:
        """What may stand in a slot: the names of the home, and the data's own lists."""
        local = (
            block.slot_lists
            for intent in self._intents.intents.values()
            for block in intent.data
        )
        tables = (self._lists, self._intents.slot_lists, *local)
        return tuple(
            list_
            for table in tables
            for list_ in table.values()
            if isinstance(list_, TextSlotList)
        )

    @cached_property
    def _beginnings(self) -> Beginnings:
        return Beginnings(
            self.templates,
            self._speller,
            self._numerals,
            fillers=self._intents.skip_words,
            courtesies=self._courtesies,
        )

    def read(self, text: str) -> Reading:
        """What is known of `text`, taken for the beginning of a sentence."""
        return self._beginnings.read(text)

    def warm_up(self) -> None:
        """Do now what `hassil` puts off to the first sentence that needs it."""
        rules = self._intents.expansion_rules
        for intent in self._intents.intents.values():
            for block in intent.data:
                for sentence in block.sentences:
                    sentence.get_required_clauses(rules)
        self._spell_out_ranges()
        self._speller.repair("")
        self.parse("1")
        self.read("1")

    def _spell_out_ranges(self) -> None:
        """Have the words for every range of numbers made, which takes longest."""
        ranges = {
            name: list_
            for name, list_ in self._data.get("lists", {}).items()
            if "range" in list_
        }
        if not ranges:
            return
        sentences = [f"{{{name}}}" for name in ranges]
        intents = Intents.from_dict(
            {
                "language": self.language,
                "intents": {"Warm": {"data": [{"sentences": sentences}]}},
                "lists": ranges,
            }
        )
        list(recognize_all("x", intents, language=self._number_language))

    def parse(self, text: str) -> Parse | None:
        """The best reading of `text`, None if it is no sentence of the grammar."""
        if len(text.split()) > _LONGEST:
            return None
        whole = self._best(text)
        core = self._courtesies.apart(text).core
        if core in ("", text) or (whole is not None and not whole.wildcards):
            return whole
        # "Okay set a timer" might start one that is called "okay set a".
        inner = self._best(core)
        if whole is None or (inner and len(inner.wildcards) < len(whole.wildcards)):
            return inner
        return whole

    def _best(self, text: str) -> Parse | None:
        for variant in self._variants(text):
            readings = list(self._readings(variant))
            if readings:
                return min(readings, key=lambda reading: reading[0])[1]
        return None

    def unknown_name(self, text: str) -> "UnknownName | None":
        """The one name for want of which `text` is no sentence, if that is so.

        Only for what `parse` gave None. Costs as much again.
        """
        text = self._courtesies.apart(text).core or text
        words = bare(text).split()
        if len(words) > _LONGEST_WITH_UNKNOWN:
            return None
        best: tuple[int, UnknownName] | None = None
        for result in recognize_all(
            text,
            self._intents,
            slot_lists=self._lists,
            intent_context=self._context,
            language=self._number_language,
            allow_unmatched_entities=True,
        ):
            if result.intent.name == "HassGetState":
                # "What is on the list" would have "on the list" for a device.
                continue
            unknown = self._unknown_in(result, " ".join(words))
            literal = result.text_chunks_matched
            if unknown is not None and (best is None or literal > best[0]):
                best = literal, unknown
        return None if best is None else best[1]

    def _unknown_in(self, result: RecognizeResult, text: str) -> "UnknownName | None":
        missing = [
            entity
            for entity in result.unmatched_entities_list
            if isinstance(entity, UnmatchedTextEntity) and entity.text != MISSING_ENTITY
        ]
        if len(missing) != 1 or len(result.unmatched_entities_list) > _WITH_DOMAIN:
            return None
        (entity,) = missing
        spoken = bare(entity.text.strip())
        if (
            entity.name not in _COMPLAINTS
            or any(other.is_wildcard for other in result.entities_list)
            or not 0 < len(spoken.split()) <= MOST_WORDS["name"]
            or text.casefold().startswith(spoken.casefold())
            or result.text_chunks_matched < _LEAST_LITERAL
        ):
            return None
        return UnknownName(*_COMPLAINTS[entity.name], text=spoken)

    def _variants(self, text: str) -> Iterator[str]:
        """`text`, then as templates spell it, then with numbers in digits.

        Later variants are tried only if nothing matches, so that an article is
        not taken for a number ("una luz", "en lampe").
        """
        yield text
        spelled = self._speller.repair(text)
        if spelled != _without_marks(text):
            yield spelled
        in_digits = self._numerals.to_digits(spelled)
        if in_digits != spelled:
            yield in_digits

    def _readings(self, text: str) -> Iterator[tuple[tuple[Any, ...], Parse]]:
        for result in recognize_all(
            text,
            self._intents,
            slot_lists=self._lists,
            intent_context=self._context,
            language=self._number_language,
        ):
            if not is_command(result, text):
                continue
            command = result.entities.get(_COMMAND_SLOT)
            nested = None
            if command is not None:
                nested = self.parse(command.text)
                if nested is None or nested.command or nested.intent in _NOT_DELAYED:
                    continue
            yield rank(result), _parse(result, nested)


_NUMBER_RULES = {"nb": "no", "mt": "en"}
"""Where the rules for number words go by another tag."""


def number_rules(language: str) -> str:
    """The tag by which the rules for number words go."""
    return _NUMBER_RULES.get(language, language)


_NOT_DELAYED = frozenset({"HassStartTimer", "HassNevermind", "HassRespond"})


def _without_marks(text: str) -> str:
    """What a repair leaves of a text in which it finds nothing to do."""
    return " ".join(filter(None, map(bare, text.split())))


def _name_lists(home: Home, language: str) -> dict[str, TextSlotList]:
    named: set[tuple[str, str]] = {
        (name, device.domain)
        for device in home.devices
        for name in spoken_names(device.names, language)
    }
    return {
        "name": TextSlotList.from_tuples(
            [
                (name, name.casefold(), {"domain": domain})
                for name, domain in sorted(named)
            ],
            allow_template=False,
            name="name",
        ),
        "area": _place_list("area", ((a.names, a.id) for a in home.areas), language),
        "floor": _place_list("floor", ((f.names, f.id) for f in home.floors), language),
        # In the data it is a wildcard, which takes "who is it" for a question
        # about a place; the home knows no zones.
        "zone": TextSlotList.from_tuples([], name="zone"),
    }


def _place_list(
    kind: str, places: Iterable[tuple[Names, str]], language: str
) -> TextSlotList:
    return TextSlotList.from_tuples(
        [
            (name, id_)
            for names, id_ in places
            for name in spoken_names(names, language)
        ],
        allow_template=False,
        name=kind,
    )


def _parse(result: RecognizeResult, command: Parse | None) -> Parse:
    values: dict[str, Scalar] = {}
    texts: dict[str, str] = {}
    for name, entity in result.entities.items():
        values[name] = _scalar(entity.value)
        texts[name] = (entity.text or str(entity.value)).strip()
    kinds = result.entities.get("device_class")
    return Parse(
        intent=result.intent.name,
        values=values,
        texts=texts,
        response=result.response or "default",
        domains=several(result.intent_data.requires_context.get("domain")),
        kinds=several(kinds.value) if kinds is not None else (),
        wildcards=frozenset(e.name for e in result.entities_list if e.is_wildcard),
        command=command,
    )


def _scalar(value: Any) -> Scalar:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, list | tuple):
        return ",".join(map(str, value))
    return value.strip() if isinstance(value, str) else value
