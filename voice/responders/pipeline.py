"""Several ways to understand, one after the other: the exact one first.

1. The grammar. What it understands is done; nothing else is asked.
2. A second look, which may only mend a name that was misheard.
3. A model, whose proposal counts only if the intents and the home have it.

What none of them understands is not understood, in the grammar's words, which tell
apart an unknown name and no sentence at all. `Plan.answered_by` says who it was.
"""

from dataclasses import replace
from datetime import datetime
from typing import Protocol

from voice.home import HomeState
from voice.responders.grammar import GrammarResponder
from voice.stages import Intent, Interpreter, Plan

__all__ = ["PipelineResponder", "SecondLook"]


class SecondLook(Protocol):
    """Tells what may have been said instead of what was heard."""

    def mended(self, text: str, language: str) -> str | None:
        """A sentence that differs from `text` in a name; None if none is near."""
        ...


class PipelineResponder:
    """Implements `voice.stages.Responder` and `voice.stages.Fulfiller`.

    Args:
        grammar: who is asked first, and who carries out what others understood.
        second_look: asked next, if there is one.
        model: asked last, if there is one.
    """

    def __init__(
        self,
        grammar: GrammarResponder,
        *,
        second_look: SecondLook | None = None,
        model: Interpreter | None = None,
    ) -> None:
        self._grammar = grammar
        self._second_look = second_look
        self._model = model

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that it has a grammar for."""
        return self._grammar.languages

    def interpret(self, text: str, language: str) -> Intent | None:
        """What the grammar alone takes `text` to ask for."""
        return self._grammar.interpret(text, language)

    def plan(self, text: str, language: str, *, home: HomeState, now: datetime) -> Plan:
        """What to answer to `text`, by the first who understands it."""
        plan = self._grammar.plan(text, language, home=home, now=now)
        if plan.intent is not None or not text.strip():
            return plan
        better = self._looked_again(text, language, home, now) or self._modelled(
            text, language, home, now
        )
        # How far the utterance is was judged by what was said, not by what was meant.
        return replace(better, completeness=plan.completeness) if better else plan

    def fulfil(
        self, wish: Intent, text: str, language: str, *, home: HomeState, now: datetime
    ) -> Plan | None:
        """The plan for what somebody else understood; None if it is not valid."""
        return self._grammar.fulfil(wish, text, language, home=home, now=now)

    def _looked_again(
        self, text: str, language: str, home: HomeState, now: datetime
    ) -> Plan | None:
        if self._second_look is None:
            return None
        mended = self._second_look.mended(text, language)
        if mended is None:
            return None
        plan = self._grammar.plan(mended, language, home=home, now=now)
        return None if plan.intent is None else replace(plan, answered_by="names")

    def _modelled(
        self, text: str, language: str, home: HomeState, now: datetime
    ) -> Plan | None:
        if self._model is None:
            return None
        wish = self._model.interpret(text, language)
        if wish is None:
            return None
        return self.fulfil(wish, text, language, home=home, now=now)
