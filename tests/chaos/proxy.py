"""What stands between a service and its database: passes everything, or delays it, swallows it, or cuts it off."""

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from typing import Any

_CHUNK = 65536


class DatabaseProxy:
    """From a TCP port to PostgreSQL's Unix socket. A black hole keeps its connections open and passes nothing, as a
    network does that lost its way: nobody is told.
    """

    def __init__(self, socket: str) -> None:
        self.port = 0
        self.delay = 0.0  # seconds, for each chunk of data
        self._socket = socket
        self._passing = asyncio.Event()
        self._passing.set()
        self._conversations: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, at a free port."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Stop listening, and cut everything off."""
        if self._server is not None:
            self._server.close()
        await self.cut()

    def swallow(self) -> None:
        """Become a black hole."""
        self._passing.clear()

    def restore(self) -> None:
        """Pass everything again, also what was swallowed: TCP would have kept it."""
        self.delay = 0.0
        self._passing.set()

    async def cut(self) -> None:
        """Cut off every connection."""
        tasks = tuple(self._conversations)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._converse(reader, writer))
        self._conversations.add(task)
        task.add_done_callback(self._conversations.discard)

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await self._passing.wait()
            there, to_there = await asyncio.open_unix_connection(self._socket)
            try:
                await _first(self._pass(reader, to_there), self._pass(there, writer))
            finally:
                to_there.transport.abort()
        except OSError:
            pass  # PostgreSQL is down: whoever asked is cut off
        finally:
            writer.transport.abort()

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(_CHUNK):
                await self._passing.wait()
                await asyncio.sleep(self.delay)
                writer.write(data)
                await writer.drain()


async def _first(*directions: Coroutine[Any, Any, None]) -> None:
    """Until either direction ends, which ends both."""
    tasks = [asyncio.create_task(direction) for direction in directions]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
