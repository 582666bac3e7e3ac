"""Parts of the page by themselves, in the browser that they are for."""

import pytest

from tests.streaming.wire import serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

RESAMPLED = """
async ([from, to, hertz]) => {
  const { Resampler } = await import("/web/resampler.js");
  const resampler = new Resampler(from, to);
  const wave = Float32Array.from({ length: from }, (_, n) =>
    0.5 * Math.sin((2 * Math.PI * hertz * n) / from));
  // In pieces of all lengths, as a network would cut it.
  const pieces = [];
  for (let at = 0, size = 1; at < wave.length; at += size, size = (size * 7) % 997) {
    pieces.push(...resampler.feed(wave.subarray(at, at + size)));
  }
  pieces.push(...resampler.finish());
  const middle = pieces.slice(to / 4, (3 * to) / 4);
  const ideal = (n) => 0.5 * Math.sin((2 * Math.PI * hertz * (n + to / 4)) / to);
  const rms = (values) =>
    Math.sqrt(values.reduce((sum, x) => sum + x * x, 0) / values.length);
  return {
    length: pieces.length,
    level: rms(middle),
    error: rms(middle.map((x, n) => x - ideal(n))),
  };
}
"""


@pytest.mark.parametrize(
    ("source", "target"),
    [(44_100, 16_000), (48_000, 16_000), (24_000, 44_100), (24_000, 48_000)],
)
async def test_speech_survives_a_change_of_rate(browsers, source, target):
    async with browsers.page() as watched, serving() as served:
        await watched.page.goto(f"http://127.0.0.1:{served.port}/")
        for hertz in (100, 1000, 5000):
            found = await watched.page.evaluate(RESAMPLED, [source, target, hertz])
            assert found["length"] == pytest.approx(target, abs=2)
            assert found["error"] < 0.004, hertz
        if source > target:
            above = await watched.page.evaluate(RESAMPLED, [source, target, 10_500])
            assert above["level"] < 0.002, "it would come back as another tone"


TOLD = """
async (messages) => {
  const { Conversation, caption } = await import("/web/conversation.js");
  const seen = [];
  const conversation = new Conversation({
    change: (turn) => seen.push(`${turn.number} ${turn.stage}: ${caption(turn)}`),
    drop: (turn) => seen.push(`${turn.number} dropped`),
  });
  for (const message of messages) {
    if (message === "lose") conversation.lose();
    else if (message.typed) conversation.type(message.typed, "", 0);
    else conversation.receive(message);
  }
  return seen;
}
"""

DELTA = "conversation.item.input_audio_transcription.delta"
COMPLETED = "conversation.item.input_audio_transcription.completed"
STARTED = "input_audio_buffer.speech_started"
COMMITTED = "input_audio_buffer.committed"


async def told(browsers, *messages):
    async with browsers.page() as watched, serving() as served:
        await watched.page.goto(f"http://127.0.0.1:{served.port}/")
        return await watched.page.evaluate(TOLD, list(messages))


def delta(turn, words):
    return {"type": DELTA, "turn": turn, "delta": words}


def floor(name, turn):
    return {"type": "parley.floor", "floor": name, "turn": turn}


def completed(turn, words):
    return {"type": COMPLETED, "turn": turn, "transcript": words, "language": "en"}


async def test_a_commit_that_is_taken_back_takes_no_word_back(browsers):
    assert await told(
        browsers,
        {"type": STARTED, "turn": 1},
        delta(1, "turn on"),
        {"type": COMMITTED, "turn": 1},
        completed(1, "turn on the"),
        floor("user", 1),
        delta(1, "the kitchen"),
        {"type": COMMITTED, "turn": 1},
        completed(1, "turn on the kitchen lamp"),
    ) == [
        "1 listening: turn on",
        "1 committed: turn on",
        "1 committed: turn on the",
        "1 committed: turn on the kitchen",
        "1 committed: turn on the kitchen",
        "1 committed: turn on the kitchen lamp",
    ]


async def test_a_mere_mhm_is_no_turn_and_typed_words_find_theirs(browsers):
    assert await told(
        browsers,
        {"type": STARTED, "turn": 2},
        delta(2, "mhm"),
        floor("agent", 2),
        {"typed": "hello"},
        {"type": COMMITTED, "turn": 3},
    ) == ["2 listening: mhm", "2 dropped", "3 committed: hello"]


async def test_what_was_not_answered_when_the_server_was_lost_is_told(browsers):
    assert await told(
        browsers,
        {"typed": "hello"},
        {"type": COMMITTED, "turn": 1},
        {"type": STARTED, "turn": 2},
        delta(2, "and"),
        "lose",
        {"typed": "again"},
        {"type": COMMITTED, "turn": 1},
    ) == [
        "1 committed: hello",
        "2 listening: and",
        "1 done: hello",
        "2 dropped",
        "1 committed: again",
    ]


REPLIES = """
async (messages) => {
  const { Conversation } = await import("/web/conversation.js");
  const seen = [];
  const conversation = new Conversation({
    change: ({ reply, replyIsWhole, heard }) => seen.push([reply, replyIsWhole, heard]),
    drop: () => {},
  });
  for (const message of messages) conversation.receive(message);
  return seen.slice(1);
}
"""


async def test_a_reply_that_is_being_made_up_is_shown_as_it_grows(browsers):
    """One that is cut off has only parts."""
    part = "response.output_audio_transcript.delta"
    async with browsers.page() as watched, serving() as served:
        await watched.page.goto(f"http://127.0.0.1:{served.port}/")
        shown = await watched.page.evaluate(
            REPLIES,
            [
                {"type": "parley.tool", "turn": 1, "tool": "a", "state": "running"},
                {"type": "response.created", "turn": 1, "language": "en"},
                {"type": part, "turn": 1, "delta": "It is "},
                {"type": part, "turn": 1, "delta": "warm"},
                {
                    "type": "response.done",
                    "turn": 1,
                    "status": "cancelled",
                    "heard_text": "It is",
                },
            ],
        )
    assert shown[-3:] == [
        ["It is ", False, ""],
        ["It is warm", False, ""],
        ["It is warm", False, "It is"],
    ]
