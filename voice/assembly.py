"""From what the operator chose to loaded stages: the one module that knows every adapter.

An adapter is imported when it is loaded, not before: the process that speaks never
pays for the libraries of the one that listens.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from voice.audio import Pcm
from voice.dialogue import ChatModel
from voice.errors import ConfigError
from voice.home import Home
from voice.home_files import load_home
from voice.languages import LANGUAGES, canonical
from voice.manifests import Manifest, shipped, shipped_manifest
from voice.recognizers.families import (
    Family,
    family,
    named_languages,
    read_json,
    read_object,
)
from voice.recognizers.plain_text import language_codes
from voice.stages import Interpreter, Recognizer, Synthesizer, VoiceActivity

if TYPE_CHECKING:
    from voice.responders.grammar import GrammarResponder
    from voice.responders.pipeline import PipelineResponder

__all__ = [
    "COMPUTE_TYPES",
    "DEMO",
    "FIRST_LANGUAGES",
    "HOMES",
    "STARTER",
    "STARTERS",
    "STARTER_WHISPER",
    "Device",
    "ModelChoice",
    "common_replies",
    "heard_languages",
    "hears_only_sentences",
    "load_chat",
    "load_interpreter",
    "load_recognizer",
    "load_responder",
    "load_synthesizer",
    "load_voice_activity",
    "read_home",
    "served_languages",
    "served_recognizer",
    "starter_manifest",
]

Device: TypeAlias = Literal["auto", "cpu", "cuda"]

STARTER = "starter"
"""The recogniser that comes with Parley: it hears the sentences of a home."""

STARTER_WHISPER = "starter-whisper"
"""The other one that comes along: it writes any text, of few voices."""

STARTER_INTENTS = "starter-intents"
"""The manifest of the language model that comes along."""

STARTERS = {STARTER: "starter-acoustic", STARTER_WHISPER: "starter-recognizer"}
"""Recognisers that come with Parley, and their manifests."""

FIRST_LANGUAGES = ("de", "en", "es", "fr")
"""In which a conversation is held where nobody chose and the recogniser is `STARTER`:
every further one is heard as well, but takes seconds at the start, and competes with
the others."""

DEMO = "demo"

HOMES = (DEMO, "recordings")
"""The homes that come with Parley: files in `voice/homes`."""

COMPUTE_TYPES = (
    "default",
    "auto",
    "int8",
    "int8_float32",
    "int8_float16",
    "int8_bfloat16",
    "int16",
    "float16",
    "bfloat16",
    "float32",
)
"""The arithmetics of CTranslate2."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelChoice:
    """What every stage is made of. Small and picklable: worker processes get it."""

    recognizer: str = STARTER
    """A directory with one of `voice.recognizers.families.Family`, or one of
    `STARTERS`."""
    voices: str = ""
    """A directory with Piper voices; eSpeak speaks where it has none."""
    home: str = DEMO
    """A TOML file, or one of `HOMES`."""
    languages: tuple[str, ...] = ()
    """Canonical tags to serve; none means all that are real at every stage."""
    device: Device = "auto"
    """Of the recogniser; ``auto`` takes CUDA where there is one."""
    wake: tuple[tuple[str, str], ...] = ()
    """Canonical tags with the wake phrases that may be said in the language."""
    compute_type: str = "default"
    """One of `COMPUTE_TYPES`."""
    threads: int = 1
    """Of the recogniser."""
    language_model: str = ""
    """Proposes an intent where the grammar has none: a directory with a CTranslate2
    language model, or `STARTER`; empty for none."""
    heard: tuple[str, ...] = ()
    """Canonical tags that a recogniser on another server hears; empty without one."""
    cache: str = ""
    """A directory in which what takes seconds to prepare is kept; empty for none."""


# --- Languages ----------------------------------------------------------------


