"""`parley eval --targets`: all that the starter models are to reach, measured.

The parts are independent of each other, and each is noted in the results when it is
done: a run that was ended goes on where it was. What is in the results:

- ``of``: the recogniser and its files, how much is measured, and the home and the index
  of the recordings; results of anything else are never added to.
- ``held_out``: by language, sentences and voices that no training knew, heard as
  `parley eval` hears: behind the speech gate, in the language that is spoken.
- ``recordings``: by language and kind of voice, what was understood.
- ``decode``: milliseconds for an utterance of three seconds, in one language and in four,
  and the machine that took them; ``machine`` is that of the last run.
- ``told``: by language, how often it was told among eight.
- ``wordless``: for each five minutes of noise, music and silence, what was written all
  the same, with and without the speech gate, while eight languages listen.
- ``intents``: what the manifest of the model of intents says, if one comes along.
- ``skipped``: parts that could not be measured, and why.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

from streaming.benchmark import machine
from streaming.commands.progress import Progress
from streaming.commands.target_parts import SEED, Parts, Result, Sizes
from streaming.commands.target_rows import TOLD_AMONG, Document
from streaming.config import Config
from voice.assembly import (
    HOMES,
    STARTERS,
    ModelChoice,
    heard_languages,
    read_home,
    starter_manifest,
)
from voice.errors import ClientError, ConfigError, StageError
from voice.fixtures import Clip
from voice.languages import canonical
from voice.manifests import files_in, read_manifests
from voice.scoring import NORMALIZER

__all__ = ["Measurement"]

PART_S = 300.0
"""Of noise, measured at a time."""


class Measurement:
    """Measures what is not in the results yet.

    Args:
        config: the recogniser, and the home that the recordings are about.
        clips: recordings; none if there are none.
        sizes: how much.
        file: where the results are kept; None for nowhere.
        index: what `clips` were read from; None if there are none.

    Raises:
        ConfigError: the results in `file` are of something else, or its folder is
            missing.
    """

    def __init__(
        self,
        config: Config,
        clips: Sequence[Clip],
        sizes: Sizes,
        file: Path | None,
        *,
        index: Path | None = None,
    ) -> None:
        spoken = [clip for clip in clips if clip.language is not None]
        self._parts = Parts(config, spoken, sizes)
        self._spoken = {canonical(clip.language or "") for clip in spoken}
        self._sizes = sizes
        self._file = file
        self._languages = config.choice.languages or heard_languages(config.choice)
        recorded = {} if index is None else _recordings(config.choice, index)
        self._document = _opened(file, _subject(config.choice, sizes), recorded)

    def run(self) -> Document:
        """Everything, part by part."""
        models = read_manifests().values()
        intents = [model.quality for model in models if model.stage == "response"]
        _keep_machine(self._document)
        self._document |= {
            "machine": machine(),
            "normalizer": NORMALIZER,
            "bytes": sum(model.bytes for model in models),
            "intents": intents[0] if intents else {},
            "skipped": {},
        }
        todo = self._todo()
        with Progress(len(todo), "measuring") as progress:
            for part, key, measure in todo:
                self._measure(part, key, measure)
                progress.step()
        self._write()
        return self._document

    def _todo(self) -> list[tuple[str, str, Callable[[], Result]]]:
        """Every part, under the keys where it will stand."""
        parts, todo = self._parts, list[tuple[str, str, Callable[[], Result]]]()

        def add(part: str, key: str, measure: Callable[[], Result]) -> None:
            if key not in self._document.get(part, {}):
                todo.append((part, key, measure))

        def add_each(
            part: str, tags: Iterable[str], measure: Callable[[str], Result]
        ) -> None:
            for tag in tags:
                add(part, tag, partial(measure, tag))

        languages = self._languages
        add_each("held_out", languages, parts.held_out)
        recorded = [tag for tag in languages if tag in self._spoken]
        add_each("recordings", recorded, parts.recorded)
        if not set(TOLD_AMONG) <= set(languages):
            reason = f"needs all of {', '.join(TOLD_AMONG)}: leave out --languages"
            for part in ("decode", "told", "wordless"):
                self._document["skipped"][part] = reason
            return todo
        add("decode", "one", partial(parts.decoded, 1))
        add("decode", "four", partial(parts.decoded, 4))
        add_each("told", TOLD_AMONG, parts.told)
        for number in range(ceil(self._sizes.wordless_s / PART_S)):
            seconds = min(PART_S, self._sizes.wordless_s - number * PART_S)
            add("wordless", str(number), partial(parts.wordless, seconds, number))
        return todo

    def _measure(self, part: str, key: str, measure: Callable[[], Result]) -> None:
        try:
            found = measure()
        # No synthesizer, or a recording that cannot be read: the rest is measured.
        except (StageError, ClientError, OSError) as error:
            self._document["skipped"][part] = str(error)
            return
        self._document.setdefault(part, {})[key] = found
        self._write()

    def _write(self) -> None:
        if self._file is None:
            return
        text = json.dumps(self._document, indent=1, ensure_ascii=False)
        # Whoever ends the run in this moment must not lose hours.
        whole = self._file.with_name(self._file.name + ".part")
        whole.write_text(text + "\n", encoding="utf-8")
        whole.replace(self._file)


def _subject(choice: ModelChoice, sizes: Sizes) -> dict[str, Any]:
    """What the results are of."""
    if choice.recognizer in STARTERS:
        manifest = starter_manifest(choice.recognizer)
        name, version, files = manifest.name, manifest.version, manifest.files
    else:
        name, version = Path(choice.recognizer).name, ""
        files = files_in(Path(choice.recognizer))
    return {
        "recognizer": name,
        "version": version,
        "files": {file.path: file.sha256 for file in files},
        "sentences": sizes.sentences,
        "wordless_s": sizes.wordless_s,
        "seed": SEED,
    }


def _recordings(choice: ModelChoice, index: Path) -> dict[str, str]:
    """What recordings are heard, and the home that they are about."""
    read_home(choice)
    shipped = choice.home in HOMES
    return {
        "home": choice.home if shipped else _digest(Path(choice.home)),
        "index": _digest(index),
    }


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _keep_machine(document: Document) -> None:
    """Timings that do not tell yet where they were taken: in the run that wrote them."""
    if "machine" in document:
        for timed in document.get("decode", {}).values():
            timed.setdefault("machine", document["machine"])


def _opened(
    file: Path | None, subject: dict[str, Any], recorded: dict[str, str]
) -> dict[str, Any]:
    """The results so far.

    Args:
        file: where they are kept.
        subject: what they must be of.
        recorded: of which recordings, if they tell; those of none may be added to.

    Raises:
        ConfigError: the file holds no results, or those of something else, or there is
            no folder to put it in.
    """
    if file is not None and not file.absolute().parent.is_dir():
        raise ConfigError(f"{file}: there is no folder {file.parent}; make it first")
    if file is None or not file.exists():
        return {"of": subject | recorded}
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: not JSON in UTF-8 ({error})") from error
    of = document.get("of") if isinstance(document, dict) else None
    known = of if isinstance(of, dict) else {}
    other = [key for key in subject if known.get(key) != subject[key]]
    other += [key for key in recorded if known.get(key, recorded[key]) != recorded[key]]
    if other:
        raise ConfigError(
            f"{file}: holds no results of what is to be measured, but of another"
            f" {', '.join(other)}; name another file, or remove this one"
        )
    assert isinstance(document, dict)
    document["of"] = known | recorded
    return document
