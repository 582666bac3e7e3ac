"""What counts where: every clip once, and nothing dropped in silence."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from voice.audio import Pcm
from voice.evaluation import ALL, Evaluation, Outcome, Score, tally, wilson
from voice.fixtures import Clip, Utterance
from voice.scoring import Counts
from voice.stages import Intent, Transcript

AUDIO = Pcm(np.zeros(16_000, np.int16), 16_000)

ON = Intent(name="HassTurnOn", slots=(("name", "light.kitchen"),))
OFF = Intent(name="HassTurnOff", slots=(("name", "light.kitchen"),))

KNOWN = {
    ("kitchen light on", "en"): ON,
    ("turn the kitchen light on", "en"): ON,
    ("kitchen light off", "en"): OFF,
    ("küchenlicht an", "de"): ON,
}


class Phrasebook:
    """Knows four sentences."""

    def interpret(self, text: str, language: str) -> Intent | None:
        return KNOWN.get((text, language))


class Parrot:
    """Hears what it was told to hear, and notes among which languages."""

    def __init__(self, *answers: str | tuple[str, str]) -> None:
        self.answers = list(answers)
        self.candidates: list[tuple[str, ...]] = []

    def __call__(self, _: Pcm, candidates: Sequence[str]) -> Transcript:
        self.candidates.append(tuple(candidates))
        answer = self.answers.pop(0)
        text, language = (answer, candidates[0]) if isinstance(answer, str) else answer
        return Transcript(
            text=text,
            language=language,
            language_probability=1.0,
            confidence=1.0,
            no_speech=0.0,
        )


def clip(text: str, language: str | None = "en", **keywords: str) -> Clip:
    utterances = (Utterance(transcript=text),) if text else ()
    return Clip(
        file=Path("x.wav"), language=language, utterances=utterances, **keywords
    )


def evaluation(parrot: Parrot, *, detect: bool = False) -> Evaluation:
    return Evaluation(
        listen=parrot, interpreter=Phrasebook(), languages=("de", "en"), detect=detect
    )


def judge(one: Clip, *answers: str | tuple[str, str]) -> list[Outcome]:
    return list(evaluation(Parrot(*answers)).hear(one, AUDIO))


def test_a_clip_is_heard_in_its_own_language() -> None:
    parrot = Parrot("küchenlicht an")
    (outcome,) = evaluation(parrot).hear(clip("küchenlicht an", "de_DE"), AUDIO)
    assert parrot.candidates == [("de",)]
    assert (outcome.language, outcome.understood) == ("de", True)
    assert outcome.words == Counts(hits=2)


def test_another_wording_of_the_same_intent_is_understood() -> None:
    (outcome,) = judge(clip("kitchen light on"), "turn the kitchen light on")
    assert outcome.understood is True
    assert outcome.words == Counts(hits=3, insertions=2)


def test_another_intent_or_none_is_not_understood() -> None:
    assert judge(clip("kitchen light on"), "kitchen light off")[0].understood is False
    assert judge(clip("kitchen light on"), "kitten light")[0].understood is False


def test_a_reference_without_intent_is_not_judged_even_if_the_answer_has_one() -> None:
    (outcome,) = judge(clip("good grief"), "kitchen light on")
    assert outcome.understood is None


def test_a_strange_language_is_not_heard_but_kept() -> None:
    parrot = Parrot()
    (outcome,) = evaluation(parrot).hear(clip("привет", "ru"), AUDIO)
    assert (outcome.language, outcome.heard, parrot.candidates) == ("ru", None, [])


def test_nobody_is_listened_to_in_every_language() -> None:
    parrot = Parrot("", "thank you")
    outcomes = list(evaluation(parrot).hear(clip("", None, kind="noise"), AUDIO))
    assert parrot.candidates == [("de",), ("en",)]
    assert [outcome.said_something for outcome in outcomes] == [False, True]
    assert all(outcome.words is None for outcome in outcomes)


def test_when_detecting_all_languages_are_candidates() -> None:
    parrot = Parrot(("küchenlicht an", "de"), ("", "de"))
    tested = evaluation(parrot, detect=True)
    (outcome,) = tested.hear(clip("kitchen light on"), AUDIO)
    assert outcome.understood is True  # the same intent, though in German
    (noise,) = tested.hear(clip("", None, kind="noise"), AUDIO)
    assert parrot.candidates == [("de", "en")] * 2
    assert noise.language == ""  # noise has none that could be told
    assert tally([outcome, noise], ALL).language_accuracy == 0


def test_a_transcript_of_nothing_but_dots_is_empty() -> None:
    (outcome,) = judge(clip("kitchen light on"), " ... ")
    assert not outcome.said_something


def test_the_sum_keeps_kinds_of_clips_apart() -> None:
    outcomes = [
        *judge(clip("kitchen light on", speech="human"), "kitchen light on"),
        *judge(clip("kitchen light off", speech="tts"), ""),
        *judge(clip("good grief", speech="human"), "good brief"),
        *judge(clip("küchenlicht an", "de", speech="tts"), "küchenlicht"),
        *judge(clip("привет", "ru")),
        *judge(clip("", None, kind="silence"), "", ""),
        *judge(clip("", None, kind="noise"), "you", ""),
    ]
    every = tally(outcomes, ALL)
    assert every == Score(
        language=ALL,
        clips=4,
        words=Counts(hits=5, substitutions=1, deletions=4),
        characters=every.characters,
        intents=3,
        understood=1,
        empty_on_speech=1,
        speechless=4,
        text_on_noise=1,
        skipped_language=1,
        detected=4,
    )
    assert every.no_reference_intent == 1
    assert every.intent_accuracy == 1 / 3
    assert every.words.rate == 0.5

    german = tally(outcomes, "de")
    assert (german.clips, german.speechless, german.text_on_noise) == (1, 2, 1)
    assert german.intent_accuracy == 0

    strange = tally(outcomes, "ru")
    assert (strange.clips, strange.skipped_language) == (0, 1)
    assert (strange.words.rate, strange.intent_accuracy) == (None, None)

    human = tally(outcomes, ALL, "command/human")
    assert (human.clips, human.words.errors) == (2, 1)


@pytest.mark.parametrize(
    ("successes", "count", "interval"),
    [
        (0, 5, (0.0, 0.434)),
        (5, 5, (0.566, 1.0)),
        (8, 15, (0.301, 0.752)),
        (500, 1000, (0.469, 0.531)),
    ],
)
def test_few_clips_tell_little(successes, count, interval) -> None:
    """The values are those of Wilson's paper's formula, worked out elsewhere."""
    assert wilson(successes, count) == interval
    assert interval[0] <= successes / count <= interval[1]


def test_what_was_not_asked_for_is_mistaken_and_listed() -> None:
    clips = [clip("kitchen light on"), clip("lovely weather"), clip("", None)]
    for heard, mistaken, error in (
        (["kitchen light on", "", ""], 0, [False, False, False]),
        (["kitchen light off", "", ""], 1, [True, False, False]),
        (["", "kitchen light off", ""], 1, [True, True, False]),
        (["rubbish", "rubbish", "rubbish"], 0, [True, False, True]),
    ):
        evaluation = Evaluation(
            listen=Parrot(*heard), interpreter=Phrasebook(), languages=("en",)
        )
        outcomes = [o for c in clips for o in evaluation.hear(c, AUDIO)]
        assert [outcome.is_error for outcome in outcomes] == error
        assert tally(outcomes, "en").mistaken == mistaken
        assert {outcome.file for outcome in outcomes} == {Path("x.wav")}
