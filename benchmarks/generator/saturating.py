"""Closed loop: so many senders, each with its next request as soon as the last is answered. It finds the capacity."""

import time

from benchmarks.generator.pool import Pool


async def saturate(pool: Pool, *, connections: int, count: int) -> None:
    """Send all requests, and wait until all are answered, or no more is."""
    following = iter(range(count))

    def send_next() -> None:
        number = next(following, None)
        if number is not None:
            pool.record.due[number] = time.monotonic_ns()
            pool.send(number)

    pool.noted = send_next
    for _ in range(connections):
        send_next()
    await pool.finished()
