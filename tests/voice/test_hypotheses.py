from hypothesis import given
from hypothesis import strategies as st

from voice.hypotheses import StablePrefix

words = st.lists(st.sampled_from(["turn", "on", "off", "the", "light"]), max_size=6)


def test_a_word_is_committed_when_three_hypotheses_agree():
    prefix = StablePrefix()
    assert prefix.feed("turn on a") == ""
    assert prefix.feed("turn on the") == ""
    assert prefix.feed("turn on the light") == "turn on"
    assert prefix.feed("turn on the light") == "the"
    assert prefix.committed == "turn on the"


def test_disagreement_with_what_stands_commits_nothing():
    prefix = StablePrefix()
    for text in ("turn on", "turn off the"):
        for _ in range(prefix.agreement):
            prefix.feed(text)
    assert prefix.committed == "turn on"


@given(st.lists(words, max_size=8))
def test_what_is_committed_only_ever_grows(hypotheses):
    prefix = StablePrefix()
    heard: list[str] = []
    for hypothesis in hypotheses:
        fresh = prefix.feed(" ".join(hypothesis)).split()
        assert prefix.committed.split() == heard + fresh
        heard += fresh


@given(words)
def test_agreeing_hypotheses_commit_everything(hypothesis):
    prefix = StablePrefix()
    for _ in range(prefix.agreement):
        prefix.feed(" ".join(hypothesis))
    assert prefix.committed.split() == hypothesis
