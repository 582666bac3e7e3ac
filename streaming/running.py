"""From a configuration to a server that listens, and to its graceful end."""

import asyncio
import gc
import logging
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path

from streaming.assistance import open_assistant
from streaming.config import Config
from streaming.household import Household
from streaming.inference import Deadlines, Loaders, WorkerStages
from streaming.server import Server, check_address
from streaming.services import Services
from streaming.side_doors import check_doors, open_doors
from streaming.speech_cache import RememberingStages, SpeechCache, rehearse
from streaming.telemetry import Telemetry
from streaming.tool_settings import read_token
from streaming.voxtral import VoxtralServer, load_voxtral
from voice.assembly import (
    common_replies,
    hears_only_sentences,
    load_recognizer,
    load_responder,
    load_synthesizer,
    load_voice_activity,
    read_home,
    served_languages,
)
from voice.home import Home
from voice.stages import Recognizer
from voice.waking import SURE

__all__ = ["recognizer_loader", "running", "worker_stages"]

log = logging.getLogger(__name__)


def worker_stages(config: Config) -> WorkerStages:
    """The stages of the configuration, in worker processes, not yet started."""
    choice, workers = config.choice, config.workers
    return WorkerStages(
        Loaders(
            recognizer=recognizer_loader(config),
            responder=partial(load_responder, choice, clock=time.monotonic),
            synthesizer=partial(load_synthesizer, choice),
        ),
        deadlines=Deadlines(
            recognize=workers.recognize_deadline_s,
            respond=workers.respond_deadline_s,
            synthesize=workers.synthesize_deadline_s,
        ),
        sizes=(workers.recognize, workers.respond, workers.synthesize),
        threads=config.models.threads,
    )


def recognizer_loader(config: Config) -> Callable[[], Recognizer]:
    """What loads the recogniser of the configuration, in whichever process.

    Raises:
        ConfigError: the key of a server cannot be read.
    """
    voxtral = config.voxtral
    if not voxtral.url:
        return partial(load_recognizer, config.choice)
    file = voxtral.key_file
    key = read_token(Path(file), "voxtral.key_file") if file else ""
    return partial(
        load_voxtral,
        VoxtralServer(
            url=voxtral.url,
            model=voxtral.model,
            key=key,
            languages=served_languages(config.choice),
            connect_s=voxtral.connect_s,
            answer_s=voxtral.answer_s,
        ),
    )


@asynccontextmanager
async def running(config: Config) -> AsyncIterator[Server]:
    """A server that is ready; leaving the context drains it.

    Raises:
        ConfigError: a model cannot be loaded or the address is taken.
    """
    await check_address(config.server)
    await check_doors(config)
    choice = config.choice
    languages = served_languages(choice)
    home = read_home(choice)
    household = Household(
        home.initial_state(), clock=lambda: datetime.now().astimezone()
    )
    async with (
        worker_stages(config) as stages,
        open_assistant(config, home, household.clock) as assistant,
    ):
        remembering = RememberingStages(stages, SpeechCache())
        services = Services(
            stages=remembering,
            household=household,
            languages=languages,
            open_activity=load_voice_activity(),
            telemetry=Telemetry(),
            home=home,
            turns=config.turns,
            gate=config.gate,
            assistant=assistant,
            wake=replace(
                config.wake.policy, sure=SURE if hears_only_sentences(choice) else 0.0
            ),
            attention=config.wake.attention,
        )
        server = Server(config, services, stages.pools)
        await server.start()
        # What was loaded stays: the collector need not look at it again.
        gc.collect()
        gc.freeze()
        rehearsal = asyncio.create_task(_rehearse(remembering, home, languages))
        try:
            async with open_doors(config, services) as doors:
                server.doors = doors
                yield server
        finally:
            rehearsal.cancel()
            with suppress(asyncio.CancelledError):
                await rehearsal
            await server.drain()
            household.close()
            gc.unfreeze()


async def _rehearse(
    stages: RememberingStages, home: Home, languages: Sequence[str]
) -> None:
    """Have the commonest replies ready soon, without delaying anybody."""
    try:
        for language in languages:
            replies = await asyncio.to_thread(common_replies, home, language)
            await rehearse(stages, replies, language)
    except Exception:
        # The replies are spoken all the same; but a bug must not be hidden.
        log.exception("a bug while rehearsing")
    gc.freeze()
