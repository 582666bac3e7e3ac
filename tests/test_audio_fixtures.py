"""The shipped recordings: index and files agree, and the labels are true."""

import csv
import hashlib
import importlib
import tomllib
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import soundfile

from audio_fixtures.make_fixtures import FOLDER, make
from tests.voice.responders.talk import grammars
from voice.audio import HEARING_RATE, Framer, Pcm, read_audio
from voice.detection import SpeechGate
from voice.events import Millis, SpeechEnded, SpeechStarted
from voice.fixtures import SPEECHLESS_KINDS, Clip, read_index
from voice.vad.silero import SileroModel

CLIPS = read_index(FOLDER / "index.csv")
SPOKEN = [clip for clip in CLIPS if clip.utterances]
SILENT = [clip for clip in CLIPS if not clip.utterances]

TOLERANCE = 150
"""Milliseconds between the label and what the gate says."""

TAIL = Millis(600)
"""Silence after the recording, so that its last word ends."""


def name(clip: Clip) -> str:
    return f"{clip.file.parent.name}/{clip.file.stem}"


@pytest.fixture(scope="module")
def model() -> SileroModel:
    return SileroModel.load()


def heard(model: SileroModel, clip: Clip) -> list[SpeechStarted | SpeechEnded]:
    """What the gate with its defaults says about a recording."""
    pcm = read_audio(clip.file)
    stream = Pcm.joined([pcm, Pcm.silence(TAIL, pcm.rate)], pcm.rate)
    activity, gate = model.open(), SpeechGate()
    now, events = 0, []
    for frame in Framer(activity.frame_samples, HEARING_RATE).feed(stream):
        now += len(frame)
        time = Millis(now * 1000 // HEARING_RATE)
        event = gate.step(activity.probability(frame), time)
        if event is not None:
            events.append(event)
    return events


def test_there_is_something_of_everything() -> None:
    commands = Counter(c.language for c in CLIPS if c.kind == "command")
    assert all(commands[language] >= 3 for language in ("en", "de", "fr", "es"))
    assert len(commands) >= 10
    kinds = Counter(clip.kind for clip in CLIPS)
    assert kinds["silence"] == 2
    assert kinds["noise"] >= 5
    assert kinds["two_commands"] >= 1
    assert any(clip.interrupts for clip in CLIPS if clip.kind == "barge_in")
    lengths = {p.end - p.start for clip in CLIPS for p in clip.pauses}
    assert lengths == {300, 600, 900}
    assert sum(clip.file.stat().st_size for clip in CLIPS) < 3_200_000


def test_every_recording_is_listed() -> None:
    files = [clip.file for clip in CLIPS]
    assert len(set(files)) == len(files)
    assert set(files) == set(FOLDER.rglob("*.flac"))


@pytest.mark.parametrize("clip", CLIPS, ids=name)
def test_index_and_file_agree(clip: Clip) -> None:
    assert hashlib.sha256(clip.file.read_bytes()).hexdigest() == clip.sha256
    info = soundfile.info(clip.file)
    assert (info.samplerate, info.channels) == (HEARING_RATE, 1)
    end = info.duration * 1000
    spans = [utterance.span for utterance in clip.utterances]
    for span in spans:
        assert span is not None, "every utterance of ours has a span"
        assert 300 <= span.start < span.end <= end - 300
    assert spans == sorted(spans, key=lambda span: span.start if span else 0)
    for pause in clip.pauses:
        assert any(s and s.start < pause.start < pause.end < s.end for s in spans)
    assert bool(clip.utterances) == (clip.kind not in SPEECHLESS_KINDS)


def test_lengths_in_the_index_are_true() -> None:
    with (FOLDER / "index.csv").open(encoding="utf-8", newline="") as index:
        for row in csv.DictReader(index):
            duration = soundfile.info(FOLDER / row["file"]).duration
            assert float(row["seconds"]) == pytest.approx(duration, abs=0.01)
            assert row["license"] == "CC0-1.0"


@pytest.mark.parametrize("clip", SPOKEN, ids=name)
def test_speech_is_where_the_label_says(clip: Clip, model: SileroModel) -> None:
    events = heard(model, clip)
    for utterance in clip.utterances:
        assert utterance.span is not None
        for true, kind in (
            (utterance.span.start, SpeechStarted),
            (utterance.span.end, SpeechEnded),
        ):
            found = [event.at for event in events if isinstance(event, kind)]
            assert min(abs(at - true) for at in found) <= TOLERANCE, found
    first, last = clip.utterances[0].span, clip.utterances[-1].span
    assert first is not None
    assert last is not None
    assert events[0].at >= first.start - TOLERANCE, "speech before anybody speaks"
    assert events[-1].at <= last.end + TOLERANCE, "speech after the last word"


@pytest.mark.parametrize("clip", [c for c in CLIPS if c.pauses], ids=name)
def test_pauses_are_silent(clip: Clip) -> None:
    samples = read_audio(clip.file).to_floats()
    for pause in clip.pauses:
        # The first tenth of a second still reverberates.
        quiet = samples[(pause.start + 100) * 16 : pause.end * 16]
        assert np.abs(quiet).max() < 0.1 * np.abs(samples).max()


def test_speech_seldom_ends_before_its_end(model: SileroModel) -> None:
    """A closure within a word may look like the end, now and then."""
    early = 0
    for clip in SPOKEN:
        ends = [e for e in heard(model, clip) if isinstance(e, SpeechEnded)]
        early += len(ends) - len(clip.utterances) - len(clip.pauses)
    assert 0 <= early <= len(SPOKEN) // 10


@pytest.mark.parametrize("clip", SILENT, ids=name)
def test_nobody_speaks_in_silence_and_noise(clip: Clip, model: SileroModel) -> None:
    assert heard(model, clip) == []


@pytest.mark.slow
def test_the_script_makes_the_same_recordings_again(tmp_path: Path) -> None:
    # In a process of its own: how eSpeak says something depends, by a few milliseconds,
    # on what the process has let it say before.
    with ProcessPoolExecutor(1, get_context("spawn")) as another:
        another.submit(make, tmp_path).result()
    again = read_index(tmp_path / "index.csv")
    assert [clip.utterances for clip in again] == [clip.utterances for clip in CLIPS]
    for old, new in zip(CLIPS, again, strict=True):
        # Another processor may round a sample differently; more would be a change.
        difference = (
            read_audio(old.file).samples.astype(int) - read_audio(new.file).samples
        )
        assert np.abs(difference).max() <= 1, name(old)


@pytest.mark.train
def test_no_starter_model_learns_from_these_voices() -> None:
    pytest.importorskip("torch", reason="the recipe needs the training extra")
    recipe = importlib.import_module("models.recipes.recognizer.clips")
    with (FOLDER / "recordings.toml").open("rb") as source:
        clips = tomllib.load(source)["clips"]
    variants = {clip["voice"].partition("+")[2] for clip in clips if "voice" in clip}
    assert variants <= set(recipe.VARIANTS)
    assert not variants & set(recipe.TRAINING_VARIANTS)


@pytest.mark.slow
def test_commands_mean_what_the_index_says() -> None:
    responder = grammars(*sorted({clip.language for clip in SPOKEN if clip.language}))
    for clip in SPOKEN:
        assert clip.language is not None
        for utterance in clip.utterances:
            understood = responder.interpret(utterance.transcript, clip.language)
            assert understood == utterance.intent, utterance.transcript
