"""A TCP server that is gone when it goes: nothing is accepted, read or answered after that."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def listener(
    converse: Conversation, *, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None
) -> AsyncIterator[int]:
    """Converse with whoever connects until the context ends. Gives the port, which the system chose where it is 0."""
    conversations = set[asyncio.Task[None]]()
    leaving = False

    async def whole(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            with suppress(OSError):  # the caller is gone
                await converse(reader, writer)
                writer.close()
                await writer.wait_closed()
        finally:
            writer.transport.abort()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if leaving:  # a handshake was under way
            writer.transport.abort()
            return
        task = asyncio.create_task(whole(reader, writer))
        conversations.add(task)
        task.add_done_callback(conversations.discard)

    server = await asyncio.start_server(connected, host, port, backlog=1024, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        leaving = True
        await _stop_accepting(server)
        for task in conversations:
            task.cancel()
        await asyncio.gather(*conversations, return_exceptions=True)


async def _stop_accepting(server: asyncio.Server) -> None:
    """Close, but not between the acceptance of a connection and its first callback: asyncio would mislay it."""
    loop = asyncio.get_running_loop()
    for each in server.sockets:
        loop.remove_reader(each.fileno())
    await asyncio.sleep(0)
    server.close()
