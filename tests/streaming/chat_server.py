"""A chat completions server for tests, in a process of its own.

``python -m tests.streaming.chat_server`` prints its port and answers by what the user
said last, after whatever stands in brackets:

| said | answer |
|---|---|
| say TEXT | TEXT, a word in each event |
| slowly TEXT | the same, 150 ms between the words |
| hang | headers, and nothing after them |
| mute | not even headers |
| drip | comments that keep the connection busy, and no word |
| stall TEXT | TEXT, and nothing after it |
| cut TEXT | TEXT, and the connection is closed |
| unfinished TEXT | TEXT, and the stream ends without its end |
| garbage | an event that is no JSON |
| endless | a line without an end |
| error | an error as an event |
| refuse | the model does not want to |
| status N | HTTP status N |
| think TEXT | a thought, cut in the middle of its mark, then TEXT |
| call NAME JSON | a call, its arguments in pieces |
| forever | word after word |
| flood | the same, as fast as they are read |

After a result of a tool it says "done: " and the result. ``GET /requests`` gives the
bodies so far, ``GET /open`` the number of answers under way.
"""

import asyncio
import json
import sys

bodies: list[dict] = []
headers_seen: list[str] = []
under_way: set[asyncio.Task] = set()


async def serve(reader, writer):
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        line, *headers = head.split("\r\n")
        fields = dict(h.lower().split(": ", 1) for h in headers if ": " in h)
        body = await reader.readexactly(int(fields.get("content-length", 0)))
        if line.startswith("GET"):
            known = {
                "/requests": bodies,
                "/open": len(under_way),
                "/keys": headers_seen,
            }
            await answer_json(writer, known[line.split()[1]])
            return
        headers_seen.append(fields.get("authorization", ""))
        bodies.append(json.loads(body))
        gone = asyncio.create_task(reader.read())
        work = asyncio.create_task(answer(writer, bodies[-1]))
        under_way.add(work)
        await asyncio.wait({gone, work}, return_when=asyncio.FIRST_COMPLETED)
        under_way.discard(work)
        gone.cancel()
        work.cancel()
    except (ConnectionError, asyncio.IncompleteReadError):
        pass
    finally:
        writer.close()


async def answer_json(writer, content, status="200 OK"):
    data = json.dumps(content).encode()
    writer.write(
        f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(data)}\r\nConnection: close\r\n\r\n".encode()
        + data
    )
    await writer.drain()


class Stream:
    """Server-sent events in chunked transfer encoding."""

    def __init__(self, writer):
        self.writer = writer

    async def open(self):
        self.writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
            b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        )
        await self.writer.drain()

    async def raw(self, data: bytes):
        self.writer.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        await self.writer.drain()

    async def event(self, content):
        await self.raw(b"data: " + json.dumps(content).encode() + b"\n\n")

    async def delta(self, finish=None, **delta):
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        await self.event({"id": "c", "choices": [choice]})

    async def close(self, finish="stop"):
        await self.delta(finish=finish)
        # As OpenAI does on request: usage, without a choice.
        await self.event({"choices": [], "usage": {"total_tokens": 1}})
        await self.raw(b"data: [DONE]\n\n")
        await self.end()

    async def end(self):
        self.writer.write(b"0\r\n\r\n")
        await self.writer.drain()


async def answer(writer, body):
    last = body["messages"][-1]
    stream = Stream(writer)
    if last["role"] == "tool":
        await stream.open()
        await words(stream, f"done: {last['content']}")
        await stream.close()
        return
    order, _, text = last["content"].rpartition("] ")[2].partition(" ")
    if order == "mute":
        await asyncio.sleep(60)
    if order == "status":
        await answer_json(writer, {"error": {"message": "no"}}, f"{text} No")
        return
    await stream.open()
    await stream.delta(role="assistant", content="")
    match order:
        case "say":
            await words(stream, text)
            await stream.close()
        case "slowly":
            await words(stream, text, pause=0.15)
            await stream.close()
        case "hang":
            await asyncio.sleep(60)
        case "drip":
            while True:
                await stream.raw(b": still there\n\n")
                await asyncio.sleep(0.05)
        case "stall":
            await words(stream, text)
            await asyncio.sleep(60)
        case "cut":
            await words(stream, text)
            writer.transport.abort()
        case "unfinished":
            await words(stream, text)
            await stream.end()
        case "garbage":
            await stream.raw(b"data: {not json\n\n")
            await stream.end()
        case "endless":
            while True:
                await stream.raw(b"data: " + b"x" * 65_536)
        case "error":
            await stream.event({"error": {"message": "out of memory", "code": 500}})
            await stream.end()
        case "refuse":
            await stream.delta(refusal="I cannot help with that.")
            await stream.close()
        case "think":
            for part in ("<th", "ink>the user is", " odd</thi", "nk>", text):
                await stream.delta(content=part)
            await stream.close()
        case "call":
            name, _, arguments = text.partition(" ")
            await call(stream, name, arguments)
            await stream.close("tool_calls")
        case "forever":
            while True:
                await words(stream, "and on ", pause=0.02)
        case "flood":
            while True:
                await words(stream, "and on " * 50)
        case _:
            await words(stream, "I do not know.")
            await stream.close()


async def words(stream, text, pause=0.0):
    for word in text.split():
        await stream.delta(content=f"{word} ")
        await asyncio.sleep(pause)


async def call(stream, name, arguments):
    half = len(arguments) // 2
    first = {"name": name, "arguments": arguments[:half]}
    rest = {"arguments": arguments[half:]}
    begun = {"index": 0, "id": "call_1", "type": "function", "function": first}
    await stream.delta(tool_calls=[begun])
    await stream.delta(tool_calls=[{"index": 0, "function": rest}])


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
