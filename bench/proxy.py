"""A round-robin HTTP proxy: each request of a kept connection goes to the next server. For tests and measurements only.

`python -m bench.proxy PORT SERVER_PORT SERVER_PORT …`
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
from typing import Iterator, Optional


class _Server:
    """The kept connections to one server."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def answer(self, request: bytes) -> bytes:
        """Return the whole response. Raises OSError or IncompleteReadError if the server is gone."""
        fresh = not self._idle
        reader, writer = self._idle.pop() if self._idle else await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request)
            response = await read_message(reader)
        except (OSError, asyncio.IncompleteReadError):
            writer.close()
            if fresh:
                raise
            return await self.answer(request)  # a kept connection may have ended meanwhile
        if response is None:
            writer.close()
            if fresh:
                raise ConnectionError(f"port {self._port} closed the connection")
            return await self.answer(request)
        self._idle.append((reader, writer))
        return response


async def read_message(reader: asyncio.StreamReader) -> Optional[bytes]:
    """Return the next request or response, head and body; None at the end of the connection."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None
    length = head.lower().partition(b"\r\ncontent-length:")[2].partition(b"\r\n")[0]
    return head + await reader.readexactly(int(length or 0))


async def serve(port: int, servers: list[int]) -> asyncio.AbstractServer:
    """Return the running proxy."""
    turn: Iterator[_Server] = itertools.cycle([_Server(one) for one in servers])

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_message(reader)) is not None:
                try:
                    response = await next(turn).answer(request)
                except (OSError, asyncio.IncompleteReadError):
                    response = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
                writer.write(response)
                await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    return await asyncio.start_server(handle, "127.0.0.1", port)


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("port", type=int)
    parser.add_argument("servers", type=int, nargs="+")
    options = parser.parse_args()
    async with await serve(options.port, options.servers) as server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main())
