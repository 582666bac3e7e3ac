"""One contract for every stage, the real ones and those for tests: no fake may lie."""

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from tests.voice.recognizers import tiny_whisper, tone_models
from tests.voice.recognizers.sentences_in_sound import recognizer_of
from tests.voice.responders.talk import grammars
from tests.voice.synthesizers.tiny_piper import write_voice
from voice.audio import HEARING_RATE, Framer, Pcm
from voice.errors import Stage, StageError
from voice.events import Completeness, Millis
from voice.home import apply
from voice.home_files import demo_home
from voice.languages import LANGUAGES
from voice.recognizers.whisper import WhisperRecognizer
from voice.responders.grammar import GrammarResponder
from voice.stages import Plan, Recognizer, Responder, Synthesizer, VoiceActivity
from voice.synthesizers.by_language import VoiceByLanguage
from voice.synthesizers.espeak import Espeak, EspeakSynthesizer
from voice.synthesizers.piper import PiperSynthesizer
from voice.testing import (
    EchoResponder,
    LoudnessActivity,
    ScriptedResponder,
    SpellingRecognizer,
    ToneSynthesizer,
    murmur,
    spoken,
)
from voice.vad.silero import SileroModel

STARTER = Path(__file__).parents[2] / "models" / "starter" / "recognizer"
NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)
HOME = demo_home().initial_state()


@cache
def sentence(voice: str = "en") -> Pcm:
    """Speech that the real models take for speech, 16 kHz."""
    espeak = Espeak.load()
    samples, _ = espeak.render("Turn on the light in the kitchen, please.", voice)
    return Pcm(samples, espeak.rate).resampled(HEARING_RATE)


def quiet(milliseconds: int) -> Pcm:
    return Pcm.silence(Millis(milliseconds), HEARING_RATE)


# --- Voice activity -----------------------------------------------------------


@dataclass(frozen=True)
class Ear:
    open: Callable[[], VoiceActivity]
    speech: Pcm


@pytest.fixture(params=["silero", "loudness"])
def ear(request: pytest.FixtureRequest) -> Ear:
    if request.param == "silero":
        return Ear(SileroModel.load().open, sentence())
    return Ear(LoudnessActivity, spoken("turn on the light", "en"))


def listen(activity: VoiceActivity, pcm: Pcm) -> list[float]:
    framer = Framer(activity.frame_samples, HEARING_RATE)
    return [activity.probability(frame) for frame in framer.feed(pcm)]


def test_speech_is_likely_and_silence_is_not(ear: Ear) -> None:
    activity = ear.open()
    silent = listen(activity, quiet(1000))
    spoken_ = listen(activity, ear.speech)
    after = listen(activity, quiet(1000))[16:]
    assert all(0 <= p <= 1 for p in [*silent, *spoken_, *after])
    assert max(silent) < 0.5
    assert np.mean(np.array(spoken_) > 0.5) > 0.8
    assert max(after) < 0.5


def test_a_frame_is_10_to_40_ms(ear: Ear) -> None:
    assert 10 <= ear.open().frame_samples * 1000 / HEARING_RATE <= 40


def test_after_a_reset_the_stream_is_forgotten(ear: Ear) -> None:
    activity = ear.open()
    first = listen(activity, ear.speech)
    activity.reset()
    assert listen(activity, ear.speech) == first


def test_two_streams_do_not_disturb_each_other(ear: Ear) -> None:
    alone = listen(ear.open(), ear.speech)
    one, other = ear.open(), ear.open()
    framer = Framer(one.frame_samples, HEARING_RATE)
    frames = list(framer.feed(ear.speech))
    silence = Pcm.silence(Millis(1000), HEARING_RATE)
    (hush, *_) = Framer(one.frame_samples, HEARING_RATE).feed(silence)
    together = []
    for frame in frames:
        together.append(one.probability(frame))
        other.probability(hush)
    assert together == alone


# --- Recogniser ---------------------------------------------------------------


