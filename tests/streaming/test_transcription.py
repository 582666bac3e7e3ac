"""One utterance to text: what is heard again, and what is told of it."""

from dataclasses import dataclass, field

from streaming.inference import InlineStages
from streaming.transcription import Transcriber
from streaming.workers import Priority
from voice.audio import HEARING_RATE, Pcm
from voice.events import Millis
from voice.stages import Transcript
from voice.testing import EchoResponder, ToneSynthesizer

CLIP = Pcm.silence(Millis(900), HEARING_RATE)
TWO = ("en", "de")


@dataclass
class Unsure:
    """Takes everything for German, as far as it may."""

    sure: float
    text: str = "stopp"
    asked: list[tuple[str, ...]] = field(default_factory=list)
    languages: tuple[str, ...] = TWO

    def transcribe(self, pcm, candidates):
        self.asked.append(tuple(candidates))
        language = "de" if "de" in candidates else candidates[0]
        return Transcript(
            text=self.text if language == "de" else "stop",
            language=language,
            language_probability=self.sure if len(candidates) > 1 else 1.0,
            confidence=0.8,
            no_speech=0.0,
        )


def transcriber(recognizer, *, conversation):
    made = Transcriber(InlineStages(recognizer, EchoResponder(), ToneSynthesizer()))
    made.language.settle(conversation, heard=conversation)
    return made


async def say(made, speech):
    return await made.transcribe(
        CLIP, TWO, speech=Millis(speech), priority=Priority.SPECULATIVE
    )


async def test_a_doubtful_change_is_heard_again_in_the_language_that_is_kept():
    recognizer = Unsure(0.9)
    said = await say(transcriber(recognizer, conversation="en"), 400)
    assert recognizer.asked == [TWO, ("en",)]
    assert (said.transcript.text, said.transcript.language) == ("stop", "en")
    assert said.likeliest == "de"
    assert round(said.transcript.language_probability, 6) == 0.1


async def test_a_certain_change_is_heard_once():
    recognizer = Unsure(0.99)
    said = await say(transcriber(recognizer, conversation="en"), 400)
    assert recognizer.asked == [TWO]
    assert (said.transcript.language, said.likeliest) == ("de", "de")


async def test_silence_is_not_heard_again():
    recognizer = Unsure(0.5, text="")
    said = await say(transcriber(recognizer, conversation="en"), 400)
    assert recognizer.asked == [TWO]
    assert said.transcript.text == ""


async def test_a_partial_transcript_waits_until_its_language_is_known():
    recognizer = Unsure(0.6)
    made = transcriber(recognizer, conversation="en")

    async def partial(speech):
        return await made.transcribe_partially(CLIP, TWO, speech=Millis(speech))

    assert await partial(400) == "stop"
    assert recognizer.asked == [("en",)]
    assert await partial(900) == ""
    assert await partial(1900) == "stopp"


async def test_what_is_not_understood_yet_is_no_partial_transcript():
    made = transcriber(Unsure(1.0, text="…"), conversation="de")
    assert await made.transcribe_partially(CLIP, ("de",), speech=Millis(900)) == ""


async def test_a_mark_for_unclear_words_is_no_partial_but_it_is_a_transcript():
    made = transcriber(Unsure(0.99, "…"), conversation="de")
    said = await say(made, 900)
    assert said.transcript.text == "…"
    partial = await made.transcribe_partially(CLIP, TWO, speech=Millis(900))
    assert partial == ""
