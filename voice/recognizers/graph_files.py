"""Phone graphs as files: what took seconds to compile is read in a moment.

A file holds arrays and JSON, no program; one that is damaged or of another version is
as good as none.
"""

import json
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np

from voice.errors import ConfigError
from voice.recognizers.phone_graphs import Links, PhoneGraph
from voice.sentence_graphs import Form, SentenceGraph

__all__ = ["GraphCache", "read_graph", "write_graph"]

_TEXTS = "texts"

_UNREADABLE = (
    *(OSError, EOFError, ValueError, LookupError, TypeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error),
)

_PACKAGES = ("espeakng-loader", "hassil", "home-assistant-intents", "unicode-rbnf")
"""What graphs are made from, besides files of ours."""

_SOURCES = (
    *("home.py", "phones.py", "plurals.py", "scoring.py", "sentence_graphs.py"),
    *("courteous_sentences.py", "wake_sentences.py", "phrase_trees.py"),
    "sentence_preparation.py",
    "synthesizers/espeak.py",
    *("recognizers/lexicon.py", "recognizers/reductions.py"),
    "recognizers/phrases.py",
    *("recognizers/phone_graphs.py", "recognizers/graph_files.py"),
    *("responders/**/*.py", "responders/**/*.toml"),
)
"""And what of ours makes them, in the package `voice`."""


class GraphCache:
    """A folder in which graphs are kept from one start to the next.

    Args:
        folder: None keeps nothing.
    """

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder

    def get(
        self, ingredients: Sequence[str], make: Callable[[], PhoneGraph]
    ) -> PhoneGraph:
        """The graph that is made of `ingredients`, from the folder if it is there.

        Args:
            ingredients: everything that it depends on, besides program and packages.
            make: makes it.

        Raises:
            ConfigError: the folder cannot be written to.
        """
        if self._folder is None:
            return make()
        digest = sha256(repr((*_origins(), *ingredients)).encode()).hexdigest()
        path = self._folder / f"{digest[:32]}.npz"
        graph = read_graph(path)
        if graph is None:
            graph = make()
            try:
                write_graph(graph, path)
            except OSError as error:
                raise ConfigError(
                    f"{path}: cannot be written ({error.strerror}); make models.cache"
                    " a directory that can be, or leave it empty"
                ) from error
        return graph


@cache
def _origins() -> tuple[str, ...]:
    """The program and the packages that graphs are made by."""
    package = Path(__file__).parents[1]
    sources = sorted({path for glob in _SOURCES for path in package.glob(glob)})
    digest = sha256()
    for path in sources:
        digest.update(path.read_bytes())
    return digest.hexdigest(), *(f"{name} {version(name)}" for name in _PACKAGES)


def write_graph(graph: PhoneGraph, path: Path) -> None:
    """Write a file in one step: nobody ever reads half of it.

    Raises:
        OSError: it cannot be written there.
    """
    arrays: dict[str, Any] = {}
    for field in fields(PhoneGraph):
        value = getattr(graph, field.name)
        if isinstance(value, Links):
            for part in fields(Links):
                arrays[f"{field.name}.{part.name}"] = getattr(value, part.name)
        elif isinstance(value, np.ndarray):
            arrays[field.name] = value
    forms: dict[Form, int] = {}
    for row in (*graph.sentences.words, *([f for f, _ in ways] for ways in graph.said)):
        for form in row:
            forms.setdefault(form, len(forms))
    texts = {
        "forms": [[form.written, form.spoken, form.rarity] for form in forms],
        "said": [[(forms[form], way) for form, way in ways] for ways in graph.said],
        "sentences": _plain(graph.sentences, forms),
    }
    encoded = json.dumps(texts, ensure_ascii=False, separators=(",", ":")).encode()
    arrays[_TEXTS] = np.frombuffer(encoded, np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    # A name of its own: another process may be writing the same graph.
    unfinished = path.with_suffix(f".{uuid4().hex}")
    try:
        with unfinished.open("wb") as stream:
            np.savez_compressed(stream, **arrays)
        unfinished.replace(path)
    except OSError:
        unfinished.unlink(missing_ok=True)
        raise


def _plain(sentences: SentenceGraph, forms: Mapping[Form, int]) -> dict[str, Any]:
    return {
        "language": sentences.language,
        "words": [[forms[form] for form in row] for row in sentences.words],
        "arcs": sentences.arcs,
        "senses": [sorted(senses) for senses in sentences.senses],
        "rarities": sentences.rarities,
        "end_rarities": sentences.end_rarities,
        "values": dict(sentences.values),
        "closings": sentences.closings,
    }


def read_graph(path: Path) -> PhoneGraph | None:
    """The graph of a file; None if there is none that can be used."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        return _graph(arrays, json.loads(arrays.pop(_TEXTS).tobytes()))
    except _UNREADABLE:
        return None


def _graph(arrays: Mapping[str, Any], texts: Mapping[str, Any]) -> PhoneGraph:
    forms = [Form(*values) for values in texts["forms"]]
    plain = texts["sentences"]
    sentences = SentenceGraph(
        language=plain["language"],
        words=tuple(tuple(forms[at] for at in row) for row in plain["words"]),
        arcs=tuple(tuple((class_, to) for class_, to in row) for row in plain["arcs"]),
        senses=tuple(frozenset(senses) for senses in plain["senses"]),
        rarities=tuple(tuple(row) for row in plain["rarities"]),
        end_rarities=tuple(plain["end_rarities"]),
        values=plain["values"],
        closings=plain["closings"],
    )
    links = {name.partition(".")[0] for name in arrays if "." in name}
    parts = {name: array for name, array in arrays.items() if "." not in name}
    for name in links:
        parts[name] = Links(
            **{part.name: arrays[f"{name}.{part.name}"] for part in fields(Links)}
        )
    said = tuple(
        tuple((forms[at], tuple(way)) for at, way in ways) for ways in texts["said"]
    )
    return PhoneGraph(sentences=sentences, said=said, **parts)
