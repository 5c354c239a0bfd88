"""The connections of a load, and what every load writes down."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from itertools import cycle

from benchmarks.generator.connection import Connection
from benchmarks.generator.order import Record

PATIENCE = 30.0  # seconds without any answer after which no more are waited for
MOST = 2000  # connections; a request beyond them waits, and its latency grows


class Pool:
    """Sends each request on a connection that is idle, or on a new one. A lost connection is replaced when needed."""

    def __init__(self, ports: tuple[int, ...], requests: list[bytes], record: Record) -> None:
        self.record = record
        self._done = asyncio.Event()  # every request is answered, or lost
        self.noted: Callable[[], None] = lambda: None  # called after each answer
        self._requests = requests
        self._ports = cycle(ports)
        self._idle: list[Connection] = []
        self._waiting = deque[int]()
        self._left = len(requests)
        self._connecting = 0
        self._tasks = set[asyncio.Task[None]]()

    async def open(self, connections: int) -> None:
        """Have so many connections ready."""
        for _ in range(connections):
            await self._connect()

    def send(self, number: int) -> None:
        """Send a request as soon as there is a connection, which is now, unless there are none to be had."""
        while self._idle:
            connection = self._idle.pop()
            if connection.open:
                self._send(connection, number)
                return
            self.record.connections -= 1
        self._waiting.append(number)
        if self._connecting < len(self._waiting) and self.record.connections + self._connecting < MOST:
            self._connecting += 1
            task = asyncio.create_task(self._connect_one_more())
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def finished(self, *, patience: float = PATIENCE) -> None:
        """Wait until every request is answered or lost, or for too long for the next."""
        while not self._done.is_set():
            left = self._left
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._done.wait()
            if left == self._left:
                return

    def close(self) -> None:
        """Close all that is idle."""
        for connection in self._idle:
            connection.close()

    async def _connect_one_more(self) -> None:
        connected = await self._connected()
        self._connecting -= 1  # before anything is noted, which may send, and want a connection
        if not connected and self._waiting:
            self._note(self._waiting.popleft(), 0, time.monotonic_ns())

    async def _connected(self) -> bool:
        try:
            await self._connect()
        except OSError:
            return False
        return True

    async def _connect(self) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self._answered), "127.0.0.1", next(self._ports))
        self.record.connections += 1
        self._reuse(connection)

    def _send(self, connection: Connection, number: int) -> None:
        self.record.sent[number] = time.monotonic_ns()
        connection.send(number, self._requests[number])

    def _answered(self, connection: Connection, number: int, status: int) -> None:
        now = time.monotonic_ns()
        if connection.open:
            self._reuse(connection)  # before the answer is noted, which may send
        else:
            self.record.connections -= 1
        self._note(number, status, now)

    def _reuse(self, connection: Connection) -> None:
        if self._waiting:
            self._send(connection, self._waiting.popleft())
        else:
            self._idle.append(connection)

    def _note(self, number: int, status: int, now: int) -> None:
        self.record.answered[number] = now
        self.record.status[number] = status
        self._left -= 1
        if not self._left:
            self._done.set()
        self.noted()
