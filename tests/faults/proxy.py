"""A TCP proxy that stands between a client and an engine, and can be told to fail as networks fail."""

from __future__ import annotations

import asyncio
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

RESET = struct.pack("ii", 1, 0)  # linger: closing sends a reset
BUSY = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 24\r\nConnection: close\r\n\r\n<html>no upstream</html>\n"


class Proxy:
    """Passes bytes on, both ways, unless it is told otherwise. Its loop runs in a thread of its own."""

    def __init__(self, upstream: str) -> None:
        """Before the engine at this address."""
        found = urlsplit(upstream)
        self._upstream = (str(found.hostname), int(found.port or 80))
        self._loop = asyncio.new_event_loop()
        self._writers: list[asyncio.StreamWriter] = []
        self.url = ""
        self.connections = 0
        self.refusals = 0  # how many of the next connections get a 502
        self.resets = 0  # how many of the next connections are reset when their request is there
        self.delay = 0.0  # seconds before an answer goes on
        self.swallows = False  # takes everything, passes nothing on and says nothing: half-open

    async def serve(self) -> asyncio.Server:
        """Listen on a free port."""
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        return server

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            if self.refusals or self.resets:
                await self._fail(reader, writer)
                return
            theirs, ours = await asyncio.open_connection(*self._upstream)
            self._writers.append(ours)
            await asyncio.gather(self._pass(reader, ours, 0), self._pass(theirs, writer, 1))

    async def _fail(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if self.refusals:
            self.refusals -= 1
            writer.write(BUSY)
            await writer.drain()
            writer.close()
            return
        self.resets -= 1
        _reset(writer)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: int) -> None:
        """Hand on what comes, to its end."""
        while data := await reader.read(65_536):
            if answers and self.delay:
                await asyncio.sleep(self.delay)
            if not answers:
                data = data.replace(urlsplit(self.url).netloc.encode(), "{}:{}".format(*self._upstream).encode())
            if not self.swallows:
                writer.write(data)
                await writer.drain()
        if not self.swallows:
            writer.close()

    def cut(self) -> None:
        """Reset every connection that there is."""
        self._loop.call_soon_threadsafe(self._cut)

    def _cut(self) -> None:
        writers, self._writers = self._writers, []
        for writer in writers:
            _reset(writer)

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Serve until the end of the block."""
        thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        thread.start()
        server = asyncio.run_coroutine_threadsafe(self.serve(), self._loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self._end(server), self._loop).result(10)
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            self._loop.close()

    async def _end(self, server: asyncio.Server) -> None:
        server.close()
        self._cut()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


def _reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, as a machine does that lost its power."""
    with suppress(OSError):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
    writer.transport.abort()
