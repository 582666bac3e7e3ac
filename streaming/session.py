"""One conversation: feeds the turn machine and carries out its commands.

Everything here runs on one event loop, and only `_tell` touches the machine, so
that there are no locks. Work that takes time runs in tasks which end by telling
the machine what came of it; the machine decides whether that still matters.
"""

import asyncio
import logging
from collections.abc import Coroutine
from dataclasses import asdict, replace
from typing import Self

from streaming.announcements import Announcements
from streaming.answering import Answering
from streaming.hearing import Hearing
from streaming.household import Announcement
from streaming.messages import (
    ClientMessage,
    Committed,
    FloorChanged,
    HomeWatchRequest,
    InputClear,
    InputCommit,
    InputEnd,
    IntentMessage,
    Playback,
    ResponseCancel,
    SessionUpdate,
    SessionUpdated,
    SpeechStartedMessage,
    SpeechStoppedMessage,
    TextInput,
    TranscriptDelta,
)
from streaming.partials import Partials
from streaming.services import Listener, Services, SessionSettings
from streaming.speaking import Speaker, report
from streaming.tasks import Tasks
from streaming.transcription import Transcriber
from streaming.turn import Turn
from streaming.watching import HomeWatch
from streaming.workers import Priority
from voice import languages as known
from voice import substance
from voice.audio import Pcm
from voice.detection import SpeechGate
from voice.endpointing import TurnPolicy
from voice.errors import ClientError, StageError
from voice.events import (
    Announce,
    AnnouncementDue,
    Apologize,
    BeginUtterance,
    Command,
    CommitUtterance,
    Disconnected,
    DropSpeculation,
    DropUtterance,
    Duck,
    Event,
    Millis,
    Overheard,
    Prepare,
    Prepared,
    Release,
    ReplyCancelled,
    Revision,
    SpeechEnded,
    SpeechStarted,
    StageFailed,
    StopReply,
    Substance,
    TextSubmitted,
    Transcribe,
    Transcribed,
    TurnId,
    Unduck,
    UtteranceDiscarded,
    UtteranceSubmitted,
)
from voice.stages import Transcript
from voice.turns import Floor, TurnMachine

__all__ = ["Session"]

log = logging.getLogger(__name__)

MAX_TEXT = 1000
"""Characters of a typed turn."""


