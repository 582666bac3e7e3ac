"""The command line: what it prints, and how it says that something is wrong."""

import csv
import io
import json
import socket
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest
import soundfile

from streaming.cli import COMMANDS, main
from streaming.commands import models, progress, tables
from tests.voice.recognizers import tiny_whisper
from voice.errors import Stage, StageError
from voice.fixtures import read_index

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "audio_fixtures" / "index.csv"
RATE = 16_000

SCORE_KEYS = {
    "language",
    "clips",
    "wer",
    "cer",
    "intents",
    "understood",
    "intent_accuracy",
    "intent_interval",
    "mistaken",
    "empty_on_speech",
    "text_on_noise",
    "no_reference_intent",
    "skipped_language",
    "noise_clips",
    "words",
    "normalizer",
}


@pytest.fixture(scope="module")
def whisper(tmp_path_factory) -> str:
    """A recogniser of random numbers: it writes nonsense, by the real path."""
    folder = tmp_path_factory.mktemp("whisper")
    return str(
        tiny_whisper.build(
            folder, hearing={"windows_s": [4, 30], "languages": ["en", "de"]}
        )
    )


@pytest.fixture
def parley(capsys):
    """Runs a command; gives exit code, standard output and error."""

    def run(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        return code, *capsys.readouterr()

    return run


def shipped(*kinds: str, count: int) -> list[Path]:
    clips = [c for c in read_index(FIXTURES) if c.kind in kinds]
    return [clip.file for clip in clips if clip.language in ("en", "de", None)][:count]


def silence(path: Path, seconds: float = 1.0) -> Path:
    soundfile.write(path, np.zeros(round(seconds * RATE), np.int16), RATE)
    return path


def index(path: Path, *rows: tuple[str, str, Path, str]) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(("language", "transcript", "file", "kind"))
        writer.writerows(rows)
    return path


# --- Faults: one line, exit code 2, no traceback ------------------------------


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["tlk"], "unknown command 'tlk'; did you mean 'talk'?"),
        (["--nonsense"], "--nonsense"),
        (["models", "verfy"], "invalid choice: 'verfy'"),
        (["transcribe"], "the following arguments are required: FILE"),
        (["transcribe", "gone.wav"], "gone.wav: there is no such file"),
        (["transcribe", "text.wav"], "text.wav: not a recording that can be read"),
        (["transcribe", "empty.wav"], "empty.wav: holds no samples"),
        (
            ["transcribe", "a.wav", "--recognizer", "gone"],
            "--recognizer: there is no directory gone",
        ),
        (
            ["transcribe", "a.wav", "--recognizer", "."],
            "tokenizer.json: is missing",
        ),
        (
            ["transcribe", "a.wav", "--recognizer", "WHISPER", "--language", "Frnch"],
            "unknown language 'Frnch'",
        ),
        (
            ["transcribe", "a.wav", "--recognizer", "WHISPER", "--language", "fr"],
            "unknown language 'fr'; known: de, en",
        ),
        (
            ["transcribe", "a.wav", "--recognizer", "WHISPER", "--languages", "de,fr"],
            "does not hear fr",
        ),
        (["say", "hi", "--language", "germn"], "did you mean 'de'?"),
        (["say", ""], "nothing to say"),
        (["say", "hi", "--out", "gone/a.wav"], "gone/a.wav: No such file"),
        (["say", "hi", "--out", "-", "--json"], "both want the standard output"),
        (["say", "hi", "--voices", "gone"], "--voices: there is no directory gone"),
        (
            ["say", "hi", "--config", "gone.toml"],
            "gone.toml: cannot read the configuration of --config",
        ),
        (["say", "hi", "--set", "open_ms=1"], "expected SECTION.KEY=VALUE"),
        (["say", "hi", "--set", "turns.opn_ms=1"], "did you mean turns.open_ms?"),
        (["eval", "gone.csv"], "gone.csv: there is no such file"),
        (["eval", "text.wav"], "text.wav, line 1: no column language"),
        (["eval", "index.csv", "--limit", "0"], "expected a whole number from 1"),
        (["eval", "index.csv", "--language", "fr"], "unknown language 'fr'; known: de"),
        (
            ["eval", "index.csv", "--home", "gone.toml"],
            "--home: there is no file gone.toml",
        ),
        (
            ["eval", "index.csv", "--recognizer", "WHISPER", "--home", "text.wav"],
            "text.wav: ",
        ),
        (["doctor", "--port", "high"], "--port: expected a whole number from 0"),
    ],
)
def test_a_fault_is_one_line(
    parley, tmp_path, monkeypatch, whisper, words, complaint
) -> None:
    monkeypatch.chdir(tmp_path)
    silence(Path("a.wav"))
    soundfile.write("empty.wav", np.zeros(0, np.int16), RATE)
    Path("text.wav").write_text("once upon a time", encoding="utf-8")
    index(Path("index.csv"), ("de", "hallo", Path("a.wav"), "sentence"))
    words = [whisper if word == "WHISPER" else word for word in words]
    code, out, err = parley(*words)
    assert code == 2
    assert out == ""
    assert complaint in err
    assert err.startswith("parley")
    assert err.count("\n") == 1, err
    assert "Traceback" not in err


