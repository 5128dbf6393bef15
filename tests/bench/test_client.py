"""The load generator counts what a server answered, and no failed turn as a fast one."""

from __future__ import annotations

import asyncio
import json

from bench.client import run

REPLIES = {"good": (200, b'[{"text": "ja"}]'), "empty": (200, b"[]"), "bad": (500, b'{"error": "no"}')}


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError:
            writer.close()
            return
        length = int(head.lower().partition(b"content-length:")[2].split()[0])
        message = json.loads(await reader.readexactly(length))["message"]
        if message == "gone":
            writer.close()
            return
        status, body = REPLIES[message]
        writer.write(b"HTTP/1.1 %d X\r\nContent-Length: %d\r\n\r\n" % (status, len(body)))
        await writer.drain()
        writer.write(body)  # in a packet of its own
        await writer.drain()


async def _ask(conversations: list[list[str]], clients: int = 1) -> dict[str, object]:
    server = await asyncio.start_server(_serve, "127.0.0.1", 0)
    async with server:
        return await run(server.sockets[0].getsockname()[1], conversations, clients, 30, "test", once=True)


async def test_every_conversation_is_held_once_and_its_turns_are_timed() -> None:
    found = await _ask([["good"] * 3] * 5, clients=4)
    assert (found["turns"], found["errors"]) == (15, 0)
    assert sorted(found["places"]) == [0] * 5 + [1] * 5 + [2] * 5  # type: ignore[type-var, arg-type]


async def test_errors_empty_answers_and_lost_connections_are_no_turns() -> None:
    found = await _ask([["good", "empty", "bad", "gone", "good"]])
    assert (found["turns"], found["errors"]) == (2, 3)