class Session:
    """One conversation with one client.

    Use as an asynchronous context manager; it owns its tasks.

    Args:
        services: shared with the other sessions.
        listener: where messages and audio go.
        name: for the log.
    """

    def __init__(self, services: Services, listener: Listener, *, name: str) -> None:
        self.name = name
        self.settings = SessionSettings(languages=services.languages)
        self._services = services
        self._listener = listener
        self._machine = TurnMachine(services.turns)
        self._tasks = Tasks(listener.fail)
        self._spawn = self._tasks.spawn
        self._hearing = Hearing(
            services.open_activity(),
            SpeechGate(services.gate),
            rate=self.settings.input_rate,
            longest=Millis(services.turns.max_utterance + 1000),
        )
        self._transcriber = Transcriber(services.stages)
        self._turn = Turn(TurnId(0), services.languages[0])
        self._answering = Answering(
            services.assistant,
            session=name,
            send=listener.send,
            spawn=self._spawn,
            now=lambda: self.now,
        )
        self._speaker = Speaker(
            services,
            listener,
            play=self._play,
            tell=self._tell,
            over=self._answering.over,
            spawn=self._spawn,
        )
        self._watch = HomeWatch(services.household, services.home, listener)
        self._announcements = Announcements()
        self._typed = TextInput(text="")
        self._work: asyncio.Task[None] | None = None
        self._partials = Partials(
            self._transcriber,
            spawn=self._spawn,
            now=lambda: self.now,
            heard=self._hear_words,
        )
        self._ending: asyncio.Task[None] | None = None
        self._onset = Millis(0)
        self._floor_told = self._machine.floor

    async def __aenter__(self) -> Self:
        """Begin to listen."""
        self._services.household.join(self.announce)
        self._services.telemetry.session_opened()
        return self

    async def __aexit__(self, *_: object) -> None:
        """The client is gone: nothing of the session goes on."""
        self._tell(Disconnected())
        self._services.household.leave(self.announce)
        self._watch.end()
        await self._tasks.aclose()
        self._services.telemetry.session_closed()

    @property
    def floor(self) -> Floor:
        """Who has the floor."""
        return self._machine.floor

    @property
    def now(self) -> Millis:
        """Audio received so far."""
        return self._hearing.now

    @property
    def _expected_language(self) -> str:
        return self._transcriber.language.among(self.settings.languages)

    # --- What comes in --------------------------------------------------------

    def hear(self, data: bytes) -> None:
        """Take audio of any length.

        Raises:
            ClientError: ``invalid_audio``; nothing of `data` was taken.
        """
        self._hear(Pcm.of_bytes(data, self._hearing.rate))

    def receive(self, message: ClientMessage) -> None:
        """Take a message.

        Raises:
            ClientError: it cannot be obeyed; the session stays as it was.
        """
        match message:
            case SessionUpdate():
                self._update(message)
            case InputCommit():
                self._tell(UtteranceSubmitted())
            case InputClear():
                self._tell(UtteranceDiscarded())
            case InputEnd():
                if self._ending is None or self._ending.done():
                    self._ending = self._spawn(self._listen_to_silence())
            case TextInput():
                self._type(message)
            case ResponseCancel():
                self._announcements.refuse()
                self._tell(ReplyCancelled())
            case Playback(turn=turn, position_ms=position):
                self._speaker.report(TurnId(turn), Millis(position))
            case HomeWatchRequest(language=asked):
                self._watch.begin(asked or self.settings.languages[0])

    def pace(self, turns: TurnPolicy) -> None:
        """Wait otherwise for the end of an utterance, from now on."""
        self._machine.policy = turns

    def announce(self, announcement: Announcement) -> None:
        """Say something when the floor is free."""
        if self._announcements.add(announcement):
            self._tell(AnnouncementDue())

    def _hear(self, pcm: Pcm) -> None:
        for event in self._hearing.feed(pcm):
            if event is not None:
                self._tell(event)
            else:
                self._obey(self._machine.advance(self.now))
            if self.floor in (Floor.USER, Floor.OVERLAP):
                self._partials.consider(
                    self._hearing.utterance, self.settings.languages
                )

    async def _listen_to_silence(self) -> None:
        """Time is audio: without audio to come, silence must stand in for it."""
        step = Millis(100)
        while self.floor in (Floor.USER, Floor.PAUSE, Floor.OVERLAP):
            self._hear(Pcm.silence(step, self._hearing.rate))
            await asyncio.sleep(step / 1000)

    def _update(self, message: SessionUpdate) -> None:
        settings = self.settings.changed_by(message, served=self._services.languages)
        if settings.input_rate != self._hearing.rate:
            self._hearing.rate = settings.input_rate
        self._speaker.rate = settings.output_rate
        self.settings = settings
        disclosure = known.get(settings.languages[0]).disclosure
        self._listener.send(SessionUpdated(**asdict(settings), disclosure=disclosure))

    def _type(self, message: TextInput) -> None:
        if not message.text.strip() or len(message.text) > MAX_TEXT:
            raise ClientError(
                "invalid_value", f"text must have 1 to {MAX_TEXT} characters"
            )
        if message.language is not None:
            known.for_client(message.language, among=self._services.languages)
        self._typed = message
        self._tell(TextSubmitted())

    # --- The machine ----------------------------------------------------------

    def _tell(self, event: Event) -> None:
        commands = self._machine.handle(event, self.now)
        turn = self._machine.turn
        match event:
            case SpeechStarted(at):
                self._onset = at
                self._listener.send(SpeechStartedMessage(turn=turn, audio_start_ms=at))
            case SpeechEnded(at=at):
                if self._turn.marks.committed is None:
                    self._turn.marks.speech_ended = at
                self._listener.send(SpeechStoppedMessage(turn=turn, audio_end_ms=at))
            case _:
                pass
        self._obey(commands)

    def _obey(self, commands: list[Command]) -> None:
        for command in commands:
            self._carry_out(command)
        if self.floor is not self._floor_told:
            self._floor_told = self.floor
            self._services.telemetry.floor_changed(self.floor)
            self._listener.send(
                FloorChanged(
                    floor=self.floor.value, turn=self._machine.turn, audio_ms=self.now
                )
            )

    def _carry_out(self, command: Command) -> None:
        match command:
            case BeginUtterance(turn):
                self._begin(turn)
            case Transcribe(turn, revision):
                self._start_work(self._transcribe(turn, revision))
            case Prepare(turn, revision):
                self._start_work(self._plan(turn, revision))
            case DropSpeculation():
                self._drop_work()
            case CommitUtterance(turn):
                self._commit(turn)
            case DropUtterance():
                self._drop_work()
                self._hearing.let_go()
                if self.floor is Floor.OPEN:
                    self._listen_anew()
            case Release(turn):
                self._release(turn)
            case Apologize(turn):
                self._apologize(turn)
            case Announce(turn):
                self._announce(turn)
            case StopReply():
                self._stop()
            case Duck():
                self._speaker.duck()
                self._hearing.fall_silent()
            case Unduck():
                self._speaker.unduck()

    # --- The utterance --------------------------------------------------------

    def _begin(self, turn: TurnId) -> None:
        self._turn = Turn(turn, self._expected_language)
        self._turn.marks.speech_started = self._onset
        self._answering.began(turn)
        self._partials.begin(self._onset)
        self._hearing.keep(self._onset)

    def _listen_anew(self) -> None:
        """Who still speaks, after an utterance that did not end in a pause, begins anew."""
        if self._hearing.listen_anew():
            stopped = SpeechStoppedMessage(turn=self._turn.id, audio_end_ms=self.now)
            self._listener.send(stopped)

    async def _transcribe(self, turn: TurnId, revision: Revision) -> None:
        current, begun = self._turn, self._clock()
        committed = self.floor is Floor.PENDING
        speech = Millis((current.marks.speech_ended or self.now) - self._onset)
        try:
            said = await self._transcriber.transcribe(
                self._hearing.utterance(),
                self.settings.languages,
                speech=speech,
                priority=Priority.FINAL if committed else Priority.SPECULATIVE,
            )
        except StageError as error:
            self._fail(error, turn, revision)
            return
        current.marks.transcribed = self._clock()
        current.marks.recognition_began = begun
        current.marks.recognition = current.marks.transcribed - begun
        current.transcript = transcript = said.transcript
        current.text, current.language = transcript.meant, transcript.language
        current.likeliest = said.likeliest
        if current.marks.committed is not None:
            self._send_transcript()
        self._tell(Transcribed(turn, revision, self._substance(transcript, speech)))

    def _substance(self, transcript: Transcript, speech: Millis) -> Substance:
        text, language = transcript.text, transcript.language
        if self.floor is not Floor.OVERLAP:
            return substance.of_utterance(text, language)
        return substance.over_reply(
            text, language, confidence=transcript.confidence, speech=speech
        )

    def _hear_words(self, words: str) -> None:
        turn = self._turn
        if turn.transcript is not None:
            return
        self._listener.send(TranscriptDelta(turn=turn.id, delta=words))
        if self.floor is Floor.OVERLAP:
            certain = substance.so_far(
                self._partials.committed, self.settings.languages
            )
            self._tell(Overheard(turn.id, certain))

    def _commit(self, turn: TurnId) -> None:
        if turn != self._turn.id:
            language = self._typed.language or self._expected_language
            self._turn = Turn(turn, known.canonical(language) or language)
            self._turn.text = self._typed.text
            self._turn.likeliest = self._turn.language
            self._answering.began(turn)
        marks = self._turn.marks
        marks.committed, marks.committed_audio = self._clock(), self.now
        self._listener.send(Committed(turn=turn, audio_ms=self.now))
        self._send_transcript()

    def _send_transcript(self) -> None:
        if (completed := self._turn.completed()) is not None:
            self._listener.send(completed)

    # --- The reply ------------------------------------------------------------

    async def _plan(self, turn: TurnId, revision: Revision) -> None:
        current, begun = self._turn, self._clock()
        committed = self.floor is Floor.PENDING
        try:
            plan = await self._services.stages.plan(
                current.text,
                current.language,
                home=self._services.household.state,
                now=self._services.household.clock(),
                priority=Priority.FINAL if committed else Priority.SPECULATIVE,
            )
        except StageError as error:
            self._fail(error, turn, revision)
            return
        current.marks.response_began = begun
        current.marks.response = self._clock() - begun
        ready = self._answering.prepare(current, plan)
        current.plan = plan = ready.plan
        self._speaker.prepare(
            turn, plan.reply, plan.language, current.marks, ready.words
        )
        evidence = replace(self._hearing.evidence(current.text), over=current.over)
        self._tell(Prepared(turn, revision, current.completeness(plan), evidence))

    def _release(self, turn: TurnId) -> None:
        """The one place where effects happen: after the commit, and once."""
        plan = self._turn.plan
        assert plan is not None
        self._announcements.refuse()
        self._hearing.let_go()
        self._transcriber.language.settle(
            self._turn.language, heard=self._turn.likeliest
        )
        self._services.household.commit(plan.effects, by=self.announce)
        self._listener.send(
            IntentMessage(
                turn=turn,
                name=plan.intent.name if plan.intent else None,
                slots=dict(plan.intent.slots) if plan.intent else {},
                answered_by=plan.answered_by,
            )
        )
        self._speaker.release()
        self._answering.release(self._turn)
        self._listen_anew()

    def _apologize(self, turn: TurnId) -> None:
        self._announcements.refuse()
        self._answering.withdraw()
        self._drop_work()
        self._hearing.let_go()
        language = self._turn.language
        self._speaker.prepare(turn, known.get(language).apology, language)
        self._speaker.release()
        self._listen_anew()

    def _announce(self, turn: TurnId) -> None:
        announcement = self._announcements.begin()
        self._answering.withdraw()
        self._turn = Turn(turn, announcement.language)
        self._speaker.prepare(turn, announcement.text, announcement.language)
        self._speaker.release()

    def _stop(self) -> None:
        heard = self._speaker.stop()
        self._hearing.fall_silent()
        announcement = self._announcements.stopped(heard=heard.ms > 0)
        if announcement and self.floor is not Floor.CLOSED:
            # It waits for the floor again.
            asyncio.get_running_loop().call_soon(self.announce, announcement)

    def _play(self, pcm: Pcm) -> None:
        self._hearing.play(pcm)
        self._listener.send_audio(pcm)

    # --- Work -----------------------------------------------------------------

    def _start_work(self, work: Coroutine[None, None, None]) -> None:
        assert self._work is None or self._work.done() or self._is_current(self._work)
        self._partials.cancel()
        self._work = self._spawn(work)

    def _drop_work(self) -> None:
        """Forget what was transcribed and prepared, and stop preparing."""
        self._partials.cancel()
        if self._work is not None and not self._is_current(self._work):
            self._work.cancel()
        self._work = None
        self._speaker.drop_prepared()
        self._turn.forget()

    def _fail(self, error: StageError, turn: TurnId, revision: Revision) -> None:
        log.warning(
            "%s ! turn %d: %s failed: %s",
            *(self.name, turn, error.stage.value, error.reason),
        )
        report(error, self._services, self._listener)
        self._tell(StageFailed(turn, revision))

    @staticmethod
    def _is_current(task: asyncio.Task[None]) -> bool:
        return task is asyncio.current_task()

    @staticmethod
    def _clock() -> float:
        return asyncio.get_running_loop().time()
