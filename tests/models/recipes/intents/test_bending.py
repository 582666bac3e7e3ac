"""Commands keep their meaning however they are bent, and lose it where they must."""

import random

import pytest

pytest.importorskip("wordfreq", reason="needs the extra `train`")
pytest.importorskip("torch", reason="needs the extra `train`")
pytest.importorskip("tokenizers", reason="needs the extra `train`")

from models.recipes.intents.bending import Manners, interrupted, nonsense
from models.recipes.intents.commands import Command, Commands, Word
from models.recipes.intents.confusions import Confusions
from models.recipes.intents.examples import answer
from models.recipes.intents.hearing import Heard, aligned
from voice.responders.grammar import GRAMMAR_LANGUAGES


def command(text: str, **spans: tuple[int, int]) -> Command:
    words = tuple(
        Word(
            word,
            frozenset(slot for slot, (a, b) in spans.items() if a <= number <= b),
        )
        for number, word in enumerate(text.split())
    )
    return Command("en", words, "HassTurnOn")


LAMP = command("turn on the reading lamp in the study", name=(3, 4), area=(7, 7))


def named(bent: Command) -> dict[str, str]:
    """The words that each slot points at."""
    texts = [word.text for word in bent.words]
    spans = {slot: bent.span(slot) for slot in bent.open_slots}
    return {slot: " ".join(texts[s[0] : s[1] + 1]) for slot, s in spans.items() if s}


def test_an_answer_points_at_the_words_of_its_slots() -> None:
    assert answer(LAMP) == (
        ["<HassTurnOn>", "<area>", "<7>", "<7>", "<name>", "<3>", "<4>", "<end>"]
    )


def test_a_slot_in_pieces_is_no_command() -> None:
    words = list(LAMP.words)
    words.insert(4, Word("um"))
    assert answer(Command("en", tuple(words), "HassTurnOn")) == ["<none>", "<end>"]


@pytest.mark.parametrize("test", [False, True])
def test_other_words_ask_for_the_same(test) -> None:
    manners = Manners.of("en", test=test)
    rng = random.Random(1)
    bent = [manners.bent(LAMP, rng) for _ in range(200)]
    assert all(named(b) == {"name": "reading lamp", "area": "study"} for b in bent)
    assert len({b.text for b in bent}) > 40


def test_training_and_test_have_no_paraphrase_in_common() -> None:
    for language in GRAMMAR_LANGUAGES:
        own, kept = Manners.of(language), Manners.of(language, test=True)
        assert not set(own.before) & set(kept.before), language
        assert not set(own.after) & set(kept.after), language


def test_what_is_denied_interrupted_or_nonsense_is_no_command() -> None:
    rng = random.Random(2)
    manners = Manners.of("en")
    for _ in range(50):
        for made in (
            manners.denied(LAMP, rng),
            interrupted(LAMP, rng),
            nonsense(LAMP, ["cup", "moon", "seven"], rng),
        ):
            assert answer(made) == ["<none>", "<end>"]
            assert made.words


def test_what_was_heard_takes_over_the_slots() -> None:
    heard = aligned(LAMP, "turn of the reeding lump in study")
    assert named(heard) == {"name": "reeding lump", "area": "study"}


def test_a_command_of_which_a_slot_was_lost_is_none() -> None:
    assert aligned(LAMP, "turn on the").intent == ""


def test_confusions_say_what_was_heard_for_a_word() -> None:
    pairs = [Heard(LAMP, "turn on the reading lamb in the study", LAMP.text)] * 30
    confusions = Confusions(pairs)
    rng = random.Random(3)
    texts = [confusions.misheard(LAMP, rng, 1.0).text for _ in range(200)]
    assert sum("lamb" in text for text in texts) > 20
    assert confusions.misheard(LAMP, rng, 0.0) == LAMP


@pytest.mark.parametrize("language", ["en", "el", "uk"])
def test_every_alphabet_is_misheard_in_its_own_letters(language) -> None:
    commands = iter(Commands(language, random.Random(4)))
    rng = random.Random(5)
    some = [next(commands) for _ in range(40)]
    misheard = [Confusions().misheard(c, rng, 1.0) for c in some]
    changed = [(c.text, m.text) for c, m in zip(some, misheard, strict=True)]
    assert sum(said != heard for said, heard in changed) > 10
    for said, heard in changed:
        assert language == "en" or _has_latin(said) or not _has_latin(heard)


def _has_latin(text: str) -> bool:
    return any("a" <= letter <= "z" for letter in text)


def test_commands_of_the_grammar_are_labelled_with_what_they_mean() -> None:
    commands = iter(Commands("en", random.Random(6)))
    some = [next(commands) for _ in range(300)]
    assert len({c.intent for c in some}) > 20
    for c in some:
        if c.intent == "HassSetVolume" and "volume_level" in c.open_slots:
            assert c.text.split()[c.span("volume_level")[0]] != "volume"
    # To turn it off in five minutes is not to turn it off.
    assert all(not c.intent for c in some if c.text.startswith("never mind"))
