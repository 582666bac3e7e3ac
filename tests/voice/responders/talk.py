"""A conversation with the demo home, and grammars that are loaded once."""

from datetime import UTC, datetime
from functools import cache

from voice.home import HomeState, apply
from voice.home_files import demo_home
from voice.responders.grammar import GrammarResponder
from voice.stages import Plan, Responder

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOME = demo_home()


def grammars(*languages: str) -> GrammarResponder:
    """What `GrammarResponder.load` makes of the demo home.

    Each language is loaded once in a run of the tests, for that takes seconds: what
    is loaded is never changed.
    """
    tongues = {tag: _grammar(tag)._tongues[tag] for tag in languages}
    return GrammarResponder(HOME, tongues)


@cache
def _grammar(language: str) -> GrammarResponder:
    return GrammarResponder.load(HOME, [language])


class Talk:
    """A conversation with the demo home: every plan is carried out."""

    def __init__(self, responder: Responder, language: str) -> None:
        self.responder = responder
        self.language = language
        self.state: HomeState = HOME.initial_state()
        self.now = NOW

    def say(self, text: str) -> Plan:
        plan = self.responder.plan(text, self.language, home=self.state, now=self.now)
        self.state = apply(self.state, plan.effects, now=self.now)
        return plan

    def states(self, *devices: str) -> list[str]:
        return [self.state.device(device).state for device in devices]
