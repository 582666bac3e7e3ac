"""Searching small graphs of which all sentences are known."""

from dataclasses import replace

import numpy as np
import pytest

from voice.phones import PHONES
from voice.recognizers.joint_graphs import JointGraph, Weights
from voice.recognizers.phone_graphs import PhoneGraph
from voice.recognizers.searching import LONGEST_FRAMES, Search, Searches, search
from voice.sentence_graphs import Form, SentenceGraph

SAID = {
    "light": ("l", "a", "ɪ", "t"),
    "lights": ("l", "a", "ɪ", "t", "s"),
    "red": ("r", "ɛ", "d"),
    "bed": ("b", "ɛ", "d"),
    "read": ("r", "ɛ", "d"),
    "on": ("ɔ", "n"),
    "off": ("ɔ", "f"),
}
NUMBERS = {phone: number for number, phone in enumerate(PHONES)}
WEIGHTS = Weights(phone=-0.5, word=-0.5, free=-2.0)


def sentences(*texts: str) -> SentenceGraph:
    """A graph of exactly these sentences; the first word is what they mean."""
    words = sorted({word for text in texts for word in text.split()})
    tails: dict[frozenset[str], int] = {}
    arcs: list[tuple[tuple[int, int], ...]] = []
    senses: list[frozenset[str]] = []

    def state(rests: frozenset[str]) -> int:
        if rests in tails:
            return tails[rests]
        after: dict[str, set[str]] = {}
        for rest in rests:
            first, _, further = rest.partition(" ")
            if first != "|":
                after.setdefault(first, set()).add(further)
        row = tuple(
            (words.index(word), state(frozenset(further)))
            for word, further in sorted(after.items())
        )
        arcs.append(row)
        senses.append(frozenset(r[2:] for r in rests if r.startswith("|")))
        tails[rests] = len(arcs) - 1
        return len(arcs) - 1

    state(frozenset(f"{text} | {text.split()[0]}" for text in texts))
    return SentenceGraph(
        language="en",
        words=tuple((Form(word, word),) for word in words),
        arcs=tuple(arcs),
        senses=tuple(senses),
        rarities=tuple(tuple(0.0 for _ in row) for row in arcs),
        end_rarities=tuple(0.0 for _ in arcs),
        values={"red": "red", "bed": "bed"},
    )


def compiled(*texts: str) -> PhoneGraph:
    graph = sentences(*texts)
    lexicon = tuple(((form, SAID[form.spoken]),) for (form,) in graph.words)
    return PhoneGraph.compile(graph, lexicon, PHONES)


def heard(
    text: str, *, frames: int = 2, clear: float = 6.0, seed: int = 0
) -> np.ndarray:
    """Scores in which the sounds of `text` stand out; "_" is a tenth of a second of silence."""
    sounds = [0, 0]
    for word in text.split():
        sounds += [0] * 3 if word == "_" else [NUMBERS[p] for p in SAID[word]]
    sounds += [0, 0]
    rng = np.random.default_rng(seed)
    scores = rng.normal(-3, 0.5, (len(sounds) * frames, len(PHONES)))
    scores[np.arange(len(scores)), np.repeat(sounds, frames)] += clear
    return scores.astype(np.float32)


def found(scores: np.ndarray, graph: PhoneGraph, most: int = 8) -> Search:
    return search(scores, graph, weights=WEIGHTS, most=most)


ROOM = (
    "light on",
    "light off",
    "lights on",
    "lights off",
    "red light on",
    "bed light on",
)


@pytest.mark.parametrize("text", ROOM)
@pytest.mark.parametrize("frames", [1, 2, 5])
def test_what_was_said_is_found(text: str, frames: int) -> None:
    result = found(heard(text, frames=frames), compiled(*ROOM))
    assert result.sentences[0].text == text


def test_silence_between_words_is_no_word() -> None:
    result = found(heard("_ red _ light _ on _"), compiled(*ROOM))
    assert result.sentences[0].text == "red light on"


def test_every_sentence_comes_once_and_the_best_first() -> None:
    result = found(heard("lights off", clear=1.0), compiled(*ROOM), most=20)
    texts = [sentence.text for sentence in result.sentences]
    assert sorted(texts) == sorted(ROOM)
    scores = [sentence.score for sentence in result.sentences]
    assert scores == sorted(scores, reverse=True)


@pytest.mark.parametrize("seed", range(5))
def test_the_score_is_that_of_the_best_way_through_the_sentence(seed: int) -> None:
    scores = heard("bed light on", clear=1.0, seed=seed)
    result = found(scores, compiled(*ROOM), most=20)
    for sentence in result.sentences:
        (alone,) = found(scores, compiled(sentence.text)).sentences
        assert sentence.score == pytest.approx(alone.score, abs=1e-3)
        assert sentence.score == pytest.approx(by_hand(scores, sentence.text), abs=1e-3)


def by_hand(scores: np.ndarray, text: str) -> float:
    """The score of one sentence, by the textbook, cell by cell."""
    chain: list[tuple[int, float, bool]] = [(0, 0.0, True)]
    for word in text.split():
        chain += [(NUMBERS[phone], WEIGHTS.phone, False) for phone in SAID[word]]
        chain.append((0, WEIGHTS.word, True))
    best = [-np.inf] * len(chain)
    best[0] = 0.0
    for frame in scores:
        after = [-np.inf] * len(chain)
        for at, (phone, step, optional) in enumerate(chain):
            stay = best[at]
            come = best[at - 1] + step if at and not optional else -np.inf
            after[at] = max(stay, come) + frame[phone]
            if optional and at:
                after[at] = max(after[at], after[at - 1] + step)
        best = after
    return float(best[-1])


