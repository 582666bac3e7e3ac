"""The configuration: read once at the edge, frozen, and handed down.

An option of the command line wins over an environment variable, that over the TOML
file, and that over the default. Nothing else in the project reads the environment.
`streaming.settings` does the checking; this file says what there is to set.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeAlias, get_args
from urllib.parse import urlsplit

from streaming.addresses import Address
from streaming.messages import ATTENTIONS
from streaming.served_models import (
    LlmConfig,
    ToolsConfig,
    VoxtralConfig,
    twilio_url,
)
from streaming.settings import (
    Between,
    Fault,
    OneOf,
    Place,
    Setting,
    build,
    from_environment,
    from_file,
    keys_of,
    unknown,
)
from voice.assembly import (
    COMPUTE_TYPES,
    DEMO,
    HOMES,
    STARTER,
    STARTERS,
    Device,
    ModelChoice,
)
from voice.detection import GatePolicy
from voice.errors import ConfigError
from voice.events import Millis
from voice.languages import for_client
from voice.turns import TurnPolicy
from voice.waking import PHRASES, WakePolicy

__all__ = [
    "CONFIG_VARIABLE",
    "Config",
    "ConversationConfig",
    "ModelsConfig",
    "RestConfig",
    "ServerConfig",
    "Setting",
    "TwilioConfig",
    "WakeConfig",
    "WorkersConfig",
    "WyomingConfig",
    "load_config",
    "render",
]

CONFIG_VARIABLE = "PARLEY_CONFIG"
"""Names the TOML file if no option does."""

Count: TypeAlias = Annotated[int, Between(1, 4096)]
Seconds: TypeAlias = Annotated[float, Between(0.1, 3600)]

SHORTEST_PHRASE = 6
"""Letters of a wake phrase; shorter ones are in other words, and rarely heard right."""

DEFAULT_PORTS = {"http": ":80", "https": ":443"}
"""What browsers leave out of an origin."""


def origin(text: str) -> str:
    """An origin as browsers write it.

    Raises:
        Fault: no page can have such an origin, or anything could (``null``, ``*``).
    """
    scheme, _, host = text.lower().partition("://")
    parts = urlsplit(text.lower())
    if not scheme or not host or host != parts.netloc or {"*", "@"} & set(host):
        raise Fault(f"expected an origin like https://home.example, found {text!r}")
    return f"{scheme}://{host.removesuffix(DEFAULT_PORTS.get(scheme, ' '))}"


Origins: TypeAlias = Annotated[tuple[str, ...], origin]


def wake_phrase(text: str) -> str:
    """A phrase after the tag of its language, ``en: hey computer``.

    Raises:
        Fault: there is no language, or too little to tell from other speech.
    """
    tag, colon, phrase = text.partition(":")
    letters = sum(map(str.isalpha, phrase))
    if not colon or letters < SHORTEST_PHRASE:
        raise Fault(
            f"expected a phrase like 'en: hey computer' of {SHORTEST_PHRASE} letters"
            f" at least, found {text!r}"
        )
    return f"{for_client(tag)}: {' '.join(phrase.split())}"


WakePhrases: TypeAlias = Annotated[tuple[str, ...], wake_phrase]

LanguageTags: TypeAlias = Annotated[tuple[str, ...], for_client]


def door(text: str) -> str:
    """Where a door listens; empty if it stays shut.

    Raises:
        Fault: it is no address with a port.
    """
    try:
        return str(Address.of(text)) if text else ""
    except ValueError:
        raise Fault(
            f"expected HOST:PORT like 127.0.0.1:10300, found {text!r}"
        ) from None


Door: TypeAlias = Annotated[str, door]

DIALECTS = ("twilio", "xiaozhi")
"""Of devices that are made for other servers; each has the path ``/v1/`` and its name."""


def dialect(text: str) -> str:
    """The name of a dialect.

    Raises:
        Fault: there is none of that name.
    """
    if text not in DIALECTS:
        raise Fault(f"expected one of {', '.join(DIALECTS)}, found {text!r}")
    return text


Dialects: TypeAlias = Annotated[tuple[str, ...], dialect]


def service_name(text: str) -> str:
    """A name that the local network can carry; empty for none.

    Raises:
        Fault: it is too long, or holds a dot or a control character.
    """
    if len(text.encode()) > 63 or "." in text or not (text + "x").isprintable():
        raise Fault(f"expected up to 63 bytes without a dot, found {text!r}")
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerConfig:
    """Where the server listens, and how patient and how full it may get."""

    host: str = "127.0.0.1"
    """Only this machine; ``0.0.0.0`` for all who can reach it."""
    port: Annotated[int, Between(0, 65_535)] = 8765
    """0 takes any free one."""
    origins: Origins = ()
    """Web pages that may connect, like ``https://home.example``; who is no web page
    may connect anyway."""
    api_keys: Annotated[str, Place("file", ("",))] = ""
    """A file with one key on each line, of which a client must know one; empty: nobody
    needs a key."""
    dialects: Dialects = ()
    """Other protocols on the same port: ``twilio`` for telephone calls, ``xiaozhi`` for
    small devices with that firmware; docs/devices.md."""
    max_sessions: Count = 64
    handshake_timeout_s: Seconds = 5.0
    idle_timeout_s: Seconds = 120.0
    """A session from which nothing arrives for so long is closed."""
    send_timeout_s: Seconds = 5.0
    """A client that does not read for so long is cut off."""
    drain_timeout_s: Seconds = 30.0
    """How long running turns may take to end when the server stops."""
    max_message_bytes: Annotated[int, Between(1024, 16_777_216)] = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class ConversationConfig:
    """What is talked about, and in which languages."""

    languages: LanguageTags = ()
    """Those a session may use; none: of the starter's German, English, Spanish and
    French, of another recogniser's all that have a grammar."""
    home: Annotated[str, Place("file", HOMES)] = DEMO
    """A TOML file, or the name of one that comes with Parley."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WakeConfig:
    """Who is answered where a microphone is always open; docs/devices.md."""

    attention: Annotated[str, OneOf(ATTENTIONS)] = "always"
    """``phrase``: a session of ``/v1/stream`` answers only who says a wake phrase,
    unless its client asks for ``always``."""
    phrases: WakePhrases = ()
    """Like ``en: hey computer``; a language that has none here keeps its own."""
    follow_up: Millis = Millis(8_000)
    """How long one may go on without the phrase."""

    @property
    def policy(self) -> WakePolicy:
        """For the sessions."""
        own: dict[str, tuple[str, ...]] = {}
        for text in self.phrases:
            tag, _, phrase = text.partition(": ")
            own[tag] = (*own.get(tag, ()), phrase)
        return WakePolicy(phrases={**PHRASES, **own}, follow_up=self.follow_up)

    @property
    def expected(self) -> tuple[tuple[str, str], ...]:
        """Tags and phrases for recognisers that hear only what they expect."""
        if self.attention == "always" and not self.phrases:
            return ()
        phrases = self.policy.phrases
        return tuple((tag, phrase) for tag in phrases for phrase in phrases[tag])


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelsConfig:
    """Which models, and what they run on."""

    recognizer: Annotated[str, Place("directory", tuple(STARTERS))] = STARTER
    """A directory with a recogniser, or the name of a shipped one."""
    voices: Annotated[str, Place("directory", ("",))] = ""
    """A directory with Piper voices; eSpeak speaks where it has none."""
    language_model: Annotated[str, Place("directory", ("", STARTER))] = ""
    """A directory with a CTranslate2 language model, or the name of the shipped one,
    which is asked for an intent where the grammar has none; empty: nobody is.
    docs/language-models.md"""
    device: Annotated[Device, OneOf(get_args(Device))] = "auto"
    compute_type: Annotated[str, OneOf(COMPUTE_TYPES)] = "default"
    """The arithmetic of CTranslate2; ``default`` is the one the model was saved in."""
    threads: Annotated[int, Between(1, 256)] = 1
    """Of each recogniser process."""
    cache: Annotated[str, Place("directory", ("",))] = ""
    """Where what the shipped recogniser prepares of the home is kept for the next
    start, so that it takes a second; empty: nothing is written, ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkersConfig:
    """How many processes run each stage, and how long one request may take."""

    recognize: Annotated[int, Between(1, 256)] = 1
    respond: Annotated[int, Between(1, 256)] = 1
    synthesize: Annotated[int, Between(1, 256)] = 1
    recognize_deadline_s: Seconds = 5.0
    respond_deadline_s: Seconds = 4.0
    synthesize_deadline_s: Seconds = 3.0
    """Until the first audio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WyomingConfig:
    """The door for Home Assistant; docs/home-assistant.md is its manual."""

    listen: Door = ""
    """``0.0.0.0:10300`` for all who can reach it (the protocol knows no password);
    empty: shut."""
    announce: Annotated[str, service_name] = ""
    """A name under which the local network is told of it; empty: it is not told."""
    conversation: Annotated[str, OneOf(("handle", "intent"))] = "handle"
    """``handle`` does what is asked to the home of this server; ``intent`` leaves it
    to Home Assistant."""
    client_vad: Annotated[str, OneOf(("backup", "off"))] = "backup"
    """Whether Home Assistant looks for the end of speech as well; who is first wins."""
    max_connections: Count = 64
    idle_timeout_s: Seconds = 60.0
    send_timeout_s: Seconds = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RestConfig:
    """The door for programs that send and get whole files; docs/rest.md.

    Keys and origins are those of the server.
    """

    listen: Door = ""
    """``127.0.0.1:8766``; empty: shut."""
    max_requests: Count = 16
    """At the same time; the others are told to come back."""
    max_upload_mb: Annotated[int, Between(1, 1024)] = 25
    max_audio_s: Annotated[int, Between(1, 14_400)] = 1800
    """Of one recording."""
    request_timeout_s: Seconds = 300.0


@dataclass(frozen=True, slots=True, kw_only=True)
class TwilioConfig:
    """How Twilio's calls are told from others; ``server.dialects`` opens their door."""

    url: Annotated[str, twilio_url] = ""
    """Of the door, to the letter as TwiML has it: ``wss://voice.example/v1/twilio``;
    Twilio signs it."""
    auth_token_file: Annotated[str, Place("file", ("",))] = ""
    """A file with the auth token of the account; empty: signatures are not looked at."""

    def __post_init__(self) -> None:
        """See that what is signed and the secret come together.

        Raises:
            ValueError: one of them is missing.
        """
        if bool(self.url) != bool(self.auth_token_file):
            raise ValueError("url and auth_token_file belong together: give both")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that can be set, checked."""

    server: ServerConfig = field(default_factory=ServerConfig)
    conversation: ConversationConfig = field(default_factory=ConversationConfig)
    models: ModelsConfig = field(default_factory=ModelsConfig)
    workers: WorkersConfig = field(default_factory=WorkersConfig)
    turns: TurnPolicy = field(default_factory=TurnPolicy)
    gate: GatePolicy = field(default_factory=GatePolicy)
    wake: WakeConfig = field(default_factory=WakeConfig)
    wyoming: WyomingConfig = field(default_factory=WyomingConfig)
    rest: RestConfig = field(default_factory=RestConfig)
    twilio: TwilioConfig = field(default_factory=TwilioConfig)
    llm: LlmConfig = field(default_factory=LlmConfig)
    tools: ToolsConfig = field(default_factory=ToolsConfig)
    voxtral: VoxtralConfig = field(default_factory=VoxtralConfig)

    @property
    def choice(self) -> ModelChoice:
        """What the workers load."""
        return ModelChoice(
            recognizer=self.models.recognizer,
            voices=self.models.voices,
            home=self.conversation.home,
            languages=self.conversation.languages,
            wake=self.wake.expected,
            device=self.models.device,
            compute_type=self.models.compute_type,
            threads=self.models.threads,
            language_model=self.models.language_model,
            heard=self.voxtral.languages if self.voxtral.url else (),
            cache=self.models.cache,
        )


SECTIONS: dict[str, Any] = {
    "server": ServerConfig,
    "conversation": ConversationConfig,
    "models": ModelsConfig,
    "workers": WorkersConfig,
    "turns": TurnPolicy,
    "gate": GatePolicy,
    "wake": WakeConfig,
    "wyoming": WyomingConfig,
    "rest": RestConfig,
    "twilio": TwilioConfig,
    "llm": LlmConfig,
    "tools": ToolsConfig,
    "voxtral": VoxtralConfig,
}


def load_config(
    path: Path | None, environ: Mapping[str, str], options: Sequence[Setting] = ()
) -> Config:
    """The configuration.

    Args:
        path: a TOML file; None takes the one that `CONFIG_VARIABLE` names, if any.
        environ: the environment variables.
        options: what the command line says, which wins over everything.

    Raises:
        ConfigError: with one line for everything that is wrong.
    """
    settings = [*_file(path, environ), *from_environment(environ), *options]
    faults = [
        fault
        for setting in settings
        if (fault := unknown(setting, SECTIONS)) is not None
    ]
    known = [setting for setting in settings if unknown(setting, SECTIONS) is None]
    sections: dict[str, Any] = {
        name: build(section, name, _of_section(name, known), faults)
        for name, section in SECTIONS.items()
    }
    if faults:
        raise ConfigError("\n".join(faults))
    return Config(**sections)


def _file(path: Path | None, environ: Mapping[str, str]) -> list[Setting]:
    if path is not None:
        return from_file(path, "--config")
    if environ.get(CONFIG_VARIABLE):
        return from_file(Path(environ[CONFIG_VARIABLE]), CONFIG_VARIABLE)
    return []


def _of_section(name: str, settings: Sequence[Setting]) -> list[Setting]:
    """Its settings; of one key only the last: a fault that is overridden stops nobody."""
    last = {s.key: s for s in settings if s.key.startswith(f"{name}.")}
    return list(last.values())


def render(config: Config) -> str:
    """The whole configuration as TOML, which reads back as the same."""
    return "\n".join(_section(name, getattr(config, name)) for name in SECTIONS)


def _section(name: str, section: object) -> str:
    lines = [f"[{name}]"]
    for key, (attribute, _) in keys_of(type(section)).items():
        lines.append(f"{key} = {_toml(getattr(section, attribute))}")
    return "\n".join(lines) + "\n"


def _toml(value: object) -> str:
    match value:
        case str():
            return json.dumps(value, ensure_ascii=False)
        case tuple():
            return f"[{', '.join(_toml(item) for item in value)}]"
        case _:
            return repr(value)
