"""No irreversible call without a fresh yes, whatever a model says and in any order."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.consent import PATIENCE, Consent, Verdict
from voice.consent_words import CONSENT, agreement_in, question
from voice.dialogue import Tool, ToolCall
from voice.events import Millis, TurnId
from voice.languages import LANGUAGES, is_backchannel
from voice.tools import MOST_READ_OUT, Risk, read_out, risk_of

UNLOCK = ToolCall(id="1", name="unlock", arguments='{"door": "front"}')
WIPE = ToolCall(id="2", name="wipe", arguments="{}")


def asked(consent=None, *, turn=1, at=1000, whole=True, call=UNLOCK) -> Consent:
    consent = consent or Consent()
    consent.ask(call, "en", turn=TurnId(turn))
    consent.played(TurnId(turn), Millis(at), whole=whole)
    return consent


def answer(consent, text, *, turn=2, at=1500, language="en"):
    consent.began(TurnId(turn), Millis(at))
    return consent.settle(TurnId(turn), text, language)


def test_a_yes_after_the_question_counts_once():
    consent = asked()
    assert answer(consent, "Yes, please!") == UNLOCK
    assert answer(consent, "yes", turn=3, at=2000) is None


def test_looking_changes_nothing():
    consent = asked()
    consent.began(TurnId(2), Millis(1200))
    for _ in range(3):
        assert consent.verdict(TurnId(2), "yes", "en") is Verdict.YES
    assert consent.settle(TurnId(2), "yes", "en") == UNLOCK


def test_a_yes_without_a_question_counts_for_nothing():
    assert answer(Consent(), "yes") is None


def test_a_yes_of_the_same_utterance_does_not_count():
    consent = Consent()
    consent.began(TurnId(1), Millis(0))
    consent.ask(UNLOCK, "en", turn=TurnId(1))
    consent.played(TurnId(1), Millis(900), whole=True)
    assert consent.settle(TurnId(1), "yes", "en") is None


def test_a_yes_during_the_question_does_not_count():
    consent = Consent()
    consent.ask(UNLOCK, "en", turn=TurnId(1))
    consent.began(TurnId(2), Millis(500))
    assert consent.verdict(TurnId(2), "yes", "en") is Verdict.OTHER
    consent.played(TurnId(1), Millis(900), whole=True)
    assert consent.settle(TurnId(2), "yes", "en") is None


def test_a_cough_during_the_question_does_not_spoil_it():
    consent = Consent()
    consent.ask(UNLOCK, "en", turn=TurnId(1))
    consent.began(TurnId(2), Millis(500))  # and dropped: the reply went on
    consent.played(TurnId(1), Millis(900), whole=True)
    assert answer(consent, "yes", turn=3) == UNLOCK


def test_a_question_that_was_cut_off_is_none():
    assert answer(asked(whole=False), "yes") is None


def test_a_late_yes_does_not_count():
    assert answer(asked(at=1000), "yes", at=1000 + PATIENCE) == UNLOCK
    assert answer(asked(at=1000), "yes", at=1001 + PATIENCE) is None


@pytest.mark.parametrize(
    ("said", "language", "agreed"),
    [("ναι;", "el", None), ("Ναι.", "el", True), ("si\u0301", "es", True)],
)
def test_a_yes_as_it_is_written(said, language, agreed):
    assert agreement_in(said, language) is agreed


def test_a_yes_after_something_else_was_said_does_not_count():
    consent = asked()
    assert answer(consent, "what time is it") is None
    assert answer(consent, "yes", turn=3, at=2000) is None


def test_a_yes_after_an_announcement_does_not_count():
    consent = asked()
    consent.withdraw()
    assert answer(consent, "yes") is None


def test_a_yes_counts_for_the_last_question_only():
    consent = asked(asked(), turn=3, at=2000, call=WIPE)
    assert answer(consent, "yes", turn=4, at=2500) == WIPE


def test_an_utterance_of_another_turn_is_no_answer():
    consent = asked()
    consent.began(TurnId(2), Millis(1500))
    assert consent.settle(TurnId(3), "yes", "en") is None


def test_the_end_of_another_reply_is_not_the_end_of_the_question():
    consent = Consent()
    consent.ask(UNLOCK, "en", turn=TurnId(5))
    consent.played(TurnId(4), Millis(100), whole=True)
    assert answer(consent, "yes", turn=6) is None


@pytest.mark.parametrize(
    "said",
    ["no", "yes?", "Do it?", "mhm", "okay", "right", "uh-huh", "", "yes but not now", "no yes", "yesterday",
     "yes yes yes no", "unlock the door", "ja", "sí", "I said yes to her"],
)  # fmt: skip
def test_anything_but_a_yes_is_no_yes(said):
    assert answer(asked(), said) is None


def test_a_no_is_told_from_a_change_of_subject():
    consent = asked()
    consent.began(TurnId(2), Millis(1500))
    assert consent.verdict(TurnId(2), "No, thank you.", "en") is Verdict.NO
    assert consent.verdict(TurnId(2), "what time is it", "en") is Verdict.OTHER


def test_a_yes_in_another_language_than_the_question_does_not_count():
    assert answer(asked(), "ja", language="de") is None
    assert answer(asked(), "yes", language="de") is None


# --- The tables ---------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_can_ask_and_be_answered(language):
    words = CONSENT[language]
    assert question("X", language).count("X") == 1
    assert not set(words.yes) & set(words.no)
    for said in (*words.yes, *words.no):
        assert agreement_in(said.capitalize() + "!", language) is (said in words.yes)
        assert said == said.lower()
    assert all([words.cancelled, words.done, words.failed])


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_sign_of_listening_that_is_no_plain_yes_agrees_to_nothing(language):
    plain = CONSENT[language].yes[:2]
    for sign in LANGUAGES[language].backchannels:
        if sign not in plain:
            assert agreement_in(sign, language) is not True
    assert is_backchannel(LANGUAGES[language].backchannels[0], language)


# --- Risks --------------------------------------------------------------------


def test_what_nobody_has_classed_is_irreversible():
    assert risk_of("new", {"old": Risk.READ}) is Risk.IRREVERSIBLE


def test_a_call_is_read_out_with_all_that_it_says():
    tool = Tool(name="unlock", title="Unlock a door", description="Safe!", schema="{}")
    call = ToolCall(
        id="1", name="unlock", arguments='{"door_name": "front\\n door", "minutes": 5}'
    )
    assert read_out(tool, call) == "Unlock a door, door name front door, minutes 5"
    long = ToolCall(id="1", name="x", arguments=f'{{"a": "{"x" * MOST_READ_OUT}"}}')
    assert read_out(tool, long) is None


# --- Any order of anything ----------------------------------------------------

SAYINGS = ("yes", "no", "mhm", "unlock the door", "yes please", "yes but")


@dataclass
class World:
    """What really happened, by which the gate is judged; it knows no rules but ours."""

    consent: Consent = field(default_factory=Consent)
    turn: int = 0
    now: int = 0
    speaking: int = 0
    """The turn whose utterance is being spoken or was not yet answered; 0: none."""
    began: int = 0
    reply: int = 0
    """The turn whose reply is being heard; 0: none."""
    standing: tuple[ToolCall, int] | None = None
    """What was asked last, and when that was heard whole; -1: not yet."""
    called: list[ToolCall] = field(default_factory=list)

    def step(self, move: str, number: int) -> None:
        self.now += number * 400
        match move:
            case "speak":
                self.turn += 1
                self.speaking, self.began = self.turn, self.now
                self.consent.began(TurnId(self.turn), Millis(self.now))
            case "dropped":
                self.speaking = 0
            case "answered":
                self.answered(SAYINGS[number % len(SAYINGS)], number)
            case "heard":
                self.heard(whole=True)
            case "cut":
                self.heard(whole=False)
            case "announce":
                self.heard(whole=False)
                self.consent.withdraw()
                self.standing = None

    def answered(self, text: str, number: int) -> None:
        """The utterance is over; a model, if it pleases, asks for something."""
        if not self.speaking:
            return
        self.heard(whole=False)
        turn, self.speaking = self.speaking, 0
        call = self.consent.settle(TurnId(turn), text, "en")
        if call is not None:
            assert text in ("yes", "yes please")
            assert self.standing is not None
            wanted, heard_at = self.standing
            assert call == wanted
            assert 0 <= heard_at <= self.began <= heard_at + PATIENCE
            self.called.append(call)
        self.standing = None
        self.reply = turn
        if number % 2:
            wanted = (UNLOCK, WIPE)[number % 4 // 2]
            self.consent.ask(wanted, "en", turn=TurnId(turn))
            self.standing = (wanted, -1)

    def heard(self, *, whole: bool) -> None:
        if not self.reply:
            return
        self.consent.played(TurnId(self.reply), Millis(self.now), whole=whole)
        if self.standing is not None and self.standing[1] < 0:
            self.standing = (self.standing[0], self.now) if whole else None
        self.reply = 0


MOVES = st.tuples(
    st.sampled_from(["speak", "answered", "heard", "cut", "dropped", "announce"]),
    st.integers(0, 47),
)


@settings(max_examples=400, deadline=None)
@given(moves=st.lists(MOVES, max_size=40))
def test_in_any_order_only_a_fresh_yes_lets_a_call_through(moves):
    world = World()
    for move, number in moves:
        world.step(move, number)


def test_every_short_story_is_tried():
    """Random stories miss the interesting ones: all of up to seven moves are played."""
    moves = [
        ("speak", 1), ("speak", 40), ("answered", 0), ("answered", 1), ("answered", 3),
        ("heard", 0), ("cut", 0), ("dropped", 0), ("announce", 0),
    ]  # fmt: skip
    played = 0

    def play(story):
        nonlocal played
        world = World()
        for move in story:
            world.step(*move)
        played += len(world.called)
        if len(story) < 7:
            for move in moves:
                play([*story, move])

    play([("speak", 1), ("answered", 1)])
    assert played > 10, "some stories end in a call"
