"""What client and server say to each other, as values.

The types are those of the OpenAI Realtime API where the concept is the same, and
begin with ``parley.`` where it is ours. Audio is not here: it travels as bare PCM
in binary frames. The codecs in `streaming.protocols` turn these values into bytes
and back; `docs/protocol.md` is generated from this file.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, TypeAlias

from voice.stages import SlotValue

__all__ = ["CLIENT_MESSAGES", "SERVER_MESSAGES", "ClientMessage", "ServerMessage"]

RATES = (8_000, 16_000, 24_000, 48_000)
"""Hertz; the sample rates of the wire."""

FORMATS = ("pcm16", "opus")
"""What a binary frame may be: bare samples, or one packet of Opus."""

ATTENTIONS = ("always", "phrase")
"""Who is answered: everybody, or who says a wake phrase."""

Turn = Annotated[int, "which turn; counts from 1 in each session"]


# --- From the client ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdate:
    """Change how the session listens and speaks. What is left out stays as it is.

    Answered by `session.updated`.
    """

    type: ClassVar[str] = "session.update"
    languages: Annotated[
        tuple[str, ...] | None,
        "BCP 47 tags that the user may speak; the language of each turn is chosen"
        " among them; an empty list means all that are served",
    ] = None
    input_rate: Annotated[
        int | None, "Hz of the audio sent: one of 8000, 16000, 24000, 48000"
    ] = None
    output_rate: Annotated[
        int | None, "Hz of the audio received: one of 8000, 16000, 24000, 48000"
    ] = None
    input_format: Annotated[
        str | None, "of the binary frames sent: `pcm16`, or `opus`, a packet in each"
    ] = None
    output_format: Annotated[
        str | None, "likewise of those received; `opus` comes in packets of 20 ms"
    ] = None
    attention: Annotated[
        str | None,
        "`always`: all speech is answered; `phrase`: only what follows a wake phrase,"
        " see docs/devices.md",
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputCommit:
    """The utterance is over (push to talk): do not wait for a pause."""

    type: ClassVar[str] = "input_audio_buffer.commit"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputClear:
    """Forget what is being said: it asks for nothing. Without speech it does nothing.

    An utterance that was committed stays so.
    """

    type: ClassVar[str] = "input_audio_buffer.clear"


@dataclass(frozen=True, slots=True, kw_only=True)
class InputEnd:
    """No more audio will come: take what follows for silence, and answer."""

    type: ClassVar[str] = "parley.input_end"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextInput:
    """A turn that is typed instead of spoken; it ends any reply."""

    type: ClassVar[str] = "parley.text"
    text: Annotated[str, "what the user wants, up to 1000 characters"]
    language: Annotated[
        str | None,
        "BCP 47 tag; left out: that of the turn before, at first the session's first",
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCancel:
    """Stop the reply, or do not begin it. Without a reply it does nothing."""

    type: ClassVar[str] = "response.cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Playback:
    """How much of the reply the user has heard; worth sending every 100 to 250 ms.

    Without it the server assumes that audio is heard as it is sent, in real time.
    """

    type: ClassVar[str] = "parley.playback"
    turn: Turn
    position_ms: Annotated[int, "ms of this reply's audio played so far"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeWatchRequest:
    """Tell me how the home is, and from now on what changes in it.

    Answered by a `parley.home.device` for each device and timer. Said once more, it
    is answered once more, for example with names in another language.
    """

    type: ClassVar[str] = "parley.home.watch"
    language: Annotated[
        str | None,
        "BCP 47 tag, of the names; left out: the first language of the session",
    ] = None


ClientMessage: TypeAlias = (
    SessionUpdate
    | InputCommit
    | InputClear
    | InputEnd
    | TextInput
    | ResponseCancel
    | Playback
    | HomeWatchRequest
)


# --- From the server ----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionCreated:
    """The first message: the session is open, with these settings."""

    type: ClassVar[str] = "session.created"
    session_id: Annotated[str, "names the session in the server's log"]
    protocol: Annotated[str, "`parley/1`; the number changes when clients must"]
    languages: Annotated[tuple[str, ...], "BCP 47 tags that the user may speak"]
    input_rate: Annotated[int, "Hz of the audio that the server expects"]
    output_rate: Annotated[int, "Hz of the audio that the server sends"]
    disclosure: Annotated[
        str, "tells the user that they speak with a machine, in the first language"
    ]
    input_format: Annotated[str, "`pcm16` or `opus`: what the server expects"] = "pcm16"
    output_format: Annotated[str, "`pcm16` or `opus`: what the server sends"] = "pcm16"
    attention: Annotated[str, "`always` or `phrase`: who is answered"] = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionUpdated:
    """The settings of the session after a `session.update`."""

    type: ClassVar[str] = "session.updated"
    languages: Annotated[tuple[str, ...], "BCP 47 tags that the user may speak"]
    input_rate: Annotated[int, "Hz of the audio that the server expects"]
    output_rate: Annotated[int, "Hz of the audio that the server sends"]
    disclosure: Annotated[
        str, "tells the user that they speak with a machine, in the first language"
    ]
    input_format: Annotated[str, "`pcm16` or `opus`: what the server expects"] = "pcm16"
    output_format: Annotated[str, "`pcm16` or `opus`: what the server sends"] = "pcm16"
    attention: Annotated[str, "`always` or `phrase`: who is answered"] = "always"


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStartedMessage:
    """The user was heard to speak."""

    type: ClassVar[str] = "input_audio_buffer.speech_started"
    turn: Turn
    audio_start_ms: Annotated[int, "when, in ms of audio received"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeechStoppedMessage:
    """The user was heard to fall silent, perhaps only for a moment."""

    type: ClassVar[str] = "input_audio_buffer.speech_stopped"
    turn: Turn
    audio_end_ms: Annotated[int, "when, in ms of audio received"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorChanged:
    """Who may speak: open, user, pause, pending, agent, overlap or closed."""

    type: ClassVar[str] = "parley.floor"
    floor: Annotated[str, "see docs/turn-taking.md"]
    turn: Turn
    audio_ms: Annotated[int, "ms of audio received when it changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptDelta:
    """Words of the utterance that will not change any more, while it lasts."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.delta"
    turn: Turn
    delta: Annotated[str, "to be appended to the deltas before it, with a space"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Committed:
    """The utterance is over: the endpoint is decided.

    If the user goes on before the reply begins, the turn is the user's again: the
    floor says so, and this and the transcript come once more. The last ones count.
    """

    type: ClassVar[str] = "input_audio_buffer.committed"
    turn: Turn
    audio_ms: Annotated[int, "ms of audio received at the decision"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TranscriptCompleted:
    """What the user said; it counts, whatever the deltas were."""

    type: ClassVar[str] = "conversation.item.input_audio_transcription.completed"
    turn: Turn
    transcript: Annotated[
        str, "as the recogniser writes: case, punctuation and numbers are its own"
    ]
    language: Annotated[str, "BCP 47 tag"]
    language_probability: Annotated[
        float,
        "among the session's languages, 0 to 1; low where a short utterance sounded"
        " like another language and that of the turn before was kept",
    ]
    confidence: Annotated[float, "of the words, 0 to 1"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IntentMessage:
    """What the user wants, in machine words."""

    type: ClassVar[str] = "parley.intent"
    turn: Turn
    name: Annotated[str | None, "as in Home Assistant; null: not understood"]
    slots: Annotated[Mapping[str, SlotValue], "names, areas, numbers"]
    answered_by: Annotated[
        str,
        "`grammar`; `names`: the grammar, once a misheard name was mended; `model`: a"
        " language model; `tool`: a yes or no to what a tool is to do; `none`",
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolUsed:
    """What becomes of a call that a language model makes: see docs/tools.md.

    A tool that only reads may be called before the utterance is over, and once more
    if the user goes on.
    """

    type: ClassVar[str] = "parley.tool"
    turn: Turn
    tool: Annotated[str, "name of the tool, as the model knows it"]
    risk: Annotated[str, "`read`, `reversible`, `irreversible` or `forbidden`"]
    state: Annotated[
        str,
        "`running`, then `done` or `failed`; `refused`: it may not be called so;"
        " `asked`: the user is asked, then `agreed`, `declined` or `lapsed`",
    ]
    arguments: Annotated[str, "a JSON object, as text"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseCreated:
    """A reply begins; the binary frames that follow are its audio."""

    type: ClassVar[str] = "response.created"
    turn: Turn
    language: Annotated[str, "BCP 47 tag of the reply"]
    rate: Annotated[
        int, "Hz of this reply's audio, whatever `output_rate` is changed to meanwhile"
    ]
    format: Annotated[str, "likewise `pcm16` or `opus`"] = "pcm16"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyTextDelta:
    """More of a reply whose end is not known yet: a language model is at work.

    Other replies have only a `response.output_audio_transcript.done`.
    """

    type: ClassVar[str] = "response.output_audio_transcript.delta"
    turn: Turn
    delta: Annotated[str, "to be appended to the deltas before it, as it is"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyText:
    """The whole text of the reply."""

    type: ClassVar[str] = "response.output_audio_transcript.done"
    turn: Turn
    transcript: Annotated[str, "what is being said"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyAudioDone:
    """The last audio of the reply was sent; it may still be playing."""

    type: ClassVar[str] = "response.output_audio.done"
    turn: Turn
    audio_ms: Annotated[int, "ms of audio sent"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ducked:
    """The user speaks over the reply: it is held, or goes on.

    Held, fall silent at once and forget what was not played yet. When it goes on, the
    audio that follows begins at `position_ms`, a little before it fell silent; count
    playback positions from there.
    """

    type: ClassVar[str] = "parley.duck"
    turn: Turn
    ducked: Annotated[bool, "whether the reply is held"]
    position_ms: Annotated[int, "ms of the reply: heard so far, or where it goes on"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseDone:
    """The reply is over. If it was cancelled: empty the player's buffer now."""

    type: ClassVar[str] = "response.done"
    turn: Turn
    status: Annotated[str, "`completed`, `cancelled` or `failed`"]
    heard_ms: Annotated[int, "ms of its audio that the user has heard"]
    heard_text: Annotated[str, "the words of it that the user has heard"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Timings:
    """Where the time of the turn went; null where something did not happen."""

    type: ClassVar[str] = "parley.timings"
    turn: Turn
    speech_started_ms: Annotated[int | None, "onset, in ms of audio received"]
    speech_ended_ms: Annotated[int | None, "detected end, in ms of audio received"]
    committed_ms: Annotated[int | None, "endpoint decision, in ms of audio received"]
    finalization_ms: Annotated[float | None, "ms from commit to final transcript"]
    first_audio_ms: Annotated[float | None, "ms from commit to first reply audio"]
    recognition_start_ms: Annotated[
        float | None,
        "ms from commit to the recogniser's start; below 0: begun in the pause",
    ]
    recognition_ms: Annotated[float | None, "ms that the recogniser took"]
    response_start_ms: Annotated[float | None, "likewise, of the responder"]
    response_ms: Annotated[float | None, "ms that the responder took"]
    synthesis_start_ms: Annotated[float | None, "likewise, of the synthesiser"]
    synthesis_ms: Annotated[float | None, "ms to the first piece of speech"]
    synthesis_total_ms: Annotated[
        float | None, "ms that the synthesiser took for the whole reply"
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class AttentionChanged:
    """Who is answered now, where a wake phrase is needed: worth a light.

    `asleep`: who says the phrase; `called`: whoever speaks next, the phrase was said
    alone; `engaged`, while a reply is heard, and `follow_up`, for a while after it:
    whoever says something that is understood.
    """

    type: ClassVar[str] = "parley.attention"
    attention: Annotated[str, "`asleep`, `called`, `engaged` or `follow_up`"]
    audio_ms: Annotated[int, "ms of audio received when it changed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HomeDevice:
    """How one device or timer of the home is now; only after `parley.home.watch`.

    What happened to it in whichever session; a timer that ended or was cancelled
    is told once more, as `idle`.
    """

    type: ClassVar[str] = "parley.home.device"
    id: Annotated[str, "`light.kitchen`, as in the slots of `parley.intent`; `timer.1`"]
    name: Annotated[str, "as it is read out, in the language asked for; may be empty"]
    area: Annotated[str | None, "name of the room; null: in none"]
    state: Annotated[
        str,
        "as in Home Assistant: `on`, `open`, `locked`; of a timer `active`, `paused`",
    ]
    attributes: Annotated[
        Mapping[str, SlotValue],
        "as in the file of the home; of a timer `seconds` and `seconds_left`",
    ]
    items: Annotated[tuple[str, ...], "what is open on it, if it is a list"] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorMessage:
    """Something is wrong; the session goes on unless the connection closes."""

    type: ClassVar[str] = "error"
    code: Annotated[str, "stable, for machines"]
    message: Annotated[str, "for people: what is wrong and what to do"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WarningMessage:
    """What was received was taken, but is hardly what the client means to send.

    `suspicious_audio`, said once: the audio comes faster or slower than its rate
    allows, or begins with the header of a file.
    """

    type: ClassVar[str] = "parley.warning"
    code: Annotated[str, "stable, for machines"]
    message: Annotated[str, "for people: what is wrong and what to do"]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoingAway:
    """The server is about to stop: finish, and connect again later."""

    type: ClassVar[str] = "session.going_away"
    deadline_ms: Annotated[int, "ms until the connection closes in any case"]


ServerMessage: TypeAlias = (
    SessionCreated
    | SessionUpdated
    | SpeechStartedMessage
    | SpeechStoppedMessage
    | FloorChanged
    | TranscriptDelta
    | Committed
    | TranscriptCompleted
    | IntentMessage
    | ToolUsed
    | ResponseCreated
    | ReplyTextDelta
    | ReplyText
    | ReplyAudioDone
    | Ducked
    | ResponseDone
    | Timings
    | AttentionChanged
    | HomeDevice
    | ErrorMessage
    | WarningMessage
    | GoingAway
)

CLIENT_MESSAGES: tuple[type[ClientMessage], ...] = ClientMessage.__args__
SERVER_MESSAGES: tuple[type[ServerMessage], ...] = ServerMessage.__args__
