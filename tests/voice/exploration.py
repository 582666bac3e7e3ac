"""Visits every state that the turn machine can reach, with stages that may do anything.

Run as ``python -m tests.voice.exploration`` it prints docs/turn-taking.md.
"""

import copy
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, is_dataclass

from voice.endpointing import (
    FALL,
    FINALITY,
    HUSH,
    LONGEST,
    OVER,
    SHORTEST,
    SOONEST,
    Curve,
)
from voice.events import (
    Announce,
    AnnouncementDue,
    Apologize,
    BeginUtterance,
    Command,
    CommitUtterance,
    Completeness,
    Disconnected,
    DropSpeculation,
    DropUtterance,
    Duck,
    Event,
    Evidence,
    Millis,
    Overheard,
    Prepare,
    Prepared,
    Release,
    ReplyCancelled,
    ReplyPlayed,
    ReplyStarted,
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
from voice.turns import Floor, TurnMachine, TurnPolicy

STEP = 100
POLICY = TurnPolicy(
    complete=Millis(100),
    extendable=Millis(200),
    prefix=Millis(300),
    open=Millis(200),
    barge_in=Millis(200),
    max_utterance=Millis(500),
)
UNSURE = Evidence(hush=0.0)
"""It lengthens every wait: the way back to the plain one, when the reply is prepared,
may lead to a deadline in the past."""


@dataclass
class World:
    """What a correct session would believe after carrying out the commands."""

    speaking: bool = False
    kept: TurnId | None = None
    job: Transcribe | Prepare | None = None
    prepared: TurnId | None = None
    committed: TurnId | None = None
    reply: TurnId | None = None
    audible: bool = False
    ducked: bool = False
    closed: bool = False
    finished: set[TurnId] = field(default_factory=set)

    def obey(self, command: Command) -> None:
        """Carry out one command; an impossible one fails an assertion."""
        assert not self.closed, "a command after CLOSED"
        match command:
            case BeginUtterance(turn):
                assert self.kept is None, "two utterances at once"
                assert turn not in self.finished
                self.kept = turn
            case Transcribe(turn):
                assert self.kept == turn, "nothing was kept to transcribe"
                assert self.job is None
                self.job = command
            case Prepare():
                assert self.job is None
                self.job = command
            case DropSpeculation(turn, revision):
                assert self.kept == turn
                self._stop_working(turn, revision)
                self.prepared = self.committed = None
            case CommitUtterance(turn):
                assert self.committed != turn, "committed twice"
                self.committed = turn
            case DropUtterance(turn):
                assert self.kept == turn or self.committed == turn
                self._finish(turn)
            case Release(turn):
                assert self.committed == turn, "released before the commit"
                assert self.prepared == turn, "released before it was prepared"
                self._finish(turn)
                self._begin_reply(turn)
            case Apologize(turn):
                assert self.committed == turn
                self._finish(turn)
                self._begin_reply(turn)
            case Announce(turn):
                self._begin_reply(turn)
            case StopReply(turn):
                assert self.reply == turn, "there is no such reply"
                self.reply, self.audible, self.ducked = None, False, False
            case Duck(turn):
                assert self.reply == turn
                assert self.audible
                assert not self.ducked
                self.ducked = True
            case Unduck(turn):
                assert self.reply == turn
                assert self.ducked
                self.ducked = False

    def _stop_working(self, turn: TurnId, revision: Revision) -> None:
        if self.job is not None:
            assert (self.job.turn, self.job.revision) == (turn, revision)
        self.job = None

    def _finish(self, turn: TurnId) -> None:
        assert turn not in self.finished, "an utterance ended twice"
        self.finished.add(turn)
        self.kept = self.job = self.prepared = self.committed = None

    def _begin_reply(self, turn: TurnId) -> None:
        assert self.reply is None, "two replies at once"
        self.reply, self.audible = turn, False


@dataclass
class Node:
    machine: TurnMachine
    world: World
    now: int = 1000

    def key(self) -> object:
        """The state with turns, revisions and times relative, so that it repeats."""
        newest = self.machine.turn
        revision = getattr(self.machine._state, "revision", 0)

        def relative(value: object, name: str = "") -> object:
            if is_dataclass(value) and not isinstance(value, type):
                parts = tuple(
                    relative(getattr(value, f.name), f.name) for f in fields(value)
                )
                return (type(value).__name__, *parts)
            if name in ("turn", "kept", "prepared", "committed", "reply"):
                return None if value is None else min(newest - value, 3)
            if name == "revision":
                return value - revision
            if name in ("began", "silent"):
                return None if value is None else min(self.now - value, 600)
            return None if name == "finished" else value

        return (
            relative(self.machine._state),
            self.machine._announcements,
            relative(self.world),
        )

    def moves(self) -> Iterator[tuple[str, Event | None]]:
        """Everything that could happen now; None is the passing of time."""
        at = Millis(self.now)
        if self.world.speaking:
            yield "hush", SpeechEnded(at, UNSURE)
        if not self.world.speaking or self.world.kept is None:
            # The session listens anew when an utterance ended amid speech.
            yield "speak", SpeechStarted(at)
        yield "wait", None
        if self.machine.floor is Floor.OVERLAP and self.world.speaking:
            for substance in Substance:
                yield (
                    f"overheard {substance.value}",
                    Overheard(self.machine.turn, substance),
                )
        match self.world.job:
            case Transcribe(turn, revision):
                for substance in Substance:
                    yield (
                        f"transcribed {substance.value}",
                        Transcribed(turn, revision, substance),
                    )
                yield "stage failed", StageFailed(turn, revision)
            case Prepare(turn, revision):
                for completeness in Completeness:
                    yield (
                        f"prepared {completeness.value}",
                        Prepared(turn, revision, completeness),
                    )
                yield "stage failed", StageFailed(turn, revision)
            case None:
                pass
        if self.world.reply is not None:
            if not self.world.audible:
                yield "reply started", ReplyStarted(self.world.reply)
            yield "reply played", ReplyPlayed(self.world.reply)
        yield "utterance submitted", UtteranceSubmitted()
        yield "utterance discarded", UtteranceDiscarded()
        yield "text submitted", TextSubmitted()
        yield "reply cancelled", ReplyCancelled()
        if not self.machine._announcements:
            yield "announcement due", AnnouncementDue()
        yield "disconnected", Disconnected()

    def echoes(self) -> Iterator[Event]:
        """Late results of work that nobody waits for any more."""
        newest, job = self.machine.turn, self.world.job
        for turn in (TurnId(newest - 1), newest, TurnId(newest + 1)):
            current = getattr(self.machine._state, "revision", Revision(0))
            for revision in (Revision(current - 1), current, Revision(current + 1)):
                waited = job is not None and (job.turn, job.revision) == (
                    turn,
                    revision,
                )
                held = self.world.prepared == turn and revision == current
                if not waited:
                    yield Transcribed(turn, revision, Substance.WORDS)
                    yield Prepared(turn, revision, Completeness.COMPLETE)
                if not waited and not held:
                    yield StageFailed(turn, revision)
            if turn != newest or self.machine.floor is not Floor.OVERLAP:
                yield Overheard(turn, Substance.WORDS)
            if turn != self.world.reply:
                yield ReplyStarted(turn)
                yield ReplyPlayed(turn)

    def after(self, event: Event | None) -> "tuple[Node, list[Command]]":
        """The node that `event` leads to, and the commands on the way."""
        node = Node(
            copy.copy(self.machine),
            copy.deepcopy(self.world),
            self.now + (STEP if event is None else 0),
        )
        world, now = node.world, Millis(node.now)
        match event:
            case SpeechStarted():
                world.speaking = True
            case SpeechEnded():
                world.speaking = False
            case Transcribed() | StageFailed():
                world.job = None
            case Prepared(turn):
                world.job, world.prepared = None, turn
            case ReplyStarted():
                world.audible = True
            case ReplyPlayed():
                world.reply, world.audible, world.ducked = None, False, False
            case _:
                pass
        machine = node.machine
        commands = machine.advance(now) if event is None else machine.handle(event, now)
        for command in commands:
            world.obey(command)
        world.closed = machine.floor is Floor.CLOSED
        return node, commands

    def check(self) -> None:
        """The invariants of voice/turns.py that one moment shows."""
        floor, world = self.machine.floor, self.world
        if floor in (Floor.USER, Floor.PAUSE, Floor.OVERLAP):
            assert world.kept is not None, f"{floor}: no audio is kept"
        elif floor is not Floor.PENDING:
            assert world.kept is None, f"{floor}: audio is kept"
        if floor in (Floor.OPEN, Floor.USER, Floor.PAUSE, Floor.CLOSED):
            assert world.reply is None, f"{floor}: a reply is in the works"
        if floor in (Floor.AGENT, Floor.OVERLAP):
            assert world.audible, f"{floor}: nothing is to be heard"
        assert world.ducked == (floor is Floor.OVERLAP)
        if floor is Floor.PENDING:
            assert world.job or world.reply, "PENDING with nobody at work"
        if floor is Floor.CLOSED:
            assert world.job is None
        deadline = self.machine.deadline
        assert deadline is None or deadline > self.now, "a deadline was missed"


@dataclass(frozen=True)
class Edge:
    source: Node
    move: str
    commands: tuple[Command, ...]
    target: Node


def explore(machine: TurnMachine | None = None) -> tuple[int, list[Edge]]:
    """Every reachable state, breadth first, so that a failure has the shortest path.

    Returns:
        The number of states, and every edge between them.

    Raises:
        AssertionError: an invariant is broken; the message names the path to it.
    """
    start = Node(machine or TurnMachine(POLICY), World())
    seen = {start.key()}
    queue: deque[tuple[Node, tuple[str, ...]]] = deque([(start, ())])
    edges: list[Edge] = []
    while queue:
        assert len(seen) < 5000, "the state space does not close"
        node, path = queue.popleft()
        for move, event in node.moves():
            try:
                target, commands = node.after(event)
                target.check()
            except AssertionError as error:
                raise AssertionError(
                    f"{error}, after {', '.join([*path, move])}"
                ) from error
            edges.append(Edge(node, move, tuple(commands), target))
            if target.key() not in seen:
                seen.add(target.key())
                queue.append((target, (*path, move)))
        for echo in node.echoes():
            machine = copy.copy(node.machine)
            commands = machine.handle(echo, Millis(node.now))
            assert not commands, f"a stale {echo} commands {commands} after {path}"
            assert machine._state == node.machine._state, f"{echo} after {path}"
    return len(seen), edges


def state_name(node: Node) -> str:
    """The floor, with what the turn waits for where that matters."""
    state = node.machine._state
    name = node.machine.floor.name
    if type(state).__name__ == "_OverlapPause":
        return f"{name}, user silent"
    work = getattr(state, "work", None)
    if work is None:
        return name
    if name == "PAUSE" and work.name == "PLAYBACK":
        return "PAUSE, reply held"
    return f"{name}, awaiting {work.name.lower()}"


BARGE_IN = """\
## Speech over the reply

Whoever speaks over the reply is let speak: at the onset the reply falls silent and is
held (`Duck`), and nothing of it is lost. What the player has and did not play is
forgotten there and kept here. Then one of these decides:

- words that are certain while they are being spoken, and more than a sign of
  listening: the reply is over (`StopReply`), and the user has the floor;
- speech that lasts as long as `barge_in`, words or not: likewise;
- silence before that: the recogniser tells words from "mhm". After words the reply is
  over; after a sign of listening, a cough, or nothing it goes on (`Unduck`), a little
  before the place where it fell silent, at the beginning of a word. Short words must be
  certain, those to stop with less so ("stop", "para para"; `voice/substance.py`).

What counts as heard ends where the reply fell silent. Our own voice, coming back
through the microphone, is told apart before the speech gate (`voice/echo.py`).

Speech that goes on after an utterance was ended without a pause, by its length or by
hand, is not lost: when the reply to it is released, whoever still speaks is taken to
begin anew, with the audio since the end of the utterance before."""


def _waits(policy: TurnPolicy) -> list[str]:
    """The section about the length of a pause, from the policy and its curves."""

    def row(name: str, curve: Curve, unit: str, what: str) -> str:
        points = ", ".join(f"{x:g}{unit}: {y:g}" for x, y in curve)
        return f"| {name} | {what} | {points} |"

    return [
        "## How long to wait",
        "",
        "| wait | default (ms) | what it is for |",
        "|---|---|---|",
        f"| complete | {policy.complete} | a whole request that nothing extends |",
        f"| extendable | {policy.extendable} | a whole request that could go on |",
        f"| prefix | {policy.prefix} | the beginning of a request |",
        f"| open | {policy.open} | anything else, or not judged yet |",
        f"| barge_in | {policy.barge_in} | speech over the reply, silent meanwhile |",
        f"| max_utterance | {policy.max_utterance} | one utterance in all |",
        "",
        "The first four are base waits, counted from the detected end of speech. What",
        "the words cannot show scales them (`voice/endpointing.py`); straight lines lie",
        "between the points, what is not known scales nothing, and all together stay",
        f"between {SHORTEST:g} (after a beginning: 1) and {LONGEST:g} times the base:",
        "",
        "| evidence | what it is | factor |",
        "|---|---|---|",
        row("fall", FALL, " dB", "how far the voice sank in its last 128 ms"),
        row("hush", HUSH, "", "1 less the mean speech probability since then"),
        row("finality", FINALITY, "", "the last mark of the transcript"),
        "| habit | 9 of 10 pauses after which this user went on, times 1.25, plus 50 ms,"
        " from the third pause on; replaces the base | except for complete |",
        "",
        "After open speech, where the recogniser tells from the sound how likely the turn",
        "is over (`Transcript.over`), that and habit alone scale the wait, between",
        f"{SOONEST:g} and {LONGEST:g} times the base:",
        "",
        "| evidence | what it is | factor |",
        "|---|---|---|",
        row("over", OVER, "", "how likely nothing follows"),
        "",
        "Without a grammar every judgement is `open`: evidence and habit decide alone.",
        "",
    ]


def page() -> str:
    """docs/turn-taking.md, from the machine itself."""
    count, edges = explore()
    rows: dict[tuple[str, str, str, str], None] = {}
    for edge in edges:
        source, target = state_name(edge.source), state_name(edge.target)
        if source == target and not edge.commands:
            continue
        commands = ", ".join(type(command).__name__ for command in edge.commands)
        rows[source, edge.move, commands or "–", target] = None
    order = list(dict.fromkeys(state_name(edge.source) for edge in edges))
    lines = [
        "# Turn taking",
        "",
        "Generated from `voice/turns.py` by `make docs`; a test fails when it is out",
        f"of date. The machine has {count} reachable states (turns, revisions and",
        f"times relative) and {len(edges)} edges between them; the tests visit all.",
        "Moves that change nothing are left out. `wait` is a deadline of the policy.",
        "",
        *_waits(TurnPolicy()),
        *BARGE_IN.splitlines(),
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> OPEN",
        *sorted(
            {
                f"    {edge.source.machine.floor.name} --> "
                f"{edge.target.machine.floor.name}"
                for edge in edges
                if edge.source.machine.floor != edge.target.machine.floor
                and edge.target.machine.floor is not Floor.CLOSED
            }
        ),
        "```",
        "",
        "| state | what happens | commands | next state |",
        "|---|---|---|---|",
        *(
            f"| {source} | {move} | {commands} | {target} |"
            for source, move, commands, target in sorted(
                rows, key=lambda row: (order.index(row[0]), row[1:])
            )
        ),
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    print(page(), end="")  # noqa: T201 - printing the page is what it is for