def test_sentences_that_sound_the_same_are_both_found_and_none_is_sure() -> None:
    result = found(heard("red on"), compiled("red on", "read on"))
    assert {sentence.text for sentence in result.sentences} == {"red on", "read on"}
    assert result.margin == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("rarities", "written"),
    [((2.0, 0.1), "red on"), ((0.1, 2.0), "read on"), ((0.7, 0.6), "read on")],
)
def test_of_words_that_sound_alike_the_commonest_is_written(
    rarities: tuple[float, float], written: str
) -> None:
    """The first one, where neither is clearly commoner."""
    graph = sentences("red on", "read on")
    ways = dict(zip(("read", "red"), rarities, strict=True))
    words = [form.written for (form,) in graph.words]
    row = tuple(ways[words[class_]] for class_, _ in graph.arcs[-1])
    (_, on), *_ = graph.arcs[-1]
    same = replace(
        graph,
        arcs=(*graph.arcs[:-1], tuple((class_, on) for class_, _ in graph.arcs[-1])),
        rarities=(*graph.rarities[:-1], row),
    )
    lexicon = tuple(((form, SAID[form.spoken]),) for (form,) in same.words)
    result = found(heard("red on"), PhoneGraph.compile(same, lexicon, PHONES))
    assert [sentence.text for sentence in result.sentences] == [written]


def test_a_sentence_of_the_graph_fits_better_than_another() -> None:
    graph = compiled("red light on", "bed light off")
    inside = found(heard("red light on"), graph)
    outside = found(heard("off on red bed off on"), graph)
    assert inside.fit > -0.5
    assert outside.fit < inside.fit - 1


def test_the_margin_is_to_what_means_something_else() -> None:
    graph = compiled("light on", "light off", "red on", "bed on")
    clear = found(heard("red on"), graph, most=1)
    vague = found(heard("red on", clear=2.0), graph, most=1)
    assert clear.sentences[0].text == vague.sentences[0].text == "red on"
    assert clear.margin > vague.margin > 0


@pytest.mark.parametrize("said", ["red", "red light", "bed light"])
def test_who_pauses_within_a_sentence_has_not_finished_it(said: str) -> None:
    result = found(heard(said), compiled(*ROOM))
    assert result.beginning is not None
    assert result.best is result.beginning
    assert result.best.text == said
    assert not result.best.meaning.senses
    assert result.fit > -0.5
    assert result.margin > 3


@pytest.mark.parametrize("said", ["light on", "red light on"])
def test_a_whole_sentence_is_no_beginning(said: str) -> None:
    result = found(heard(said), compiled(*ROOM, "light on red"))
    assert result.beginning is None
    assert result.best is result.sentences[0]
    assert result.best.text == said


def test_a_beginning_that_is_a_little_better_is_none() -> None:
    search_ = found(heard("light"), compiled("light", "light on", "bed off"))
    assert search_.beginning is None


def test_the_free_path_hears_what_no_sentence_has() -> None:
    result = found(heard("off bed red"), compiled("light on"))
    told = [PHONES[phone] for phone in result.phones]
    assert told == [*SAID["off"], *SAID["bed"], *SAID["red"]]


@pytest.mark.parametrize("frames", [0, 1, 3])
def test_audio_too_short_for_any_sentence_holds_none(frames: int) -> None:
    result = found(heard("on")[:frames], compiled("light on"))
    assert result.sentences == ()
    assert result.fit == -np.inf
    assert result.margin == 0


def test_audio_too_long_is_not_searched() -> None:
    scores = np.zeros((LONGEST_FRAMES + 1, len(PHONES)), np.float32)
    assert found(scores, compiled("light on")).sentences == ()


# --- Several languages --------------------------------------------------------


def together(**graphs: list[PhoneGraph]) -> JointGraph:
    return JointGraph.of(graphs, phones=len(PHONES), weights=WEIGHTS)


@pytest.mark.parametrize("said", ["light on", "red light on", "red", "bed light"])
def test_languages_are_searched_together_as_each_is_alone(said: str) -> None:
    english, german = compiled(*ROOM), compiled("red on", "light", "bed light off")
    scores = {"en": heard(said, clear=2.0), "de": heard(said, clear=2.0, seed=4)}
    both = Searches(scores, together(de=[german], fr=[english], en=[english]))
    for language, graph in (("en", english), ("de", german)):
        alone = found(scores[language], graph, most=1)
        assert alone.best is not None
        assert both.score(language) == pytest.approx(alone.best.score, abs=1e-3)
        best = both.of(language).best
        assert best is not None
        assert best.text == alone.best.text
        assert best.score == pytest.approx(alone.best.score, abs=1e-3)
        assert both.of(language).margin == pytest.approx(alone.margin, abs=1e-3)


def test_a_language_that_fits_far_worse_is_given_up() -> None:
    graph = compiled(*ROOM)
    right, wrong = heard("light on", clear=9.0), heard("light on", clear=0.0)
    both = Searches({"en": right, "de": wrong}, together(de=[graph], en=[graph]))
    assert both.score("de") == -np.inf
    assert both.of("de").best is None
    assert both.of("en") == found(right, graph, most=1)


def test_the_graphs_of_one_language_are_as_one() -> None:
    scores = heard("light off", clear=2.0)
    apart = together(en=[compiled(*ROOM[1::2]), compiled(*ROOM[::2])])
    searches = Searches({"en": scores}, apart)
    one = found(scores, compiled(*ROOM), most=6)
    several = searches.of("en", most=6)
    assert [s.text for s in several.sentences] == [s.text for s in one.sentences]
    assert several.margin == pytest.approx(one.margin, abs=1e-3)