def served_languages(choice: ModelChoice) -> tuple[str, ...]:
    """The languages in which a conversation can be held, sorted; loads no model.

    Those asked for; if none are, those that the recogniser hears and that there is
    a grammar for, of `STARTER` the `FIRST_LANGUAGES`. (eSpeak speaks all that Parley
    knows.)

    Raises:
        ConfigError: the recogniser does not hear one that is asked for, or is missing.
    """
    heard = heard_languages(choice)
    deaf = [tag for tag in choice.languages if tag not in heard]
    if deaf:
        raise ConfigError(
            f"languages: the recogniser {choice.recognizer} does not hear"
            f" {', '.join(deaf)}, only {', '.join(heard)}; leave it out or choose"
            " another recogniser"
        )
    if choice.languages:
        return tuple(sorted(choice.languages))
    served = tuple(tag for tag in heard if LANGUAGES[tag].grammar)
    if choice.recognizer == STARTER:
        served = tuple(tag for tag in served if tag in FIRST_LANGUAGES)
    if not served:
        raise ConfigError(
            f"the recogniser {choice.recognizer} hears no language with a grammar;"
            " name the languages to serve"
        )
    return served


def heard_languages(choice: ModelChoice) -> tuple[str, ...]:
    """The languages of ours that the recogniser can write, sorted; loads no model.

    Raises:
        ConfigError: it is missing or not complete.
    """
    if choice.heard:
        return tuple(sorted(choice.heard))
    if choice.recognizer in STARTERS:
        return tuple(sorted(starter_manifest(choice.recognizer).languages))
    directory = _directory(choice)
    if family(directory) is Family.ACOUSTIC:
        return _acoustic_languages(directory / "acoustic.json")
    if family(directory) is not Family.WHISPER:
        return tuple(language_codes(named_languages(directory), ()))
    named = read_object(directory / "parley.json").get("languages", ())
    if not named and not _is_multilingual(directory):
        return ("en",)
    names = named or _language_tokens(directory / "tokenizer.json")
    return tuple(sorted({tag for name in names if (tag := canonical(name))}))


def hears_only_sentences(choice: ModelChoice) -> bool:
    """Whether whatever is said is heard as a sentence of the home, or not understood.

    Raises:
        ConfigError: the recogniser is missing or not complete.
    """
    if choice.heard or choice.recognizer in STARTERS:
        return not choice.heard and choice.recognizer == STARTER
    return family(_directory(choice)) is Family.ACOUSTIC


def _directory(choice: ModelChoice) -> Path:
    directory = Path(choice.recognizer)
    if not directory.is_dir():
        raise ConfigError(
            f"{directory}: there is no such directory; models.recognizer must be one"
            f" with a CTranslate2 Whisper or another recogniser, or {STARTER!r}"
        )
    is_whisper = family(directory) is Family.WHISPER
    if is_whisper and not (directory / "tokenizer.json").is_file():
        raise ConfigError(
            f"{directory / 'tokenizer.json'}: is missing; copy it from the model that"
            " this one was converted from (ct2-transformers-converter --copy_files"
            " tokenizer.json preprocessor_config.json)"
        )
    return directory


def _acoustic_languages(path: Path) -> tuple[str, ...]:
    """Those that the model was trained on and that have sentences to search."""
    named = read_object(path).get("languages", ())
    if not named:
        raise ConfigError(f"{path}: names no languages; restore the model's files")
    tags = (canonical(str(name)) for name in named)
    return tuple(sorted(tag for tag in tags if tag and LANGUAGES[tag].grammar))


def _is_multilingual(directory: Path) -> bool:
    """Whether the language tokens mean anything: an English-only Whisper has them too.

    CTranslate2 tells by the empty token, which only the multilingual ones have.
    """
    tokens = read_json(directory / "vocabulary.json")
    return not tokens or "" in tokens


