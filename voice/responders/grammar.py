"""The responder that knows what it can do: sentences in, deeds and replies out."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from voice import languages as known
from voice.errors import ConfigError
from voice.events import Completeness
from voice.home import Device, Home, HomeState, apply
from voice.responders.completeness import judge
from voice.responders.deeds import DEEDS
from voice.responders.outcomes import Outcome, Turn
from voice.responders.parsing import Grammar, Parse
from voice.responders.phrases import phrases_in
from voice.responders.replies import Replies
from voice.responders.sentences import load_sentences
from voice.responders.targets import as_intent, find_targets
from voice.responders.timers import TIMER_DEEDS, start_timer
from voice.responders.wishes import Wishes
from voice.stages import Intent, Plan
from voice.stop_words import is_stop

__all__ = ["GRAMMAR_LANGUAGES", "GrammarResponder"]

GRAMMAR_LANGUAGES: tuple[str, ...] = tuple(
    tag for tag, language in known.LANGUAGES.items() if language.grammar
)
"""Every language that home-assistant-intents has sentences for."""


class _Tongue:
    """What the responder holds of one language."""

    def __init__(self, language: str, home: Home) -> None:
        data = load_sentences(language)
        if data is None:
            raise ConfigError(f"{language}: home-assistant-intents has no sentences")
        self.grammar = Grammar(language, data, home)
        self.wishes = Wishes(home, language, data)
        self.replies = Replies(language, data["responses"], phrases_in(language))


class GrammarResponder:
    """Answers what the grammar of the language knows, and nothing else.

    Everything it returns is a value: nothing is done, nothing remembered.
    """

    def __init__(self, home: Home, tongues: dict[str, _Tongue]) -> None:
        self._home = home
        self._tongues = tongues

    @classmethod
    def load(cls, home: Home, languages: Sequence[str]) -> "GrammarResponder":
        """Read the grammars and use each once, so that the first user need not wait.

        Args:
            home: what can be talked about.
            languages: canonical tags; those without a grammar are passed over.

        Raises:
            ConfigError: a language is unknown.
        """
        tags = [known.for_config(tag, where="languages") for tag in languages]
        tongues = {tag: _Tongue(tag, home) for tag in tags if tag in GRAMMAR_LANGUAGES}
        for tongue in tongues.values():
            tongue.grammar.warm_up()
            tongue.replies.warm_up()
        return cls(home, tongues)

    @property
    def languages(self) -> tuple[str, ...]:
        """Tags of the languages that it has a grammar for."""
        return tuple(self._tongues)

    def interpret(self, text: str, language: str) -> Intent | None:
        """What `text` asks for, whatever state the home is in; None if nothing."""
        tongue = self._tongues.get(language)
        parse = tongue.grammar.parse(text) if tongue else None
        if parse is None:
            return None
        return as_intent(parse, find_targets(self._home, language, parse))

    def plan(self, text: str, language: str, *, home: HomeState, now: datetime) -> Plan:
        """What to answer to `text`, and what is to happen, given the home as it is."""
        tongue = self._tongues.get(language)
        parse = tongue.grammar.parse(text) if tongue else None
        if tongue is None:
            return _not_understood(language)
        if parse is None and is_stop(text, language):
            return _stopped(tongue, text, language)
        if parse is None:
            return _near_miss(tongue, text, language)
        turn = self._turn(parse, language, home, now)
        outcome = _carry_out(turn, tongue.replies)
        return Plan(
            intent=as_intent(parse, turn.targets),
            completeness=judge(
                text,
                tongue.grammar.read(text),
                parse,
                devices=len(_anywhere(self._home, parse, language)),
                timers=len(home.timers),
            ),
            reply=_reply(turn, outcome, tongue.replies),
            language=language,
            effects=outcome.effects,
            answered_by="grammar",
        )

    def fulfil(
        self, wish: Intent, text: str, language: str, *, home: HomeState, now: datetime
    ) -> Plan | None:
        """The plan for what a model takes `text` to ask for.

        None if the intents or the home have nothing of the kind: see `Wishes`. A timer
        that does not run is no such reason: then the reply tells so.
        """
        tongue = self._tongues.get(language)
        parse = tongue.wishes.parse(wish, text) if tongue else None
        if tongue is None or parse is None:
            return None
        turn = self._turn(parse, language, home, now)
        outcome = _carry_out(turn, tongue.replies)
        if outcome.complaint is not None and not _only_now(turn):
            return None
        judged = _judged(tongue, text)
        return Plan(
            intent=as_intent(parse, turn.targets),
            completeness=judged,
            reply=_reply(turn, outcome, tongue.replies),
            language=language,
            effects=outcome.effects,
            answered_by="model",
        )

    def _turn(
        self, parse: Parse, language: str, home: HomeState, now: datetime
    ) -> Turn:
        return Turn(
            parse=parse,
            targets=find_targets(self._home, language, parse),
            home=self._home,
            state=home,
            now=now,
            language=language,
        )


def _only_now(turn: Turn) -> bool:
    """Whether what a deed complains of may be different at another time."""
    return turn.parse.intent in TIMER_DEEDS and turn.targets.complaint is None


def _anywhere(home: Home, parse: Parse, language: str) -> tuple[Device, ...]:
    """The devices that would be meant if no place was."""
    values = {k: v for k, v in parse.values.items() if k not in ("area", "floor")}
    return find_targets(home, language, replace(parse, values=values)).devices


def _judged(tongue: _Tongue, text: str) -> Completeness:
    """How complete a text is of which the grammar made nothing."""
    return judge(text, tongue.grammar.read(text), None, devices=0, timers=0)


def _not_understood(language: str) -> Plan:
    spoken = known.LANGUAGES.get(language, known.LANGUAGES["en"])
    return Plan(
        intent=None,
        completeness=Completeness.OPEN,
        reply=spoken.not_understood,
        language=spoken.tag,
        effects=(),
        answered_by="none",
    )


def _stopped(tongue: _Tongue, text: str, language: str) -> Plan:
    """Nothing is to be done, nor explained; more may follow: "wait, turn it off"."""
    judged = _judged(tongue, text)
    begins = judged is Completeness.PREFIX
    return Plan(
        intent=Intent(name="HassNevermind", slots=()),
        completeness=judged if begins else Completeness.EXTENDABLE,
        reply=tongue.replies.phrases.okay,
        language=language,
        effects=(),
        answered_by="grammar",
    )


def _near_miss(tongue: _Tongue, text: str, language: str) -> Plan:
    """Not understood, but if only a name is unknown, say which."""
    judged = _judged(tongue, text)
    plan = replace(_not_understood(language), completeness=judged)
    miss = tongue.grammar.unknown_name(text)
    if miss is None:
        return plan
    return replace(
        plan,
        reply=tongue.replies.complaint(miss.key, **{miss.field: miss.text}),
        answered_by="grammar",
    )


def _carry_out(turn: Turn, replies: Replies) -> Outcome:
    if turn.targets.complaint is not None:
        return Outcome(complaint=turn.targets.complaint)
    intent = turn.parse.intent
    if intent == "HassStartTimer":
        return _start_timer(turn, replies)
    deed = DEEDS.get(intent)
    if deed is None:
        return Outcome(sentence=replies.phrases.unsupported)
    return deed(turn)


def _start_timer(turn: Turn, replies: Replies) -> Outcome:
    command = turn.parse.command
    if command is None:
        return start_timer(turn)
    later = replace(
        turn, parse=command, targets=find_targets(turn.home, turn.language, command)
    )
    outcome = _carry_out(later, replies)
    reply = _reply(later, outcome, replies)
    if not outcome.effects:
        return Outcome(sentence=reply)
    return start_timer(turn, announcement=reply, effects=outcome.effects)


def _reply(turn: Turn, outcome: Outcome, replies: Replies) -> str:
    """The sentence for an outcome, never empty."""
    if outcome.sentence:
        return outcome.sentence
    if outcome.complaint is not None:
        complaint = outcome.complaint
        return replies.complaint(complaint.key, **complaint.fields)
    after = apply(turn.state, outcome.effects, now=turn.now)
    matched = [replies.spoken(d, after.device(d.id)) for d in outcome.devices]
    unmatched = [replies.spoken(d, after.device(d.id)) for d in outcome.unmatched]
    about = (*matched, *unmatched)
    own = replies.phrases.answers.get(turn.parse.response, "")
    if turn.parse.intent == "HassRespond" and own:
        return own
    return (
        replies.reply(
            turn.parse.intent,
            turn.parse.response,
            slots={**_spoken_slots(turn.parse, replies), **outcome.slots},
            state=about[0] if about else None,
            matched=matched,
            unmatched=unmatched,
        )
        or replies.phrases.okay
    )


def _spoken_slots(parse: Parse, replies: Replies) -> dict[str, Any]:
    """The user's words, but numbers in digits: some templates count with them."""
    spoken: dict[str, Any] = dict(parse.texts)
    for slot, value in parse.values.items():
        if slot in _DURATIONS:
            spoken[slot] = str(value)
        elif isinstance(value, int | float):
            spoken[slot] = replies.number(value)
    return spoken


_DURATIONS = frozenset({"hours", "minutes", "seconds"})
"""Templates compare these with words and digits, as text."""
