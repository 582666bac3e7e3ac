"""What a transcript begins, however the recogniser wrote it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from voice.responders.courtesies import Courtesies
from voice.responders.numerals import Numerals
from voice.responders.prefixes import ENOUGH, Prefixes, Reading
from voice.responders.spelling import Speller
from voice.responders.templates import TemplateGraph, folded

__all__ = ["Beginnings"]


class Beginnings:
    """Compares the beginnings of sentences with speech, in one language and home."""

    def __init__(
        self,
        graph: TemplateGraph,
        speller: Speller,
        numerals: Numerals,
        *,
        fillers: Sequence[str],
        courtesies: Courtesies,
    ) -> None:
        """Take what is known of the language.

        Args:
            graph: of the templates.
            speller: knows how they are written.
            numerals: know the numbers that are said in words.
            fillers: words and phrases that mean nothing anywhere ("please").
            courtesies: what means nothing before or after a sentence.
        """
        self._courtesies = courtesies
        self._speller = speller
        self._numerals = numerals
        self._prefixes = Prefixes(graph, numerals.single_words)
        phrases = {tuple(folded(filler).split()) for filler in fillers}
        self._fillers = sorted(phrases, key=len, reverse=True)

    def read(self, text: str) -> Reading:
        """What is known of `text`, taken for the beginning of a sentence."""
        reading = self._read_whole(text)
        apart = self._courtesies.apart(text)
        if apart.before_begun:
            whole = self._read_whole(apart.before_begun)
            if whole.senses:
                reading |= Reading(literal_words=ENOUGH, intents=whole.intents)
        if apart.core == text:
            return reading
        if not apart.core:
            return reading | self._asking(text) if apart.asked else reading
        core = self._read_whole(apart.core)
        if core.senses and apart.closed:
            # Who says "please" at the end has said everything.
            return replace(core, tails=frozenset(), in_number=False)
        return reading | core

    def _asking(self, text: str) -> Reading:
        """Any sentence may follow."""
        start = self._prefixes.read(())
        return replace(start, literal_words=min(len(text.split()), ENOUGH))

    def _read_whole(self, text: str) -> Reading:
        spelled = self._speller.repair(text)
        reading = self._read(spelled)
        begun = self._numerals.without_begun(spelled)
        if begun != spelled:
            # "Twenty and" is no sentence, whatever "twenty" may be.
            whole = self._read(begun)
            return reading | replace(whole, senses=frozenset(), tails=frozenset())
        last = self._numerals.to_digits(spelled).split()[-1:]
        unit_due = bool(reading.tails) and "".join(last).isdecimal()
        in_number = unit_due or self._numerals.may_go_on(spelled)
        return replace(reading, in_number=in_number)

    def _read(self, spelled: str) -> Reading:
        reading = Reading()
        for words in set(self._variants(spelled)):
            reading |= self._prefixes.read(words)
        return reading

    def _variants(self, spelled: str) -> Iterator[tuple[str, ...]]:
        for text in (spelled, self._numerals.to_digits(spelled)):
            words = tuple(folded(text).split())
            yield words
            yield self._without_fillers(words)

    def _without_fillers(self, words: tuple[str, ...]) -> tuple[str, ...]:
        kept: list[str] = []
        at = 0
        while at < len(words):
            for filler in self._fillers:
                if words[at : at + len(filler)] == filler:
                    at += len(filler)
                    break
            else:
                kept.append(words[at])
                at += 1
        return tuple(kept)