@pytest.fixture(scope="module")
def random_whisper(tmp_path_factory: pytest.TempPathFactory) -> WhisperRecognizer:
    folder = tmp_path_factory.mktemp("whisper")
    hearing = {"windows_s": [2.0, 5.0]}
    return WhisperRecognizer.load(
        tiny_whisper.build(folder, hearing=hearing), device="cpu"
    )


@pytest.fixture(scope="module")
def onnx_asr_tones(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    pytest.importorskip("onnx_asr", reason="needs the extra onnx-asr")
    from voice.recognizers.onnx_asr import load_onnx_asr

    folder = tmp_path_factory.mktemp("parakeet")
    return load_onnx_asr(tone_models.write_onnx_asr(folder, "tdt"))


@pytest.fixture(scope="module")
def sherpa_tones(tmp_path_factory: pytest.TempPathFactory) -> Recognizer:
    pytest.importorskip("sherpa_onnx", reason="needs the extra sherpa")
    from voice.recognizers.sherpa import load_sherpa

    folder = tmp_path_factory.mktemp("zipformer")
    kind = "streaming lstm transducer"
    return load_sherpa(tone_models.write_sherpa(folder, kind))


@pytest.fixture(scope="module")
def sentences() -> Recognizer:
    return recognizer_of(
        {
            "de": ["wie spät ist es", "schalte das licht ein", "stopp"],
            "en": ["turn on the light in the kitchen please", "what time is it"],
        }
    )


@pytest.fixture(
    params=[
        *("random whisper", "onnx-asr", "sherpa-onnx"),
        *("sentences", "starter whisper", "spelling"),
    ]
)
def recognizer(request: pytest.FixtureRequest) -> Recognizer:
    match request.param:
        case "random whisper":
            return request.getfixturevalue("random_whisper")
        case "onnx-asr":
            return request.getfixturevalue("onnx_asr_tones")
        case "sherpa-onnx":
            return request.getfixturevalue("sherpa_tones")
        case "sentences":
            return request.getfixturevalue("sentences")
        case "starter whisper":
            return WhisperRecognizer.load(STARTER, device="cpu")
        case _:
            return SpellingRecognizer()


UTTERANCES = {
    "nothing at all": quiet(0),
    "50 ms": quiet(50),
    "silence": quiet(3000),
    "a murmur": murmur(Millis(700)),
    "spelled": spoken("wie spät ist es", "de"),
    "english": sentence("en"),
    "german": sentence("de"),
    "tones": tone_models.said("turn", "on", "light"),
    "noise": Pcm.of_floats(
        np.random.default_rng(7).normal(0, 0.1, 2 * HEARING_RATE), HEARING_RATE
    ),
    "the longest": Pcm.joined([sentence()] * 20, HEARING_RATE).slice(
        Millis(0), Millis(30_000)
    ),
}


@pytest.mark.parametrize("name", UTTERANCES)
def test_a_transcript_is_within_its_bounds(recognizer: Recognizer, name: str) -> None:
    candidates = recognizer.languages[:2]
    transcript = recognizer.transcribe(UTTERANCES[name], candidates)
    assert transcript.text == transcript.text.strip()
    assert transcript.language in candidates
    assert 1 / len(candidates) <= transcript.language_probability <= 1
    assert 0 <= transcript.confidence <= 1
    assert 0 <= transcript.no_speech <= 1


@pytest.mark.parametrize("name", ["nothing at all", "50 ms", "silence"])
def test_silence_holds_no_words(recognizer: Recognizer, name: str) -> None:
    transcript = recognizer.transcribe(UTTERANCES[name], recognizer.languages)
    assert transcript.text == ""
    assert transcript.no_speech > 0.5


@pytest.mark.parametrize("name", ["spelled", "english", "silence"])
def test_the_only_candidate_is_certain(recognizer: Recognizer, name: str) -> None:
    for language in recognizer.languages[:2]:
        transcript = recognizer.transcribe(UTTERANCES[name], [language])
        assert transcript.language == language
        assert transcript.language_probability == 1


def test_the_same_audio_gives_the_same_words(recognizer: Recognizer) -> None:
    for name in ("english", "noise", "spelled", "tones", "english"):
        pcm = UTTERANCES[name]
        first = recognizer.transcribe(pcm, recognizer.languages)
        assert recognizer.transcribe(pcm, recognizer.languages) == first


@pytest.mark.parametrize(
    ("pcm", "candidates", "reason"),
    [
        (sentence(), (), "unsupported_language"),
        (sentence(), ("xx",), "unsupported_language"),
        (sentence(), ("en", "xx"), "unsupported_language"),
        (Pcm.silence(Millis(1000), 8000), ("en",), "wrong_rate"),
        (quiet(30_001), ("en",), "too_long"),
    ],
    ids=["no language", "unknown", "one unknown", "8 kHz", "30.001 s"],
)
def test_what_cannot_be_transcribed_is_refused(
    recognizer: Recognizer, pcm: Pcm, candidates: tuple[str, ...], reason: str
) -> None:
    with pytest.raises(StageError) as caught:
        recognizer.transcribe(pcm, candidates)
    assert (caught.value.stage, caught.value.reason) == (Stage.RECOGNITION, reason)


def test_the_spelling_recognizer_reads_what_was_spoken() -> None:
    recognizer = SpellingRecognizer()
    for text in ("turn off all bells", "χαλό", "привіт", "wie spät ist es"):
        for rate in (8_000, 16_000, 24_000, 48_000):
            clip = spoken(text, "de", rate=rate).resampled(HEARING_RATE)
            transcript = recognizer.transcribe(clip, ["en", "de"])
            assert (transcript.text, transcript.language) == (text, "de")
    half = spoken("turn on", "en").slice(Millis(0), Millis(160))
    assert recognizer.transcribe(half, ["en"]).text == "tur"


# --- Responder ----------------------------------------------------------------

PLAN = Plan(
    intent=None,
    completeness=Completeness.COMPLETE,
    reply="It is two o'clock.",
    language="en",
    effects=(),
    answered_by="grammar",
)


@pytest.fixture(scope="module")
def grammar() -> GrammarResponder:
    return grammars("en", "de")


@pytest.fixture(params=["grammar", "echo", "scripted"])
def responder(request: pytest.FixtureRequest) -> Responder:
    match request.param:
        case "grammar":
            return request.getfixturevalue("grammar")
        case "echo":
            return EchoResponder()
        case _:
            return ScriptedResponder(plans={"what time is it": PLAN})


SAID = (
    "",
    " ",
    "what time is it",
    "turn on the kitchen light",
    "set a timer for five minutes",
    "wie spät ist es",
    "the small boat crossed the river",
    "?!",
    "a" * 1000,
)


@pytest.mark.parametrize("language", ["en", "de", "mt", "xx"])
@pytest.mark.parametrize("said", SAID)
def test_a_plan_is_whole_and_changes_nothing(
    responder: Responder, said: str, language: str
) -> None:
    plan = responder.plan(said, language, home=HOME, now=NOW)
    assert demo_home().initial_state() == HOME
    assert plan.reply.strip()
    assert plan.language == (language if language in LANGUAGES else "en")
    assert plan.answered_by in ("grammar", "model", "none")
    if plan.intent is not None:
        names = [name for name, _ in plan.intent.slots]
        assert names == sorted(names)
    apply(HOME, plan.effects, now=NOW)
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert responder.plan(said, language, home=HOME, now=NOW) == plan


@pytest.mark.parametrize("language", ["mt", "xx"])
def test_without_a_grammar_nothing_is_understood(
    responder: Responder, language: str
) -> None:
    assert language not in responder.languages
    plan = responder.plan("what time is it", language, home=HOME, now=NOW)
    assert (plan.intent, plan.effects) == (None, ())
    assert plan.completeness is Completeness.OPEN
    spoken_in = LANGUAGES.get(language, LANGUAGES["en"])
    assert plan.reply == spoken_in.not_understood


@pytest.mark.parametrize("said", ["", " "])
def test_no_words_ask_for_nothing(responder: Responder, said: str) -> None:
    plan = responder.plan(said, "en", home=HOME, now=NOW)
    assert (plan.intent, plan.effects) == (None, ())


# --- Synthesizer --------------------------------------------------------------


@pytest.fixture(scope="module")
def piper(tmp_path_factory: pytest.TempPathFactory) -> PiperSynthesizer:
    folder = tmp_path_factory.mktemp("voices")
    write_voice(folder, "en_GB-hum-x_low")
    return PiperSynthesizer.load(folder)


@pytest.fixture(params=["espeak", "piper", "by language", "tone"])
def synthesizer(request: pytest.FixtureRequest) -> Synthesizer:
    match request.param:
        case "espeak":
            return EspeakSynthesizer()
        case "piper":
            return request.getfixturevalue("piper")
        case "by language":
            piper = request.getfixturevalue("piper")
            return VoiceByLanguage([piper, EspeakSynthesizer()])
        case _:
            return ToneSynthesizer()


def speech(synthesizer: Synthesizer, text: str, language: str = "en") -> list[Pcm]:
    return list(synthesizer.speak(text, language))


def samples(pieces: list[Pcm]) -> np.ndarray:
    return np.concatenate([piece.samples for piece in pieces])


def test_every_language_is_spoken(synthesizer: Synthesizer) -> None:
    assert "en" in synthesizer.languages
    for language in synthesizer.languages:
        assert sum(len(piece) for piece in speech(synthesizer, "1 2 3", language))


def test_speech_is_heard_at_one_rate_and_not_clipped(synthesizer: Synthesizer) -> None:
    pieces = speech(synthesizer, "The light is on. So is the radio.")
    assert len({piece.rate for piece in pieces}) == 1
    assert all(len(piece) for piece in pieces)
    loudest = np.abs(samples(pieces).astype(int)).max()
    assert 3000 < loudest < 32_767


def test_more_text_takes_longer(synthesizer: Synthesizer) -> None:
    short = samples(speech(synthesizer, "Yes."))
    long = samples(speech(synthesizer, "Yes, the light in the living room is on now."))
    assert len(long) > 2 * len(short)


@pytest.mark.parametrize("text", ["", " ", "\n\t"])
def test_empty_text_is_not_spoken(synthesizer: Synthesizer, text: str) -> None:
    assert speech(synthesizer, text) == []


def test_an_unknown_language_is_refused_at_once(synthesizer: Synthesizer) -> None:
    with pytest.raises(StageError) as caught:
        synthesizer.speak("Hello", "xx-nowhere")
    assert caught.value.stage is Stage.SYNTHESIS
    assert caught.value.reason == "unsupported_language"


def test_an_abandoned_speech_disturbs_no_later_one(synthesizer: Synthesizer) -> None:
    text = "The small boat crossed the river. It rained. " * 3
    whole = samples(speech(synthesizer, text))
    for _ in range(3):
        begun: Iterator[Pcm] = synthesizer.speak(text, "en")
        next(begun)
        del begun
    again = samples(speech(synthesizer, text))
    assert len(again) == pytest.approx(len(whole), rel=0.01)


def test_two_speeches_at_a_time_do_not_mix(synthesizer: Synthesizer) -> None:
    one = samples(speech(synthesizer, "The light is on. So is the radio."))
    pieces = []
    other = synthesizer.speak("The curtains are closed. Good night.", "en")
    for piece in synthesizer.speak("The light is on. So is the radio.", "en"):
        pieces.append(piece)
        next(other, None)
    assert len(samples(pieces)) == pytest.approx(len(one), rel=0.01)
