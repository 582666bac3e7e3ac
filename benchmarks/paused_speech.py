"""Speech with pauses of known length at known places, composed on the fly.

Two kinds of voices. eSpeak NG speaks commands of the grammar and open speech, in the
variants that the recipe of the starter keeps out of its training. People come from a
folder of recordings, if there is one: pauses are put where they are quiet anyway.

Every voice belongs to a person, hasty or slow: that decides how long the pauses are.
Half of the pauses of eSpeak interrupt the melody ("turn on the" | "light" cut out of
one breath), half let each part end like a sentence. People who think on their feet do
something between.
"""

import os
import random
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

from audio_fixtures.rooms import RATE, Sound, decibels, in_room, room_tone
from benchmarks.sentences import Sampler, open_speech
from voice.assembly import ModelChoice, read_home
from voice.audio import Pcm, read_audio
from voice.errors import ClientError
from voice.events import Completeness
from voice.fixtures import Clip, read_index
from voice.held_out import VARIANTS
from voice.home import HomeState
from voice.loudness import voiced
from voice.responders.grammar import GrammarResponder
from voice.synthesizers.espeak import Espeak, Prosody

__all__ = [
    "LANGUAGES",
    "Pause",
    "PausedClip",
    "all_clips",
    "judge",
    "people",
    "recordings_folder",
    "synthetic",
]

LANGUAGES = ("en", "de", "fr", "es")
"""Those that the starter hears."""

HASTY, SLOW = (150, 600), (400, 1200)
"""Milliseconds that the pauses of a person last, least and most."""

TWO_PAUSES = 0.3
"""Of the utterances have two pauses, the others one."""

LEAD, TAIL = 500, 3500
"""Milliseconds of the room before the first word and after the last."""

AUDIBLE = -40.0
"""Speech lasts from the first to the last sample above this, in dB of its peak."""

NOW = datetime(2026, 11, 21, 14, 5, tzinfo=UTC)

A_WORD = 200
"""Milliseconds of voice before which there is no pause yet: a breath, a smack."""

