"""The shipped acoustic model with a graph of a few sentences, which takes no time."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from voice.phones import atoms
from voice.recognizers.acoustics import AcousticModel
from voice.recognizers.lexicon import lexicon
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.phrases import phrase_graph
from voice.recognizers.sentence_recognizer import SentenceRecognizer
from voice.synthesizers.espeak import VOICES, Espeak

ACOUSTIC = Path(__file__).parents[3] / "models" / "starter" / "acoustic"


def graph_of(
    language: str, sentences: Sequence[str], phones: Sequence[str]
) -> PhoneGraph:
    """A graph of exactly these sentences, as eSpeak says them."""

    def pronounce(text: str) -> tuple[str, ...]:
        symbols = Espeak.load().symbols(text, VOICES[language])
        return tuple(sound for symbol in symbols for sound in atoms(symbol))

    words = phrase_graph(language, sentences)
    return PhoneGraph.compile(words, lexicon(words, pronounce), phones)


def recognizer_of(sentences: Mapping[str, Sequence[str]]) -> SentenceRecognizer:
    """A recogniser of these sentences, by language."""
    model = AcousticModel.load(ACOUSTIC)
    phones = model.acoustics.phones
    graphs = {tag: [graph_of(tag, texts, phones)] for tag, texts in sentences.items()}
    return SentenceRecognizer(model, graphs)
