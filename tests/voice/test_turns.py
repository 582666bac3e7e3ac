"""Turn taking: stories first, then every reachable state, then planted bugs."""

from pathlib import Path

import pytest

from tests.voice.exploration import POLICY, explore, page
from voice import turns
from voice.events import (
    Announce,
    AnnouncementDue,
    Apologize,
    BeginUtterance,
    CommitUtterance,
    Completeness,
    Disconnected,
    DropSpeculation,
    DropUtterance,
    Duck,
    Millis,
    Prepare,
    Prepared,
    Release,
    ReplyCancelled,
    ReplyPlayed,
    ReplyStarted,
    Revision,
    SpeechEnded,
    SpeechStarted,
    StageFailed,
    StopReply,
    Substance,
    TextSubmitted,
    Transcribe,
    Transcribed,
    TurnId,
    Unduck,
    UtteranceDiscarded,
    UtteranceSubmitted,
)
from voice.turns import Floor, TurnMachine, TurnPolicy

ONE, TWO = TurnId(1), TurnId(2)
R0, R1 = Revision(0), Revision(1)

WAITS = TurnPolicy(
    complete=Millis(200),
    extendable=Millis(450),
    prefix=Millis(1200),
    open=Millis(700),
    barge_in=Millis(400),
)
"""Not the defaults, so that tuning those changes no story."""


class Conversation:
    """A machine with a clock that the test winds."""

    def __init__(self) -> None:
        self.machine = TurnMachine(WAITS)
        self.now = Millis(0)

    def at(self, now, event=None):
        self.now = Millis(now)
        if event is None:
            return self.machine.advance(self.now)
        return self.machine.handle(event, self.now)

    @property
    def floor(self):
        return self.machine.floor

    def spoken_to(self, completeness=Completeness.COMPLETE):
        """One utterance from 100 to 1000 ms whose reply stands ready at 1100."""
        self.at(160, SpeechStarted(Millis(100)))
        self.at(1060, SpeechEnded(Millis(1000)))
        self.at(1080, Transcribed(ONE, R0, Substance.WORDS))
        return self.at(1100, Prepared(ONE, R0, completeness))

    def replying(self):
        self.spoken_to()
        self.at(1200)
        self.at(1210, ReplyStarted(ONE))


@pytest.fixture
def talk():
    return Conversation()


def test_a_whole_request_is_speculated_upon_and_released_after_the_short_wait(talk):
    assert talk.at(160, SpeechStarted(Millis(100))) == [BeginUtterance(ONE)]
    assert talk.at(1060, SpeechEnded(Millis(1000))) == [Transcribe(ONE, R0)]
    assert talk.at(1080, Transcribed(ONE, R0, Substance.WORDS)) == [Prepare(ONE, R0)]
    assert talk.at(1100, Prepared(ONE, R0, Completeness.COMPLETE)) == []
    assert talk.machine.deadline == 1200
    assert talk.at(1199) == []
    assert talk.at(1200) == [CommitUtterance(ONE), Release(ONE)]
    assert talk.at(1210, ReplyStarted(ONE)) == []
    assert talk.floor is Floor.AGENT
    assert talk.at(2000, ReplyPlayed(ONE)) == []
    assert talk.floor is Floor.OPEN


@pytest.mark.parametrize("completeness", list(Completeness))
def test_each_completeness_has_its_own_wait(talk, completeness):
    talk.spoken_to(completeness)
    assert talk.machine.deadline == 1000 + WAITS.wait(completeness)


