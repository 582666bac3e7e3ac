"""Reply sentences, rendered from the templates of home-assistant-intents."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Self

from jinja2 import Template, TemplateError, Undefined
from jinja2.sandbox import SandboxedEnvironment

from voice.home import Device, DeviceState, spoken_names
from voice.responders.phrases import Phrases

__all__ = ["Replies", "SpokenState"]

_DECIMAL_POINT = frozenset({"en", "ga", "mt"})
"""Languages that read "21.5"; the others read "21,5"."""


class _Number(float):
    """A number that a template prints the way the language writes it."""

    text: str

    def __new__(cls, value: float, language: str) -> Self:
        number = super().__new__(cls, value)
        text = f"{value:g}"
        number.text = text if language in _DECIMAL_POINT else text.replace(".", ",")
        return number

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True)
class SpokenState:
    """What a template may ask about a device."""

    entity_id: str
    domain: str
    name: str
    state: Any
    state_with_unit: str
    attributes: Mapping[str, Any]

    @property
    def hass_state(self) -> "SpokenState":
        """Home Assistant's wrapper of the same; here they are one."""
        return self

    def __str__(self) -> str:
        return str(self.state)


class Replies:
    """Renders replies and complaints of one language."""

    def __init__(
        self, language: str, templates: Mapping[str, Any], phrases: Phrases
    ) -> None:
        self.language = language
        self.phrases = phrases
        self._intents: Mapping[str, Mapping[str, str]] = templates.get("intents", {})
        self._errors: Mapping[str, str] = templates.get("errors", {})
        self._environment = SandboxedEnvironment(undefined=Undefined)
        self._compile = cache(self._environment.from_string)

    def warm_up(self) -> None:
        """Compile every template."""
        for templates in (self._errors, *self._intents.values()):
            for template in templates.values():
                self._compile(template)

    def reply(
        self,
        intent: str,
        key: str,
        *,
        slots: Mapping[str, Any],
        state: SpokenState | None = None,
        matched: Sequence[SpokenState] = (),
        unmatched: Sequence[SpokenState] = (),
    ) -> str:
        """The sentence that says what an intent came to; empty if there is none."""
        templates = self._intents.get(intent, {})
        template = templates.get(key) or templates.get("default", "")
        return self._render(
            template,
            slots=slots,
            state=state,
            query={"matched": matched, "unmatched": unmatched},
            state_attr=_attribute_of(state, matched),
        )

    def complaint(self, key: str, **fields: str) -> str:
        """The sentence that says why nothing was done."""
        return self._render(self._errors.get(key, ""), **fields) or (
            self.phrases.nothing_found
        )

    def _render(self, template: str, **fields: Any) -> str:
        compiled: Template = self._compile(template)
        try:
            return " ".join(compiled.render(**fields).split())
        except (TemplateError, ArithmeticError, LookupError, TypeError, ValueError):
            # A template that trips over our values is the data's fault; the
            # deed is done all the same, and the user hears so.
            return self.phrases.okay

    def spoken(self, device: Device, state: DeviceState) -> SpokenState:
        """A device with its state, as templates want it."""
        attributes = {
            name: self.number(value) if isinstance(value, int | float) else value
            for name, value in state.attributes
        }
        if device.attributes.get("device_class") == "temperature":
            # To templates a thermometer is a thermostat that only measures.
            attributes["current_temperature"] = self._value(state.state)
        return SpokenState(
            entity_id=device.id,
            domain=device.domain,
            name=spoken_names(device.names, self.language)[0],
            state=self._value(state.state),
            state_with_unit=self._with_unit(device, state),
            attributes=attributes,
        )

    def number(self, value: float) -> "int | _Number":
        """A number for a template: whole ones plain, others written locally."""
        return (
            int(value) if float(value).is_integer() else _Number(value, self.language)
        )

    def _value(self, state: str) -> Any:
        try:
            return self.number(float(state))
        except ValueError:
            return state

    def _with_unit(self, device: Device, state: DeviceState) -> str:
        value = self._value(state.state)
        if isinstance(value, str):
            return self.phrases.state(device.domain, state)
        unit = state.attribute("unit")
        return f"{value} {unit}" if unit else str(value)


def _attribute_of(state: SpokenState | None, matched: Iterable[SpokenState]) -> Any:
    known = {spoken.entity_id: spoken for spoken in (*matched, *filter(None, [state]))}

    def state_attr(entity_id: str, name: str) -> Any:
        spoken = known.get(entity_id)
        return None if spoken is None else spoken.attributes.get(name)

    return state_attr
