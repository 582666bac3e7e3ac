"""Reading an index: what is in it, and how its faults are told."""

import os
from pathlib import Path

import pytest

from voice.errors import ClientError
from voice.events import Millis
from voice.fixtures import Interruption, Span, Utterance, read_index
from voice.stages import Intent

SPEECH = Path(
    os.environ.get("PARLEY_SPEECH", Path(__file__).parents[3] / "shared" / "speech")
)


def write_index(folder: Path, text: str, *files: str) -> Path:
    for file in files or ("a.wav", "b.wav"):
        path = folder / file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    index = folder / "index.csv"
    index.write_text(text, encoding="utf-8")
    return index


def test_three_columns_are_enough(tmp_path: Path) -> None:
    index = write_index(
        tmp_path, "file,language,transcript\nen/a.wav,en,hello\n", "en/a.wav"
    )
    (clip,) = read_index(index)
    assert clip.file == tmp_path / "en" / "a.wav"
    assert (clip.language, clip.transcript, clip.kind) == ("en", "hello", "command")
    assert clip.utterances == (Utterance(transcript="hello"),)
    assert clip.pauses == ()
    assert clip.interrupts is None


def test_every_column_is_read(tmp_path: Path) -> None:
    index = write_index(
        tmp_path,
        "language,transcript,file,intent,slots,kind,speech,speech_start_ms,"
        "speech_end_ms,pauses_ms,sha256,interrupts,interrupts_after_ms,mine\n"
        'de,"eins, zwei",a.wav,HassTurnOn,"{""name"": ""light.a"", ""n"": 2}",pause,'
        "human,100,900,200-300 400-500,abc,b.wav,600,x\n",
    )
    (clip,) = read_index(index)
    assert clip.utterances == (
        Utterance(
            transcript="eins, zwei",
            intent=Intent(name="HassTurnOn", slots=(("n", 2), ("name", "light.a"))),
            span=Span(Millis(100), Millis(900)),
        ),
    )
    assert clip.pauses == (
        Span(Millis(200), Millis(300)),
        Span(Millis(400), Millis(500)),
    )
    assert (clip.kind, clip.speech, clip.sha256) == ("pause", "human", "abc")
    assert clip.interrupts == Interruption(clip=tmp_path / "b.wav", after=Millis(600))


def test_several_utterances_in_one_recording(tmp_path: Path) -> None:
    index = write_index(
        tmp_path,
        "language,transcript,file,intent,slots,speech_start_ms,speech_end_ms\n"
        "en,one | two,a.wav,A | B,{} | {},10 | 30,20 | 40\n"
        "en,one | two,b.wav,,,,\n",
    )
    labelled, bare = read_index(index)
    assert labelled.transcript == "one two"
    assert [u.span for u in labelled.utterances] == [
        Span(Millis(10), Millis(20)),
        Span(Millis(30), Millis(40)),
    ]
    assert [u.intent and u.intent.name for u in labelled.utterances] == ["A", "B"]
    assert [u.intent for u in bare.utterances] == [None, None]


@pytest.mark.parametrize("kind", ["noise", "silence"])
def test_nobody_speaks_in_noise(tmp_path: Path, kind: str) -> None:
    index = write_index(
        tmp_path, f"language,transcript,file,kind\nnoise,,a.wav,{kind}\n"
    )
    (clip,) = read_index(index)
    assert clip.language is None
    assert clip.utterances == ()
    assert clip.transcript == ""


def test_a_byte_order_mark_and_line_breaks_in_cells_do_no_harm(tmp_path: Path) -> None:
    index = write_index(
        tmp_path, '\ufefflanguage,transcript,file\r\nen,"two\nlines",a.wav\r\n'
    )
    (clip,) = read_index(index)
    assert clip.transcript == "two\nlines"


HEADER = (
    "language,transcript,file,intent,slots,kind,speech_start_ms,speech_end_ms,"
    "pauses_ms,interrupts,interrupts_after_ms\n"
)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("", "line 1: no column language, transcript, file", id="empty"),
        pytest.param(
            "language,file\nen,a.wav\n", "line 1: no column transcript", id="column"
        ),
        pytest.param(HEADER, "lists no recordings", id="no rows"),
        pytest.param(
            HEADER + "en,,a.wav\n", "line 2, column transcript: empty", id="text"
        ),
        pytest.param(
            HEADER + ",hi,a.wav\n", "line 2, column language: empty", id="language"
        ),
        pytest.param(HEADER + "en,hi,\n", "line 2, column file: empty", id="no file"),
        pytest.param(
            HEADER + "en,hi,a.wav\nen,hi,c.wav\n",
            "line 3, column file: there is no file",
            id="missing file",
        ),
        pytest.param(
            HEADER + "en,hi,a.wav,X,{bad\n", "column slots: not JSON", id="slots"
        ),
        pytest.param(
            HEADER + "en,hi,a.wav,X,[1]\n", "column slots: not a JSON object", id="list"
        ),
        pytest.param(
            HEADER + "en,hi,a.wav,,,,soon,90\n", "'soon-90' is no span", id="words"
        ),
        pytest.param(
            HEADER + "en,hi,a.wav,,,,90,80\n",
            "column speech_end_ms: '90-80'",
            id="order",
        ),
        pytest.param(
            HEADER + "en,hi,a.wav,,,,1,9,5\n", "column pauses_ms: '5' is no", id="pause"
        ),
        pytest.param(
            HEADER + "en,a | b,a.wav,X\n", "column intent: 1 parts, but", id="parts"
        ),
        pytest.param(
            HEADER + "en,a | ,a.wav\n", "column transcript: empty", id="empty part"
        ),
        pytest.param(
            HEADER + "en,a,a.wav,,,,,,,b.wav,\n",
            "column interrupts_after_ms: empty",
            id="interruption",
        ),
        pytest.param(
            HEADER + "en,a,a.wav" + "," * 30 + "\n", "more cells", id="too long"
        ),
        pytest.param(HEADER + 'en,"a,a.wav\n', "not CSV", id="open quote"),
    ],
)
def test_faults_name_their_place(tmp_path: Path, text: str, told: str) -> None:
    index = write_index(tmp_path, text)
    with pytest.raises(ClientError) as fault:
        read_index(index)
    assert fault.value.code == "invalid_index"
    assert str(index) in str(fault.value)
    assert told in str(fault.value)


def test_a_missing_index_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(ClientError, match="there is no such file"):
        read_index(tmp_path / "index.csv")
    (tmp_path / "index.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ClientError, match="not a CSV file in UTF-8"):
        read_index(tmp_path / "index.csv")


@pytest.mark.speech
@pytest.mark.skipif(
    not (SPEECH / "dev" / "index.csv").is_file(),
    reason="no folder of recordings: set PARLEY_SPEECH",
)
def test_a_folder_of_recordings_is_read() -> None:
    clips = read_index(SPEECH / "dev" / "index.csv")
    assert len(clips) > 100
    assert all(clip.transcript or clip.kind == "noise" for clip in clips)
