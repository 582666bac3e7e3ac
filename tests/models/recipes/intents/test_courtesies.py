"""Commands with courtesies around them, as they are read aloud to measure."""

import random

from models.recipes.intents.bending import Manners
from models.recipes.intents.courtesies import asked
from voice.held_out import is_held_out
from voice.recognizers.phrases import phrase_graph


def test_each_command_is_said_plainly_and_in_two_ways_that_share_no_courtesy() -> None:
    texts = [f"turn on the lamp {a}{b}" for a in "abcdefgh" for b in "abcdefgh"]
    graph = phrase_graph("en", texts)
    told = list(asked(graph, 3, random.Random(1)))
    known, kept = Manners.of("en"), Manners.of("en", test=True)
    assert len({said.written for said in told}) == len(told)
    for said in told:
        assert is_held_out(said.written)
        assert said.plain == said.written
        for text, manners in ((said.known, known), (said.unknown, kept)):
            before, _, after = text.partition(said.plain)
            assert before or after
            assert before.strip() in ("", *manners.before)
            assert after.strip() in ("", *manners.after)
