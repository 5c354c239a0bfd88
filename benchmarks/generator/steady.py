"""Open loop: each request has its time, and is late from then on, whatever delays it. So nothing that the receiver does
slows the load down, and nothing is left out of the latency (Gil Tene's "coordinated omission").
"""

import asyncio
import time

from benchmarks.generator.clock import Timer
from benchmarks.generator.pool import Pool

LEAD = 20_000_000  # nanoseconds before the first request


class Schedule:
    """When each request is due, at a steady rate."""

    def __init__(self, *, first: int, rate: float, count: int) -> None:
        self.interval = round(1e9 / rate)
        self.first = first
        self._count = count
        self._next = 0

    def due(self, number: int) -> int:
        """In nanoseconds, as `first` is."""
        return self.first + number * self.interval

    def take(self, now: int) -> range:
        """Those that have become due since the last time, however many these are."""
        begin = self._next
        self._next = max(begin, min(self._count, (now - self.first) // self.interval + 1))
        return range(begin, self._next)

    @property
    def over(self) -> bool:
        """Whether all have been due."""
        return self._next >= self._count


async def steady(pool: Pool, *, rate: float, count: int) -> None:
    """Send all requests at their times, and wait until all are answered, or no more is."""
    schedule = Schedule(first=time.monotonic_ns() + LEAD, rate=rate, count=count)
    loop, all_sent = asyncio.get_running_loop(), asyncio.Event()

    def send() -> None:
        timer.acknowledge()
        for number in schedule.take(time.monotonic_ns()):
            pool.record.due[number] = schedule.due(number)
            pool.send(number)
        if schedule.over:
            loop.remove_reader(timer.descriptor)
            all_sent.set()

    with Timer(first=schedule.first, interval=schedule.interval) as timer:
        loop.add_reader(timer.descriptor, send)
        await all_sent.wait()
    await pool.finished()