def test_every_fault_of_the_settings_has_its_line(parley) -> None:
    code, _, err = parley("doctor", "--port", "x", "--set", "a.b=1", "--device", "gpu")
    assert code == 2
    assert len(err.splitlines()) == 3


def test_without_a_command_it_teaches(parley) -> None:
    code, out, err = parley()
    assert (code, out) == (2, "")
    assert all(command.example in err for command in COMMANDS)


def test_help_and_version_are_no_faults(parley) -> None:
    code, out, _ = parley("--help")
    assert code == 0
    assert all(command.help in out for command in COMMANDS)
    assert parley("--version")[0] == 0


@pytest.mark.parametrize("command", [command.name for command in COMMANDS])
def test_every_command_explains_itself(parley, command) -> None:
    code, out, _ = parley(command, "--help")
    assert code == 0
    assert "--json" in out
    assert f"parley {command}" in out


def test_our_own_failure_has_another_exit_code(parley, monkeypatch) -> None:
    def fail(_: object) -> int:
        raise StageError(Stage.SYNTHESIS, "crashed")

    monkeypatch.setattr(models, "run", fail)
    code, _, err = parley("models")
    assert (code, err) == (1, "parley: synthesis failed (crashed)\n")


def test_an_interrupt_is_quiet(parley, monkeypatch) -> None:
    def interrupt(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(models, "run", interrupt)
    assert parley("models") == (130, "", "")


def test_a_reader_that_has_gone_is_no_fault() -> None:
    reading, writing = socket.socketpair()
    reading.close()
    with writing:
        done = subprocess.run(
            [sys.executable, "-m", "streaming.cli", "doctor", "--print-config"],
            stdout=writing,
            stderr=subprocess.PIPE,
            cwd=ROOT,
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, b"")


def test_help_costs_no_model_library() -> None:
    code = (
        "import sys; from streaming.cli import main; main(['--version']);"
        "print([n for n in ('numpy', 'ctranslate2', 'hassil') if n in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    assert done.stdout.splitlines()[-1] == "[]"


# --- transcribe ---------------------------------------------------------------


def test_transcribe_prints_one_object_per_file(parley, tmp_path, whisper) -> None:
    quiet = silence(tmp_path / "quiet.wav")
    files = shipped("command", count=2)
    code, out, _ = parley(
        "transcribe", *files, quiet, "--recognizer", whisper, "--json"
    )
    objects = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [o["file"] for o in objects] == [str(f) for f in (*files, quiet)]
    assert all(list(o)[:3] == ["file", "language", "transcript"] for o in objects)
    assert {o["language"] for o in objects} <= {"de", "en"}
    assert objects[-1]["transcript"] == ""


def test_transcribe_keeps_to_the_language_it_is_told(parley, whisper) -> None:
    files = shipped("command", count=2)
    _, out, _ = parley(
        "transcribe", *files, "--recognizer", whisper, "--language", "German", "--json"
    )
    objects = [json.loads(line) for line in out.splitlines()]
    assert {o["language"] for o in objects} == {"de"}
    assert {o["language_probability"] for o in objects} == {1.0}


def test_transcribe_goes_on_after_a_file_that_cannot_be_read(
    parley, tmp_path, whisper
) -> None:
    quiet = silence(tmp_path / "quiet.wav")
    code, out, err = parley("transcribe", "gone.wav", quiet, "--recognizer", whisper)
    assert code == 2
    assert "(no words)" in out
    assert err.count("\n") == 1


# --- say ----------------------------------------------------------------------


def test_say_writes_speech(parley, tmp_path) -> None:
    out_file = tmp_path / "speech.wav"
    code, out, _ = parley(
        "say", "Guten Morgen", "--language", "de", "--out", out_file, "--json"
    )
    told = json.loads(out)
    assert code == 0
    assert (told["file"], told["language"]) == (str(out_file), "de")
    with wave.open(str(out_file)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        assert file.getframerate() == told["sample_rate"]
        seconds = file.getnframes() / file.getframerate()
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert seconds == pytest.approx(told["seconds"], abs=0.001)
    assert seconds > 0.5
    assert np.abs(samples).max() > 1000


def test_say_writes_to_standard_output(capfdbinary) -> None:
    assert main(["say", "hello", "--out", "-"]) == 0
    with wave.open(io.BytesIO(capfdbinary.readouterr().out)) as file:
        assert file.getnframes() > 1000


# --- eval ---------------------------------------------------------------------


@pytest.fixture
def recordings(tmp_path) -> Path:
    """Two commands, a strange language, silence."""
    speech = shipped("command", count=1)[0]
    quiet = silence(tmp_path / "quiet.wav")
    return index(
        tmp_path / "index.csv",
        ("en", "turn on the kitchen lamp", speech, "command"),
        ("de", "schalte die Küchenlampe ein", quiet, "command"),
        ("ru", "привет", speech, "sentence"),
        ("", "", quiet, "silence"),
    )


def test_eval_prints_one_object_per_language_and_one_in_all(
    parley, recordings, whisper
) -> None:
    code, out, _ = parley("eval", recordings, "--recognizer", whisper, "--json")
    scores = {s["language"]: s for s in map(json.loads, out.splitlines())}
    assert code == 0
    assert list(scores) == ["de", "en", "ru", "all"]
    assert all(set(score) == SCORE_KEYS for score in scores.values())
    every = scores["all"]
    assert (every["clips"], every["words"]) == (2, 9)
    assert (every["no_reference_intent"], every["intent_accuracy"]) == (0, 0.0)
    assert (every["skipped_language"], scores["ru"]["skipped_language"]) == (1, 1)
    assert (every["noise_clips"], every["text_on_noise"]) == (2, 0)
    assert scores["de"]["empty_on_speech"] == 1
    assert (scores["de"]["wer"], scores["de"]["cer"]) == (1.0, 1.0)
    assert (scores["ru"]["wer"], scores["ru"]["intent_accuracy"]) == (None, None)


def test_eval_of_one_language_and_a_few_clips(parley, recordings, whisper) -> None:
    options = ("--recognizer", whisper, "--json")
    _, out, _ = parley("eval", recordings, "--language", "de", *options)
    assert [json.loads(line)["language"] for line in out.splitlines()] == ["de", "all"]
    _, out, _ = parley("eval", recordings, "--limit", "1", *options)
    assert [json.loads(line)["language"] for line in out.splitlines()] == ["en", "all"]


def test_eval_by_group_and_detection_add_to_the_objects(
    parley, recordings, whisper
) -> None:
    options = ("--recognizer", whisper, "--by-group", "--detect", "--json")
    _, out, _ = parley("eval", recordings, *options)
    scores = [json.loads(line) for line in out.splitlines()]
    assert all("language_accuracy" in score for score in scores)
    grouped = {(s["language"], s["group"]) for s in scores if "group" in s}
    assert {("en", "command"), ("all", "sentence"), ("all", "silence")} <= grouped


def test_eval_without_json_prints_a_table(parley, recordings, whisper) -> None:
    code, out, err = parley("eval", recordings, "--recognizer", whisper)
    assert (code, err) == (0, "")
    header, *rows = out.split("\n\n")[0].splitlines()
    assert "WER" in header
    assert [row.split()[0] for row in rows] == ["German", "English", "all"]
    assert "not heard" in out
    assert "(ru 1)" in out


def test_the_starter_understands_its_own_fixtures(parley) -> None:
    code, out, _ = parley("eval", "--language", "en", "--errors", "--json")
    lines = [json.loads(line) for line in out.splitlines()]
    score = next(line for line in lines if line.get("language") == "all")
    assert code == 0
    low, high = score["intent_interval"]
    assert low < score["intent_accuracy"] <= high
    errors = [line for line in lines if "error" in line]
    assert len(errors) >= score["intents"] - score["understood"]
    assert all(Path(error["file"]).is_file() for error in errors)
    assert score["clips"] > 3
    assert score["intent_accuracy"] > 0.5


# --- models and doctor --------------------------------------------------------


def test_models_are_listed_and_verified(parley) -> None:
    code, out, _ = parley("models", "--json")
    listed = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    names = [model["name"] for model in listed]
    assert {"starter-acoustic", "starter-recognizer"} <= set(names)
    assert sum(model["bytes"] for model in listed) <= 60e6
    code, out, _ = parley("models", "verify", "--json")
    assert code == 0
    assert all(json.loads(line)["ok"] for line in out.splitlines())


def test_doctor_tells_what_is_real(parley, whisper) -> None:
    code, out, _ = parley("doctor", "--recognizer", whisper, "--port", 0, "--json")
    told = json.loads(out)
    assert told["languages"]["de"] == {
        "name": "German",
        "grammar": True,
        "recognizer": True,
        "voice": True,
    }
    assert told["languages"]["fr"]["recognizer"] is False
    assert told["languages"]["mt"]["grammar"] is False
    assert told["address"]["free"] is True
    assert told["leaves_the_process"] == []
    assert told["home"]["devices"] > 5
    assert all(told["packages"].values())
    assert (code == 0) == (not told["faults"])


def test_doctor_tells_of_a_port_in_use(parley, whisper) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        code, out, err = parley("doctor", "--recognizer", whisper, "--port", port)
    assert code == 2
    assert "TAKEN" in out
    assert f"127.0.0.1 port {port}: Address already in use; choose another" in err


def test_the_printed_configuration_can_be_used(parley, tmp_path) -> None:
    code, out, _ = parley("doctor", "--print-config", "--set", "turns.open_ms=900")
    assert code == 0
    path = tmp_path / "parley.toml"
    path.write_text(out, encoding="utf-8")
    assert parley("doctor", "--print-config", "--config", path)[1] == out


# --- Small things -------------------------------------------------------------


def test_numbers_stand_at_the_right() -> None:
    text = tables.table(("a", "number"), [("x", "5"), ("long", "10.0 %")])
    assert text.splitlines() == ["a     number", "x          5", "long  10.0 %"]


def test_progress_gives_everything_and_draws_nothing_into_a_log(capsys) -> None:
    assert list(progress.with_progress([1, 2, 3], "x")) == [1, 2, 3]
    assert capsys.readouterr().err == ""
