"""A sentence of Home Assistant's, answered: by this server's home, or handed back."""

from streaming.config import WyomingConfig
from streaming.household import Announcement
from streaming.protocols.wyoming import Converse, handled, intent, not_handled
from streaming.protocols.wyoming_frames import WyomingEvent
from streaming.services import Services
from streaming.workers import Priority
from voice.languages import canonical
from voice.stages import Plan

__all__ = ["answer"]

QUESTIONS = {
    "HassGetState": "{{ state.name }}: {{ state.state_with_unit }}",
    "HassGetWeather": "{{ state.name }}: {{ state.state_with_unit }}",
    "HassClimateGetTemperature": "{{ state.attributes.current_temperature }}°",
}
"""Intents about a state that only Home Assistant knows, and the template in which it
fills it in: its own words for it are not to be had through this protocol."""


async def answer(
    request: Converse, services: Services, config: WyomingConfig
) -> WyomingEvent:
    """What to send for a sentence.

    Raises:
        StageError: no answer can be made.
    """
    language = canonical(request.language or "")
    if language not in services.languages:
        language = services.languages[0]
    plan = await services.stages.plan(
        request.text,
        language,
        home=services.household.state,
        now=services.household.clock(),
        priority=Priority.FINAL,
    )
    if plan.intent is None and plan.answered_by == "none":
        return not_handled(plan.reply, request.context)
    if config.conversation == "intent" and plan.intent is not None:
        text = QUESTIONS.get(plan.intent.name)
        if text is not None or plan.effects:
            return intent(
                plan.intent.name,
                plan.intent.slots,
                text=text or plan.reply,
                context=request.context,
            )
    elif plan.effects:
        _commit(plan, services)
    return handled(plan.reply, request.context)


def _commit(plan: Plan, services: Services) -> None:
    """Let the effects happen. Who asked is gone by the end of a timer: all hear it."""

    def gone(_: Announcement) -> None:
        return

    services.household.join(gone)
    try:
        services.household.commit(plan.effects, by=gone)
    finally:
        services.household.leave(gone)
