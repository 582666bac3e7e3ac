"""What is read back is what was written, and anything else is as good as nothing."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, replace

import numpy as np
import pytest

from tests.voice.recognizers.sentences_in_sound import graph_of
from voice.errors import ConfigError
from voice.phones import PHONES
from voice.recognizers.graph_files import GraphCache, read_graph, write_graph
from voice.recognizers.phone_graphs import Links, PhoneGraph

SENTENCES = ("turn on the lamp", "turn it on", "l'été", "schön und gut")


@pytest.fixture(scope="module")
def graph() -> PhoneGraph:
    graph = graph_of("en", SENTENCES, PHONES)
    return replace(graph, sentences=replace(graph.sentences, closings=2))


def assert_same(one: PhoneGraph, other: PhoneGraph) -> None:
    for field in fields(PhoneGraph):
        first, second = getattr(one, field.name), getattr(other, field.name)
        if isinstance(first, Links):
            for part in fields(Links):
                np.testing.assert_array_equal(
                    getattr(first, part.name), getattr(second, part.name)
                )
        elif isinstance(first, np.ndarray):
            np.testing.assert_array_equal(first, second)
            assert first.dtype == second.dtype
        else:
            assert first == second


def test_a_graph_comes_back_as_it_was(graph, tmp_path) -> None:
    write_graph(graph, tmp_path / "deep" / "graph.npz")
    (written,) = (tmp_path / "deep").iterdir()
    read = read_graph(written)
    assert read is not None
    assert_same(read, graph)


def test_a_file_that_is_damaged_or_missing_is_none(graph, tmp_path) -> None:
    path = tmp_path / "graph.npz"
    assert read_graph(path) is None
    write_graph(graph, path)
    whole = path.read_bytes()
    for damaged in (b"", b"no archive", whole[:1000], whole[:-30]):
        path.write_bytes(damaged)
        assert read_graph(path) is None


def test_one_wrong_bit_anywhere_does_no_harm(graph, tmp_path) -> None:
    path = tmp_path / "graph.npz"
    write_graph(graph, path)
    whole = path.read_bytes()
    for at in range(0, len(whole), 7):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        read = read_graph(path)
        if read is not None:
            assert_same(read, graph)


def test_processes_may_write_the_same_graph_at_once(graph, tmp_path) -> None:
    path = tmp_path / "graph.npz"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: write_graph(graph, path), range(40)))
    assert list(tmp_path.iterdir()) == [path]
    read = read_graph(path)
    assert read is not None
    assert_same(read, graph)


def test_a_graph_is_made_once_for_the_same_ingredients(graph, tmp_path) -> None:
    made = []

    def make() -> PhoneGraph:
        made.append(graph)
        return graph

    for ingredients in (["home", "en"], ["home", "en"], ["home", "de"]):
        # As another process would, with nothing in its memory.
        assert_same(GraphCache(tmp_path).get(ingredients, make), graph)
    assert len(made) == 2
    for path in tmp_path.iterdir():
        path.write_bytes(b"damaged")
    GraphCache(tmp_path).get(["home", "en"], make)
    assert len(made) == 3


def test_without_a_folder_nothing_is_written(graph, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert GraphCache(None).get(["home"], lambda: graph) is graph
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_to_is_named(graph, tmp_path) -> None:
    taken = tmp_path / "file"
    taken.write_text("not a folder")
    with pytest.raises(ConfigError, match=r"cannot be written .*models\.cache"):
        GraphCache(taken).get(["home"], lambda: graph)