def test_a_judgement_that_comes_after_its_wait_commits_at_once(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    talk.at(1060, SpeechEnded(Millis(1000)))
    talk.at(1300, Transcribed(ONE, R0, Substance.WORDS))
    assert talk.at(1400, Prepared(ONE, R0, Completeness.COMPLETE)) == [
        CommitUtterance(ONE),
        Release(ONE),
    ]


def test_a_slow_recogniser_does_not_hold_up_the_decision(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    talk.at(1060, SpeechEnded(Millis(1000)))
    assert talk.at(1700) == [CommitUtterance(ONE)]
    assert talk.floor is Floor.PENDING
    assert talk.at(1800, Transcribed(ONE, R0, Substance.WORDS)) == [Prepare(ONE, R0)]
    assert talk.at(1900, Prepared(ONE, R0, Completeness.OPEN)) == [Release(ONE)]


def test_resumed_speech_drops_the_speculation_and_raises_the_revision(talk):
    talk.spoken_to(Completeness.PREFIX)
    assert talk.at(1400, SpeechStarted(Millis(1350))) == [DropSpeculation(ONE, R0)]
    assert talk.at(2060, SpeechEnded(Millis(2000))) == [Transcribe(ONE, R1)]
    assert talk.at(2080, Transcribed(ONE, R0, Substance.WORDS)) == []
    assert talk.at(2090, Transcribed(ONE, R1, Substance.WORDS)) == [Prepare(ONE, R1)]


def test_who_goes_on_before_the_reply_is_released_keeps_the_turn(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    talk.at(1060, SpeechEnded(Millis(1000)))
    talk.at(1700)
    assert talk.at(1800, SpeechStarted(Millis(1750))) == [DropSpeculation(ONE, R0)]
    assert talk.floor is Floor.USER
    assert talk.machine.turn == ONE


def test_noise_is_dropped(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    talk.at(1060, SpeechEnded(Millis(1000)))
    assert talk.at(1080, Transcribed(ONE, R0, Substance.NOTHING)) == [
        DropUtterance(ONE)
    ]
    assert talk.floor is Floor.OPEN


def test_speech_over_the_reply_ducks_at_once_and_stops_it_when_it_lasts(talk):
    talk.replying()
    assert talk.at(1560, SpeechStarted(Millis(1500))) == [
        Duck(ONE),
        BeginUtterance(TWO),
    ]
    assert talk.floor is Floor.OVERLAP
    assert talk.at(1899) == []
    assert talk.at(1900) == [StopReply(ONE)]
    assert talk.floor is Floor.USER


@pytest.mark.parametrize("substance", [Substance.NOTHING, Substance.BACKCHANNEL])
def test_a_sign_of_listening_lets_the_reply_go_on(talk, substance):
    talk.replying()
    talk.at(1560, SpeechStarted(Millis(1500)))
    assert talk.at(1800, SpeechEnded(Millis(1740))) == [Transcribe(TWO, R0)]
    assert talk.at(1850, Transcribed(TWO, R0, substance)) == [
        DropUtterance(TWO),
        Unduck(ONE),
    ]
    assert talk.floor is Floor.AGENT


def test_a_short_word_over_the_reply_takes_the_floor(talk):
    talk.replying()
    talk.at(1560, SpeechStarted(Millis(1500)))
    talk.at(1800, SpeechEnded(Millis(1740)))
    assert talk.at(1850, Transcribed(TWO, R0, Substance.WORDS)) == [
        StopReply(ONE),
        Prepare(TWO, R0),
    ]
    assert talk.floor is Floor.PAUSE


def test_a_failed_stage_is_apologised_for(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    talk.at(1060, SpeechEnded(Millis(1000)))
    assert talk.at(1500, StageFailed(ONE, R0)) == [CommitUtterance(ONE), Apologize(ONE)]
    assert talk.at(1900, ReplyPlayed(ONE)) == []
    assert talk.floor is Floor.OPEN


def test_an_announcement_waits_for_the_floor(talk):
    talk.replying()
    assert talk.at(1500, AnnouncementDue()) == []
    assert talk.at(2000, ReplyPlayed(ONE)) == [Announce(TWO)]
    assert talk.floor is Floor.PENDING


def test_an_announcement_takes_an_open_floor_at_once(talk):
    assert talk.at(500, AnnouncementDue()) == [Announce(ONE)]


def test_a_turn_can_be_typed(talk):
    talk.replying()
    assert talk.at(1500, TextSubmitted()) == [
        StopReply(ONE),
        CommitUtterance(TWO),
        Prepare(TWO, R0),
    ]
    assert talk.at(1510, Prepared(TWO, R0, Completeness.OPEN)) == [Release(TWO)]


def test_the_user_may_declare_the_utterance_finished(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    assert talk.at(900, UtteranceSubmitted()) == [
        Transcribe(ONE, R0),
        CommitUtterance(ONE),
    ]
    assert talk.floor is Floor.PENDING


def test_the_user_may_take_the_utterance_back(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    assert talk.at(900, UtteranceDiscarded()) == [DropUtterance(ONE)]
    assert talk.floor is Floor.OPEN


def test_who_takes_back_what_they_said_over_the_reply_lets_it_go_on(talk):
    talk.replying()
    talk.at(1500, SpeechStarted(Millis(1450)))
    assert talk.at(1600, UtteranceDiscarded()) == [DropUtterance(TWO), Unduck(ONE)]
    assert talk.floor is Floor.AGENT


def test_an_endless_utterance_is_cut(talk):
    talk.at(160, SpeechStarted(Millis(100)))
    assert talk.at(28_100) == [Transcribe(ONE, R0), CommitUtterance(ONE)]


def test_a_reply_can_be_cancelled_by_hand(talk):
    talk.replying()
    assert talk.at(1500, ReplyCancelled()) == [StopReply(ONE)]
    assert talk.floor is Floor.OPEN


def test_after_the_user_is_gone_nothing_more_is_commanded(talk):
    talk.replying()
    assert talk.at(1500, Disconnected()) == [StopReply(ONE)]
    assert talk.at(1600, SpeechStarted(Millis(1600))) == []
    assert talk.at(1700, AnnouncementDue()) == []
    assert talk.floor is Floor.CLOSED


def test_every_reachable_state_keeps_the_invariants():
    states, edges = explore()
    assert states > 150, "the exploration reached too little to mean anything"
    assert {edge.target.machine.floor for edge in edges} == set(Floor)


def test_the_page_on_turn_taking_is_up_to_date():
    path = Path(__file__).parents[2] / "docs" / "turn-taking.md"
    assert path.read_text(encoding="utf-8") == page(), "run `make docs`"


def mutant(method, change):
    """A machine whose `method` has its result changed: a bug planted on purpose."""

    class Mutant(TurnMachine):
        pass

    original = getattr(TurnMachine, method)

    def changed(self, *args):
        before = self._state
        return change(before, original(self, *args))

    setattr(Mutant, method, changed)
    return Mutant(POLICY)


def without(command):
    return lambda _before, step: (
        step[0],
        [c for c in step[1] if not isinstance(c, command)],
    )


@pytest.mark.parametrize(
    ("method", "change"),
    [
        pytest.param("_on_speech", without(BeginUtterance), id="no begin"),
        pytest.param("_on_speech", without(DropSpeculation), id="no drop"),
        pytest.param("_on_speech", without(StopReply), id="no stop"),
        pytest.param("_on_speech", without(Duck), id="no duck"),
        pytest.param("_on_transcribed", without(Unduck), id="no unduck"),
        pytest.param("_on_transcribed", without(DropUtterance), id="no drop utterance"),
        pytest.param("_on_transcribed", without(Prepare), id="no prepare"),
        pytest.param("_on_prepared", without(Release), id="no release"),
        pytest.param("_on_text", without(CommitUtterance), id="no commit"),
        pytest.param("_on_failure", without(Apologize), id="no apology"),
        pytest.param("_on_cancelled", without(StopReply), id="cancel without stop"),
        pytest.param(
            "_on_prepared",
            lambda before, step: (before, step[1]),
            id="released twice",
        ),
        pytest.param(
            "_on_transcribed",
            lambda before, step: (before, step[1]),
            id="transcript taken twice",
        ),
        pytest.param(
            "_on_reply_played",
            lambda _before, step: (turns._Open(), step[1]),
            id="stale playback opens the floor",
        ),
    ],
)
def test_the_exploration_finds_a_planted_bug(method, change):
    with pytest.raises(AssertionError):
        explore(mutant(method, change))