def _language_tokens(path: Path) -> list[str]:
    """The codes of the tokens that look like a language's."""
    tokens = read_object(path).get("added_tokens", ())
    names = [str(token["content"]) for token in tokens]
    marks = [name[2:-2] for name in names if name[:2] == "<|" and name[-2:] == "|>"]
    return [mark for mark in marks if len(mark) in (2, 3)]


# --- Loading ------------------------------------------------------------------


def load_recognizer(choice: ModelChoice) -> Recognizer:
    """The recogniser, for the languages that are served.

    Raises:
        ConfigError: the model is missing, not complete, or not what its manifest says.
    """
    directory = (
        shipped(STARTERS[choice.recognizer])
        if choice.recognizer in STARTERS
        else _directory(choice)
    )
    languages = served_languages(choice)
    if family(directory) is Family.ACOUSTIC:
        return _sentence_recognizer(directory, choice, languages)
    return _loader(family(directory))(
        directory,
        device=choice.device,
        compute_type=choice.compute_type,
        threads=choice.threads,
        languages=languages,
    )


def _loader(kind: Family) -> Callable[..., Recognizer]:
    match kind:
        case Family.WHISPER:
            from voice.recognizers.whisper import WhisperRecognizer

            return WhisperRecognizer.load
        case Family.ONNX_ASR:
            from voice.recognizers.onnx_asr import load_onnx_asr

            return load_onnx_asr
        case Family.SHERPA:
            from voice.recognizers.sherpa import load_sherpa

            return load_sherpa
        case Family.ACOUSTIC:
            raise AssertionError("it needs a home")


def _sentence_recognizer(
    directory: Path, choice: ModelChoice, languages: Sequence[str]
) -> Recognizer:
    """A search of what may be said to the home, in every language."""
    from voice.recognizers.acoustics import AcousticModel
    from voice.recognizers.sentence_recognizer import SentenceRecognizer
    from voice.recognizers.turn_ends import TurnEnds
    from voice.sentence_preparation import prepared_sentences

    model = AcousticModel.load(directory, threads=choice.threads)
    home = read_home(choice)
    graphs = {
        tag: prepared_sentences(
            home,
            tag,
            phones=model.acoustics.phones,
            called=[phrase for of, phrase in choice.wake if of == tag],
            folder=Path(choice.cache) if choice.cache else None,
        )
        for tag in languages
    }
    # It reads the sounds of the starter; another model may have one of its own.
    beside = shipped("starter-turn-end") if choice.recognizer == STARTER else directory
    ends = TurnEnds.beside(beside, sounds=len(model.acoustics.phones))
    return SentenceRecognizer(model, graphs, ends)


def served_recognizer(
    words: Callable[[Pcm], str], languages: Sequence[str]
) -> Recognizer:
    """A recogniser on another server, of which `words` asks for the words of 16 kHz audio."""
    from voice.recognizers.served import ServedRecognizer

    return ServedRecognizer(words, languages)


def _timeless() -> float:
    return 0.0


def load_responder(
    choice: ModelChoice, *, clock: Callable[[], float] = _timeless
) -> "GrammarResponder | PipelineResponder":
    """The responder, with a grammar for every served language that has one.

    Args:
        choice: what it is made of.
        clock: seconds, monotonic, for the deadline of a chatting language model.

    Raises:
        ConfigError: the home's file is wrong, a language is unknown, or the language
            model cannot be loaded.
    """
    home = read_home(choice)
    languages = served_languages(choice)
    from voice.responders.grammar import GrammarResponder

    grammar = GrammarResponder.load(home, languages)
    if not choice.language_model:
        return grammar
    from voice.responders.pipeline import PipelineResponder

    model = load_interpreter(choice, home, languages, clock=clock)
    return PipelineResponder(grammar, model=model)


