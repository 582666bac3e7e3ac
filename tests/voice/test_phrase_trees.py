"""Phrases as a tree of words."""

from collections.abc import Iterator

from voice.phrase_trees import Beginning


def phrases(node: Beginning, said: tuple[str, ...] = ()) -> Iterator[str]:
    if node.ends:
        yield " ".join(said)
    for word, longer in node.further.items():
        yield from phrases(longer, (*said, word))


def test_it_holds_exactly_its_phrases_and_each_beginning_once() -> None:
    tree = Beginning(["Hey  Parley", "hey", "okay", "hey parley please"])
    assert set(phrases(tree)) == {"hey", "hey parley", "hey parley please", "okay"}
    assert set(tree.further) == {"hey", "okay"}
    assert not tree.ends


def test_without_phrases_there_is_only_the_beginning_of_none() -> None:
    assert not Beginning().further
    assert not Beginning().ends