NATURAL = 150
"""Milliseconds from which a lull that was there before counts as a pause."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Where nobody speaks, in milliseconds of the clip."""

    start: int
    end: int
    before: Completeness | None
    """Of the true words before it; None where the words have no known times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedClip:
    """Something said, with everything about it known."""

    name: str
    language: str
    kind: str
    """``command`` or ``open``."""
    speech: str
    """``espeak`` or ``people``."""
    person: str
    """Who speaks; the same person pauses in the same way."""
    home: str
    """The home that a command is about."""
    text: str
    whole: Completeness
    """Of the true words, at the end."""
    pcm: Pcm
    end: int
    """The true end of the speech, in milliseconds of the clip."""
    pauses: tuple[Pause, ...]
    drawn: bool = True
    """Whether the places of the pauses were drawn, or picked where a request is whole
    already and goes on."""


@cache
def home_state(home: str) -> HomeState:
    """One of the homes that come with Parley, as it is when nothing happened yet."""
    return read_home(ModelChoice(home=home)).initial_state()


@cache
def responder_for(language: str, home: str) -> GrammarResponder:
    """The responder of one language and one of the homes that come with Parley."""
    return GrammarResponder.load(read_home(ModelChoice(home=home)), [language])


def judge(text: str, language: str, home: str) -> Completeness:
    """How far `text` is from being a whole request, in a home where nothing happened."""
    responder = responder_for(language, home)
    state = home_state(home)
    return responder.plan(text, language, home=state, now=NOW).completeness


# --- eSpeak -------------------------------------------------------------------


def synthetic(language: str, commands: int, seed: int = 1) -> Iterator[PausedClip]:
    """Commands and open speech in held-out voices, with drawn pauses.

    For each command that is whole before its end there is another clip with the pause
    there ("turn on the light" ... "in the kitchen"): `PausedClip.drawn` is False.
    """
    rng = random.Random(f"{seed} {language}")
    spoken = [("command", text) for text in commands_of(language, commands, rng)]
    spoken += [("open", text) for text in open_speech().get(language, ())]
    for number, (kind, text) in enumerate(spoken):
        voice = VARIANTS[number % len(VARIANTS)]
        name = f"{language}/{kind}{number:03}"
        # Once at a stretch, so that there is a whole to compare the wait with.
        yield compose(f"{name} whole", text, kind, (language, voice), ())
        yield compose(name, text, kind, (language, voice), _drawn(text, rng))
        if kind == "command" and (place := _whole_before_its_end(text, language)):
            yield compose(
                f"{name} goes on", text, kind, (language, voice), (place,), drawn=False
            )


def commands_of(language: str, count: int, rng: random.Random) -> list[str]:
    """Commands that do or ask something in the demo home, without repetition."""
    state = home_state("demo")
    responder = responder_for(language, "demo")

    def sensible(text: str) -> bool:
        plan = responder.plan(text, language, home=state, now=NOW)
        name = plan.intent.name if plan.intent else ""
        asks = name.startswith(("HassGet", "HassClimateGet"))
        return bool(plan.effects or asks) and len(text.split()) > 1

    sampler = Sampler(language, read_home(ModelChoice()), rng)
    drawn = dict.fromkeys(islice(sampler.sentences(), 20 * count))
    return list(islice(filter(sensible, drawn), count))


def _drawn(text: str, rng: random.Random) -> tuple[int, ...]:
    """After how many words there is a pause."""
    words = len(text.split())
    most = min(2 if rng.random() < TWO_PAUSES else 1, words - 1)
    return tuple(sorted(rng.sample(range(1, words), most)))


def _whole_before_its_end(text: str, language: str) -> int | None:
    words = text.split()
    whole = {Completeness.COMPLETE, Completeness.EXTENDABLE}
    for at in range(len(words) - 1, 1, -1):
        if judge(" ".join(words[:at]), language, "demo") in whole:
            return at
    return None


def compose(
    name: str,
    text: str,
    kind: str,
    voice: tuple[str, str],
    places: Sequence[int],
    *,
    drawn: bool = True,
) -> PausedClip:
    """Speak `text` in a room, with a pause after each number of words in `places`.

    Args:
        name: of the clip; everything random about it follows from it.
        text: what to say.
        kind: of clip.
        voice: language, and variant of eSpeak.
        places: rising, none of them at the very end.
        drawn: see `PausedClip`.
    """
    language, variant = voice
    seed = zlib.crc32(f"{name} {text}".encode())
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    person = f"{language}+{variant}"
    prosody = Prosody(rate=rng.randint(145, 185), pitch=rng.randint(35, 65))
    parts = _spoken_parts(text, person, prosody, places, held=rng.random() < 0.5)
    words = text.split()
    pieces: list[Sound] = [np.zeros(LEAD * RATE // 1000)]
    pauses: list[Pause] = []
    position = len(pieces[0])
    for at, part in zip([*places, len(words)], parts, strict=True):
        pieces.append(part)
        position += len(part)
        if at < len(words):
            length = rng.randint(*pace(person))
            start = position * 1000 // RATE
            before = judge(" ".join(words[:at]), language, "demo")
            pauses.append(Pause(start, start + length, before))
            pieces.append(np.zeros(length * RATE // 1000))
            position += len(pieces[-1])
    dry = np.concatenate([*pieces, np.zeros(TAIL * RATE // 1000)])
    dry *= decibels(rng.uniform(-15.0, -8.0)) / np.abs(dry).max()
    heard = in_room(dry, noise) + room_tone(len(dry), noise)
    return PausedClip(
        name=name,
        language=language,
        kind=kind,
        speech="espeak",
        person=person,
        home="demo",
        text=text,
        whole=judge(text, language, "demo"),
        pcm=Pcm.of_floats(heard, RATE),
        end=position * 1000 // RATE,
        pauses=tuple(pauses),
        drawn=drawn,
    )


def pace(person: str) -> tuple[int, int]:
    """How long the pauses of a person last, in milliseconds: least and most."""
    return HASTY if zlib.crc32(person.encode()) % 2 else SLOW


def _spoken_parts(
    text: str, voice: str, prosody: Prosody, places: Sequence[int], *, held: bool
) -> list[Sound]:
    """The words between the places; cut out of one breath if `held`."""
    words = text.split()
    cuts = _cut_samples(text, voice, prosody, places) if held else None
    if cuts is None:
        edges = [0, *places, len(words)]
        parts = (" ".join(words[a:b]) for a, b in pairwise(edges))
        return [_audible(_rendered(part, voice, prosody)) for part in parts]
    whole = _rendered(text, voice, prosody)
    edges = [0, *cuts, len(whole)]
    spans = pairwise(edges)
    return [_audible(_faded(whole[begin:end])) for begin, end in spans]


def _cut_samples(
    text: str, voice: str, prosody: Prosody, places: Sequence[int]
) -> list[int] | None:
    """Where the words after each place begin; None if eSpeak does not tell."""
    espeak = Espeak.load()
    _, phonemes = espeak.render(text, voice, prosody=prosody)
    words = text.split()
    cuts = []
    for place in places:
        offset = len(" ".join(words[:place])) + 1
        starts = [p.start for p in phonemes if p.position == offset and p.symbol]
        if not starts:
            return None
        cuts.append(starts[0] * RATE // espeak.rate)
    return cuts if cuts == sorted(set(cuts)) else None


def _rendered(text: str, voice: str, prosody: Prosody) -> Sound:
    espeak = Espeak.load()
    samples, _ = espeak.render(text, voice, prosody=prosody)
    pcm = Pcm(samples, espeak.rate).resampled(RATE)
    return pcm.to_floats().astype(np.float64)


def _audible(sound: Sound) -> Sound:
    loud = np.flatnonzero(np.abs(sound) > decibels(AUDIBLE) * np.abs(sound).max())
    return sound[loud[0] : loud[-1] + 1]


def _faded(sound: Sound) -> Sound:
    """Without a click at either end."""
    edge = min(RATE // 200, len(sound) // 2)
    ramp = np.linspace(0, 1, edge)
    sound = sound.copy()
    sound[:edge] *= ramp
    sound[len(sound) - edge :] *= ramp[::-1]
    return sound


# --- People -------------------------------------------------------------------


def recordings_folder() -> Path | None:
    """The recordings for development, if there are any.

    PARLEY_SPEECH names the folder; without it, it is looked for beside the repository.
    """
    beside = Path(__file__).parents[1].parent / "shared" / "speech"
    folder = Path(os.environ.get("PARLEY_SPEECH", beside)) / "dev"
    return folder if (folder / "index.csv").is_file() else None


def people(folder: Path, languages: Sequence[str]) -> Iterator[PausedClip]:
    """Recordings of people: each at a stretch, and twice with pauses put into lulls.

    What they say and where they end is known, and that their pauses are none of an
    end; which words come before a pause is not.

    Raises:
        ClientError: the index or a recording cannot be read.
    """
    for clip in read_index(folder / "index.csv"):
        if clip.speech != "human" or clip.language not in languages:
            continue
        for take in range(3):
            yield _with_pauses(clip, folder, take)


def _with_pauses(clip: Clip, folder: Path, take: int) -> PausedClip:
    assert clip.language is not None
    name = f"{clip.file.relative_to(folder)} {take}"
    seed = zlib.crc32(name.encode())
    rng, noise = random.Random(seed), np.random.default_rng(seed)
    pcm = read_audio(clip.file).resampled(RATE)
    sound = pcm.to_floats().astype(np.float64)
    end = voiced(sound, RATE)[-1][1]
    lulls = _lulls(sound)
    chosen = rng.sample(lulls, min(len(lulls), rng.choice((1, 2)))) if take else []
    person = f"{clip.language} {_person(clip)}{take}"
    floor = _floor(sound)
    pieces = [floor(LEAD, noise)]
    pauses, done, position = [], 0, len(pieces[0])
    for lull in sorted(lulls):
        begin, stop = lull
        added = rng.randint(*pace(person)) if lull in chosen else 0
        length = (stop - begin) * 1000 // RATE + added
        middle = (begin + stop) // 2
        if length >= NATURAL:
            start = (position + begin - done) * 1000 // RATE
            pauses.append(Pause(start, start + length, None))
        pieces += [_faded(sound[done:middle]), floor(added, noise)]
        position += len(pieces[-2]) + len(pieces[-1])
        done = middle
    pieces += [_faded(sound[done:end]), floor(TAIL, noise)]
    position += end - done
    command = clip.kind == "command"
    home = "recordings" if command else "demo"
    return PausedClip(
        name=name,
        language=clip.language,
        kind="command" if command else "open",
        speech="people",
        person=person,
        home=home,
        text=clip.transcript,
        whole=judge(clip.transcript, clip.language, home),
        pcm=Pcm.of_floats(np.concatenate(pieces), RATE),
        end=position * 1000 // RATE,
        pauses=tuple(pauses),
    )


def _person(clip: Clip) -> str:
    return clip.file.stem.split("_")[0]


def _lulls(sound: Sound) -> list[tuple[int, int]]:
    """Where a voice is soft for a moment, first and last sample; not at the ends."""
    spans = voiced(sound, RATE)
    lulls, spoken = [], 0
    for (begin, stop), (after, _) in pairwise(spans):
        spoken += stop - begin
        if spoken >= A_WORD * RATE // 1000:
            lulls.append((stop, after))
    return lulls


def _floor(sound: Sound) -> Callable[[int, np.random.Generator], Sound]:
    """Makes milliseconds of noise as loud as the recording where it is quietest."""
    step = RATE // 100
    frames = sound[: len(sound) // step * step].reshape(-1, step)
    quiet = float(np.quantile(np.sqrt((frames**2).mean(axis=1)), 0.05))

    def make(millis: int, random_: np.random.Generator) -> Sound:
        count = millis * RATE // 1000
        if not count:
            return np.zeros(0)
        tone = room_tone(max(count, RATE // 10), random_)[:count]
        return tone * max(1.0, quiet / decibels(-72.0))

    return make


def all_clips(
    languages: Iterable[str], commands: int, folder: Path | None
) -> Iterator[PausedClip]:
    """Everything there is to measure with.

    Raises:
        ClientError: no language of the list is one that can be measured.
    """
    wanted = [language for language in languages if language in LANGUAGES]
    if not wanted:
        raise ClientError(
            "unknown_language", f"none of {', '.join(LANGUAGES)} was asked for"
        )
    for language in wanted:
        yield from synthetic(language, commands)
    if folder is not None:
        yield from people(folder, wanted)