def load_interpreter(
    choice: ModelChoice,
    home: Home,
    languages: Sequence[str],
    *,
    clock: Callable[[], float],
) -> Interpreter:
    """The language model that proposes intents: one that points, or any that chats.

    Raises:
        ConfigError: it is missing, or not complete.
    """
    directory = (
        shipped(STARTER_INTENTS)
        if choice.language_model == STARTER
        else _model_directory(choice.language_model, "models.language_model")
    )
    if read_object(directory / "parley.json").get("prompt") == "pointing":
        from voice.responders.pointing_model import PointingModel

        return PointingModel.load(directory, home, languages, threads=choice.threads)
    from voice.responders.generator import GeneratorChat
    from voice.responders.proposals import (
        DEADLINE_S,
        LONGEST_ANSWER,
        ChatInterpreter,
    )

    chat = GeneratorChat.load(
        directory,
        device=choice.device,
        compute_type=choice.compute_type,
        threads=choice.threads,
        max_tokens=LONGEST_ANSWER // 4,
        deadline_s=DEADLINE_S,
        clock=clock,
    )
    return ChatInterpreter(chat, home)


def load_chat(
    directory: str,
    *,
    device: Device,
    compute_type: str,
    threads: int,
    max_tokens: int,
    deadline_s: float,
    clock: Callable[[], float],
) -> ChatModel:
    """A language model that holds conversations, in this process.

    Args:
        directory: with a CTranslate2 model, its tokenizer and its chat template.
        device: ``auto`` takes CUDA where there is one.
        compute_type: one of `COMPUTE_TYPES`.
        threads: processor cores for one answer.
        max_tokens: of an answer.
        deadline_s: seconds after which an answer ends as it is.
        clock: seconds, monotonic.

    Raises:
        ConfigError: it is missing, or not complete.
    """
    from voice.responders.generator import GeneratorChat

    return GeneratorChat.load(
        _model_directory(directory, "llm.directory"),
        device=device,
        compute_type=compute_type,
        threads=threads,
        max_tokens=max_tokens,
        deadline_s=deadline_s,
        clock=clock,
    )


def _model_directory(name: str, key: str) -> Path:
    directory = Path(name)
    if not (directory / "model.bin").is_file():
        raise ConfigError(
            f"{directory / 'model.bin'}: there is no such file; {key} must be a"
            " directory with a CTranslate2 language model"
        )
    return directory


def load_synthesizer(choice: ModelChoice) -> Synthesizer:
    """The synthesiser: the given voices, and eSpeak for all other languages.

    Raises:
        ConfigError: a voice is not complete, or eSpeak is not there.
    """
    from voice.synthesizers.espeak import EspeakSynthesizer
    from voice.synthesizers.read_aloud import ReadAloud

    embedded = EspeakSynthesizer()
    if not choice.voices:
        return ReadAloud(embedded)
    from voice.synthesizers.by_language import VoiceByLanguage
    from voice.synthesizers.piper import PiperSynthesizer

    voices = PiperSynthesizer.load(Path(choice.voices))
    return ReadAloud(VoiceByLanguage([voices, embedded]))


def common_replies(home: Home, language: str) -> tuple[str, ...]:
    """The sentences that the responder will say most in a language, commonest first.

    It reads the templates, which takes about 20 ms.
    """
    from voice.responders import common_replies

    return common_replies.common_replies(language, home)


def load_voice_activity() -> Callable[[], VoiceActivity]:
    """What makes a voice activity detector for each session; they share the weights.

    Raises:
        ConfigError: the model is missing.
    """
    from voice.vad.silero import SileroModel

    return SileroModel.load().open


def read_home(choice: ModelChoice) -> Home:
    """The home that is talked about.

    Raises:
        ConfigError: its file cannot be read or is wrong.
    """
    if choice.home in HOMES:
        return load_home(Path(__file__).parent / "homes" / f"{choice.home}.toml")
    return load_home(Path(choice.home))


def starter_manifest(starter: str = STARTER) -> Manifest:
    """What a recogniser that comes with Parley should be.

    Args:
        starter: one of `STARTERS`.

    Raises:
        ConfigError: it did not come.
    """
    return shipped_manifest(STARTERS[starter])
