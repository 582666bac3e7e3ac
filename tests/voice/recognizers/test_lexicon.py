"""How words may sound: alone, among others, in other accents, and said carelessly."""

from dataclasses import replace

import pytest

from voice.phones import PHONES
from voice.recognizers.lexicon import REDUCTION, Lexicon, Phones, lexicon
from voice.recognizers.reductions import _RULES, reduced
from voice.sentence_graphs import Form, SentenceGraph

LETTERS = {"é": "e", "è": "ɛ"}


def graph(*words: str, language: str = "en") -> SentenceGraph:
    """One sentence, word by word."""
    count = len(words)
    return SentenceGraph(
        language=language,
        words=tuple((Form(word, word),) for word in words),
        arcs=((), *(((count - 1 - n, n),) for n in range(count))),
        senses=(frozenset({"said"}), *(frozenset[str]() for _ in words)),
        rarities=((), *((0.0,) for _ in words)),
        end_rarities=tuple(0.0 for _ in range(count + 1)),
        values={},
    )


def spelled(text: str) -> Phones:
    """A language in which every letter is a sound."""
    return tuple(LETTERS.get(letter, letter) for letter in text if letter != " ")


def ways(lexicon: Lexicon, word: str) -> dict[str, float]:
    """The sounds of a word, and what each way costs."""
    return {
        "".join(phones): form.rarity
        for said in lexicon
        for form, phones in said
        if form.written == word
    }


def test_a_word_is_said_as_it_is_alone() -> None:
    assert ways(lexicon(graph("sofa", "lamp"), spelled), "sofa") == {"sofa": 0}


def test_a_word_is_also_said_as_its_neighbours_make_it() -> None:
    def linked(text: str) -> Phones:
        return spelled(text.replace("les amis", "lesz amis"))

    found = ways(lexicon(graph("les", "amis"), linked), "les")
    assert set(found) == {"les", "lesz"}


def test_rare_sentences_are_heard_however_much_may_stand_around_them() -> None:
    def linked(text: str) -> Phones:
        return spelled(text.replace("les amis", "lesz amis"))

    inner = graph("les", "amis")
    others = tuple((Form(f"b{n}", f"b{n}"),) for n in range(8000))
    around = replace(
        inner,
        words=(*inner.words, *others),
        # Of the words that may come first, one in eight thousand begins the sentence.
        arcs=(
            *inner.arcs[:-1],
            (*inner.arcs[-1], *((2 + n, 0) for n in range(len(others)))),
        ),
        rarities=(*inner.rarities[:-1], (0.0,) * (1 + len(others))),
    )
    assert set(ways(lexicon(around, linked), "les")) == {"les"}
    assert set(ways(lexicon(around, linked, within=inner), "les")) == {"les", "lesz"}


def test_every_accent_adds_its_own_way() -> None:
    def other(text: str) -> Phones:
        return spelled(text.replace("z", "s"))

    assert ways(lexicon(graph("zona"), spelled, other), "zona") == {
        "zona": 0,
        "sona": 0,
    }
    assert ways(lexicon(graph("sofa"), spelled, other), "sofa") == {"sofa": 0}


def test_what_is_said_carelessly_is_rarer_than_what_is_said_in_full() -> None:
    found = ways(lexicon(graph("katʁ", language="fr"), spelled), "katʁ")
    assert found == {"katʁ": 0, "kat": REDUCTION}


def test_a_word_that_cannot_be_said_is_left_out() -> None:
    def silent(text: str) -> Phones:
        return () if text == "shh" else spelled(text)

    assert ways(lexicon(graph("lamp", "shh"), silent), "shh") == {}


@pytest.mark.parametrize(
    ("language", "word", "said"),
    [
        ("fr", "f ə n ɛ t ʁ", "f n ɛ t"),
        ("de", "l ɪ ç t ə n", "l ɪ ç t n"),
        ("nl", "l ɪ x t ə n", "l ɪ x t ə"),
        ("en", "l ɪ v ɪ ŋ", "l ɪ v ɪ n"),
        ("es", "a p a ɣ a d o", "a p a ɣ a o"),
    ],
)
def test_reductions_are_those_of_the_language(
    language: str, word: str, said: str
) -> None:
    found = [" ".join(phones) for phones, _ in reduced(tuple(word.split()), language)]
    assert said in found
    assert not list(reduced(tuple(word.split()), "xx"))


def test_several_reductions_together_count_as_several() -> None:
    found = dict(reduced(("f", "ə", "n", "ɛ", "t", "ʁ"), "fr"))
    assert found["f", "n", "ɛ", "t"] == 2


@pytest.mark.parametrize("language", sorted(_RULES))
def test_no_reduction_leaves_nothing_or_makes_up_a_sound(language: str) -> None:
    for one in PHONES[1:]:
        for other in PHONES[1:]:
            for word in ((one,), (one, other), ("t", one, other), ("a", one, other)):
                for phones, rules in reduced(word, language):
                    assert phones
                    assert rules > 0
                    assert set(phones) <= set(PHONES)
                    assert phones != word
