"""`parley eval`: how well recordings, or voices made for it, are understood."""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from streaming.commands.options import (
    add_json_option,
    add_settings,
    config_from,
    print_json,
)
from streaming.commands.progress import with_progress
from streaming.commands.tables import percent, table
from streaming.commands.target_parts import Sizes
from streaming.commands.target_rows import print_results
from streaming.commands.targets import Measurement
from streaming.commands.transcribe import load_listener
from streaming.config import Config
from voice.assembly import ModelChoice, heard_languages, load_responder
from voice.audio import read_audio
from voice.errors import ConfigError
from voice.evaluation import ALL, Evaluation, Outcome, Score, tally
from voice.fixtures import Clip, read_index
from voice.languages import LANGUAGES, canonical, for_client
from voice.manifests import data_root
from voice.scoring import NORMALIZER

__all__ = ["add_arguments", "run"]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this command."""
    parser.add_argument(
        "index",
        nargs="?",
        type=Path,
        metavar="INDEX.csv",
        help="with at least the columns language, transcript, file; or a folder with"
        " an index.csv (default: the recordings that come with Parley)",
    )
    parser.add_argument("--language", metavar="L", help="only clips in this language")
    parser.add_argument(
        "--limit", type=_count, metavar="N", help="only the first N clips"
    )
    parser.add_argument(
        "--detect",
        action="store_true",
        help="do not tell the recogniser the language; adds language_accuracy",
    )
    parser.add_argument(
        "--by-group",
        action="store_true",
        help="also for each kind of recording and speaker",
    )
    parser.add_argument(
        "--errors",
        action="store_true",
        help="also every clip that was not understood, or misunderstood",
    )
    parser.add_argument(
        "--targets",
        action="store_true",
        help="measure what the starter models are to reach: every language in made"
        " voices, an hour of noise, decoding times; with INDEX.csv neural voices and"
        " people too (a quarter of an hour)",
    )
    parser.add_argument(
        "--results",
        type=Path,
        metavar="FILE.json",
        help="with --targets: keep what was measured, and go on from there",
    )
    add_json_option(parser)
    add_settings(
        parser,
        "conversation.home",
        "conversation.languages",
        "models.recognizer",
        "models.device",
        "models.threads",
    )


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1, not {text}")
    return int(text)


def run(arguments: argparse.Namespace) -> int:
    """Hear every clip and print the scores."""
    _check_options(arguments)
    config = config_from(arguments)
    if arguments.targets:
        return _run_targets(config, arguments)
    clips = _chosen(read_index(_index(arguments.index)), arguments)
    choice = config.choice if arguments.detect else _narrowed(config.choice, clips)
    listener, languages = load_listener(config, choice)
    evaluation = Evaluation(
        listen=listener.transcribe,
        interpreter=load_responder(choice),
        languages=languages,
        detect=arguments.detect,
    )
    outcomes = [
        outcome
        for clip in with_progress(clips, "listening")
        for outcome in evaluation.hear(clip, read_audio(clip.file))
    ]
    scores = _scores(outcomes, by_group=arguments.by_group)
    if arguments.json:
        for score in scores:
            print_json(_described(score, detect=arguments.detect))
    else:
        _print(scores, detect=arguments.detect)
    if arguments.errors:
        _print_errors(outcomes, as_json=arguments.json)
    return 0


def _check_options(arguments: argparse.Namespace) -> None:
    """Refuse what would be ignored."""
    if not arguments.targets:
        if arguments.results is not None:
            raise ConfigError(
                "--results: only with --targets; add it, or leave this out"
            )
        return
    for name in ("detect", "by_group", "errors"):
        if getattr(arguments, name):
            option = "--" + name.replace("_", "-")
            raise ConfigError(f"{option}: not with --targets; leave one of them out")


def _run_targets(config: Config, arguments: argparse.Namespace) -> int:
    index = None if arguments.index is None else _index(arguments.index)
    clips = [] if index is None else _chosen(read_index(index), arguments)
    sizes = Sizes()
    if arguments.limit is not None:
        limit = arguments.limit
        sizes = Sizes(sentences=limit, wordless_s=60.0 * limit, recordings=limit)
    print_results(
        Measurement(config, clips, sizes, arguments.results, index=index).run(),
        as_json=arguments.json,
    )
    return 0


def _index(given: Path | None) -> Path:
    if given is None:
        given = data_root() / "audio_fixtures"
    return given / "index.csv" if given.is_dir() else given


def _chosen(clips: Sequence[Clip], arguments: argparse.Namespace) -> list[Clip]:
    """Those that the options ask for."""
    if arguments.language is not None:
        known = {clip.language for clip in clips if clip.language is not None}
        among = sorted({tag for name in known if (tag := canonical(name))})
        wanted = for_client(arguments.language, among=among)
        clips = [c for c in clips if c.language and canonical(c.language) == wanted]
    return list(clips[: arguments.limit])


def _narrowed(choice: ModelChoice, clips: Sequence[Clip]) -> ModelChoice:
    """Without languages that nobody asked for and no clip is in, for a quick start."""
    if choice.languages:
        return choice
    spoken = {canonical(clip.language) for clip in clips if clip.language}
    needed = tuple(tag for tag in heard_languages(choice) if tag in spoken)
    return replace(choice, languages=needed)


def _scores(outcomes: Sequence[Outcome], *, by_group: bool) -> list[Score]:
    languages = sorted({outcome.language for outcome in outcomes} - {""})
    groups = sorted({outcome.group for outcome in outcomes}) if by_group else []
    scores = [
        tally(outcomes, language, group)
        for language in (*languages, ALL)
        for group in ("", *groups)
    ]
    return [score for score in scores if _counts_something(score)]


def _counts_something(score: Score) -> bool:
    return not score.group or bool(
        score.clips or score.speechless or score.skipped_language
    )


def _described(score: Score, *, detect: bool) -> dict[str, Any]:
    content: dict[str, Any] = {
        "language": score.language,
        "clips": score.clips,
        "wer": _rounded(score.words.rate),
        "cer": _rounded(score.characters.rate),
        "intents": score.intents,
        "understood": score.understood,
        "intent_accuracy": _rounded(score.intent_accuracy),
        "intent_interval": score.intent_interval,
        "mistaken": score.mistaken,
        "empty_on_speech": score.empty_on_speech,
        "text_on_noise": score.text_on_noise,
        "no_reference_intent": score.no_reference_intent,
        "skipped_language": score.skipped_language,
        "noise_clips": score.speechless,
        "words": score.words.length,
        "normalizer": NORMALIZER,
    }
    if detect:
        content["language_accuracy"] = _rounded(score.language_accuracy)
    if score.group:
        content["group"] = score.group
    return content


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def _print(scores: Sequence[Score], *, detect: bool) -> None:
    header = ["language", "recordings", "clips", "WER", "CER", "intents", "understood"]
    header += ["95 % interval", "mistaken", "empty", "text on noise"]
    header += ["language told"] * detect
    heard = [score for score in scores if score.clips or score.speechless]
    rows = [_row(score, detect=detect) for score in heard]
    print(table(header, rows))
    skipped = {s.language: s.skipped_language for s in scores if not s.group}
    total = skipped.pop(ALL)
    if total:
        named = ", ".join(f"{tag} {n}" for tag, n in skipped.items() if n)
        print(f"\nnot heard, as the recogniser does not know them: {total} ({named})")
    print(f"\nerrors after the normaliser {NORMALIZER}; intents: clips whose reference")
    print("asks for something in this home; mistaken: something else was understood;")
    print("empty: speech in which no word was heard")


def _print_errors(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    for outcome in outcomes:
        if not outcome.is_error:
            continue
        assert outcome.heard is not None
        content = {
            "error": "mistaken" if outcome.mistaken else "not understood",
            "language": outcome.language,
            "group": outcome.group,
            "reference": outcome.reference,
            "heard": outcome.heard.text,
            "heard_language": outcome.heard.language,
            "confidence": round(outcome.heard.confidence, 3),
            "file": str(outcome.file),
        }
        if as_json:
            print_json(content)
        else:
            print(
                "{error} [{language}] {reference!r}: {heard!r} {file}".format(**content)
            )


def _interval(interval: tuple[float, float] | None) -> str:
    if interval is None:
        return "-"
    low, high = interval
    return f"{100 * low:.0f}-{100 * high:.0f} %"


def _row(score: Score, *, detect: bool) -> list[str]:
    name = LANGUAGES[score.language].english if score.language in LANGUAGES else "all"
    row = [
        name,
        score.group or "all",
        str(score.clips),
        percent(score.words.rate),
        percent(score.characters.rate),
        str(score.intents),
        percent(score.intent_accuracy),
        _interval(score.intent_interval),
        str(score.mistaken),
        str(score.empty_on_speech),
        f"{score.text_on_noise}/{score.speechless}" if score.speechless else "-",
    ]
    return [*row, percent(score.language_accuracy)] if detect else row
