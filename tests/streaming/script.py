"""What the made-up responder and voices of the doors' tests answer."""

from dataclasses import replace

from tests.streaming.rehearsal import SlowStages
from voice.events import Completeness
from voice.home import SetState, StartTimer
from voice.stages import Intent, Plan
from voice.testing import ScriptedResponder, ToneSynthesizer

ON = SetState(device="light.kitchen", state="on")
TIMER = StartTimer(seconds=10, language="en", announcement="The timer has ended.")


def plan(reply: str, *effects, completeness=Completeness.COMPLETE, **changes) -> Plan:
    intent = Intent(name="HassTurnOn", slots=(("name", "light.kitchen"),))
    whole = Plan(
        intent=intent if effects else None,
        completeness=completeness,
        reply=reply,
        language="en",
        effects=effects,
        answered_by="grammar",
    )
    return replace(whole, **changes)


SCRIPT = ScriptedResponder(
    plans={
        "light on": plan("The light is on.", ON),
        "light": plan("Which light?", completeness=Completeness.PREFIX),
        "light on please": plan("Yes, the light is on.", ON),
        "set a timer": plan("The timer runs.", TIMER),
        "tell me a story": plan(
            "Once upon a time there was a small boat. It crossed the river at night."
            " Then the rain came, and everybody went home. That is the whole story."
        ),
        "licht an": plan("Das Licht ist an.", ON, language="de"),
    }
)


def slowed(recognize=0.1, respond=0.05, synthesize=0.05):
    return lambda stages: SlowStages(
        stages, recognize=recognize, respond=respond, synthesize=synthesize
    )


class Voices:
    """Notes in which language each text was spoken."""

    def __init__(self):
        self.spoken = []
        self._tone = ToneSynthesizer()
        self.languages = self._tone.languages

    def speak(self, text, language):
        self.spoken.append(language)
        return self._tone.speak(text, language)
