"""Makes ready what a recogniser searches: everything that may be said, as graphs of sounds.

The grammar of a language and the names of a home tell the words, and a synthesizer how
they sound. It takes seconds for each language, so that what comes out is kept in a
folder where there is one.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from voice.consent_words import CONSENT
from voice.courteous_sentences import courteous
from voice.home import Home
from voice.languages import LANGUAGES
from voice.phones import atoms
from voice.recognizers.graph_files import GraphCache
from voice.recognizers.lexicon import Phones, lexicon
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.phrases import phrase_graph
from voice.responders.courtesies import courtesies_in
from voice.responders.spoken_sentences import spoken_sentences
from voice.sentence_graphs import SentenceGraph
from voice.stop_words import stops_in
from voice.synthesizers.espeak import ACCENTS, VOICES, Espeak
from voice.wake_sentences import after_call

__all__ = ["prepared_sentences"]


def prepared_sentences(
    home: Home,
    language: str,
    *,
    phones: Sequence[str],
    called: Sequence[str],
    folder: Path | None,
) -> tuple[PhoneGraph, ...]:
    """Everything that may be said in a language and a home.

    Args:
        home: that is talked about.
        language: canonical tag of one with a grammar.
        phones: that the acoustic model tells apart, by number.
        called: wake phrases that may be said first.
        folder: in which graphs are kept from one start to the next; None keeps none.

    Raises:
        ConfigError: the folder cannot be written to.
    """
    cache = GraphCache(folder)
    # Besides what is given to it, a graph depends on our program and its packages alone.
    commands = cache.get(
        ("commands", repr(home), language, repr(phones), *called),
        lambda: _commands(home, language, called, phones),
    )
    besides = _said_besides(language)
    phrases = cache.get(
        ("phrases", language, repr(phones), *besides),
        lambda: _compiled(phrase_graph(language, besides), phones),
    )
    # Apart from the others, which would be rarer for them.
    stopping = stops_in(language)
    stops = cache.get(
        ("stops", language, repr(phones), *stopping),
        lambda: _compiled(phrase_graph(language, stopping), phones),
    )
    return commands, phrases, stops


def _commands(
    home: Home, language: str, called: Sequence[str], phones: Sequence[str]
) -> PhoneGraph:
    """Everything that the grammar understands."""
    sentences = spoken_sentences(home, language)
    assert sentences is not None, "only languages with a grammar are heard"
    said = courtesies_in(language)
    polite = courteous(
        sentences,
        openers=said.openers,
        requests=said.requests,
        closers=said.closers,
    )
    return _compiled(after_call(polite, called), phones, within=sentences)


def _said_besides(language: str) -> tuple[str, ...]:
    """Signs of listening, yes and no."""
    words = CONSENT[language]
    return (*LANGUAGES[language].backchannels, *words.yes, *words.no)


def _compiled(
    sentences: SentenceGraph,
    phones: Sequence[str],
    *,
    within: SentenceGraph | None = None,
) -> PhoneGraph:
    espeak, language = Espeak.load(), sentences.language

    def pronounce(voice: str, text: str) -> Phones:
        symbols = espeak.symbols(text, voice)
        return tuple(sound for symbol in symbols for sound in atoms(symbol))

    voices = (VOICES[language], *ACCENTS.get(language, ()))
    accents = (partial(pronounce, voice) for voice in voices)
    said = lexicon(sentences, *accents, within=within)
    return PhoneGraph.compile(sentences, said, phones)
