"""The connections to the Gateway: so many and no more, kept for a moment, handed on first come, first served."""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable

from app.gateway.connection import Connection

IDLE = 1.0  # seconds; longest rest of a connection that is used again: well below the 2 to 75 s of usual servers
PARTING = 5.0  # seconds for closed connections to be gone


class Pool:
    """At most `limit` connections, made by `connect`. Whoever takes one gives it back, in whatever state."""

    def __init__(self, connect: Callable[[], Awaitable[Connection]], *, limit: int) -> None:
        self._connect = connect
        self._free = limit
        self._idle = deque[tuple[Connection, float]]()  # the one that rested longest first
        self._waiting = deque[asyncio.Future[Connection | None]]()
        self._open = set[Connection]()
        self._reaper: asyncio.TimerHandle | None = None
        self._closed = False

    def kept(self) -> Connection | None:
        """A connection that was kept and can be used at once; None where there is none."""
        while self._idle:
            connection, since = self._idle.pop()
            if time.monotonic() - since < IDLE and connection.usable:
                return connection
            self._drop(connection)
        return None

    async def fresh(self) -> Connection:
        """A new connection, or one that is given back, as soon as there may be one more. Whatever it raises, there is
        none, and the room for it is another's.
        """
        if self._free:
            self._free -= 1
        elif given := await self._next():
            if given.usable:
                return given
            given.close()  # whose room we have
        try:
            return await self._made()
        except BaseException:
            self._vacate()
            raise

    async def _made(self) -> Connection:
        if self._closed:
            raise ConnectionError("closed on our side")
        connection = await self._connect()
        self._open.add(connection)
        connection.lost.add_done_callback(lambda _: self._open.discard(connection))
        if self._closed:
            connection.close()
        if not connection.in_order:
            raise ConnectionResetError("the Gateway ended it, or spoke, before anything was sent")
        return connection

    def give_back(self, connection: Connection) -> None:
        """Have a connection back, to be used again where it can be."""
        if not connection.in_order:
            self._drop(connection)
        elif waiting := self._first_waiting():
            waiting.set_result(connection)
        else:
            self._idle.append((connection, time.monotonic()))
            if self._reaper is None:
                self._reaper = asyncio.get_running_loop().call_later(IDLE, self._reap)

    async def aclose(self) -> None:
        """Close every connection, whatever is under way, and wait until they are gone."""
        self._closed = True
        if self._reaper:
            self._reaper.cancel()
        self._idle.clear()
        lost = [connection.lost for connection in self._open]
        for connection in tuple(self._open):
            connection.close()
        if lost:
            await asyncio.wait(lost, timeout=PARTING)

    async def _next(self) -> Connection | None:
        """Wait for a connection, or None for the room to make one."""
        given: asyncio.Future[Connection | None] = asyncio.get_running_loop().create_future()
        self._waiting.append(given)
        try:
            return await given
        except asyncio.CancelledError:
            if not given.cancelled():  # it was given in the same moment: to the next
                self._pass_on(given.result())
            raise

    def _pass_on(self, connection: Connection | None) -> None:
        if connection is None:
            self._vacate()
        else:
            self.give_back(connection)

    def _first_waiting(self) -> asyncio.Future[Connection | None] | None:
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.done():
                return waiting
        return None

    def _drop(self, connection: Connection) -> None:
        connection.close()
        self._vacate()

    def _vacate(self) -> None:
        """Leave room for one more connection: to who waits longest, or to who comes."""
        if waiting := self._first_waiting():
            waiting.set_result(None)
        else:
            self._free += 1

    def _reap(self) -> None:
        """Close what has rested too long, and come again for the others."""
        self._reaper = None
        now = time.monotonic()
        while self._idle and now - self._idle[0][1] >= IDLE:
            self._drop(self._idle.popleft()[0])
        if self._idle:
            self._reaper = asyncio.get_running_loop().call_later(IDLE - now + self._idle[0][1], self._reap)
