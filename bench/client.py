"""The load generator, a process of its own: asyncio, one kept connection a client, almost nothing done per request.

`python -m bench.client PORT CONVERSATIONS.json --clients 16 --seconds 5` talks until the time is over and prints JSON:
turns (that ended), seconds, latencies in seconds, errors, and the processor time that the generator itself took.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from typing import Iterator, Optional, cast

HEAD = "POST /webhooks/rest/webhook HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"


class Connection(asyncio.Protocol):
    """One kept HTTP connection; one request at a time."""

    def __init__(self) -> None:
        self._answer: Optional[asyncio.Future[bytes]] = None
        self._received = b""
        self._transport: Optional[asyncio.Transport] = None

    @property
    def is_closed(self) -> bool:
        return self._transport is None

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop has a class of its own

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._transport = None
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        if found and self._answer is not None and not self._answer.done():
            length = head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]
            if length and len(body) >= int(length):
                self._received = b""
                self._answer.set_result(head.split(b" ", 2)[1] + b" " + body)

    async def ask(self, request: bytes) -> bytes:
        """Return status, a space, and the body."""
        if self._transport is None:
            raise ConnectionError("not connected")
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await asyncio.wait_for(self._answer, 60)


def request(port: int, sender: str, message: str) -> bytes:
    body = json.dumps({"sender": sender, "message": message}).encode()
    return HEAD.format(port=port, length=len(body)).encode() + body


async def client(port: int, work: Iterator[tuple[str, list[str]]], until: float, found: dict[str, list[float]]) -> None:
    """Hold one conversation after the other until the time is over or the conversations are used up."""
    loop = asyncio.get_running_loop()
    connection: Optional[Connection] = None
    for sender, messages in work:
        for place, message in enumerate(messages):
            if time.perf_counter() >= until:
                return
            begun = time.perf_counter()
            try:
                if connection is None:
                    connection = (await loop.create_connection(Connection, "127.0.0.1", port))[1]
                answer = await connection.ask(request(port, sender, message))
                good = answer.startswith(b"200 [{")
            except (OSError, asyncio.TimeoutError):
                good, connection = False, None
            ended = time.perf_counter()
            found["latencies" if good else "errors"].append(ended - begun)
            if good:
                found["places"].append(place)


async def run(port: int, conversations: list[list[str]], clients: int, seconds: float, name: str, once: bool) -> dict[str, object]:
    """Return what `clients` clients measured; each conversation has a sender of its own, also when they come again."""

    def work() -> Iterator[tuple[str, list[str]]]:
        number = 0
        while not once or number < len(conversations):
            yield f"{name}-{number}", conversations[number % len(conversations)]
            number += 1

    found: dict[str, list[float]] = {"latencies": [], "errors": [], "places": []}
    begun, processor, line = time.perf_counter(), time.process_time(), work()
    await asyncio.gather(*(client(port, line, begun + seconds, found) for _ in range(clients)))
    return {
        "turns": len(found["latencies"]),
        "errors": len(found["errors"]),
        "seconds": time.perf_counter() - begun,
        "processor": time.process_time() - processor,
        "latencies": found["latencies"],
        "places": found["places"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("conversations", type=Path, help="JSON: a list of conversations, each a list of messages")
    parser.add_argument("--clients", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--name", default="bench", help="how the senders' names begin")
    parser.add_argument("--once", action="store_true", help="hold each conversation once, then stop")
    o = parser.parse_args()
    conversations = json.loads(o.conversations.read_text(encoding="utf-8"))
    print(json.dumps(asyncio.run(run(o.port, conversations, o.clients, o.seconds, o.name, o.once))))


if __name__ == "__main__":
    main()
